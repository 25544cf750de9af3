"""The matrix-vector unit: dense layers and convolutions, PE filters on SIMD inputs a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import CodeType, Setting, settings
from shiftwire.ir.cost import Array, Cost
from shiftwire.ir.fold import Port
from shiftwire.ir.nest import Nest, dot_products
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.reorder import Reorder, moving_cost, reordering
from shiftwire.units.sums.dot_product import DotProduct
from shiftwire.units.sums.order import LEAST_SAVING, Order, Steps, shorter, whole


@dataclass(frozen=True, eq=False)
class MatrixUnit(DotProduct):
    """Inputs come while the first neuron fold of each of `groups` works; the others see them again.

    Filters of unequal k are sorted inside their group, so that those of a neuron fold share k, and so are those that
    have their zeros elsewhere; `restored` is what gives them their own order again.
    """

    function = "mvu"
    groups: int = 1

    @property
    def neuron_folds(self) -> int:
        return self.weights.shape[0] // self.groups // self.fold.pe

    @cached_property
    def _whole(self) -> Order:
        return whole(self.weights, self.groups, self.fold.pe, self.synapse_folds)

    @property
    def whole_cycles(self) -> int:
        return self._whole.steps.cycles

    @cached_property
    def _chosen(self) -> Order:
        """One that leaves out what is idle, where that saves more than it takes."""
        best = self._whole
        for other in shorter(self.weights, best):
            if self._price(other) <= (1 - LEAST_SAVING) * self._price(best):
                best = other
        return best

    def _price(self, order: Order) -> float:
        """LUTs times cycles."""
        cost = self._cost(order.steps, self._circle(order)) + moving_cost(self._restoring(order))
        return max(order.steps.cycles, order.beats) * cost.price

    @property
    def cost(self) -> Cost:
        """With the unit that restores an order for the sake of zeros; of one that unequal k ask for, sums alone."""
        return super().cost + (Cost() if self._whole.is_sorted else moving_cost(self.restored))

    @property
    def order(self) -> Codes:
        return self._chosen.filters

    @property
    def steps(self) -> Steps:
        return self._chosen.steps

    @cached_property
    def fold_terms(self) -> Codes:
        most: Codes = self.weights.filter_terms[self.order].reshape(-1, self.fold.pe).max(axis=1)
        return most

    @cached_property
    def circle(self) -> int:
        return self._circle(self._chosen)

    def _circle(self, order: Order) -> int:
        """In some order of the filters."""
        side, fold = self.weights.circle, self.fold
        if side == 1 or fold.pe % side or fold.simd % side:
            return 1
        blocks = self._rom(order).reshape(-1, fold.pe // side, side, fold.simd // side, side)
        turned = np.stack([np.roll(blocks[:, :, 0], row, axis=-1) for row in range(side)], axis=2)
        return side if np.array_equal(blocks, turned) else 1

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.fold.simd, self.positions * self.groups * self.synapse_folds),)

    @property
    def writes(self) -> Port:
        return Port(self.fold.pe, self.positions * self.groups * self.neuron_folds)

    @property
    def _folded(self) -> tuple[int, ...]:
        """(terms, groups * neurons, pe, synapses, simd)."""
        return (-1, self.groups * self.neuron_folds, self.fold.pe, self.synapse_folds, self.fold.simd)

    @cached_property
    def rom(self) -> Codes:
        """In the order (groups * neurons, synapses, terms, pe, simd), those that are kept alone."""
        return self._rom(self._chosen)

    def _rom(self, order: Order) -> Codes:
        planes = self.weights.planes[:, order.filters].reshape(self._folded).transpose(1, 3, 0, 2, 4)
        return planes[:, :, : order.kept.shape[2]][order.kept].ravel()

    def _by_pe(self, codes: Codes) -> Codes:
        return codes.reshape(-1, self.fold.pe, self.fold.simd)

    @property
    def _sizes(self) -> tuple[Setting, ...]:
        ends = self._tap_sums.reach
        lowest, highest = (end[:, self.order].reshape(self._folded).sum(axis=-1) for end in (ends.lo, ends.hi))
        return settings(
            neuron_folds=self.neuron_folds,
            synapse_folds=self.synapse_folds,
            pe=self.fold.pe,
            simd=self.fold.simd,
            part_t=CodeType(Fixed.covering(int(lowest.min()), int(highest.max()), 0).signed_bits),
        )

    @cached_property
    def nest(self) -> Nest:
        return dot_products(self.positions, self.steps.counts, self.neuron_folds)

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(self.synapse_folds, self.fold.simd * self.x.bits),)

    @property
    def _is_replayed(self) -> bool:
        return self.neuron_folds > 1 and self.synapse_folds > 1

    def _places(self, around: Surroundings) -> Mapping[str, int]:
        replay = around.block(self.synapse_folds, self.fold.simd * self.x.bits)
        return {"GROUPS": self.groups, "NEURONS": self.neuron_folds, "REPLAY_BLOCK": replay}

    @property
    def restored(self) -> tuple[Unit, ...]:
        """The unit that restores the filters' order; none where they kept it."""
        return self._restoring(self._chosen)

    def _restoring(self, order: Order) -> tuple[Reorder, ...]:
        if not order.is_sorted:
            return ()
        kind = Reorder if order is self._whole else reordering
        return (kind(self.writes, np.argsort(order.filters), self.format, self.positions),)
