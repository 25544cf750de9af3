// The buffer behind every unit: DEPTH beats, of which some may still be on their way through the unit's pipeline.
//
// A writer reserves a place while there is `room`, and pushes its data in the same cycle or, with AHEAD, a fixed number
// of cycles later; so nothing ever stalls between. DEPTH 1 is a register, else a memory: LUTRAM, or block RAM with
// BLOCK. In and out: beats of WIDTH bits, in order. Specification: shiftwire/schedule/depths.py
// Latency: a beat can be read the cycle after its push (BLOCK: one later), a place is free the cycle after its beat was
// read. Initiation interval: one cycle a beat where DEPTH covers the way from the reservation to the read, so two with
// DEPTH 1.
module sw_fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 2,
    parameter bit AHEAD = 0,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic reserve,
    output logic room,
    input logic push,
    input logic [WIDTH-1:0] push_data,
    output logic m_valid,
    input logic m_ready,
    output logic [WIDTH-1:0] m_data
);
    localparam int COUNT = $clog2(DEPTH + 1);
    localparam int PLACE = DEPTH > 1 ? $clog2(DEPTH) : 1;

    wire pop = m_valid & m_ready;
    wire taken = AHEAD ? reserve : push;
    logic [COUNT-1:0] held;

    // whether it is full or empty is a register of its own: what waits for it knows as soon as the cycle begins
    always_ff @(posedge clk)
        if (rst) begin
            held <= '0;
            room <= 1'b1;
        end else if (taken != pop) begin
            held <= taken ? held + 1'b1 : held - 1'b1;
            room <= ~taken | held != COUNT'(DEPTH - 1);
        end

    generate
        if (DEPTH == 1) begin : single
            always_ff @(posedge clk) begin
                if (rst) m_valid <= 1'b0;
                else m_valid <= push | (m_valid & ~pop);
                if (push) m_data <= push_data;
            end
        end else begin : many
            logic [PLACE-1:0] to, from;
            logic fetch, is_stored;
            /* verilator lint_off PINCONNECTEMPTY */
            sw_counter #(.STEPS(DEPTH)) writes (.clk, .rst, .step(push), .value(to), .last());
            sw_counter #(.STEPS(DEPTH)) reads (.clk, .rst, .step(fetch), .value(from), .last());
            /* verilator lint_on PINCONNECTEMPTY */
            if (AHEAD || BLOCK) begin : counted
                logic [COUNT-1:0] stored;
                always_ff @(posedge clk)
                    if (rst) begin
                        stored <= '0;
                        is_stored <= 1'b0;
                    end else if (push != fetch) begin
                        stored <= push ? stored + 1'b1 : stored - 1'b1;
                        is_stored <= push | stored != COUNT'(1);
                    end
            end else begin : same
                always_ff @(posedge clk)
                    if (rst) is_stored <= 1'b0;
                    else if (push != pop) is_stored <= push | held != COUNT'(1);
            end
            if (BLOCK) begin : block
                assign fetch = is_stored & (~m_valid | m_ready);
                sw_memory #(.WIDTH(WIDTH), .WORDS(DEPTH), .BLOCK(1)) beats (
                    .clk, .store(push), .to, .given(push_data), .read(fetch), .from, .data(m_data)
                );
                always_ff @(posedge clk)
                    if (rst) m_valid <= 1'b0;
                    else m_valid <= fetch | (m_valid & ~pop);
            end else begin : distributed
                (* ram_style = "distributed" *)
                logic [WIDTH-1:0] memory[DEPTH];
                assign fetch = pop;
                assign m_valid = is_stored;
                assign m_data = memory[from];
                always_ff @(posedge clk) if (push) memory[to] <= push_data;
            end
        end
    endgenerate
endmodule
