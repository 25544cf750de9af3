"""Requantize: the same values on another grid, in another range."""

from collections.abc import Sequence
from dataclasses import dataclass

from shiftwire.fixed import Codes, Fixed, Overflow, Rounding, requantize
from shiftwire.interval import require_width
from shiftwire.kernel import CodeType, Fold, Kernel, Port, settings
from shiftwire.network import Op, Operations, Tensor, Witness


@dataclass(frozen=True, slots=True)
class Requantize(Op):
    """Round to the grid of `to`, then saturate or wrap into its range."""

    to: Fixed
    rounding: Rounding
    overflow: Overflow

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        require_width(2.0 ** (x.format.bits - 1 + max(self.to.frac - x.format.frac, 0)))
        return Tensor(x.shape, self.to)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return requantize(codes[0], inputs[0].format.frac, self.to, self.rounding, self.overflow)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        port = Port(fold.pe, output.size // fold.pe)
        # one bit more than the code has is a drop that leaves nothing, however far away the grid is
        drop = min(x.format.frac - self.to.frac, x.format.signed_bits + 1)
        wide = max(x.format.signed_bits, drop) + 1 + max(-drop, 0)
        members = settings(
            beats=port.beats,
            lanes=fold.pe,
            drop=drop,
            half_up=self.rounding is Rounding.HALF_UP,
            half_even=self.rounding is Rounding.HALF_EVEN,
            saturate=self.overflow is Overflow.SATURATE,
            lo=self.to.lo,
            hi=self.to.hi,
            bits=self.to.bits,
            is_signed=self.to.signed,
            wide_t=CodeType(max(wide, self.to.signed_bits)),
        )
        return (Kernel("requantize", (port,), port, self.to, port.beats, members),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][index].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        rounds = self.rounding is not Rounding.FLOOR and inputs[0].format.frac > self.to.frac
        saturates = self.overflow is Overflow.SATURATE
        return Operations(adds=output.size * rounds, compares=2 * output.size * saturates)
