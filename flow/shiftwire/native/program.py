"""Simulation programs built and run: fast native ones, and bounded ones that know the emitted depths and cycles."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shiftwire.errors import CheckFailedError, InputError, ToolError
from shiftwire.hls.parts import PARTS
from shiftwire.ir.network import Network
from shiftwire.ir.pipeline import Pipeline
from shiftwire.native.fusion import UNFUSED, fusion
from shiftwire.native.host import host_pipeline
from shiftwire.native.packing import packing
from shiftwire.native.simulation import IMAGES, PREFIX, Simulation, simulation
from shiftwire.numbers.fixed import Codes
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.host_cpp import Build, Processor, compiled, native_flags
from shiftwire.tools.process import run
from shiftwire_hls import INCLUDE_DIR, NATIVE_DIR

ALIGNED = "-faligned-new"
"""C++14 itself would put vectors of images at addresses that their loads refuse."""

OPTIMISED = {True: "-O2", False: "-O3"}
"""With AVX2 and without: where a lane is one instruction, -O3 takes a third more to compile and gains nothing."""

FIFO_BYTES = 1 << 15
"""What a FIFO of a native simulation may hold, so that a few stay in a core's cache."""


TEMPORARY_MEND = "free space there, or name another folder by TMPDIR"

CODE_BYTES = 8
"""Of a code that a program writes."""


@dataclass(frozen=True)
class Program:
    """A compiled simulation and the codes of its tables."""

    pipeline: Pipeline
    simulation: Simulation
    path: Path
    tables: Path
    counts_cycles: bool

    def batches(self, samples: int) -> int:
        """Vectors of IMAGES samples that so many of them fill, the last one maybe in part."""
        return -(-samples // IMAGES)


def native_program(network: Network, folder: Path, *, is_fused: bool | None = None) -> Program:
    """A fast simulation; FIFOs are as deep as a core's cache likes, or as the network needs.

    Unless it `is_fused`, every unit is a coroutine of its own: where nobody says, on processors without AVX2, whose few
    registers make that an eighth faster; measured.
    """
    flags = program_flags()
    processor = Processor.of(flags)
    units = host_pipeline(network, processor)
    capacities = {
        name: max(fifo.depth, FIFO_BYTES // (fifo.port.lanes * IMAGES * (2 if fifo.format.bits < 16 else 4)))
        for name, fifo in units.fifos.items()
    }
    packed = packing(units, processor)
    is_fused = processor.has_avx2 if is_fused is None else is_fused
    fused = fusion(units, packed) if is_fused else UNFUSED
    return _built(simulation(units, capacities, packed, fused), units, folder / "native", flags)


def program_flags() -> tuple[str, ...]:
    """The compiler's, for the processor at hand or as much of it as SHIFTWIRE_SIMD leaves."""
    target = native_flags()
    return (OPTIMISED[Processor.of(target).has_avx2], ALIGNED, *target)


def bounded_program(units: Pipeline, folder: Path) -> Program:
    """A simulation on FIFOs of their emitted depth that counts the iterations of every unit's loops."""
    depths = {name: fifo.depth for name, fifo in units.fifos.items()}
    generated = simulation(units, depths)
    return _built(generated, units, folder / "bounded", ("-O1", ALIGNED, "-DSHIFTWIRE_COUNT"))


def _built(generated: Simulation, units: Pipeline, folder: Path, flags: tuple[str, ...]) -> Program:
    source = folder / "simulation.cpp"
    replaced_file(source, generated.source)
    replaced_file(folder / "tables.bin", generated.tables.tobytes())
    build = Build(source, (INCLUDE_DIR, NATIVE_DIR), flags=flags, parts=PARTS, prefix=PREFIX)
    path = compiled(build, folder / "built")
    return Program(units, generated, path, folder / "tables.bin", "-DSHIFTWIRE_COUNT" in flags)


@dataclass(frozen=True)
class Outcome:
    """Codes (N, codes of a frame) of each watched FIFO; the cycles that each unit counted, and where asked its time."""

    codes: Mapping[str, Codes]
    cycles: Mapping[str, int]
    seconds: Mapping[str, float]


STATED = -1
"""Every unit has the latency that it states."""


def simulate(
    program: Program, codes: Codes, all_layers: bool = False, latency: int = STATED, *, is_timed: bool = False
) -> Outcome:
    """Run codes (N, *shape); the last batch is filled up with zeros, which no result shows.

    `latency` is that of every unit where the program counts cycles, in cycles from 0 on, or STATED.
    """
    samples = len(codes)
    narrow = np.ascontiguousarray(codes, program.simulation.input_type)
    missing = np.zeros((program.batches(samples) * IMAGES - samples, *codes.shape[1:]), narrow.dtype)
    watched = program.simulation.watched if all_layers else (program.pipeline.output,)
    with _room_for_codes() as folder:
        input_file, output_file = folder / "in", folder / "out"
        with input_file.open("wb") as file:
            file.write(narrow.data)
            file.write(missing.data)
        numbers = [program.batches(samples), int(all_layers), latency, int(is_timed)]
        log = _run(program, input_file, output_file, numbers, _written_bytes(program, watched, samples))
        layers = dict(_layers(program, watched, output_file, samples))
    lines = [line.rsplit(" ", 2) for line in log.splitlines()]
    cycles = {name: int(cycles) for name, cycles, _ in lines}
    return Outcome(layers, cycles, {name: int(nanoseconds) / 1e9 for name, _, nanoseconds in lines})


@contextmanager
def _room_for_codes() -> Iterator[Path]:
    """A temporary folder; raises InputError where nothing more can be written there."""
    try:
        with tempfile.TemporaryDirectory(prefix="shiftwire-native-") as folder:
            yield Path(folder)
    except OSError as error:
        raise InputError(f"cannot write codes ({error.strerror or error}); {TEMPORARY_MEND}") from error


def _run(program: Program, codes: Path, written: Path, numbers: Sequence[int], written_bytes: int) -> str:
    """What the program prints; raises InputError where the disk has no room for all that it writes."""
    batches, *options = map(str, numbers)
    try:
        log = run([program.path, program.tables, batches, codes, written, *options], "simulate")
    except ToolError:
        _check_room(written, written_bytes)
        raise
    if log.startswith("deadlock"):
        raise CheckFailedError(f"the pipeline stands still: {'; '.join(log.splitlines()[1:])}; deepen those FIFOs")
    _check_room(written, written_bytes)
    return log


def _check_room(file: Path, wanted: int) -> None:
    written = file.stat().st_size if file.exists() else 0
    if written < wanted and shutil.disk_usage(file.parent).free < wanted - written:
        raise InputError(
            f"found room for {written >> 10} KiB of codes in {tempfile.gettempdir()}, wanted {-(-wanted // 1024)} KiB; "
            f"{TEMPORARY_MEND}"
        )


def _written_bytes(program: Program, watched: Iterable[str], samples: int) -> int:
    frame = sum(program.pipeline.fifos[name].port.codes for name in watched)
    return program.batches(samples) * IMAGES * frame * CODE_BYTES


def _layers(program: Program, watched: Iterable[str], file: Path, samples: int) -> Iterator[tuple[str, Codes]]:
    """Codes (N, codes of a frame) of each FIFO, without those that fill the last vector."""
    start = 0
    for name in watched:
        size = program.pipeline.fifos[name].port.codes
        yield name, np.fromfile(file, np.int64, samples * size, offset=start * CODE_BYTES).reshape(samples, size)
        start += program.batches(samples) * IMAGES * size
