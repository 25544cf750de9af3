// Packets of BEATS beats come in, then leave with their codes in another order; a ROM word names for each lane the code
// that leaves there; with STAYS only its beat, for each code keeps its lane. Specification: the streams of
// shiftwire/schedule/
// In: BEATS beats of LANES codes a packet, code 0 in the low bits. Out: as many beats of the same codes.
// Latency: two pipeline stages, one more with ROM_BLOCK, by which codes are stored later too, so that none is
// overwritten before it has left; a beat can be read the cycle after these, with BLOCK one later. Initiation interval:
// 2 * BEATS cycles a packet, half of which read.
module sw_reorder #(
    parameter int LANES = 1,
    parameter int CODE_BITS = 8,
    parameter int BEATS = 4,
    parameter bit STAYS = 0,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam int PLACE = BEATS > 1 ? $clog2(BEATS) : 1,
    localparam int LANE = LANES > 1 ? $clog2(LANES) : 1
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [LANES*CODE_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [LANES*CODE_BITS-1:0] m_data
);
    localparam int LATE = ROM_BLOCK ? 1 : 0;
    localparam int FIELD = STAYS ? PLACE : PLACE + LANE;
    logic room, is_out, is_last, is_stored;
    logic [PLACE-1:0] place, stored_place;
    logic [LANES*CODE_BITS-1:0] stored;
    logic [1+LATE:0] is_live;
    logic [LANES*FIELD-1:0] sources;
    logic [LANES*CODE_BITS-1:0] codes;
    wire store = s_valid & ~is_out;
    wire give = room & is_out;
    assign s_ready = ~is_out;

    sw_counter #(.STEPS(BEATS)) places (.clk, .rst, .step(store | give), .value(place), .last(is_last));
    sw_rom #(.WIDTH(LANES * FIELD), .WORDS(BEATS), .FILE(FILE), .BLOCK(ROM_BLOCK), .MORE(LATE)) order (
        .clk, .address(place), .data(sources)
    );
    always_ff @(posedge clk) begin
        if (rst) is_out <= 1'b0;
        else if ((store | give) & is_last) is_out <= ~is_out;
        is_live <= rst ? '0 : {is_live[LATE:0], give};
    end
    sw_delay #(.WIDTH(1 + PLACE + LANES * CODE_BITS), .CYCLES(LATE)) until_stored (
        .clk, .from({store, place, s_data}), .to({is_stored, stored_place, stored})
    );

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            if (STAYS) begin : own
                logic [CODE_BITS-1:0] held[BEATS];
                always_ff @(posedge clk) begin
                    if (is_stored) held[stored_place] <= stored[l*CODE_BITS+:CODE_BITS];
                    codes[l*CODE_BITS+:CODE_BITS] <= held[sources[l*PLACE+:PLACE]];
                end
            end else begin : any
                logic [LANES*CODE_BITS-1:0] held[BEATS];
                logic [LANES*CODE_BITS-1:0] beat;
                logic [LANE-1:0] which;
                always_ff @(posedge clk) begin
                    if (is_stored) held[stored_place] <= stored;
                    beat <= held[sources[l*(PLACE+LANE)+LANE+:PLACE]];
                    which <= sources[l*(PLACE+LANE)+:LANE];
                end
                sw_pick #(.COUNT(LANES), .WIDTH(CODE_BITS)) of_beat (
                    .words(beat), .number(which), .word(codes[l*CODE_BITS+:CODE_BITS])
                );
            end
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * CODE_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(give), .room, .push(is_live[1+LATE]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
