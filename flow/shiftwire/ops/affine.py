"""Affine: what batch norm becomes, a scale of k powers of two and a bias for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.kernel import CodeType, Fold, Kernel, Port, Table, settings
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.weights.shift import Shift


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """y[..., c] = bias[c] + scale[c] * x[..., c]; scale  (terms, channels) as signs and exponents."""

    scale: ShiftWeights
    bias: Bias

    @property
    def _weights(self) -> Shift:
        """The scale seen as rows of one tap."""
        return Shift(ShiftWeights(self.scale.sign[..., None], self.scale.exponent[..., None]))

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        channels = self.scale.sign.shape[1]
        if x.shape[-1] != channels:
            raise InputError(f"an affine of {channels} channels cannot read shape {x.shape}; its last axis must match")
        weights = self._weights
        return Tensor(x.shape, self.bias.output(weights.interval(x.format), weights.frac(x.format)))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return self.bias.add(codes[0] * self.scale.integers, self._weights.frac(inputs[0].format))

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        weights, port = self._weights, Port(fold.pe, output.size // fold.pe)
        folds, terms = x.shape[-1] // fold.pe, self.scale.terms
        ends = weights.reach(x.format)
        # one partial sum of a channel's terms may reach further than the whole
        widest = Fixed.covering(int(ends.lo.sum(axis=0).min()), int(ends.hi.sum(axis=0).max()), 0)
        members = (
            *settings(beats=port.beats, lanes=fold.pe, folds=folds, terms=terms, sum_t=CodeType(widest.signed_bits)),
            *weights.settings(x.format),
            *self.bias.settings(weights.frac(x.format), output.format),
        )
        rom = weights.planes.reshape(terms, folds, fold.pe).transpose(1, 0, 2).ravel()
        tables = (Table("weight", rom, weights.type), self.bias.table(output.format.frac))
        return (Kernel("affine", (port,), port, output.format, port.beats, members, tables),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        channel = slice(index[-1], index[-1] + 1)
        scale, bias = self.scale.integers[channel], self.bias.codes[channel]
        return (("input", codes[0][index].reshape(1)), ("scale", scale), ("bias", bias))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        positions = output.size // output.shape[-1]
        biased = int(np.count_nonzero(self.bias.codes)) * positions
        return self._weights.operations(positions) + Operations(adds=biased)

    @property
    def weight_bits(self) -> int:
        return self.scale.weight_bits + self.bias.bits

    @property
    def terms(self) -> float | None:
        return float(self.scale.terms_per_filter.mean())
