// COPIES processing elements of one kind that share x, so that the cost of one more can be measured; HELD puts
// registers in front, so that their speed can be.
// KIND: 0 shift, 1 adder, 2 distance, 3 integer in LUTs, 4 integer in multiplier blocks, which two elements share, 5
// agreeing bits.
module pe_shelf #(
    parameter int KIND = 0,
    parameter int COPIES = 2,
    parameter int SIMD = 1,
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 5,
    parameter int ACC_BITS = 18,
    parameter bit GENERIC = 0,
    parameter bit HELD = 0
) (
    input logic clk,
    input logic [SIMD*X_BITS-1:0] in_x,
    input logic [COPIES*SIMD*W_BITS-1:0] in_w,
    input logic accumulate,
    input logic finish,
    output logic [COPIES*ACC_BITS-1:0] y
);
    localparam int LANE = SIMD * W_BITS;
    logic [SIMD*X_BITS-1:0] x;
    logic [COPIES*SIMD*W_BITS-1:0] w;
    if (HELD) begin : g_held
        always_ff @(posedge clk) {x, w} <= {in_x, in_w};
    end else begin : g_direct
        assign {x, w} = {in_x, in_w};
    end
    localparam int STEP = KIND == 4 ? 2 : 1;
    for (genvar i = 0; i < COPIES; i += STEP) begin : g_copy
        if (KIND == 0) begin : g_shift
            sw_shift_pe #(
                .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .WINDOW_BITS(W_BITS - 2), .ACC_BITS(ACC_BITS), .SIMD(SIMD),
                .GENERIC(GENERIC)
            ) u_pe (
                .clk, .x, .w(w[i*LANE+:LANE]), .accumulate, .finish, .y(y[i*ACC_BITS+:ACC_BITS])
            );
        end else if (KIND == 1) begin : g_adder
            sw_adder_pe #(.BITS(X_BITS), .ACC_BITS(ACC_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) u_pe (
                .clk, .x, .w(w[i*LANE+:LANE]), .accumulate, .finish, .y(y[i*ACC_BITS+:ACC_BITS])
            );
        end else if (KIND == 2) begin : g_distance
            sw_distance_pe #(.BITS(X_BITS), .ACC_BITS(ACC_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) u_pe (
                .clk, .x, .w(w[i*LANE+:LANE]), .accumulate, .finish, .y(y[i*ACC_BITS+:ACC_BITS])
            );
        end else if (KIND <= 4) begin : g_int
            sw_int_pe #(
                .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS), .ACC_BITS(ACC_BITS), .SIMD(SIMD), .OUTPUTS(STEP),
                .DSP(KIND == 4), .GENERIC(GENERIC)
            ) u_pe (
                .clk, .x, .w(w[i*LANE+:STEP*LANE]), .accumulate, .finish, .y(y[i*ACC_BITS+:STEP*ACC_BITS])
            );
        end else begin : g_xnor
            sw_xnor_pe #(.ACC_BITS(ACC_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) u_pe (
                .clk, .x, .w(w[i*LANE+:LANE]), .accumulate, .finish, .y(y[i*ACC_BITS+:ACC_BITS])
            );
        end
    end
endmodule
