"""Tops with stand-ins for a network, and scripts that tests/rtl_shell_driver.cpp plays against them."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path

import numpy as np

from shiftwire.fixed import Codes, Fixed, Overflow, Rounding, requantize
from shiftwire.rtl.axi_stream import AxiStream
from shiftwire.rtl.build import MODULES
from shiftwire.rtl.registers import REGISTERS, register
from shiftwire.rtl.shell import SHELL_MODULES, TOP, Port, Shell, top_text
from shiftwire.tools.verilator import Verilated, verilated

DRIVER = Path(__file__).parent / "rtl_shell_driver.cpp"
SOURCES = tuple(MODULES / f"{name}.sv" for name in SHELL_MODULES)
OFFSETS = {known.name: known.offset for known in REGISTERS}

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
    "aligned": Case(Shell(even("s8.0", 16, 8, 8, 64), even("s8.0", 16, 8, 8, 64), 0x1234ABCD)),
    "odd lanes": Case(Shell(even("u4.0", 10, 3, 8, 64), even("u5.0", 10, 3, 8, 64))),
    "odd words": Case(Shell(even("s12.0", 15, 5, 16, 32), even("s13.0", 15, 2, 16, 64))),
    "one lane": Case(Shell(even("s20.0", 10, 1, 32, 32), even("s20.0", 10, 1, 32, 32))),
    "broken containers": Case(Shell(even("s9.0", 7, 2, 16, 24), even("s9.0", 7, 4, 16, 40))),
    "narrow words": Case(Shell(even("u16.0", 3, 1, 16, 8), even("u16.0", 3, 2, 32, 16))),
    "wide words": Case(Shell(even("s8.0", 784, 16, 8, 512), even("s8.0", 784, 7, 8, 512))),
    "one word": Case(Shell(even("u1.0", 1, 1, 8, 8), even("u1.0", 1, 1, 8, 8))),
    "deep": Case(Shell(even("u8.0", 1, 1, 8, 8), even("u8.0", 1, 1, 8, 8)), StandIn.DEEP),
    "reduced": Case(Shell(even("u8.0", 64, 4, 8, 128), even("u16.0", 4, 4, 32, 32)), StandIn.TOTAL),
}


GATED = ("s_axi_awvalid", "s_axi_wvalid", "s_axi_arvalid", "s_axis_tvalid", "m_axis_tready")
WIDE = {"tdata": 512, "tkeep": 64}


def bench_text(tops: Sequence[Shell], names: Sequence[str]) -> str:
    """One module that holds every top, the one `pick` names connected: a single program to compile."""
    ports = [Port(port.is_input, bench_bits(port), port.name) for port in tops[0].ports]
    lines = [f"module bench (input logic [7:0] pick, {', '.join(map(str, ports))});"]
    for port in ports:
        if not port.is_input:
            lines.append(f"    logic [{len(tops) - 1}:0][{port.bits - 1}:0] all_{port.name};")
            lines.append(f"    assign {port.name} = all_{port.name}[pick];")
    for at, (top, name) in enumerate(zip(tops, names, strict=True)):
        links = ", ".join(f".{port.name}({link(port, at)})" for port in top.ports)
        lines.append(f"    {name} top_{at} ({links});")
    return "\n".join([*lines, "endmodule"]) + "\n"


def bench_bits(port: Port) -> int:
    return WIDE.get(port.name.rpartition("_")[2], port.bits)


def link(port: Port, at: int) -> str:
    if port.name in GATED:
        return f"{port.name} && pick == {at}"
    if not port.is_input:
        return f"all_{port.name}[{at}][{port.bits - 1}:0]"
    return f"{port.name}[{port.bits - 1}:0]" if bench_bits(port) > 1 else port.name


@cache
def program(folder: Path) -> Path:
    """The compiled bench of all cases."""
    parts = []
    for at, case in enumerate(CASES.values()):
        parts.append(top_text(case.shell, f"network_{at}").replace(f"module {TOP}", f"module {TOP}_{at}"))
        parts.append(case.network.replace("module network", f"module network_{at}"))
    names = [f"{TOP}_{at}" for at in range(len(CASES))]
    parts.append(bench_text([case.shell for case in CASES.values()], names))
    return compiled(SOURCES, "\n".join(parts), folder)


def compiled(sources: Sequence[Path], bench: str, folder: Path) -> Path:
    """A bench under the driver; registers start at random values, so that whatever is not reset shows."""
    top = folder / "bench.sv"
    top.write_text(bench, encoding="utf-8")
    options = ("--x-initial", "unique", "--x-assign", "unique")
    return verilated(Verilated((*sources, top), "bench", DRIVER.read_text(encoding="utf-8"), options=options), folder)


@dataclass(frozen=True, slots=True)
class Word:
    """A word on M_AXIS and the cycle in which it was taken."""

    data: bytes
    keep: int
    last: bool
    cycle: int


@dataclass(slots=True)
class Script:
    """Lines for the driver, in order."""

    case: Case
    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def write(self, name: str, data: int, strobes: int = 0xF) -> None:
        self.post(OFFSETS[name], data, strobes)
        self.say("answers 1")

    def post(self, offset: int, data: int, strobes: int = 0xF) -> None:
        """Write without waiting for the answer."""
        self.say(f"post {offset:x} {data:x} {strobes:x}")

    def read(self, *names: str) -> None:
        for name in names:
            self.ask(register(name).offset)
            self.say("replies 1")

    def ask(self, offset: int) -> None:
        """Read without waiting for the reply."""
        self.say(f"ask {offset:x}")

    def word(self, data: bytes, last: bool, keep: int | None = None) -> None:
        ones = (1 << len(data)) - 1
        self.say(f"word {data.hex()} {ones if keep is None else keep:x} {last:d}")

    def send(self, codes: Codes, last: int | None = -1) -> None:
        """Queue a transfer whose word number `last` bears TLAST, the very last one if it is not told."""
        words = list(as_words(self.case.shell.input, codes))
        for at, data in enumerate(words):
            self.word(data, last is not None and at == last % len(words))

    def receive(self, frames: int) -> None:
        self.say(f"receive {frames * self.case.shell.output.words}")

    def play(self, folder: Path, seed: int, bench: Path | None = None) -> "Answers":
        """What `bench`, or that of the cases, answers; fails where it stood still or broke a rule of AXI."""
        script = folder / f"script{seed}"
        script.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        out_bytes = self.case.shell.output.word_bits // 8
        pick = list(CASES.values()).index(self.case) if bench is None else 0
        command = [bench or program(folder), script, str(seed), str(out_bytes), str(pick)]
        # memory files are looked for where the program runs
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return Answers(self.case, done.stdout.splitlines())


@dataclass(frozen=True, slots=True)
class Answers:
    """What the driver wrote."""

    case: Case
    lines: list[str]

    def _said(self, verb: str) -> Iterator[list[str]]:
        return (line.split()[1:] for line in self.lines if line.split()[0] == verb)

    @property
    def reads(self) -> list[tuple[int, int]]:
        """Data and response of every read."""
        return [(int(data, 16), int(response)) for data, response in self._said("read")]

    @property
    def writes(self) -> list[int]:
        return [int(response) for (response,) in self._said("write")]

    @property
    def words(self) -> list[Word]:
        said = self._said("word")
        return [Word(bytes.fromhex(data), int(keep, 16), last == "1", int(at)) for data, keep, last, at in said]

    @property
    def sent(self) -> list[int]:
        """Cycles in which words were taken by S_AXIS."""
        return [int(cycle) for cycles in self._said("sent") for cycle in cycles]

    @property
    def left(self) -> int:
        """Words that came and nobody asked for."""
        return int(self.lines[-1].split()[-1])

    def codes(self) -> Codes:
        """Codes (frames, codes) of the words; fails on padding that is not zero or a TKEEP that is not all ones."""
        stream = self.case.shell.output
        words = self.words
        assert all(word.keep == (1 << len(word.data)) - 1 for word in words)
        frames = np.frombuffer(b"".join(word.data for word in words), np.uint8).reshape(-1, stream.frame_bytes)
        codes = stream.to_codes(frames)
        assert np.array_equal(stream.to_bytes(codes), frames)
        return codes


def as_words(stream: AxiStream, codes: Codes) -> Iterator[bytes]:
    size = stream.word_bits // 8
    data = stream.to_bytes(codes).tobytes()
    return (data[at : at + size] for at in range(0, len(data), size))
