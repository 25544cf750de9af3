"""Runs a bench in Verilator and reads its log."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shiftwire.errors import CheckFailedError, ToolError
from shiftwire.ir.rtl_network import Stream
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.rtl.bench import BENCH, WAVE, WORD, Bench, words
from shiftwire.rtl.files import MODULES, cell_files, module_files, write_network
from shiftwire.tools.process import watch
from shiftwire.tools.verilator import Verilated, verilated

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a co-simulation is run; `stall` is the share of cycles in which either side stalls.

    `reset_frames` is how many frames pass between resets, `reset_cycle` a cycle in which everything begins anew.
    """

    stall: float = 0.0
    seed: int = 1
    reset_frames: int = 0
    reset_cycle: int = 0

    @property
    def resets(self) -> bool:
        """Whether anything is reset after the start."""
        return self.reset_frames > 0 or self.reset_cycle > 0


FREE = Conditions()
"""Nobody stalls, nothing is reset."""


@dataclass(frozen=True, eq=False)
class StreamLog:
    """What the bench saw of a stream.

    cycles  of the beats that left its buffer, over all frames; `most` beats ever held; codes  (frames, ...) as they
    travel, None where no layer's codes flow.
    """

    cycles: Codes
    most: int
    codes: Codes | None


@dataclass(frozen=True)
class Simulator:
    """A program and the folder that holds the memory files it reads."""

    program: Path
    folder: Path
    bench: Bench
    wave: Path | None = None

    def run(
        self,
        codes: Mapping[str, Codes],
        conditions: Conditions = FREE,
        *,
        taps: bool = True,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> dict[str, dict[str, StreamLog]]:
        """Logs by network and stream for input codes (frames, *shape) of each network, equally many.

        Raises CheckFailedError with the state of every stream for a deadlock.
        """
        frames = {len(inputs) for inputs in codes.values()}
        if len(frames) != 1:
            raise ValueError("all networks of a bench take equally many frames")
        (count,) = frames
        with tempfile.TemporaryDirectory(prefix="shiftwire-cosim-") as work:
            input_file, output_file = Path(work) / "in", Path(work) / "out"
            with input_file.open("wb") as file:
                for name, network in self.bench.networks.items():
                    packed(codes[name].reshape(count, -1), network.streams[network.input]).tofile(file)
            settings = (
                count,
                round(1000 * conditions.stall),
                conditions.reset_frames,
                conditions.reset_cycle,
                conditions.seed,
                int(taps),
            )
            try:
                command: list[str | Path] = [self.program.absolute(), *map(str, settings), input_file, output_file]
                variables = {} if self.wave is None else {WAVE: str(self.wave.resolve())}
                watch(command, "co-simulate", self.folder, lambda line: _advance(line, count, progress), variables)
            except ToolError as error:
                if "deadlock" in str(error):
                    raise CheckFailedError(str(error)) from None
                raise
            return self._logs(np.fromfile(output_file, np.uint32), count)

    def _logs(self, log: Words, frames: int) -> dict[str, dict[str, StreamLog]]:
        logs: dict[str, dict[str, StreamLog]] = {}
        at = 0
        for name in self.bench.networks:
            logs[name] = {}
            for stream in self.bench.streams(name):
                beats, most, count = (int(n) for n in log[at : at + 3])
                cycles = log[at + 3 : at + 3 + beats].astype(np.int64)
                beat_words = log[at + 3 + beats : at + 3 + beats + count]
                at += 3 + beats + count
                codes = unpacked(beat_words, stream).reshape(frames, -1) if count else None
                logs[name][stream.name] = StreamLog(cycles, most, codes)
        return logs


def built(bench: Bench, folder: Path, *, optimise: str = "-O2") -> Simulator:
    """The simulator of networks that are written into `folder` first."""
    written = (write_network(network, folder, generic=bench.generic) for network in bench.networks.values())
    sources = [file for files in written for file in files]
    return simulator(bench, (*module_files(), *sources), folder, folder, optimise=optimise)


def simulator(
    bench: Bench,
    sources: Sequence[Path],
    memories: Path,
    cache: Path,
    *,
    optimise: str = "-O2",
    wave: Path | None = None,
) -> Simulator:
    """The simulator of networks that lie in `sources`, their constants in the folder `memories`."""
    cells = cell_files(bench.networks.values(), generic=bench.generic)
    tracing = ("--trace-vcd" if wave.suffix.lower() == ".vcd" else "--trace-fst",) if wave else ()
    build = Verilated(
        (*sources, *cells),
        BENCH,
        bench.driver(wave.suffix.lower() if wave else None),
        {BENCH: bench.text()},
        headers=(MODULES / "sim" / "sw_cosim.h",),
        options=tracing,
        optimise=optimise,
    )
    return Simulator(verilated(build, cache), memories, bench, wave)


def _advance(line: str, frames: int, progress: Callable[[int, int], None]) -> None:
    """Reports what the program says of its frames."""
    if line.startswith("frame "):
        progress(int(line.split()[1]), frames)


def packed(codes: Codes, stream: Stream) -> Words:
    """Beats (frames * beats, 32-bit words) of codes (frames, codes)."""
    format = stream.format
    assert format is not None
    bits = (codes.reshape(-1, stream.port.lanes)[:, :, None] >> np.arange(format.bits)) & 1
    flat = bits.reshape(len(bits), -1).astype(np.uint8)
    wide = np.zeros((len(flat), words(stream) * WORD), np.uint8)
    wide[:, : flat.shape[1]] = flat
    return np.packbits(wide, axis=1, bitorder="little").view(np.uint32)


def unpacked(log: Words, stream: Stream) -> Codes:
    """Codes of beats, in the order in which they travel."""
    format = stream.format
    assert format is not None
    bytes_ = log.reshape(-1, words(stream)).view(np.uint8)
    bits = np.unpackbits(bytes_, axis=1, bitorder="little")[:, : stream.width]
    fields = bits.reshape(-1, format.bits).astype(np.int64)
    codes: Codes = fields @ (np.int64(1) << np.arange(format.bits))
    return signed(codes, format)


def signed(codes: Codes, format: Fixed) -> Codes:
    """Codes of `held.bits` bits as numbers."""
    return np.where(format.signed & (codes > format.hi), codes - (1 << format.bits), codes)
