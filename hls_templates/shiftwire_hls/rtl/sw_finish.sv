// The raw sums of a matrix or vector unit become codes, PARTS beats of LANES a word: (raw << GRID) + bias. With PAIRED
// the raw sum of an adder layer is sum min(x, w) and the word ends in sum x: (2 * raw - total) << GRID takes raw's
// place. A word of biases serves REPEAT beats in a row.
// Specification: shiftwire/ops/dense.py, shiftwire/ops/conv.py and the adder scheme of shiftwire/ops/weights/
// In: words of PARTS * LANES raw sums, sum 0 in the low bits, the total above. Out: PARTS beats of LANES codes a word.
// Latency: one pipeline stage, two with ROM_BLOCK or PAIRED; a beat can be read the cycle after these, with BLOCK one later.
// Initiation interval: one cycle a beat, so PARTS cycles a word.
module sw_finish #(
    parameter int LANES = 1,
    parameter int PARTS = 4,
    parameter int WORDS = 8,
    parameter int REPEAT = 1,
    parameter int RAW_BITS = 16,
    parameter bit PAIRED = 0,
    parameter int TOTAL_BITS = 0,
    parameter int GRID = 0,
    parameter int OUT_BITS = 18,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam int IN_WIDTH = PARTS * LANES * RAW_BITS + TOTAL_BITS
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [IN_WIDTH-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [LANES*OUT_BITS-1:0] m_data
);
    localparam int PART = PARTS > 1 ? $clog2(PARTS) : 1;
    localparam int WORD = WORDS > 1 ? $clog2(WORDS) : 1;
    // a block RAM's biases come a cycle later; two adders in a row would be slow, so a total is taken off a cycle sooner
    localparam int LATE = ROM_BLOCK || PAIRED ? 1 : 0;
    logic room, is_last, ends_word;
    logic [LATE:0] is_live;
    logic [PART-1:0] part;
    logic [WORD-1:0] word;
    logic [LANES*RAW_BITS-1:0] part_of, taken;
    logic [LANES*OUT_BITS-1:0] sums, sums_in_time, bias, codes;
    logic [OUT_BITS-1:0] total;
    wire fire = s_valid & room;
    assign s_ready = fire & is_last;

    sw_counter #(.STEPS(PARTS)) parts (.clk, .rst, .step(fire), .value(part), .last(is_last));
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(REPEAT)) again (.clk, .rst, .step(fire), .value(), .last(ends_word));
    sw_counter #(.STEPS(WORDS)) words (.clk, .rst, .step(fire & ends_word), .value(word), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    sw_rom #(.WIDTH(LANES * OUT_BITS), .WORDS(WORDS), .FILE(FILE), .BLOCK(ROM_BLOCK), .MORE(LATE)) biases (
        .clk, .address(word), .data(bias)
    );
    sw_pick #(.COUNT(PARTS), .WIDTH(LANES * RAW_BITS)) of_word (
        .words(s_data[PARTS*LANES*RAW_BITS-1:0]), .number(part), .word(part_of)
    );
    always_ff @(posedge clk) begin
        taken <= part_of;
        is_live <= rst ? '0 : (LATE + 1)'({is_live, fire});
    end
    sw_delay #(.WIDTH(LANES * OUT_BITS), .CYCLES(LATE)) until_bias (.clk, .from(sums), .to(sums_in_time));
    generate
        if (PAIRED) begin : paired
            always_ff @(posedge clk) total <= OUT_BITS'(s_data[IN_WIDTH-1-:TOTAL_BITS]);
        end else begin : plain
            assign total = '0;
        end
    endgenerate

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            logic [OUT_BITS-1:0] sum;
            sw_align #(.BITS(RAW_BITS), .IS_SIGNED(!PAIRED), .SHIFT(PAIRED ? 1 : 0), .OUT_BITS(OUT_BITS)) grid (
                .code(taken[l*RAW_BITS+:RAW_BITS]), .moved(sum)
            );
            assign sums[l*OUT_BITS+:OUT_BITS] = sum - total;
            assign codes[l*OUT_BITS+:OUT_BITS] =
                (sums_in_time[l*OUT_BITS+:OUT_BITS] << GRID) + bias[l*OUT_BITS+:OUT_BITS];
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[LATE]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
