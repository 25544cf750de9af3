"""Co-simulation: the project's SystemVerilog in Verilator, every layer's codes and every cycle compared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shiftwire.ir.rtl_network import NETWORK, RtlNetwork
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import Project
from shiftwire.project.report_rows import Rows
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.tokens import Tokens, simulate
from shiftwire.tools import resources
from shiftwire.tools.progress import Progress
from shiftwire.tools.resources import Evidence, Report
from shiftwire.tools.verilator import verilator_version
from shiftwire.verify.comparison import Difference, LayerComparison, Tally
from shiftwire.verify.rtl_simulator import FREE, Conditions, Simulator, StreamLog, simulator

FILE = "cosim.json"
"""Under reports/, what `shiftwire report` reads."""

FORESEEN = 3
"""Frames that the token simulation follows; cycles repeat after the first few."""


@dataclass(frozen=True, slots=True)
class BufferUse:
    """Most beats that a stream's buffer held and how many it can; what was foreseen is None under stalls and resets."""

    stream: str
    most: int
    foreseen: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class Cycles:
    """Simulated beside foreseen; `interval` between the last two frames is None for a single one or across a reset.

    Nothing is foreseen under stalls and resets.
    """

    latency: int
    latency_foreseen: int | None
    interval: int | None
    interval_foreseen: int | None

    @property
    def agree(self) -> bool:
        """Whether simulation and prediction are equal wherever both are known."""
        pairs = ((self.latency, self.latency_foreseen), (self.interval, self.interval_foreseen))
        return all(None in pair or pair[0] == pair[1] for pair in pairs)


@dataclass(frozen=True)
class CosimReport:
    """What a co-simulation found; `output` holds the codes (frames, *shape) of the network."""

    tool: str
    frames: int
    stall: float
    seconds_build: float
    last_cycle: int
    cycles_per_second: float
    cycles: Cycles
    buffers: list[BufferUse]
    layers: list[LayerComparison]
    first_difference: Difference | None
    output: Codes

    @property
    def different(self) -> int:
        return sum(layer.different for layer in self.layers)

    @property
    def compared(self) -> int:
        return sum(layer.compared for layer in self.layers)

    @property
    def vacuous(self) -> list[str]:
        """Layers in which no output was alive, so that their agreement proves nothing."""
        return [layer.name for layer in self.layers if not layer.live]

    @property
    def surprises(self) -> list[str]:
        """Buffers that held other than was foreseen."""
        return [use.stream for use in self.buffers if use.foreseen is not None and use.most != use.foreseen]

    @property
    def passed(self) -> bool:
        return not self.different and self.cycles.agree and not self.surprises


def cosim(
    project: Project,
    codes: Codes,
    conditions: Conditions = FREE,
    *,
    primitives: bool = False,
    wave: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> CosimReport:
    """Simulate frames (N, *shape) back to back, in plain operators unless `primitives` are asked for.

    Raises CheckFailedError with the state of every stream for a deadlock, InputError for files changed by hand.
    """
    network = project.design.rtl
    start = time.perf_counter()
    program = project_simulator(project, Bench((network,), generic=not primitives), wave)
    seconds_build = time.perf_counter() - start
    start = time.perf_counter()
    logs = program.run({NETWORK: codes}, conditions, progress=progress)[NETWORK]
    seconds = time.perf_counter() - start
    tally = Tally(project.design.network)
    shapes = project.design.network.tensors
    found = {
        stream.tensor: held.reshape(len(codes), *shapes[stream.tensor].shape)
        for stream in network.streams.values()
        if stream.tensor is not None and (held := logs[stream.name].codes) is not None
    }
    tally.add(project.design.network.evaluate_layers(codes), found)
    last = logs[network.output].codes
    assert last is not None
    output = last.reshape(len(codes), *project.design.network.output.shape)
    is_foreseen = conditions.stall == 0 and not conditions.resets
    tokens = simulate(network, min(len(codes), FORESEEN)) if is_foreseen else None
    is_whole = not conditions.reset_frames or (len(codes) - 1) % conditions.reset_frames != 0
    return CosimReport(
        f"Verilator {verilator_version()}",
        len(codes),
        conditions.stall,
        seconds_build,
        int(logs[network.output].cycles[-1]),
        int(logs[network.output].cycles[-1]) / seconds,
        _cycles(network, logs, tokens, len(codes), has_interval=len(codes) > 1 and is_whole),
        _buffers(network, logs, tokens),
        tally.layers(),
        tally.first,
        output,
    )


def simulated_rows(project: Project, report: CosimReport) -> Rows:
    """The cycles of a run without stalls, as a file keeps them."""
    tool, _, version = report.tool.partition(" ")
    cycles, design = report.cycles, project.design
    row = Report(
        unit=NETWORK,
        evidence=Evidence.SIMULATED,
        tool=tool,
        version=version,
        part=design.board.part,
        clock_ns=design.clock_ns,
        latency=resources.Cycles(cycles.latency, cycles.latency),
        interval=None if cycles.interval is None else resources.Cycles(cycles.interval, cycles.interval),
    )
    return Rows(project.version_hash, (row,))


def project_simulator(project: Project, bench: Bench, wave: Path | None) -> Simulator:
    """The project's own files under a bench, built once for every content; raises InputError for changed files."""
    sources = project.rtl_sources()
    return simulator(bench, sources, project.rtl_dir, project.reports_dir / "cosim", wave=wave)


def _cycles(
    network: RtlNetwork, logs: Mapping[str, StreamLog], tokens: Tokens | None, frames: int, *, has_interval: bool
) -> Cycles:
    left = logs[network.output].cycles.reshape(frames, -1)[:, -1]
    first = logs[network.input].cycles[0]
    interval = int(left[-1] - left[-2]) if has_interval else None
    latency = int(left[0] - first) + 1
    if tokens is None:
        return Cycles(latency, None, interval, None)
    return Cycles(latency, tokens.latency, interval, tokens.interval if has_interval else None)


def _buffers(network: RtlNetwork, logs: Mapping[str, StreamLog], tokens: Tokens | None) -> list[BufferUse]:
    known = tokens is not None and logs[network.output].cycles.size == tokens.left().size
    return [
        BufferUse(name, logs[name].most, tokens.most(name) if tokens and known else None, network.depths[name])
        for name in network.streams
        if name != network.input
    ]
