// The lengths of transfers that entered and have not left: a queue of 2**DEPTH_LOG2 numbers of BITS in LUTRAM, in
// order.
// Specification: shiftwire/rtl/axi_stream.py
// Latency: a number can be read the cycle after it was written. Initiation interval: one cycle a number.
module sw_transfer_queue #(
    parameter int BITS = 32,
    parameter int DEPTH_LOG2 = 4
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            s_valid,
    output logic            s_ready,
    input  logic [BITS-1:0] s_data,
    output logic            m_valid,
    input  logic            m_ready,
    output logic [BITS-1:0] m_data
);
    logic [BITS-1:0]       held [1<<DEPTH_LOG2];
    logic [DEPTH_LOG2-1:0] head;
    logic [DEPTH_LOG2-1:0] tail;
    logic [DEPTH_LOG2:0]   count;
    logic                  push;
    logic                  pop;

    assign s_ready = !count[DEPTH_LOG2];
    assign m_valid = count != '0;
    assign m_data  = held[head];
    assign push    = s_valid && s_ready;
    assign pop     = m_valid && m_ready;

    always_ff @(posedge clk) if (push) held[tail] <= s_data;

    always_ff @(posedge clk) begin
        tail  <= tail + DEPTH_LOG2'(push);
        head  <= head + DEPTH_LOG2'(pop);
        count <= count + (DEPTH_LOG2 + 1)'(push) - (DEPTH_LOG2 + 1)'(pop);
        if (rst) begin
            tail  <= '0;
            head  <= '0;
            count <= '0;
        end
    end
endmodule
