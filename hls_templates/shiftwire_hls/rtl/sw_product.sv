// x * w = product + owed, in BITS bits. Latency: 2 cycles.
module sw_product #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 8,
    parameter bit W_SIGNED = 1,
    parameter int BITS = 16,
    parameter bit DSP = 0,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [X_BITS-1:0] x,
    input logic [W_BITS-1:0] w,
    output logic [BITS-1:0] product,
    output logic owed
);
    localparam int XBITS = X_BITS + (X_SIGNED ? 0 : 1);
    localparam int WBITS = W_BITS + (W_SIGNED ? 0 : 1);
    logic [XBITS-1:0] signed_x;
    logic [WBITS-1:0] signed_w;
    assign signed_x = XBITS'(x);
    assign signed_w = WBITS'(w);
    if (!GENERIC && !DSP && WBITS <= 8 && BITS > 4) begin : g_booth
        sw_booth_product #(.X_BITS(XBITS), .W_BITS(WBITS), .BITS(BITS)) u_booth (
            .clk, .x(signed_x), .w(signed_w), .product, .owed
        );
    end else begin : g_plain
        logic [XBITS-1:0] held_x;
        logic [WBITS-1:0] held_w;
        logic signed [BITS-1:0] wide_x;
        logic signed [BITS-1:0] wide_w;
        always_ff @(posedge clk) {held_x, held_w} <= {signed_x, signed_w};
        assign wide_x = BITS'($signed(held_x));
        assign wide_w = BITS'($signed(held_w));
        assign owed = 1'b0;
        if (DSP) begin : g_dsp
            (* use_dsp = "yes" *) logic [BITS-1:0] result;
            always_ff @(posedge clk) result <= wide_x * wide_w;
            assign product = result;
        end else begin : g_lut
            (* use_dsp = "no" *) logic [BITS-1:0] result;
            always_ff @(posedge clk) result <= wide_x * wide_w;
            assign product = result;
        end
    end
endmodule
