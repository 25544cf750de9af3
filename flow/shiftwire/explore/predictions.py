"""What models say of every fold of a network, as tables: a design is a sum of looked-up figures, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import gcd

import numpy as np
import numpy.typing as npt

from shiftwire.costs.facts import module_facts
from shiftwire.costs.model import Estimate, FamilyModel, estimated, total
from shiftwire.ir.cost import BRAM36_IN_LUT
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Module
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.schedule.fold_choice import every_choice
from shiftwire.units.fork import Fork
from shiftwire.units.width import width_unit

Reals = npt.NDArray[np.float64]
Picks = Mapping[str, npt.NDArray[np.int64]]
"""By layer, the places of its folds in its table, one for each design."""


@dataclass(frozen=True)
class Figures:
    """Each an array of equal shape: LUTs and their variance, BRAM36, DSP blocks, cycles a frame of what is slowest."""

    lut: Reals
    variance: Reals
    bram36: Reals
    dsp: Reals
    cycles: Reals

    @classmethod
    def of(cls, parts: Sequence[tuple[Estimate, int]]) -> Figures:
        """Of estimates and cycles, one after the other."""
        resources = [estimate.resources for estimate, _ in parts]
        return cls(
            np.array([each.lut for each in resources], float),
            np.array([estimate.variance for estimate, _ in parts], float),
            np.array([each.bram36 for each in resources], float),
            np.array([each.dsp for each in resources], float),
            np.array([cycles for _, cycles in parts], float),
        )

    def at(self, places: npt.NDArray[np.int64]) -> Figures:
        """Some of them, by place."""
        return Figures(*(each[places] for each in self._arrays))

    def beside(self, other: Figures) -> Figures:
        """Both at once: what they take adds up, the slower one says the cycles."""
        *own, cycles = self._arrays
        *others, slower = other._arrays
        lut, variance, bram36, dsp = (one + more for one, more in zip(own, others, strict=True))
        return Figures(lut, variance, bram36, dsp, np.maximum(cycles, slower))

    @property
    def _arrays(self) -> tuple[Reals, ...]:
        return self.lut, self.variance, self.bram36, self.dsp, self.cycles


@dataclass(frozen=True)
class Crossing:
    """What stands between a layer and one that reads it, by the places of both folds: `figures` lie row by row."""

    writer: str
    reader: str
    columns: int
    figures: Figures


@dataclass(frozen=True)
class Predictions:
    """Tables of a network: each layer by fold, each crossing by both; layers without hardware have one empty row.

    Buffers are taken to be shallow: those that times make deep, beside long branches, are not in it.
    """

    folds: Mapping[str, tuple[Fold, ...]]
    layers: Mapping[str, Figures]
    crossings: Sequence[Crossing]

    @classmethod
    def of(cls, network: Network, model: FamilyModel, *, for_hls: bool = False) -> Predictions:
        """All folds that `convert` would choose among."""
        return _Tables(network, model, for_hls).done()

    def designs(self, picks: Picks) -> Figures:
        """Figures of so many designs at once."""
        own = [self.layers[name].at(places) for name, places in picks.items()]
        between = [each.figures.at(picks[each.writer] * each.columns + picks[each.reader]) for each in self.crossings]
        whole, *others = own + between
        for other in others:
            whole = whole.beside(other)
        return whole

    def drawn(self, count: int, seed: int) -> Picks:
        """Random folds of every layer."""
        rng = np.random.default_rng(seed)
        return {name: rng.integers(0, len(folds), count) for name, folds in self.folds.items()}


@dataclass
class _Tables:
    network: Network
    model: FamilyModel
    for_hls: bool
    between: dict[tuple[object, ...], tuple[Estimate, int]] = field(default_factory=dict)
    narrowed: dict[tuple[int, int], Estimate] = field(default_factory=dict)

    def done(self) -> Predictions:
        network = self.network
        choices = every_choice(network, {}, for_hls=self.for_hls)
        folds = {name: tuple(choice.fold for choice in own) for name, own in choices.items()}
        units = {node.name: [self._units(node, fold) for fold in folds[node.name]] for node in network.nodes}
        layers = {name: Figures.of([self._layer(own) for own in each]) for name, each in units.items()}
        return Predictions(folds, layers, tuple(self._crossings(units)))

    def _units(self, node: Node, fold: Fold) -> tuple[Unit, ...]:
        return node.op.units(self.network.sources(node), self.network.tensors[node.name], fold)

    def _layer(self, units: Sequence[Unit]) -> tuple[Estimate, int]:
        parts = [self._unit(unit) for unit in units]
        return total(parts), max((unit.iterations for unit in units), default=0)

    def _unit(self, unit: Unit) -> Estimate:
        """As it is, its beats as wide as it makes them."""
        lanes = unit.writes.lanes
        *before, last = unit.modules(Surroundings(unit.iterations, lanes, bram36_lut=BRAM36_IN_LUT))
        reads = [port.lanes * format.bits for port, format in zip(unit.reads, unit.read_formats, strict=True)]
        parts = []
        for module in before:
            assert module.raw is not None
            parts.append(self._estimate(module_facts(module, reads, [module.raw.width], _buffers(1, 1)), module.name))
            reads = [module.raw.width]
        writes = [lanes * unit.format.bits] * unit.outputs
        parts.append(
            self._estimate(module_facts(last, reads, writes, _buffers(_depth(last, unit), unit.outputs)), last.name)
        )
        return total(parts)

    def _estimate(self, known: Mapping[str, int], module: str) -> Estimate:
        return estimated(self.model, module, known)

    def _crossings(self, units: Mapping[str, list[tuple[Unit, ...]]]) -> Iterator[Crossing]:
        network = self.network
        readers = {name: sum(node.inputs.count(name) for node in network.nodes) for name in network.tensors}
        for node in network.nodes:
            for port, name in enumerate(node.inputs):
                if name not in units or not units[name][0] or not units[node.name][0]:
                    continue
                tensor = network.tensors[name]
                parts = [
                    self._between(tensor, here[-1], there[0].reads[port].lanes, readers[name])
                    for here in units[name]
                    for there in units[node.name]
                ]
                yield Crossing(name, node.name, len(units[node.name]), Figures.of(parts))

    def _between(self, tensor: Tensor, unit: Unit, lanes: int, readers: int) -> tuple[Estimate, int]:
        """Converters to so many lanes by way of the common divisor, and a share of the forks in front of them.

        A unit that narrows its own beats, and has one reader, has no converter behind it for that.
        """
        here = unit.writes.lanes
        common = gcd(here, lanes)
        narrows = unit.narrows and readers == 1 and common != here
        key = (tensor.size, tensor.format, here, lanes, readers, narrows)
        if key not in self.between:
            ports = [Port.of(tensor.size, width) for width in (here, common, lanes)]
            stand = [width_unit(tensor.format, a, b) for a, b in pairwise(ports) if a != b]
            parts = [self._unit(each) for each in stand[int(narrows) :]]
            if readers > 1:
                parts.append(_share(self._unit(Fork(ports[0], tensor.format)), (readers - 1) / readers))
            self.between[key] = total(parts), max((each.iterations for each in stand), default=0)
        estimate, cycles = self.between[key]
        return (estimate + self._narrowed(unit, common), cycles) if narrows else (estimate, cycles)

    def _narrowed(self, unit: Unit, lanes: int) -> Estimate:
        """What a unit takes more, or less, that gives so many lanes itself."""
        key = (id(unit), lanes)
        if key not in self.narrowed:
            before, after = (self._last(unit, width) for width in (unit.writes.lanes, lanes))
            variance = max(after.variance - before.variance, 0.0)
            self.narrowed[key] = Estimate(after.resources - before.resources, variance)
        return self.narrowed[key]

    def _last(self, unit: Unit, lanes: int) -> Estimate:
        """The last module of a unit."""
        *before, last = unit.modules(Surroundings(unit.iterations, lanes, bram36_lut=BRAM36_IN_LUT))
        reads = [before[-1].raw.width] if before and before[-1].raw else [unit.writes.lanes * unit.format.bits]
        known = module_facts(last, reads, [lanes * unit.format.bits], _buffers(_depth(last, unit), 1))
        return self._estimate(known, last.name)


def _depth(module: Module, unit: Unit) -> int:
    """Words of a shallow buffer: a beat is on its way for some cycles, in which so many others come."""
    return 1 + module.stages * unit.writes.beats // max(unit.iterations, 1)


def _buffers(depth: int, outputs: int) -> Mapping[str, int]:
    ends = ("", "_B")[:outputs]
    return {**{f"DEPTH{end}": depth for end in ends}, **{f"BLOCK{end}": 0 for end in ends}}


def _share(whole: Estimate, share: float) -> Estimate:
    """A part of something shallow that several have a part of."""
    own = whole.resources
    parted = replace(own, lut=round(own.lut * share), lutram=round((own.lutram or 0) * share), ff=round(own.ff * share))
    return Estimate(parted, whole.variance * share)
