// Everything around a network: AXI4-Stream in and out, AXI4-Lite registers, counters, reset. The network is a module
// with clk, rst and streams of beats; net_rst lasts 2**RESET_LOG2 cycles at least and as long as the soft reset is
// held. While the soft reset is held, words that arrive are thrown away, so that a stuck sender comes to its end.
// Specification: shiftwire/rtl/shell.py
// In and out: words of an AXI4-Stream as sw_axis_in and sw_axis_out say; beats of IN_LANES and OUT_LANES codes at the
// network. Latency beside the network's: one cycle on either side, two where words hold a broken number of containers.
// Initiation interval: the network's, or the words of a frame on the busier side where these are more.
module sw_shell #(
    parameter logic [31:0] VERSION = 32'h0,
    parameter int          IN_WORD_BITS = 64,
    parameter int          IN_CONTAINER_BITS = 8,
    parameter int          IN_CODE_BITS = 8,
    parameter bit          IN_SIGNED = 1'b0,
    parameter int          IN_CODES = 16,
    parameter int          IN_LANES = 1,
    parameter int          OUT_WORD_BITS = 64,
    parameter int          OUT_CONTAINER_BITS = 8,
    parameter int          OUT_CODE_BITS = 8,
    parameter bit          OUT_SIGNED = 1'b1,
    parameter int          OUT_CODES = 16,
    parameter int          OUT_LANES = 1,
    parameter int          RESET_LOG2 = 5
) (
    input  logic                               aclk,
    input  logic                               aresetn,
    input  logic                               s_axi_awvalid,
    output logic                               s_axi_awready,
    input  logic [11:0]                        s_axi_awaddr,
    input  logic                               s_axi_wvalid,
    output logic                               s_axi_wready,
    input  logic [31:0]                        s_axi_wdata,
    input  logic [3:0]                         s_axi_wstrb,
    output logic                               s_axi_bvalid,
    input  logic                               s_axi_bready,
    output logic [1:0]                         s_axi_bresp,
    input  logic                               s_axi_arvalid,
    output logic                               s_axi_arready,
    input  logic [11:0]                        s_axi_araddr,
    output logic                               s_axi_rvalid,
    input  logic                               s_axi_rready,
    output logic [31:0]                        s_axi_rdata,
    output logic [1:0]                         s_axi_rresp,
    input  logic                               s_axis_tvalid,
    output logic                               s_axis_tready,
    input  logic [IN_WORD_BITS-1:0]            s_axis_tdata,
    input  logic [IN_WORD_BITS/8-1:0]          s_axis_tkeep,
    input  logic                               s_axis_tlast,
    output logic                               m_axis_tvalid,
    input  logic                               m_axis_tready,
    output logic [OUT_WORD_BITS-1:0]           m_axis_tdata,
    output logic [OUT_WORD_BITS/8-1:0]         m_axis_tkeep,
    output logic                               m_axis_tlast,
    output logic                               net_rst,
    output logic                               net_in_valid,
    input  logic                               net_in_ready,
    output logic [IN_LANES*IN_CODE_BITS-1:0]   net_in_data,
    input  logic                               net_out_valid,
    output logic                               net_out_ready,
    input  logic [OUT_LANES*OUT_CODE_BITS-1:0] net_out_data
);
    localparam int WORDS_IN = (IN_CODES * IN_CONTAINER_BITS + IN_WORD_BITS - 1) / IN_WORD_BITS;
    localparam int WORDS_OUT = (OUT_CODES * OUT_CONTAINER_BITS + OUT_WORD_BITS - 1) / OUT_WORD_BITS;

    logic                rst;
    logic                soft_reset;
    logic                between_frames, frame_first, frame_last, frame_out;
    logic                early_tlast, late_tlast, null_bytes;
    logic                idle;
    logic                push_valid, push_ready, head_valid, head_ready;
    logic [31:0]         frames_per_transfer, head_frames;
    logic [31:0]         frames_in, frames_out, interval, latency;
    logic [63:0]         cycles;

    // one register resets every unit: the tool copies it where it drives too many
    (* max_fanout = 128 *)
    logic                  held;
    logic [RESET_LOG2-1:0] held_for;
    assign net_rst = held;

    always_ff @(posedge aclk) begin
        rst <= !aresetn;
        {held, held_for} <= !aresetn || soft_reset ? '1 : {held, held_for} - (RESET_LOG2 + 1)'(held);
    end

    sw_axis_in #(
        .WORD_BITS(IN_WORD_BITS), .CONTAINER_BITS(IN_CONTAINER_BITS),
        .CODE_BITS(IN_CODE_BITS), .CODES(IN_CODES), .LANES(IN_LANES)
    ) words_in (
        .clk(aclk), .rst(net_rst), .drain(soft_reset),
        .s_axis_tvalid, .s_axis_tready, .s_axis_tdata, .s_axis_tkeep, .s_axis_tlast,
        .m_valid(net_in_valid), .m_ready(net_in_ready), .m_data(net_in_data),
        .frames_per_transfer, .transfer_valid(push_valid), .transfer_ready(push_ready),
        .between_frames, .frame_first, .frame_last, .early_tlast, .late_tlast, .null_bytes
    );

    sw_transfer_queue transfers (
        .clk(aclk), .rst(net_rst),
        .s_valid(push_valid), .s_ready(push_ready), .s_data(frames_per_transfer),
        .m_valid(head_valid), .m_ready(head_ready), .m_data(head_frames)
    );

    sw_axis_out #(
        .WORD_BITS(OUT_WORD_BITS), .CONTAINER_BITS(OUT_CONTAINER_BITS),
        .CODE_BITS(OUT_CODE_BITS), .CODE_SIGNED(OUT_SIGNED), .CODES(OUT_CODES), .LANES(OUT_LANES)
    ) words_out (
        .clk(aclk), .rst(net_rst),
        .s_valid(net_out_valid), .s_ready(net_out_ready), .s_data(net_out_data),
        .m_axis_tvalid, .m_axis_tready, .m_axis_tdata, .m_axis_tkeep, .m_axis_tlast,
        .transfer_valid(head_valid), .transfer_ready(head_ready), .transfer_frames(head_frames),
        .frame_last(frame_out)
    );

    sw_frame_counters counters (
        .clk(aclk), .rst(net_rst), .between_frames, .frame_first, .frame_last, .frame_out,
        .idle, .cycles, .frames_in, .frames_out, .interval, .latency
    );

    sw_axi_lite #(
        .VERSION(VERSION), .WORDS_IN(WORDS_IN), .WORDS_OUT(WORDS_OUT),
        .LAYOUT_IN({7'd0, IN_SIGNED, 8'(IN_CODE_BITS), 8'(IN_CONTAINER_BITS), 8'(IN_WORD_BITS / 8)}),
        .LAYOUT_OUT({7'd0, OUT_SIGNED, 8'(OUT_CODE_BITS), 8'(OUT_CONTAINER_BITS), 8'(OUT_WORD_BITS / 8)})
    ) registers (
        .clk(aclk), .rst,
        .s_axi_awvalid, .s_axi_awready, .s_axi_awaddr, .s_axi_wvalid, .s_axi_wready, .s_axi_wdata, .s_axi_wstrb,
        .s_axi_bvalid, .s_axi_bready, .s_axi_bresp,
        .s_axi_arvalid, .s_axi_arready, .s_axi_araddr, .s_axi_rvalid, .s_axi_rready, .s_axi_rdata, .s_axi_rresp,
        .soft_reset, .frames_per_transfer, .error_pulses({null_bytes, late_tlast, early_tlast}),
        .idle, .resetting(net_rst), .cycles, .frames_in, .frames_out, .interval, .latency
    );
endmodule
