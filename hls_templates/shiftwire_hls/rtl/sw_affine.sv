// A scale of TERMS signed powers of two and a bias for each channel, FOLDS beats a pixel.
// A ROM word holds for each lane its terms {zero, sign, exponent}, the first lowest, and above all of them the biases on
// the output's grid. Specification: flow/shiftwire/ops/affine.py. 2 + TERMS pipeline stages.
module sw_affine #(
    parameter int LANES = 1,
    parameter int FOLDS = 4,
    parameter int TERMS = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter int GRID = 0,
    parameter int OUT_BITS = 16,
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
    localparam int TERM = WINDOW_BITS + 2;
    localparam int SCALES = LANES * TERMS * TERM;
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    logic room;
    logic [FOLD_BITS-1:0] fold;
    logic [TERMS+1:0] is_live;
    logic [SCALES+LANES*OUT_BITS-1:0] word;
    logic [LANES*IN_BITS-1:0] x;
    logic [LANES*OUT_BITS-1:0] codes;
    assign s_ready = room;
    wire fire = s_valid & room;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(fold), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    sw_rom #(.WIDTH(SCALES + LANES * OUT_BITS), .WORDS(FOLDS), .FILE(FILE), .BLOCK(ROM_BLOCK)) rom (
        .clk, .address(fold), .data(word)
    );
    always_ff @(posedge clk) begin
        is_live <= rst ? '0 : {is_live[TERMS:0], fire};
        x <= s_data;
    end

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            sw_scale #(
                .TERMS(TERMS), .IN_BITS(IN_BITS), .IN_SIGNED(IN_SIGNED), .WINDOW_BITS(WINDOW_BITS), .GRID(GRID),
                .OUT_BITS(OUT_BITS)
            ) scale (
                .clk, .x(x[l*IN_BITS+:IN_BITS]), .terms(word[l*TERMS*TERM+:TERMS*TERM]),
                .bias(word[SCALES+l*OUT_BITS+:OUT_BITS]), .y(codes[l*OUT_BITS+:OUT_BITS])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[TERMS+1]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
