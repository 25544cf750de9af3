"""The matrix-vector unit: dense layers and convolutions, PE filters on SIMD inputs a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import CodeType, Setting, settings
from shiftwire.ir.cost import Array, is_block
from shiftwire.ir.fold import Port
from shiftwire.ir.nest import Nest, dot_products
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.units.dot_product import DotProduct
from shiftwire.units.reorder import Reorder


@dataclass(frozen=True, eq=False)
class MatrixUnit(DotProduct):
    """Inputs come while the first neuron fold of each of `groups` works; the others see them again.

    Filters of unequal k are sorted inside their group, so that those of a neuron fold share k; `restored` is what gives
    them their own order again.
    """

    function = "mvu"
    groups: int = 1

    @property
    def neuron_folds(self) -> int:
        return self.weights.shape[0] // self.groups // self.fold.pe

    @cached_property
    def order(self) -> Codes:
        per_group = self.weights.filter_terms.reshape(self.groups, -1)
        inside = np.argsort(per_group, axis=1, kind="stable")
        return (inside + np.arange(self.groups)[:, None] * per_group.shape[1]).ravel()

    @cached_property
    def fold_terms(self) -> Codes:
        most: Codes = self.weights.filter_terms[self.order].reshape(-1, self.fold.pe).max(axis=1)
        return most

    @cached_property
    def circle(self) -> int:
        side, fold = self.weights.circle, self.fold
        if side == 1 or fold.pe % side or fold.simd % side:
            return 1
        blocks = self.rom.reshape(-1, fold.pe // side, side, fold.simd // side, side)
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
        """In the order (groups * neurons, synapses, terms, pe, simd), with the terms of each neuron fold alone."""
        planes = self.weights.planes[:, self.order].reshape(self._folded).transpose(1, 3, 0, 2, 4)
        terms = self.fold_terms
        return np.concatenate([planes[n, :, : terms[n]].reshape(-1) for n in range(len(terms))])

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
        return dot_products(self.positions, self.fold_terms, self.synapse_folds, self.neuron_folds)

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(self.synapse_folds, self.fold.simd * self.x.bits),)

    @property
    def _is_replayed(self) -> bool:
        return self.neuron_folds > 1 and self.synapse_folds > 1

    @property
    def _places(self) -> Mapping[str, int]:
        replay = is_block(self.synapse_folds, self.fold.simd * self.x.bits)
        return {"GROUPS": self.groups, "NEURONS": self.neuron_folds, "REPLAY_BLOCK": replay}

    @property
    def restored(self) -> tuple[Unit, ...]:
        """The unit that restores the filters' order; none where they kept it."""
        if (self.order == np.arange(len(self.order))).all():
            return ()
        return (Reorder(self.writes, np.argsort(self.order), self.format, self.positions),)
