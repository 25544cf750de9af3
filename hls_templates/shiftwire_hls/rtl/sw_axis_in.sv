// Words of an AXI4-Stream become beats of LANES codes. A code takes CONTAINER_BITS in the words, little end first, and
// CODE_BITS in a beat, code 0 in the low bits; a frame of CODES codes starts in a new word and its padding is dropped.
// Frames are delimited by count alone: TLAST is checked against transfers of frames_per_transfer frames, TKEEP against
// all ones. The number is read with the first word of a transfer and told to the output side through transfer_*.
// Specification: shiftwire/rtl/axi_stream.py
// Latency: a word leaves one cycle after it came, two where words hold a broken number of containers.
// Initiation interval: one cycle a word or a beat, whichever side is the busier (sw_gearbox).
module sw_axis_in #(
    parameter int WORD_BITS = 64,
    parameter int CONTAINER_BITS = 8,
    parameter int CODE_BITS = 8,
    parameter int CODES = 16,
    parameter int LANES = 1
) (
    input  logic                       clk,
    input  logic                       rst,
    input  logic                       drain,                // throw words away, in reset too
    input  logic                       s_axis_tvalid,
    output logic                       s_axis_tready,
    input  logic [WORD_BITS-1:0]       s_axis_tdata,
    input  logic [WORD_BITS/8-1:0]     s_axis_tkeep,
    input  logic                       s_axis_tlast,
    output logic                       m_valid,
    input  logic                       m_ready,
    output logic [LANES*CODE_BITS-1:0] m_data,
    input  logic [31:0]                frames_per_transfer,  // 0 counts as 1
    output logic                       transfer_valid,
    input  logic                       transfer_ready,
    output logic                       between_frames,       // no frame is partly read
    output logic                       frame_first,          // pulses with a frame's first and last word
    output logic                       frame_last,
    output logic                       early_tlast,          // pulses
    output logic                       late_tlast,
    output logic                       null_bytes
);
    localparam int WORDS = (CODES * CONTAINER_BITS + WORD_BITS - 1) / WORD_BITS;
    localparam int AT_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    // containers that are cut apart together: those of a word, or enough to fill one that holds a broken number
    localparam int GROUP = (WORD_BITS + CONTAINER_BITS - 1) / CONTAINER_BITS;
    localparam int GROUP_BITS = GROUP * CONTAINER_BITS;

    logic [AT_BITS-1:0] at;
    logic [31:0]        left;
    logic [31:0]        frames;
    logic               started;
    logic               word_valid;
    logic               word_ready;
    logic               fire;
    logic               last_frame;

    // a new transfer also waits until the output side can be told its length
    assign word_valid     = s_axis_tvalid && (started || transfer_ready) && !rst;
    assign s_axis_tready  = drain || (word_ready && (started || transfer_ready) && !rst);
    assign fire           = word_valid && word_ready;
    assign transfer_valid = fire && !started;
    assign frames         = started ? left : frames_per_transfer;
    assign last_frame     = frames[31:1] == '0;
    assign between_frames = at == '0;
    assign frame_first    = fire && at == '0;
    assign frame_last     = fire && at == AT_BITS'(WORDS - 1);
    assign early_tlast    = fire && s_axis_tlast && !(frame_last && last_frame);
    assign late_tlast     = frame_last && last_frame && !s_axis_tlast;
    assign null_bytes     = fire && !(&s_axis_tkeep);

    always_ff @(posedge clk) begin
        if (fire) begin
            at     <= frame_last ? '0 : at + 1'b1;
            started <= !(frame_last && last_frame);
            left   <= frame_last ? frames - 1'b1 : frames;
        end
        if (rst) begin
            at     <= '0;
            started <= 1'b0;
        end
    end

    logic                       group_valid;
    logic                       group_ready;
    logic [GROUP_BITS-1:0]      group;
    logic [GROUP*CODE_BITS-1:0] codes;

    if (WORD_BITS == GROUP_BITS) begin : g_whole
        assign group_valid = word_valid;
        assign word_ready  = group_ready;
        assign group       = s_axis_tdata;
    end else begin : g_broken
        sw_gearbox #(
            .UNIT(8), .S_UNITS(WORD_BITS / 8), .M_UNITS(GROUP_BITS / 8), .FRAME_UNITS(CODES * CONTAINER_BITS / 8)
        ) bytes (
            .clk, .rst,
            .s_valid(word_valid), .s_ready(word_ready), .s_data(s_axis_tdata),
            .m_valid(group_valid), .m_ready(group_ready), .m_data(group)
        );
    end

    for (genvar i = 0; i < GROUP; i++) begin : g_code
        assign codes[i*CODE_BITS+:CODE_BITS] = group[i*CONTAINER_BITS+:CODE_BITS];
        if (CODE_BITS < CONTAINER_BITS) begin : g_rest
            logic unused_bits;
            assign unused_bits = ^group[i*CONTAINER_BITS+CODE_BITS+:CONTAINER_BITS-CODE_BITS];
        end
    end

    sw_gearbox #(
        .UNIT(CODE_BITS), .S_UNITS(GROUP), .M_UNITS(LANES), .FRAME_UNITS(CODES)
    ) lanes (
        .clk, .rst,
        .s_valid(group_valid), .s_ready(group_ready), .s_data(codes),
        .m_valid, .m_ready, .m_data
    );
endmodule
