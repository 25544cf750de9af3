"""A design at three levels: its layers, the blocks of hardware that it is built of, and the network whole, modelled."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shiftwire.costs.facts import facts
from shiftwire.costs.model import Estimate, FamilyModel, Prediction, estimated, interval_of, total
from shiftwire.explore.roofline import Roofline, rooflines
from shiftwire.ir.rtl_network import RtlUnit
from shiftwire.schedule.design import Design

BLOCKS = {
    "sw_mvu": "sums",
    "sw_vvu": "sums",
    "sw_window": "windows",
    "sw_finish": "finish of sums",
    "sw_rebuild": "rebuilt weights",
    "sw_narrow": "width converters",
    "sw_widen": "width converters",
    "sw_fork": "forks",
    "sw_reorder": "reordering",
}
"""What modules are for, where a layer has several; others are layers by themselves, called as they are."""

LOGIC, FIFOS = "sums as logic", "FIFOs"


class Level(enum.Enum):
    """What a row is of."""

    LAYER = "layer"
    BLOCK = "block"
    MODEL = "model"


@dataclass(frozen=True)
class LevelRow:
    """`alone` is frames a second if nothing else were slow; nine in ten netlists have `least` to `most` LUTs.

    FIFOs, which keep up with anything, have no cycles; `roofline` is None of what does no operation of a layer.
    """

    name: str
    units: int
    cycles: int | None
    alone: float | None
    estimate: Estimate
    least: int
    most: int
    roofline: Roofline | None = None


def level_rows(design: Design, model: FamilyModel, prediction: Prediction, level: Level) -> Sequence[LevelRow]:
    """Rows of a level; those of layers and of blocks add up to the network's."""
    layers, network = rooflines(design, prediction)
    rows = _Rows(design, model, prediction)
    match level:
        case Level.LAYER:
            return rows.of_layers({row.name: row for row in layers})
        case Level.BLOCK:
            return list(rows.of_blocks())
        case Level.MODEL:
            whole = prediction.whole, prediction.least, prediction.most
            return [LevelRow(network.name, len(design.rtl.units), network.cycles, network.alone, *whole, network)]


def block_of(unit: RtlUnit) -> str:
    """What a unit is for."""
    if unit.module.sources:
        return LOGIC
    return BLOCKS.get(unit.module.name, unit.module.name.removeprefix("sw_"))


@dataclass(frozen=True)
class _Rows:
    design: Design
    model: FamilyModel
    prediction: Prediction

    def of_layers(self, roofs: Mapping[str, Roofline]) -> Sequence[LevelRow]:
        units = self.design.rtl.units
        layers = {
            name: [unit for unit in units if unit.layer == name] for name in dict.fromkeys(u.layer for u in units)
        }
        return [
            self._row(name, own, [self.prediction.units[unit.name] for unit in own], roofs.get(name))
            for name, own in layers.items()
        ]

    def of_blocks(self) -> Iterator[LevelRow]:
        """The largest first, FIFOs last, which stand behind units of every kind."""
        blocks: defaultdict[str, list[RtlUnit]] = defaultdict(list)
        for unit in self.design.rtl.units:
            blocks[block_of(unit)].append(unit)
        bare = {unit.name: self._bare(unit) for unit in self.design.rtl.units}
        rows = [self._row(name, own, [bare[unit.name] for unit in own]) for name, own in blocks.items()]
        yield from sorted(rows, key=lambda row: (-row.estimate.resources.lut, row.name))
        fifos = total(_without(self.prediction.units[name], own) for name, own in bare.items())
        deep = sum(depth > 1 for depth in self.design.rtl.depths.values())
        yield LevelRow(FIFOS, deep, None, None, fifos, *interval_of(self.model, fifos))

    def _row(
        self, name: str, units: Sequence[RtlUnit], estimates: Sequence[Estimate], roofline: Roofline | None = None
    ) -> LevelRow:
        cycles = max(actor.iterations for unit in units for actor in unit.actors)
        whole, alone = total(estimates), 1e9 / self.design.clock_ns / cycles
        return LevelRow(name, len(units), cycles, alone, whole, *interval_of(self.model, whole), roofline)

    def _bare(self, unit: RtlUnit) -> Estimate:
        """With a register where its buffers are, but with their flip-flops; as it is where that takes no fewer LUTs."""
        known = dict(facts(self.design.rtl, unit))
        known |= {name: 1 for name in ("DEPTH", "DEPTH_B") if name in known}
        known |= {name: 0 for name in ("BLOCK", "BLOCK_B") if name in known}
        bare, whole = estimated(self.model, unit.module.name, known), self.prediction.units[unit.name]
        if bare.resources.lut > whole.resources.lut:
            return whole
        return replace(bare, resources=replace(bare.resources, ff=whole.resources.ff))


def _without(whole: Estimate, part: Estimate) -> Estimate:
    return replace(
        whole,
        resources=whole.resources - part.resources,
        variance=max(whole.variance - part.variance, 0.0),
        strangers=whole.strangers - part.strangers,
    )
