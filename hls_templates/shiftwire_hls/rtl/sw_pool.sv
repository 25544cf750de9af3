// The sum or the largest code of each window. Specification: shiftwire/ops/pool.py
// In: SYNAPSES beats a window of (SIMD taps, PE channels) codes, code 0 in the low bits. Out: a beat of PE codes a
// window.
// Latency: clog2(SIMD) pipeline stages, at least one, after a window's last beat; it can be read the cycle after these,
// with BLOCK one later.
// Initiation interval: one cycle a beat read, so SYNAPSES cycles a window.
module sw_pool #(
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int SYNAPSES = 4,
    parameter bit LARGEST = 0,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int OUT_BITS = 10,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [SIMD*PE*IN_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [PE*OUT_BITS-1:0] m_data
);
    // signed codes inside, one bit above an unsigned code
    localparam int BITS = (OUT_BITS > IN_BITS ? OUT_BITS : IN_BITS) + 1;
    localparam int STAGES = SIMD > 2 ? $clog2(SIMD) : 1;
    logic room, is_last, is_first;
    logic [STAGES-1:0] is_live, is_given;
    logic [PE*OUT_BITS-1:0] codes;
    assign s_ready = ~is_last | room;
    wire fire = s_valid & s_ready;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(SYNAPSES)) synapses (.clk, .rst, .step(fire), .value(), .last(is_last));
    /* verilator lint_on PINCONNECTEMPTY */
    always_ff @(posedge clk) begin
        is_live <= rst ? '0 : STAGES'({is_live, fire});
        is_given <= rst ? '0 : STAGES'({is_given, fire & is_last});
        if (rst) is_first <= 1'b1;
        else if (is_live[STAGES-1]) is_first <= is_given[STAGES-1];
    end

    genvar p, s;
    generate
        for (p = 0; p < PE; p++) begin : lane
            logic [SIMD*BITS-1:0] taps;
            logic [BITS-1:0] all, part, best, total;
            for (s = 0; s < SIMD; s++) begin : tap
                sw_align #(.BITS(IN_BITS), .IS_SIGNED(IN_SIGNED), .SHIFT(0), .OUT_BITS(BITS)) extend (
                    .code(s_data[(s*PE+p)*IN_BITS+:IN_BITS]), .moved(taps[s*BITS+:BITS])
                );
            end
            sw_reduce #(.COUNT(SIMD), .BITS(BITS), .LARGEST(LARGEST)) simd (.clk, .codes(taps), .reduced(all));
            sw_delay #(.WIDTH(BITS), .CYCLES(SIMD > 1 ? 0 : 1)) alone (.clk, .from(all), .to(part));
            sw_pair #(.BITS(BITS), .LARGEST(LARGEST)) with_earlier (.a(part), .b(best), .reduced(total));
            wire [BITS-1:0] made = is_first ? part : total;
            always_ff @(posedge clk) if (is_live[STAGES-1]) best <= made;
            assign codes[p*OUT_BITS+:OUT_BITS] = made[OUT_BITS-1:0];
            wire unused = ^made[BITS-1:OUT_BITS];
        end
    endgenerate

    sw_fifo #(.WIDTH(PE * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire & is_last), .room, .push(is_given[STAGES-1]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
