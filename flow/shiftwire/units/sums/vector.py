"""The vector-vector unit: depthwise convolutions, a filter a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import Setting, settings
from shiftwire.ir.fold import Port
from shiftwire.ir.nest import Nest, dot_products
from shiftwire.ir.unit import Surroundings
from shiftwire.numbers.fixed import Codes
from shiftwire.units.sums.dot_product import DotProduct
from shiftwire.units.sums.order import Steps


@dataclass(frozen=True, eq=False)
class VectorUnit(DotProduct):
    """A beat brings `simd` taps of `pe` channels; every block of channels reads its own."""

    function = "vvu"
    is_depthwise = True

    @property
    def neuron_folds(self) -> int:
        return self.weights.shape[0] // self.fold.pe

    @property
    def order(self) -> Codes:
        return np.arange(self.weights.shape[0])

    @cached_property
    def fold_terms(self) -> Codes:
        most: Codes = self.weights.filter_terms.reshape(-1, self.fold.pe).max(axis=1)
        return most

    @cached_property
    def steps(self) -> Steps:
        return Steps(np.repeat(self.fold_terms[:, None], self.synapse_folds, axis=1))

    @property
    def reads(self) -> tuple[Port, ...]:
        return (Port(self.fold.simd * self.fold.pe, self.positions * self.neuron_folds * self.synapse_folds),)

    @property
    def writes(self) -> Port:
        return Port(self.fold.pe, self.positions * self.neuron_folds)

    @cached_property
    def rom(self) -> Codes:
        """In the order (blocks, synapses, terms, simd, pe), with the terms of each block alone."""
        pe, simd, blocks, terms = self.fold.pe, self.fold.simd, self.neuron_folds, self.fold_terms
        shape = (-1, blocks, pe, self.synapse_folds, simd)
        planes = self.weights.planes.reshape(shape).transpose(1, 3, 0, 4, 2)
        return np.concatenate([planes[n, :, : terms[n]].reshape(-1) for n in range(blocks)])

    def _by_pe(self, codes: Codes) -> Codes:
        return codes.reshape(-1, self.fold.simd, self.fold.pe).transpose(0, 2, 1)

    @property
    def _sizes(self) -> tuple[Setting, ...]:
        return settings(
            synapse_folds=self.synapse_folds,
            pe=self.fold.pe,
            simd=self.fold.simd,
        )

    @cached_property
    def nest(self) -> Nest:
        return dot_products(self.positions, self.steps.counts, 1)

    @property
    def _is_replayed(self) -> bool:
        return False

    def _places(self, around: Surroundings) -> Mapping[str, int]:
        return {"BLOCKS": self.neuron_folds}
