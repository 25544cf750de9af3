"""Scripts that tests/support/rtl_shell_driver.cpp plays against tops, and what it answers."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from shell_cases import CASES, SOURCES, Case
from shiftwire.numbers.fixed import Codes
from shiftwire.rtl.axi_stream import AxiStream
from shiftwire.rtl.registers import REGISTERS, register
from shiftwire.rtl.shell import TOP, Port, Shell, top_text
from shiftwire.tools.verilator import Verilated, verilated

DRIVER = Path(__file__).parent / "rtl_shell_driver.cpp"
OFFSETS = {known.name: known.offset for known in REGISTERS}

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
