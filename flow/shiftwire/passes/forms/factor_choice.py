"""Which convolutions of factors sum by their coefficients first: those that are smaller so at a design's pace."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf

from shiftwire.errors import InputError
from shiftwire.ir.cost import BRAM36_IN_LUT, Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.passes.forms.factored_sums import IN_FRONT, factored_sums, has_sums
from shiftwire.passes.forms.rescale_choice import Schedule
from shiftwire.schedule.design import Design, Target
from shiftwire.schedule.fold_choice import HLS_BITS, choice_at
from shiftwire.schedule.pace import cycles_within


class FactorForm(enum.Enum):
    """What `--factors` asks for: whole weights, sums by coefficients and products with bases, or the smaller."""

    AUTO = "auto"
    WEIGHTS = "weights"
    SUMS = "sums"


@dataclass(frozen=True, slots=True)
class Pace:
    """Cycles from frame to frame, None where none are asked for, and LUTs that a BRAM36 is worth."""

    cycles: int | None
    for_hls: bool
    bram36_lut: float = BRAM36_IN_LUT

    @classmethod
    def asked(cls, target: Target, clock_ns: float) -> Pace:
        """That of a target's frames a second."""
        fps = target.fps or 0.0
        cycles = cycles_within(fps, clock_ns) if 0 < fps < inf and 0 < clock_ns < inf else None
        return cls(cycles, target.for_hls)

    def of(self, design: Design) -> Pace:
        """That of a design."""
        return Pace(Target(for_hls=self.for_hls).pace(design), self.for_hls, design.bram36_lut)


@dataclass(frozen=True, slots=True)
class FactorChoice:
    """A layer of factors in a design's pace, modelled: with whole weights, and as sums; None where no fold keeps it.

    bram36_lut  LUTs that a BRAM36 is worth in the design.
    """

    layer: str
    weights: Cost | None
    sums: Cost | None
    bram36_lut: float

    @property
    def is_smaller_as_sums(self) -> bool:
        """Whether sums are the form to build."""
        return self.sums is not None and (
            self.weights is None or self.sums.priced(self.bram36_lut) < self.weights.priced(self.bram36_lut)
        )


def summed_by_factors(
    network: Network, folds: Mapping[str, Fold], form: FactorForm, pace: Pace, schedule: Schedule
) -> Network:
    """The network with those layers as two that `form` asks for; a layer that `folds` names stays whole.

    The pace is that which is asked for; else that of the design of whole weights, and where there is none, all such
    layers are sums if that is a design.
    """
    able = [node.name for node in network.nodes if has_sums(node) and node.name not in folds]
    if form is FactorForm.WEIGHTS or not able:
        return network
    if form is FactorForm.SUMS:
        return factored_sums(network, able)
    if pace.cycles is None:
        design = _design(schedule, network, folds)
        if design is None:
            two = factored_sums(network, able)
            return network if _design(schedule, two, folds) is None else two
        pace = pace.of(design)
    smaller = {each.layer for each in factor_choices(network, able, pace) if each.is_smaller_as_sums}
    return factored_sums(network, smaller)


def _design(schedule: Schedule, network: Network, folds: Mapping[str, Fold]) -> Design | None:
    """None where there is none for the target."""
    try:
        return schedule(network, folds)
    except InputError:
        return None


def factor_choices(network: Network, layers: Collection[str], pace: Pace) -> list[FactorChoice]:
    """Both forms of some layers, each in its cheapest folds that keep a pace."""
    whole, two, interval, worth = network, factored_sums(network, layers), pace.cycles or 0, pace.bram36_lut

    def cost(network: Network, names: Collection[str]) -> Cost | None:
        every = [_costs(network, node, interval, pace.for_hls) for node in network.nodes if node.name in names]
        if not all(every):
            return None
        return sum((min((c.at(worth) for c in costs), key=lambda c: c.priced(worth)) for costs in every), Cost())

    return [FactorChoice(name, cost(whole, {name}), cost(two, {name, name + IN_FRONT}), worth) for name in layers]


def _costs(network: Network, node: Node, interval: int, for_hls: bool) -> list[Cost]:
    """Of every fold of a layer that ends a frame in `interval` cycles."""
    inputs, output = network.sources(node), network.tensors[node.name]
    every = (choice_at(node.op, inputs, output, fold, for_hls=for_hls) for fold in node.op.folds(inputs, output))
    return [c.cost for c in every if c.cycles <= interval and (c.widest <= HLS_BITS or not for_hls)]
