// x * w = product + owed. In: x of X_BITS, w of W_BITS. Out: a product of BITS and a bit that the next adder owes it.
// Latency: 2 cycles. Initiation interval: one cycle.
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
    end else if (!DSP) begin : g_digits
        // a narrow product for every two bits of w in one cycle, their sum in the next: a wide one is slow in LUTs
        localparam int DIGITS = (WBITS + 1) / 2;
        logic signed [BITS-1:0] wide_x;
        logic [2*DIGITS-1:0] wide_w;
        logic [DIGITS*BITS-1:0] parts;
        logic [BITS-1:0] sum;
        assign wide_x = BITS'($signed(signed_x));
        assign wide_w = (2 * DIGITS)'($signed(signed_w));
        for (genvar i = 0; i < DIGITS; i++) begin : g_digit
            // only the highest digit has a sign
            logic signed [BITS-1:0] digit;
            (* use_dsp = "no" *) logic [BITS-1:0] part;
            if (i == DIGITS - 1) begin : g_signed
                assign digit = BITS'($signed(wide_w[2*i+:2]));
            end else begin : g_unsigned
                assign digit = BITS'(wide_w[2*i+:2]);
            end
            always_ff @(posedge clk) part <= wide_x * digit;
            assign parts[i*BITS+:BITS] = part << 2 * i;
        end
        always_comb begin
            sum = '0;
            for (int i = 0; i < DIGITS; i++) sum = sum + parts[i*BITS+:BITS];
        end
        always_ff @(posedge clk) product <= sum;
        assign owed = 1'b0;
    end else begin : g_dsp
        logic [XBITS-1:0] held_x;
        logic [WBITS-1:0] held_w;
        logic signed [BITS-1:0] wide_x;
        logic signed [BITS-1:0] wide_w;
        (* use_dsp = "yes" *) logic [BITS-1:0] result;
        always_ff @(posedge clk) {held_x, held_w} <= {signed_x, signed_w};
        assign wide_x = BITS'($signed(held_x));
        assign wide_w = BITS'($signed(held_w));
        always_ff @(posedge clk) result <= wide_x * wide_w;
        assign product = result;
        assign owed = 1'b0;
    end
endmodule
