// One lane of sw_threshold: a search through the sorted thresholds of channel first + LANE.
// In: a code of IN_BITS and the channel of the first lane. Out: a code of OUT_BITS. Latency: STAGES cycles, one more with LEVELS.
// Initiation interval: one cycle a code. Specification: shiftwire/ops/threshold.py
module sw_staircase #(
    parameter int CHANNELS = 4,
    parameter int LANE = 0,
    parameter int STAGES = 4,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int BOUND_BITS = 9,
    parameter int OUT_BITS = 4,
    parameter bit LEVELS = 0,
    parameter int BASE = 0,
    parameter FILE = "",
    localparam int CHANNEL_BITS = CHANNELS > 1 ? $clog2(CHANNELS) : 1
) (
    input logic clk,
    input logic [CHANNEL_BITS-1:0] first,
    input logic [IN_BITS-1:0] code,
    output logic [OUT_BITS-1:0] y
);
    logic [CHANNEL_BITS-1:0] channel[STAGES+1];
    logic [BOUND_BITS-1:0] x[STAGES+1];
    // count[i] holds the i highest bits of the number of thresholds reached
    logic [STAGES:0] count[STAGES+1];

    assign channel[0] = first + CHANNEL_BITS'(LANE);
    assign count[0] = '0;
    sw_align #(.BITS(IN_BITS), .IS_SIGNED(IN_SIGNED), .SHIFT(0), .OUT_BITS(BOUND_BITS)) extend (.code, .moved(x[0]));

    genvar i;
    generate
        for (i = 0; i < STAGES; i++) begin : stage
            localparam int WORDS = CHANNELS << i;
            localparam int BITS = WORDS > 1 ? $clog2(WORDS) : 1;
            logic [BOUND_BITS-1:0] bound;
            logic [STAGES:0] prefix;
            sw_rom #(.WIDTH(BOUND_BITS), .WORDS(WORDS), .FILE({FILE, "_", 8'(97 + i), ".mem"})) bounds (
                .clk, .address(BITS'((32'(channel[i]) << i) + 32'(count[i]))), .data(bound)
            );
            always_ff @(posedge clk) begin
                channel[i+1] <= channel[i];
                x[i+1] <= x[i];
                prefix <= count[i];
            end
            assign count[i+1] = {prefix[STAGES-1:0], $signed(x[i+1]) >= $signed(bound)};
            wire unused = prefix[STAGES];
        end
        if (LEVELS) begin : table_
            localparam int WORDS = CHANNELS << STAGES;
            sw_rom #(.WIDTH(OUT_BITS), .WORDS(WORDS), .FILE({FILE, "_y.mem"})) levels (
                .clk, .address($clog2(WORDS)'((32'(channel[STAGES]) << STAGES) + 32'(count[STAGES]))), .data(y)
            );
        end else begin : counted
            assign y = OUT_BITS'(32'(count[STAGES]) + BASE);
            wire unused = ^channel[STAGES];
        end
    endgenerate
    wire unused_x = ^x[STAGES];
endmodule
