"""Requantize: the same values on another grid, in another range."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shiftwire.ir.cfg import Cfg, CodeType, settings
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Module
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import BeatUnit, Surroundings, Unit
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, requantize
from shiftwire.numbers.interval import require_width


@dataclass(frozen=True, eq=False)
class RequantizeUnit(BeatUnit):
    """Codes of `x` on the grid and in the range of `format`."""

    function = "requantize"
    rounding: Rounding
    overflow: Overflow

    @property
    def _drop(self) -> int:
        """Fraction bits that go; negative where the new grid is the finer one.

        One bit more than the code has leaves nothing, however far away the grid is.
        """
        return min(self.x.frac - self.format.frac, self.x.signed_bits + 1)

    @property
    def hls_steps(self) -> int:
        """The rest below the grid, its comparisons, the sum, two ends of the range."""
        return 6

    @cached_property
    def cfg(self) -> Cfg:
        drop, to = self._drop, self.format
        wide = max(self.x.signed_bits, drop) + 1 + max(-drop, 0)
        return Cfg(
            settings(
                iterations=self.iterations,
                lanes=self.port.lanes,
                drop=drop,
                half_up=self.rounding is Rounding.HALF_UP,
                half_even=self.rounding is Rounding.HALF_EVEN,
                saturate=self.overflow is Overflow.SATURATE,
                lo=to.lo,
                hi=to.hi,
                bits=to.bits,
                is_signed=to.signed,
                wide_t=CodeType(max(wide, to.signed_bits)),
            )
        )

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        parameters = {
            "LANES": self.port.lanes,
            "DROP": self._drop,
            "HALF_UP": int(self.rounding is Rounding.HALF_UP),
            "HALF_EVEN": int(self.rounding is Rounding.HALF_EVEN),
            "SATURATE": int(self.overflow is Overflow.SATURATE),
            "OUT_SIGNED": int(self.format.signed),
            **self.formats,
        }
        return (Module("sw_requantize", parameters, self.nest, stages=1),)


@dataclass(frozen=True, slots=True)
class Requantize(Op):
    """Round to the grid of `to`, then saturate or wrap into its range."""

    unit_types = (RequantizeUnit,)

    to: Fixed
    rounding: Rounding
    overflow: Overflow

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        require_width(2.0 ** (x.format.bits - 1 + max(self.to.frac - x.format.frac, 0)))
        return Tensor(x.shape, self.to)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return requantize(codes[0], inputs[0].format.frac, self.to, self.rounding, self.overflow)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        x, port = inputs[0].format, Port.of(output.size, fold.pe)
        return (RequantizeUnit(port, x, self.to, self.rounding, self.overflow, lane_lut=x.bits + self.to.bits),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][index].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        rounds = self.rounding is not Rounding.FLOOR and inputs[0].format.frac > self.to.frac
        saturates = self.overflow is Overflow.SATURATE
        return Operations(adds=output.size * rounds, compares=2 * output.size * saturates)
