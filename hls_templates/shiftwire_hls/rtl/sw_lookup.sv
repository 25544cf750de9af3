// The output code of every input code, from a memory of each lane. It holds the outputs of all codes, the lowest one's
// first, for each of FOLDS beats of a pixel; lane l of ROWS reads the file FILE_<l in four digits>.mem, with ROWS 1 all
// lanes that of lane 0. Specification: shiftwire/ops/threshold.py
// In: beats of LANES codes, code 0 in the low bits. Out: as many beats of LANES codes.
// Latency: one pipeline stage, one more with ROM_BLOCK; a beat can be read the cycle after these, with BLOCK one later.
// Initiation interval: one cycle a beat.
module sw_lookup #(
    parameter int LANES = 1,
    parameter int FOLDS = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int OUT_BITS = 8,
    parameter int ROWS = 1,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [LANES*IN_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [LANES*OUT_BITS-1:0] m_data
);
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int LATE = ROM_BLOCK ? 1 : 0;
    localparam int WORDS = FOLDS << IN_BITS;
    logic room;
    logic [FOLD_BITS-1:0] fold;
    logic [LATE:0] is_live;
    logic [LANES*OUT_BITS-1:0] codes;
    assign s_ready = room;
    wire fire = s_valid & room;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(fold), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    generate
        if (LATE == 0) begin : short_
            always_ff @(posedge clk) is_live <= fire & ~rst;
        end else begin : long_
            always_ff @(posedge clk) is_live <= rst ? '0 : {is_live[LATE-1:0], fire};
        end
    endgenerate

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            localparam int OWN = ROWS > 1 ? l : 0;
            // the lowest code is that of the sign alone
            wire [IN_BITS-1:0] place = s_data[l*IN_BITS+:IN_BITS] ^ (IN_BITS'(IN_SIGNED) << (IN_BITS - 1));
            sw_rom #(
                .WIDTH(OUT_BITS), .WORDS(WORDS), .BLOCK(ROM_BLOCK), .MORE(LATE),
                .FILE({FILE, "_", 8'(48 + OWN / 1000), 8'(48 + OWN / 100 % 10), 8'(48 + OWN / 10 % 10),
                       8'(48 + OWN % 10), ".mem"})
            ) outputs (
                .clk, .address($clog2(WORDS)'({fold, place})), .data(codes[l*OUT_BITS+:OUT_BITS])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[LATE]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
