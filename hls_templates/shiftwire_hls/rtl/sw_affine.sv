// A scale of signed powers of two and a bias for each channel, FOLDS beats a pixel. Each beat is worked for STEPS
// cycles, TERMS terms in each. A word of <FILE>_scale.mem holds the terms {zero, sign, exponent} of a step, the first
// term of the first lane lowest; one of <FILE>_bias.mem the biases of a beat on the output's grid. Specification:
// shiftwire/ops/affine.py
// In: beats of LANES codes, code 0 in the low bits. Out: as many beats of LANES codes.
// Latency: 3 + clog2(TERMS) pipeline stages, one more with ROM_BLOCK, counted from the beat's last step; it can be read
// the cycle after these, with BLOCK one later. Initiation interval: STEPS cycles a beat.
module sw_affine #(
    parameter int LANES = 1,
    parameter int FOLDS = 4,
    parameter int STEPS = 1,
    parameter int TERMS = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter int GRID = 0,
    parameter int OUT_BITS = 16,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter bit GENERIC = 1,
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
    localparam int TERM = WINDOW_BITS + 2;
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int WORD_BITS = FOLDS * STEPS > 1 ? $clog2(FOLDS * STEPS) : 1;
    localparam int LATE = ROM_BLOCK ? 1 : 0;
    // cycles from the word of terms to the accumulator
    localparam int WAIT = 1 + $clog2(TERMS) + LATE;
    logic room, step_end;
    logic [WORD_BITS-1:0] word;
    logic [FOLD_BITS-1:0] fold;
    logic [WAIT*FOLD_BITS-1:0] waiting;
    logic [LANES*TERMS*TERM-1:0] terms;
    logic [LANES*IN_BITS-1:0] taken, x;
    logic [LANES*OUT_BITS-1:0] bias, codes;
    logic [WAIT:0] is_first, is_live;
    logic [WAIT+1:0] is_last;
    wire fire = s_valid & (~step_end | room);
    assign s_ready = fire & step_end;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(STEPS)) step_count (.clk, .rst, .step(fire), .value(), .last(step_end));
    sw_counter #(.STEPS(FOLDS)) fold_count (.clk, .rst, .step(s_ready), .value(fold), .last());
    sw_counter #(.STEPS(FOLDS * STEPS)) words (.clk, .rst, .step(fire), .value(word), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    sw_rom #(
        .WIDTH(LANES * TERMS * TERM), .WORDS(FOLDS * STEPS), .FILE({FILE, "_scale.mem"}), .BLOCK(ROM_BLOCK), .MORE(LATE)
    ) scales (
        .clk, .address(word), .data(terms)
    );
    sw_delay #(.WIDTH(LANES * IN_BITS), .CYCLES(LATE)) until_scaled (.clk, .from(taken), .to(x));
    // the biases come when the terms have become a sum
    sw_rom #(.WIDTH(LANES * OUT_BITS), .WORDS(FOLDS), .FILE({FILE, "_bias.mem"})) biases (
        .clk, .address(waiting[WAIT*FOLD_BITS-1-:FOLD_BITS]), .data(bias)
    );
    logic is_new;
    always_ff @(posedge clk) begin
        if (rst) is_new <= 1'b1;
        else if (fire) is_new <= step_end;
        taken <= s_data;
        waiting <= (WAIT * FOLD_BITS)'({waiting, fold});
        is_first <= {is_first[WAIT-1:0], is_new};
        is_live <= rst ? '0 : {is_live[WAIT-1:0], fire};
        is_last <= rst ? '0 : {is_last[WAIT:0], s_ready};
    end

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            sw_scale #(
                .TERMS(TERMS), .IN_BITS(IN_BITS), .IN_SIGNED(IN_SIGNED), .WINDOW_BITS(WINDOW_BITS), .GRID(GRID),
                .OUT_BITS(OUT_BITS), .GENERIC(GENERIC)
            ) scale (
                .clk, .x(x[l*IN_BITS+:IN_BITS]), .terms(terms[l*TERMS*TERM+:TERMS*TERM]),
                .accumulate(is_live[WAIT]), .is_first(is_first[WAIT]), .bias(bias[l*OUT_BITS+:OUT_BITS]),
                .y(codes[l*OUT_BITS+:OUT_BITS])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(s_ready), .room, .push(is_last[WAIT+1]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
