// The registers of the shell behind AXI4-Lite: addresses, fields and resets are those of shiftwire/rtl/registers.py.
// In and out: 32-bit registers at byte offsets of 12 bits, little end first, with write strobes. Address and data of a
// write may come in any order. Beyond the map is 0, and writes there and to read-only registers are ignored: an error
// would kill the process that looked.
// Latency: a write is answered the cycle after both are held, a read the cycle after its address.
// Initiation interval: two cycles an access of either kind; reads and writes do not wait for each other.
module sw_axi_lite #(
    parameter logic [31:0] VERSION = 32'h0,
    parameter int          WORDS_IN = 1,
    parameter int          WORDS_OUT = 1,
    parameter logic [31:0] LAYOUT_IN = 32'h0,
    parameter logic [31:0] LAYOUT_OUT = 32'h0
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        s_axi_awvalid,
    output logic        s_axi_awready,
    input  logic [11:0] s_axi_awaddr,
    input  logic        s_axi_wvalid,
    output logic        s_axi_wready,
    input  logic [31:0] s_axi_wdata,
    input  logic [3:0]  s_axi_wstrb,
    output logic        s_axi_bvalid,
    input  logic        s_axi_bready,
    output logic [1:0]  s_axi_bresp,
    input  logic        s_axi_arvalid,
    output logic        s_axi_arready,
    input  logic [11:0] s_axi_araddr,
    output logic        s_axi_rvalid,
    input  logic        s_axi_rready,
    output logic [31:0] s_axi_rdata,
    output logic [1:0]  s_axi_rresp,
    output logic        soft_reset,
    output logic [31:0] frames_per_transfer,
    input  logic [2:0]  error_pulses,  // null bytes, late TLAST, early TLAST
    input  logic        idle,
    input  logic        resetting,
    input  logic [63:0] cycles,
    input  logic [31:0] frames_in,
    input  logic [31:0] frames_out,
    input  logic [31:0] interval,
    input  logic [31:0] latency
);
    localparam logic [11:0] IDENTITY_AT = 12'h000;
    localparam logic [11:0] INTERFACE_AT = 12'h004;
    localparam logic [11:0] VERSION_AT = 12'h008;
    localparam logic [11:0] CONTROL_AT = 12'h00c;
    localparam logic [11:0] STATUS_AT = 12'h010;
    localparam logic [11:0] ERRORS_AT = 12'h014;
    localparam logic [11:0] FRAMES_PER_TRANSFER_AT = 12'h018;
    localparam logic [11:0] FRAMES_IN_AT = 12'h01c;
    localparam logic [11:0] FRAMES_OUT_AT = 12'h020;
    localparam logic [11:0] CYCLES_LOW_AT = 12'h024;
    localparam logic [11:0] CYCLES_HIGH_AT = 12'h028;
    localparam logic [11:0] INTERVAL_AT = 12'h02c;
    localparam logic [11:0] LATENCY_AT = 12'h030;
    localparam logic [11:0] WORDS_IN_AT = 12'h034;
    localparam logic [11:0] WORDS_OUT_AT = 12'h038;
    localparam logic [11:0] LAYOUT_IN_AT = 12'h03c;
    localparam logic [11:0] LAYOUT_OUT_AT = 12'h040;

    localparam logic [31:0] IDENTITY = 32'h53574952;
    localparam logic [31:0] INTERFACE = 32'd1;
    localparam logic [1:0]  OKAY = 2'b00;

    logic        address_held;
    logic        data_held;
    logic        write;
    logic [11:0] address;
    logic [11:0] read_address;
    logic [31:0] data;
    logic [3:0]  strobes;
    logic [31:0] read_data;
    logic [2:0]  errors;
    logic [2:0]  cleared;
    logic [31:0] cycles_high;
    logic [3:0]  unused_low_bits;

    assign s_axi_awready   = !address_held && !rst;
    assign s_axi_wready    = !data_held && !rst;
    assign s_axi_arready   = !s_axi_rvalid && !rst;
    assign write           = address_held && data_held && !s_axi_bvalid;
    assign read_address    = {s_axi_araddr[11:2], 2'b00};
    assign s_axi_bresp     = OKAY;
    assign s_axi_rresp     = OKAY;
    assign cleared         = write && address == ERRORS_AT && strobes[0] ? data[2:0] : '0;
    assign unused_low_bits = {s_axi_araddr[1:0], s_axi_awaddr[1:0]};

    always_comb begin
        case (read_address)
            IDENTITY_AT:            read_data = IDENTITY;
            INTERFACE_AT:           read_data = INTERFACE;
            VERSION_AT:             read_data = VERSION;
            CONTROL_AT:             read_data = 32'(soft_reset);
            STATUS_AT:              read_data = {30'd0, resetting, idle};
            ERRORS_AT:              read_data = 32'(errors);
            FRAMES_PER_TRANSFER_AT: read_data = frames_per_transfer;
            FRAMES_IN_AT:           read_data = frames_in;
            FRAMES_OUT_AT:          read_data = frames_out;
            CYCLES_LOW_AT:          read_data = cycles[31:0];
            CYCLES_HIGH_AT:         read_data = cycles_high;
            INTERVAL_AT:            read_data = interval;
            LATENCY_AT:             read_data = latency;
            WORDS_IN_AT:            read_data = 32'(WORDS_IN);
            WORDS_OUT_AT:           read_data = 32'(WORDS_OUT);
            LAYOUT_IN_AT:           read_data = LAYOUT_IN;
            LAYOUT_OUT_AT:          read_data = LAYOUT_OUT;
            default:                read_data = '0;
        endcase
    end

    always_ff @(posedge clk) begin
        if (s_axi_arvalid && s_axi_arready) begin
            s_axi_rvalid <= 1'b1;
            s_axi_rdata  <= read_data;
            // both halves of the counter belong to one instant
            if (read_address == CYCLES_LOW_AT) cycles_high <= cycles[63:32];
        end else if (s_axi_rready) begin
            s_axi_rvalid <= 1'b0;
        end
        if (rst) begin
            s_axi_rvalid <= 1'b0;
            cycles_high  <= '0;
        end
    end

    always_ff @(posedge clk) begin
        if (s_axi_awvalid && s_axi_awready) begin
            address_held <= 1'b1;
            address      <= {s_axi_awaddr[11:2], 2'b00};
        end
        if (s_axi_wvalid && s_axi_wready) begin
            data_held <= 1'b1;
            data      <= s_axi_wdata;
            strobes   <= s_axi_wstrb;
        end
        if (s_axi_bready) s_axi_bvalid <= 1'b0;
        if (write) begin
            address_held <= 1'b0;
            data_held    <= 1'b0;
            s_axi_bvalid <= 1'b1;
        end
        if (rst) begin
            address_held <= 1'b0;
            data_held    <= 1'b0;
            s_axi_bvalid <= 1'b0;
        end
    end

    always_ff @(posedge clk) begin
        // an error that happens while its flag is cleared stays
        errors <= (errors & ~cleared) | error_pulses;
        if (write && address == CONTROL_AT && strobes[0]) soft_reset <= data[0];
        if (write && address == FRAMES_PER_TRANSFER_AT)
            for (int b = 0; b < 4; b++) if (strobes[b]) frames_per_transfer[b*8+:8] <= data[b*8+:8];
        if (rst) begin
            errors              <= '0;
            soft_reset          <= 1'b0;
            frames_per_transfer <= 32'd1;
        end
    end
endmodule
