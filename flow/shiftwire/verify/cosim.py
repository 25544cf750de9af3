"""Co-simulation: the project's SystemVerilog in Verilator, every layer's codes and every cycle compared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import NETWORK, RtlNetwork
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.project.project import Project
from shiftwire.project.report_rows import Rows
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.tokens import Tokens, simulate
from shiftwire.tools import resources
from shiftwire.tools.process import Progress
from shiftwire.tools.resources import Evidence, Report
from shiftwire.tools.verilator import verilator_version
from shiftwire.verify.comparison import Comparison, compared
from shiftwire.verify.rtl_simulator import FREE, Conditions, Simulator, StreamLog, simulator

FILE = "cosim.json"
"""Under reports/, what `shiftwire report` reads."""

PREDICTED = 3
"""Frames that the token simulation follows; cycles repeat after the first few."""

MOST_FRAMES = 1 << 40
"""All frames in one run: they follow each other without a gap."""


@dataclass(frozen=True, slots=True)
class BufferUse:
    """Most beats that a stream's buffer held and how many it can; nothing is predicted under stalls and resets."""

    stream: str
    most: int
    predicted: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class Cycles:
    """Simulated beside predicted; `interval` between the last two frames is None for a single one or across a reset.

    Nothing is predicted under stalls and resets.
    """

    latency: int
    latency_predicted: int | None
    interval: int | None
    interval_predicted: int | None

    @property
    def agree(self) -> bool:
        """Whether simulation and prediction are equal wherever both are known."""
        pairs = ((self.latency, self.latency_predicted), (self.interval, self.interval_predicted))
        return all(None in pair or pair[0] == pair[1] for pair in pairs)


@dataclass(frozen=True)
class CosimReport:
    """What a co-simulation showed beside the codes."""

    tool: str
    stall: float
    last_cycle: int
    cycles_per_second: float
    cycles: Cycles
    buffers: list[BufferUse]
    comparison: Comparison

    @property
    def surprises(self) -> list[str]:
        """Buffers that held other than was predicted."""
        return [use.stream for use in self.buffers if use.predicted is not None and use.most != use.predicted]

    @property
    def passed(self) -> bool:
        """Whether every code is right, and cycles and buffers are as predicted where that is known."""
        return not self.comparison.different and self.cycles.agree and not self.surprises


@dataclass(frozen=True)
class Verilator(Engine):
    """rtl/ of a project, frames back to back; in plain operators unless `primitives` are asked for.

    All signals go into `wave`, where that is a file. `run` keeps what it saw of each stream in `logs`.
    """

    project: Project
    conditions: Conditions = FREE
    primitives: bool = False
    wave: Path | None = None
    progress: Progress = lambda done, total: None
    logs: dict[str, StreamLog] = field(default_factory=dict)
    name = EngineName.VERILATOR
    chunk = layers_chunk = MOST_FRAMES

    @property
    def network(self) -> Network:
        return self.project.design.network

    @cached_property
    def _simulator(self) -> Simulator:
        bench = Bench((self.project.design.rtl,), generic=not self.primitives)
        return project_simulator(self.project, bench, self.wave)

    @contextmanager
    def ready(self) -> Iterator[None]:
        _ = self._simulator
        yield

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        """Every layer's codes in any case; raises CheckFailedError with the state of every stream for a deadlock."""
        rtl, tensors = self.project.design.rtl, self.network.tensors
        start = time.perf_counter()
        self.logs.update(self._simulator.run({NETWORK: codes}, self.conditions, progress=self.progress)[NETWORK])
        seconds = time.perf_counter() - start
        layers = {
            stream.tensor: seen.reshape(len(codes), *tensors[stream.tensor].shape)
            for stream in rtl.streams.values()
            if stream.tensor is not None and (seen := self.logs[stream.name].codes) is not None
        }
        last = self.logs[rtl.output].codes
        assert last is not None
        return Outcome(layers | {self.network.output_name: last.reshape(-1, *self.network.output.shape)}, seconds)


def cosim(engine: Verilator, codes: Codes) -> CosimReport:
    """Simulate frames (N, *shape): codes beside the specification's, cycles and buffers beside the predicted.

    Raises CheckFailedError with the state of every stream for a deadlock, InputError for files changed by hand.
    """
    network, conditions = engine.project.design.rtl, engine.conditions
    comparison = compared(engine, codes)
    is_predicted = conditions.stall == 0 and not conditions.resets
    tokens = simulate(network, min(len(codes), PREDICTED)) if is_predicted else None
    is_whole = not conditions.reset_frames or (len(codes) - 1) % conditions.reset_frames != 0
    logs, last_cycle = engine.logs, int(engine.logs[network.output].cycles[-1])
    return CosimReport(
        f"Verilator {verilator_version()}",
        conditions.stall,
        last_cycle,
        last_cycle * comparison.samples_per_second / len(codes),
        _cycles(network, logs, tokens, len(codes), has_interval=len(codes) > 1 and is_whole),
        _buffers(network, logs, tokens),
        comparison,
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
