"""Dense layers of any weight scheme: every output reads every input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.fold import Fold, divisors
from shiftwire.ir.network import Operations, Tensor, Witness
from shiftwire.ir.unit import Unit
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.weights.factors import rebuilt_folds
from shiftwire.units.reorder import Reorder, Restore
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.rebuild import RebuildUnit


@dataclass(frozen=True, eq=False)
class Dense(Weighted):
    """y[o] = bias[o] + sum over i of element(x[i], w[o, i]); x (in,), y (out,)."""

    unit_types = (MatrixUnit, RebuildUnit, Reorder, Restore)

    @property
    def kind(self) -> str:
        return f"{self.weights.kind}Dense"

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        outputs, taps = self.weights.shape
        if len(x.shape) != 1:
            raise InputError(f"a dense layer of {taps} inputs cannot read shape {x.shape}; flatten it first")
        if x.shape != (taps,):
            raise InputError(f"a dense layer of {taps} inputs cannot read {x.shape[0]} values; check the layer before")
        frac = self.weights.frac(x.format)
        return Tensor((outputs,), self.bias.output(self.weights.interval(x.format), frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        sums = self.weights.apply(codes[0], slice(None))
        return self.bias.add(sums, self.weights.frac(inputs[0].format))

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """PE divides the outputs, SIMD the inputs; weights may be rebuilt."""
        pairs = tuple(Fold(pe, simd) for pe in divisors(output.size) for simd in divisors(inputs[0].size))
        return (*pairs, *rebuilt_folds(self.weights, lambda _: np.arange(inputs[0].size), pairs, (1,)))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        if fold.turns:
            streamed = self.weights.in_stream(np.arange(inputs[0].size))
            return (RebuildUnit(streamed, self.bias, inputs[0].format, output.format, 1, fold),)
        sums = MatrixUnit(self.weights, self.bias, inputs[0].format, output.format, 1, fold)
        return (sums, *sums.restored)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        (row,) = index
        return (("inputs", codes[0]), ("weights", self.weights.rows[row]), ("bias", self.bias.codes[row : row + 1]))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return self.weights.operations(1)
