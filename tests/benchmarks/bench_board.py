"""What the runtime costs beside the fabric: python tests/benchmarks/bench_board.py (part of `make bench`).

Packing and unpacking of int8 codes in bytes a second, beside numpy's own copy of as many bytes in the same run; and
what Python and pynq take of a batch on a simulated board whose logic answers at once, without the model of its DMA.
Measured on this machine, whose processor is faster than a board's.
"""

from __future__ import annotations

import platform
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from board_bench import random_frames, small_project
from results import Cell, Column, Result, command, save, table, this_machine
from shiftwire.board import simulated as board_sim
from shiftwire.tools.resources import Evidence
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.clock import REAL
from shiftwire_boards.runtime.port import Grid, Port
from shiftwire_boards.runtime.registers import OFFSETS
from shiftwire_boards.sim.program import ChannelState, Logic

ROUNDS = 25
BATCHES = 40
FRAMES = 64
SHAPES = ((32, 32, 3), (28, 28, 1), (5, 5, 3))

PACKING = (
    Column("int8 frames of"),
    Column("word", "bytes"),
    Column("pack", "GB/s", 1),
    Column("to a copy", decimals=2),
    Column("unpack", "GB/s", 1),
    Column("to a copy", decimals=2),
)
BATCH = (Column("a batch of", "frames"), Column("Python and pynq", "us"), Column("model of DMA and memory", "us"))


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest round."""
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def packing(shape: tuple[int, ...], word_bytes: int) -> tuple[Cell, ...]:
    """Prints a line and gives its row."""
    port = Port(Grid(8, 4, True), shape, 8, word_bytes)
    frames = (1 << 25) // port.frame_bytes
    codes = np.random.default_rng(0).integers(-128, 128, (frames, *shape), np.int8)
    buffer = np.zeros(frames * port.frame_bytes, np.uint8)
    size = buffer.nbytes
    plain = size / best(buffer.copy) / 1e9
    packed = size / best(lambda: (port.check(codes), port.pack(codes, buffer))) / 1e9
    unpacked = size / best(lambda: port.unpack(buffer, frames)) / 1e9
    print(
        f"int8 frames of {'x'.join(map(str, shape))}, words of {word_bytes} bytes: pack {packed:.1f} GB/s "
        f"({packed / plain:.2f} x a copy), unpack {unpacked:.1f} GB/s ({unpacked / plain:.2f} x)"
    )
    rates = (round(packed, 1), round(packed / plain, 2), round(unpacked, 1), round(unpacked / plain, 2))
    return ("x".join(map(str, shape)), word_bytes, *rates)


class Instant:
    """Logic that has moved everything as soon as somebody looks."""

    def __init__(self, real: Logic) -> None:
        self._registers = {offset: real.read(offset) for offset in OFFSETS.values()}
        self._wanted = 0

    def read(self, offset: int) -> int:
        return 0 if offset in (OFFSETS["status"], OFFSETS["errors"]) else int(self._registers[offset])

    def write(self, offset: int, value: int) -> None:
        del offset, value

    def send(self, data: bytes) -> None:
        del data

    def receive(self, most_bytes: int) -> None:
        self._wanted = most_bytes

    def step(self, most_cycles: int) -> ChannelState:
        del most_cycles
        return ChannelState(True, True, False, 0, self._wanted)

    def received(self, size: int) -> bytes:
        return bytes(size)

    def reset(self) -> None: ...

    def reset_channels(self) -> None: ...


def batches(folder: Path) -> tuple[Cell, ...]:
    """Prints a line and gives its row."""
    project = small_project(folder / "small")
    codes = random_frames(project.design.network, FRAMES).astype(np.int8)
    with (
        board_sim.simulated_board(project, folder / "overlay") as board,
        Accelerator(board.bitfile, batch=FRAMES, clock=REAL) as accelerator,
    ):
        device = board.device
        instant = Instant(device.logic)
        device._slaves = {base: instant if slave is device.logic else slave for base, slave in device._slaves.items()}
        device.dma.logic = instant
        accelerator.predict_codes(codes)
        model = Timed(device, ("read_registers", "write_registers", "flush", "invalidate"))
        split = []
        for _ in range(ROUNDS):
            model.seconds, start = 0.0, time.perf_counter()
            for _ in range(BATCHES):
                accelerator.predict_codes(codes)
            split.append((time.perf_counter() - start - model.seconds, model.seconds))
    ours, theirs = (1e6 * part / BATCHES for part in min(split))
    print(
        f"a batch of {FRAMES} frames: {ours:.0f} us of Python and pynq (wanted 200), and {theirs:.0f} us of the model "
        "that stands for DMA and memory"
    )
    return (FRAMES, round(ours), round(theirs))


class Timed:
    """Seconds that pass in some methods of an object, from now on."""

    def __init__(self, owner: object, names: tuple[str, ...]) -> None:
        self.seconds = 0.0
        for name in names:
            setattr(owner, name, self._timed(getattr(owner, name)))

    def _timed(self, method: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object) -> object:
            start = time.perf_counter()
            made = method(*given)
            self.seconds += time.perf_counter() - start
            return made

        return run


def main() -> None:
    warnings.simplefilter("ignore", UserWarning)
    print(f"bench board: numpy {np.__version__}; measured, best of {ROUNDS}")
    rates = table(*(packing(shape, 8) for shape in SHAPES))
    with tempfile.TemporaryDirectory(prefix="shiftwire-bench-") as folder:
        shares = table(batches(Path(folder)))
    machine, python = this_machine(compiles=False), {"Python": platform.python_version(), "numpy": np.__version__}
    save("board_packing", Result(command(), Evidence.MEASURED, python, PACKING, rates, machine=machine))
    tools = {**python, "pynq": version("pynq")}
    save("board_batch", Result(command(), Evidence.MEASURED, tools, BATCH, shares, machine=machine))


if __name__ == "__main__":
    main()
