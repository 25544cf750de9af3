// Beats of LANES codes become words of an AXI4-Stream. A code takes CONTAINER_BITS in the words, little end first, with
// its sign or zeros above; a frame of CODES codes starts in a new word and is padded with zero bytes. TKEEP is all
// ones; TLAST ends a transfer, whose number of frames comes through transfer_* (its head stays until the transfer's
// last word).
// Specification: shiftwire/rtl/axi_stream.py
// Latency: a beat leaves one cycle after it came, two where words hold a broken number of containers.
// Initiation interval: one cycle a word or a beat, whichever side is the busier (sw_gearbox).
module sw_axis_out #(
    parameter int WORD_BITS = 64,
    parameter int CONTAINER_BITS = 8,
    parameter int CODE_BITS = 8,
    parameter bit CODE_SIGNED = 1'b1,
    parameter int CODES = 16,
    parameter int LANES = 1
) (
    input  logic                       clk,
    input  logic                       rst,
    input  logic                       s_valid,
    output logic                       s_ready,
    input  logic [LANES*CODE_BITS-1:0] s_data,
    output logic                       m_axis_tvalid,
    input  logic                       m_axis_tready,
    output logic [WORD_BITS-1:0]       m_axis_tdata,
    output logic [WORD_BITS/8-1:0]     m_axis_tkeep,
    output logic                       m_axis_tlast,
    input  logic                       transfer_valid,
    output logic                       transfer_ready,
    input  logic [31:0]                transfer_frames,  // 0 counts as 1
    output logic                       frame_last        // pulses with a frame's last word
);
    localparam int WORDS = (CODES * CONTAINER_BITS + WORD_BITS - 1) / WORD_BITS;
    localparam int AT_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam int GROUP = (WORD_BITS + CONTAINER_BITS - 1) / CONTAINER_BITS;
    localparam int GROUP_BITS = GROUP * CONTAINER_BITS;

    logic                       group_valid;
    logic                       group_ready;
    logic [GROUP_BITS-1:0]      group;
    logic [GROUP*CODE_BITS-1:0] codes;
    logic                       word_valid;
    logic                       word_ready;

    sw_gearbox #(
        .UNIT(CODE_BITS), .S_UNITS(LANES), .M_UNITS(GROUP), .FRAME_UNITS(CODES)
    ) lanes (
        .clk, .rst,
        .s_valid, .s_ready, .s_data,
        .m_valid(group_valid), .m_ready(group_ready), .m_data(codes)
    );

    for (genvar i = 0; i < GROUP; i++) begin : g_code
        if (CODE_SIGNED) begin : g_sign
            assign group[i*CONTAINER_BITS+:CONTAINER_BITS] = CONTAINER_BITS'(signed'(codes[i*CODE_BITS+:CODE_BITS]));
        end else begin : g_zero
            assign group[i*CONTAINER_BITS+:CONTAINER_BITS] = CONTAINER_BITS'(codes[i*CODE_BITS+:CODE_BITS]);
        end
    end

    if (WORD_BITS == GROUP_BITS) begin : g_whole
        assign word_valid   = group_valid;
        assign group_ready  = word_ready;
        assign m_axis_tdata = group;
    end else begin : g_broken
        sw_gearbox #(
            .UNIT(8), .S_UNITS(GROUP_BITS / 8), .M_UNITS(WORD_BITS / 8), .FRAME_UNITS(CODES * CONTAINER_BITS / 8)
        ) bytes (
            .clk, .rst,
            .s_valid(group_valid), .s_ready(group_ready), .s_data(group),
            .m_valid(word_valid), .m_ready(word_ready), .m_data(m_axis_tdata)
        );
    end

    logic [AT_BITS-1:0] at;
    logic [31:0]        left;
    logic [31:0]        frames;
    logic               started;
    logic               last_word;
    logic               fire;

    assign word_ready     = m_axis_tready && transfer_valid;
    assign m_axis_tvalid  = word_valid && transfer_valid;
    assign m_axis_tkeep   = '1;
    assign last_word      = at == AT_BITS'(WORDS - 1);
    assign frames         = started ? left : transfer_frames;
    assign m_axis_tlast   = last_word && frames[31:1] == '0;
    assign fire           = m_axis_tvalid && m_axis_tready;
    assign frame_last     = fire && last_word;
    assign transfer_ready = fire && m_axis_tlast;

    always_ff @(posedge clk) begin
        if (fire) at <= last_word ? '0 : at + 1'b1;
        if (frame_last) begin
            left    <= frames - 1'b1;
            started <= !m_axis_tlast;
        end
        if (rst) begin
            at      <= '0;
            started <= 1'b0;
        end
    end
endmodule
