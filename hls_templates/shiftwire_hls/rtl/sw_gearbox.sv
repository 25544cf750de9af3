// Beats of S_UNITS units become beats of M_UNITS units at any ratio, frame by frame: what the last beat read holds
// beyond the FRAME_UNITS units of a frame is dropped, the last beat written is filled up with zeros. Unit 0 is in the
// low bits.
// Specification: shiftwire/rtl/axi_stream.py
// Latency: a unit leaves one cycle after it came at the earliest. Initiation interval: the busier side moves a beat
// every cycle. Neither ready depends on the other side within a cycle.
module sw_gearbox #(
    parameter int UNIT = 8,
    parameter int S_UNITS = 8,
    parameter int M_UNITS = 3,
    parameter int FRAME_UNITS = 10
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic                    s_valid,
    output logic                    s_ready,
    input  logic [S_UNITS*UNIT-1:0] s_data,
    output logic                    m_valid,
    input  logic                    m_ready,
    output logic [M_UNITS*UNIT-1:0] m_data
);
    function automatic int gcd(input int a, input int b);
        int dividend;
        int divisor;
        int rest;
        dividend = a;
        divisor = b;
        while (divisor != 0) begin
            rest = dividend % divisor;
            dividend = divisor;
            divisor = rest;
        end
        gcd = dividend;
    endfunction

    localparam int S_BEATS = (FRAME_UNITS + S_UNITS - 1) / S_UNITS;
    localparam int M_BEATS = (FRAME_UNITS + M_UNITS - 1) / M_UNITS;
    localparam int LAST_UNITS = FRAME_UNITS - (S_BEATS - 1) * S_UNITS;

    // everything below counts steps: the fill level is always a multiple of the common divisor
    localparam int STEP_UNITS = gcd(S_UNITS, M_UNITS);
    localparam int STEP = STEP_UNITS * UNIT;
    localparam int S_STEPS = S_UNITS / STEP_UNITS;
    localparam int M_STEPS = M_UNITS / STEP_UNITS;
    // the last beat of a frame brings the zeros that fill the last beat written
    localparam int LAST_STEPS = M_BEATS * M_STEPS - (S_BEATS - 1) * S_STEPS;
    localparam int MOST_STEPS = LAST_STEPS > S_STEPS ? LAST_STEPS : S_STEPS;
    // up to this level a beat is taken: enough that the busier side never waits for the other
    localparam int FULL = M_STEPS + (S_STEPS < M_STEPS ? S_STEPS : M_STEPS) - 1;
    localparam int LEVELS = FULL + MOST_STEPS;
    localparam int BITS = LEVELS * STEP;
    localparam int FILL_BITS = $clog2(LEVELS + 1);
    localparam int PLACE_BITS = $clog2(FULL + 1);
    localparam int AT_BITS = S_BEATS > 1 ? $clog2(S_BEATS) : 1;
    localparam logic [S_UNITS*UNIT-1:0] LAST_MASK = {S_UNITS * UNIT{1'b1}} >> ((S_UNITS - LAST_UNITS) * UNIT);

    logic [BITS-1:0]         held;
    logic [BITS-1:0]         placed;
    logic [BITS-1:0]         joined;
    logic [FILL_BITS-1:0]    fill;
    logic [FILL_BITS-1:0]    gained;
    logic [FILL_BITS-1:0]    lost;
    logic [AT_BITS-1:0]      at;
    logic                    last;
    logic [S_UNITS*UNIT-1:0] taken;

    assign s_ready = fill <= FILL_BITS'(FULL);
    assign m_valid = fill >= FILL_BITS'(M_STEPS);
    assign m_data  = held[M_UNITS*UNIT-1:0];
    assign last    = at == AT_BITS'(S_BEATS - 1);
    assign taken   = last ? s_data & LAST_MASK : s_data;
    assign joined  = s_valid && s_ready ? held | placed : held;
    assign lost    = m_valid && m_ready ? FILL_BITS'(M_STEPS) : '0;

    always_comb begin
        placed = BITS'(taken);
        for (int b = 0; b < PLACE_BITS; b++)
            if (fill[b]) placed = placed << (STEP << b);
        gained = '0;
        if (s_valid && s_ready) gained = last ? FILL_BITS'(LAST_STEPS) : FILL_BITS'(S_STEPS);
    end

    always_ff @(posedge clk) begin
        held <= m_valid && m_ready ? joined >> (M_STEPS * STEP) : joined;
        fill <= fill + gained - lost;
        if (s_valid && s_ready) at <= last ? '0 : at + 1'b1;
        if (rst) begin
            held <= '0;
            fill <= '0;
            at   <= '0;
        end
    end
endmodule
