"""Shells of many shapes, each around a stand-in for a network with arithmetic of its own."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, requantize
from shiftwire.rtl.axi_stream import AxiStream
from shiftwire.rtl.files import MODULES
from shiftwire.rtl.shell import SHELL_MODULES, TOP, Shell, top_text

SOURCES = tuple(MODULES / f"{name}.sv" for name in SHELL_MODULES)

NEXT = """// Adds 1 to every code, wherever lanes and widths differ on both sides.
module network (
    input logic clk, input logic rst,
    input logic s_valid, output logic s_ready, input logic [@SL@*@SB@-1:0] s_data,
    output logic m_valid, input logic m_ready, output logic [@ML@*@MB@-1:0] m_data
);
    logic [@ML@*@SB@-1:0] codes;
    sw_gearbox #(.UNIT(@SB@), .S_UNITS(@SL@), .M_UNITS(@ML@), .FRAME_UNITS(@SC@)) lanes (
        .clk, .rst, .s_valid, .s_ready, .s_data, .m_valid, .m_ready, .m_data(codes)
    );
    for (genvar i = 0; i < @ML@; i++) begin : g_code
        assign m_data[i*@MB@+:@MB@] = @MB@'(@SIGN@(codes[i*@SB@+:@SB@])) + 1'b1;
    end
endmodule
"""

TOTAL = """// Sums each lane over a frame: one beat a frame.
module network (
    input logic clk, input logic rst,
    input logic s_valid, output logic s_ready, input logic [@SL@*@SB@-1:0] s_data,
    output logic m_valid, input logic m_ready, output logic [@ML@*@MB@-1:0] m_data
);
    logic [15:0] at;
    logic [@ML@*@MB@-1:0] sum;
    assign s_ready = !m_valid;
    assign m_data = sum;
    always_ff @(posedge clk) begin
        if (s_valid && s_ready) begin
            at <= at == @BEATS@ - 1 ? '0 : at + 1'b1;
            for (int i = 0; i < @SL@; i++)
                sum[i*@MB@+:@MB@] <= (at == 0 ? '0 : sum[i*@MB@+:@MB@]) + @MB@'(@SIGN@(s_data[i*@SB@+:@SB@]));
            m_valid <= at == @BEATS@ - 1;
        end else if (m_ready) m_valid <= 1'b0;
        if (rst) begin
            at <= '0;
            m_valid <= 1'b0;
        end
    end
endmodule
"""


DEEP = """// Adds 1 to every code and holds up to 64 beats.
module network (
    input logic clk, input logic rst,
    input logic s_valid, output logic s_ready, input logic [@SL@*@SB@-1:0] s_data,
    output logic m_valid, input logic m_ready, output logic [@ML@*@MB@-1:0] m_data
);
    logic [@ML@*@MB@-1:0] held [64];
    logic [6:0] head, tail;
    assign s_ready = 7'(tail - head) != 7'd64;
    assign m_valid = head != tail;
    assign m_data = held[head[5:0]];
    always_ff @(posedge clk) begin
        for (int i = 0; i < @SL@; i++) if (s_valid) held[tail[5:0]][i*@MB@+:@MB@] <= s_data[i*@SB@+:@SB@] + 1'b1;
        if (s_valid && s_ready) tail <= tail + 1'b1;
        if (m_valid && m_ready) head <= head + 1'b1;
        if (rst) begin
            head <= '0;
            tail <= '0;
        end
    end
endmodule
"""


class StandIn(Enum):
    """What stands where the network will be."""

    NEXT = NEXT
    TOTAL = TOTAL
    DEEP = DEEP


@dataclass(frozen=True, slots=True)
class Case:
    """A shell and a stand-in; `expected` is the stand-in's own arithmetic."""

    shell: Shell
    stand_in: StandIn = StandIn.NEXT

    @property
    def network(self) -> str:
        read, written = self.shell.input, self.shell.output
        values = {"SL": read.lanes, "SB": read.format.bits, "SC": read.codes, "BEATS": read.beats}
        values |= {"ML": written.lanes, "MB": written.format.bits}
        text = self.stand_in.value.replace("@SIGN@", "signed'" if read.format.signed else "unsigned'")
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def expected(self, codes: Codes) -> Codes:
        read, written = self.shell.input, self.shell.output
        match self.stand_in:
            case StandIn.NEXT | StandIn.DEEP:
                made = codes + 1
            case StandIn.TOTAL:
                made = codes.reshape(len(codes), read.beats, read.lanes).sum(axis=1)
        return requantize(made, 0, written.format, Rounding.FLOOR, Overflow.WRAP)

    def codes(self, frames: int, seed: int) -> Codes:
        """Random frames; the first two hold the format's ends alone."""
        made = np.random.default_rng(seed)
        read = self.shell.input
        codes = made.integers(read.format.lo, read.format.hi, (frames, read.codes), endpoint=True)
        codes[0] = read.format.hi
        codes[min(1, frames - 1)] = read.format.lo
        return codes

    def files(self, folder: Path) -> tuple[Path, ...]:
        folder.mkdir(parents=True, exist_ok=True)
        top, network = folder / f"{TOP}.sv", folder / "network.sv"
        top.write_text(top_text(self.shell), encoding="utf-8")
        network.write_text(self.network, encoding="utf-8")
        return (*SOURCES, network, top)


def even(text: str, codes: int, lanes: int, container: int, word: int) -> AxiStream:
    return AxiStream(Fixed.parse(text), codes, lanes, container, word)


CASES = {
    "aligned": Case(Shell.of(even("s8.0", 16, 8, 8, 64), even("s8.0", 16, 8, 8, 64), 0x1234ABCD)),
    "odd lanes": Case(Shell.of(even("u4.0", 10, 3, 8, 64), even("u5.0", 10, 3, 8, 64))),
    "odd words": Case(Shell.of(even("s12.0", 15, 5, 16, 32), even("s13.0", 15, 2, 16, 64))),
    "one lane": Case(Shell.of(even("s20.0", 10, 1, 32, 32), even("s20.0", 10, 1, 32, 32))),
    "broken containers": Case(Shell.of(even("s9.0", 7, 2, 16, 24), even("s9.0", 7, 4, 16, 40))),
    "narrow words": Case(Shell.of(even("u16.0", 3, 1, 16, 8), even("u16.0", 3, 2, 32, 16))),
    "wide words": Case(Shell.of(even("s8.0", 784, 16, 8, 512), even("s8.0", 784, 7, 8, 512))),
    "one word": Case(Shell.of(even("u1.0", 1, 1, 8, 8), even("u1.0", 1, 1, 8, 8))),
    "deep": Case(Shell.of(even("u8.0", 1, 1, 8, 8), even("u8.0", 1, 1, 8, 8)), StandIn.DEEP),
    "reduced": Case(Shell.of(even("u8.0", 64, 4, 8, 128), even("u16.0", 4, 4, 32, 32)), StandIn.TOTAL),
}
