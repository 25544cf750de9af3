"""All that is known of a project on one page: layers, folds, cycles, resources, energy, each with how it came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiftwire.costs.model import predicted
from shiftwire.explore.board_model import board_model
from shiftwire.explore.energy import Energy, layer_pj, network_energy
from shiftwire.explore.roofline import Roofline, rooflines
from shiftwire.ir.network import Operations
from shiftwire.project.project import Project, shiftwire_version
from shiftwire.project.report_rows import Rows, read_rows
from shiftwire.reports.compression import Kept, kept
from shiftwire.reports.inspection import inspect_network, layer_builds, slowest_layer
from shiftwire.schedule.depths import interval as rtl_interval
from shiftwire.schedule.depths import layer_cycles
from shiftwire.schedule.design import Design
from shiftwire.schedule.tokens import predicted_latency
from shiftwire.synth import counts as synth
from shiftwire.synth.build_report import BuildReport, read_build
from shiftwire.tools.resources import Cycles, Evidence, Report, Resources
from shiftwire.verify import cosim

VENDOR_FILES = ("vitis.json", "vivado.json")


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A layer; PE, SIMD and cycles are None where its stream is its input's, so that it needs no hardware.

    LUT and BRAM36 have the evidence of the page's resources; modelled ones leave the FIFOs out.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    format: str
    terms: float | None
    pe: int | None
    simd: int | None
    cycles: int | None
    busy_percent: float | None
    lut: float
    bram36: float
    energy_pj: float


@dataclass(frozen=True)
class Page:
    """`predicted` is exact for rtl/ where `is_rtl`, else that of the HLS units' loops.

    `vendor` are wholes of other tools. `built` is what Vivado said of the routed bitstream.
    `simulated` is a co-simulation without stalls in which no code differed, `counted` a netlist; None where none ran.
    `rooflines` are modelled, of layers and of the network.
    """

    name: str
    design: Design
    version_hash: str
    layers: tuple[LayerLine, ...]
    is_rtl: bool
    predicted: Report
    simulated: Report | None
    counted: Report | None
    vendor: tuple[Report, ...]
    built: BuildReport | None
    energy: Energy
    kept: tuple[Kept, ...]
    operations: Operations
    rooflines: tuple[Sequence[Roofline], Roofline]

    @property
    def bottleneck(self) -> LayerLine:
        """The layer of most cycles; of several the one that `inspect` names."""
        slowest = slowest_layer(self.design).name
        return max(self.layers, key=lambda layer: (layer.cycles or 0, layer.name == slowest))

    @property
    def taken(self) -> Evidence:
        """How LUT and BRAM36 came about."""
        return Evidence.MODELLED if self.counted is None else self.counted.evidence

    @property
    def overruns(self) -> list[synth.Use]:
        """What the part has too little of: as counted where it was, else as modelled."""
        cost, counted = self.design.resources, self.counted and self.counted.resources
        uses = synth.budget(counted or Resources(cost.lut, 0, cost.bram36, 0), self.design.board)
        return [use for use in uses if use.used > use.room]

    @property
    def interval(self) -> int:
        """Cycles between frames: simulated where they were, else predicted."""
        simulated = self.simulated.interval if self.simulated else None
        known = simulated or self.predicted.interval
        assert known is not None
        return known.most

    @property
    def frames_per_second(self) -> float:
        """At the clock that was asked for; no tool has said whether it is reached."""
        return 1e9 / self.design.clock_ns / self.interval


def page(project: Project) -> Page:
    """The page of a project, from what the tools left under reports/ for this very version of it.

    Raises InputError where its SystemVerilog was changed since.
    """
    design = project.design
    if project.rtl_checksums:
        project.rtl_sources()
    counted = _rows(project, synth.FILE)
    simulated = _rows(project, cosim.FILE)
    vendor = [rows.whole for rows in (_rows(project, name) for name in VENDOR_FILES) if rows is not None]
    return Page(
        project.path.resolve().name,
        design,
        project.version_hash,
        tuple(_layers(design, counted, is_rtl=bool(project.rtl_checksums))),
        bool(project.rtl_checksums),
        _predicted(project),
        None if simulated is None else simulated.whole,
        None if counted is None else counted.whole,
        tuple(vendor),
        read_build(project),
        network_energy(design.network),
        kept(design.network),
        sum((fact.operations for fact in inspect_network(design.network)), Operations()),
        rooflines(design, predicted(board_model(design.board), design.rtl)),
    )


def counted_whole(project: Project) -> Report | None:
    """The network as open synthesis counted it; None where that never ran."""
    rows = _rows(project, synth.FILE)
    return None if rows is None else rows.whole


def _rows(project: Project, name: str) -> Rows | None:
    return read_rows(project.reports_dir / Path(name), project.version_hash)


def _layers(design: Design, counted: Rows | None, *, is_rtl: bool) -> Iterator[LayerLine]:
    """Cycles are those of rtl/ where there is one, else those of the HLS units' loops."""
    own = layer_cycles(design.rtl) if is_rtl else {}
    interval = rtl_interval(design.rtl) if is_rtl else 0
    built = {layer.name: layer for layer in layer_builds(design)}
    facts = {fact.name: fact for fact in inspect_network(design.network)}
    taken = _modelled_layers(design) if counted is None else _counted_layers(counted)
    for node in design.network.nodes:
        build, fact = built.get(node.name), facts[node.name]
        fold = () if build is None else (build.pe, build.simd, build.cycles, build.busy_percent)
        pe, simd, cycles, busy = fold or (None, None, None, None)
        if node.name in own:
            cycles, busy = own[node.name], 100 * own[node.name] / interval
        lut, bram36 = taken.get(node.name, (0.0, 0.0)) if build else (0.0, 0.0)
        energy = layer_pj(design.network, node)
        yield LayerLine(
            node.name, fact.kind, fact.shape, fact.format, fact.terms, pe, simd, cycles, busy, lut, bram36, energy
        )


def _counted_layers(counted: Rows) -> Mapping[str, tuple[float, float]]:
    return {name: (each.lut, each.bram36) for name, each in counted.by_layer().items()}


def _modelled_layers(design: Design) -> Mapping[str, tuple[float, float]]:
    costs = {node.name: design.layer_cost(node) for node in design.network.nodes}
    return {name: (cost.lut, cost.bram36) for name, cost in costs.items()}


def _predicted(project: Project) -> Report:
    """Cycles of rtl/ where there is one, else those of the HLS units' loops; no latency where that takes too long."""
    times = project.design.timing
    latency: Cycles | None = Cycles(times.latency, times.latency)
    interval = times.hls_interval
    if project.rtl_checksums:
        network = project.design.rtl
        known, interval = predicted_latency(network), rtl_interval(network)
        latency = None if known is None else Cycles(known, known)
    return Report(
        unit="network",
        evidence=Evidence.MODELLED,
        tool="shiftwire",
        version=shiftwire_version(),
        part=project.design.board.part,
        clock_ns=project.design.clock_ns,
        latency=latency,
        interval=Cycles(interval, interval),
    )
