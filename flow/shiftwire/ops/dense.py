"""ShiftDense, AdderDense and IntDense: every output reads every input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiftwire.errors import InputError
from shiftwire.fixed import Codes
from shiftwire.kernel import Kernel, settings
from shiftwire.network import Op, Operations, Tensor, Witness
from shiftwire.ops.bias import Bias
from shiftwire.ops.weights import Weights


@dataclass(frozen=True, eq=False)
class Dense(Op):
    """y[o] = bias[o] + sum over i of lane(x[i], w[o, i]); x (in,), y (out,)."""

    weights: Weights
    bias: Bias

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

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        (x,) = inputs
        frac = self.weights.frac(x.format)
        total = self.weights.interval(x.format).format(frac)
        members = (
            *settings(n_in=x.size, n_out=output.size, lane=self.weights.lane),
            *self.weights.settings(x.format, total),
            *self.bias.settings(frac, output.format),
        )
        return Kernel("dense", members, (self.weights.table(), self.bias.table(output.format.frac)))

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        (row,) = index
        return (("inputs", codes[0]), ("weights", self.weights.rows[row]), ("bias", self.bias.codes[row : row + 1]))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return self.weights.operations(1)

    @property
    def weight_bits(self) -> int:
        return self.weights.bits + self.bias.bits

    @property
    def terms(self) -> float | None:
        return self.weights.terms
