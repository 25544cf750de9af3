"""Width converters: the same codes in beats of fewer or of more lanes, of which one number divides the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.cost import WIDENING_COST, Cost, narrowing_cost
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, joining, splitting
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True, eq=False)
class _WidthUnit(Unit):
    """Beats of `wide` are `parts` beats of `narrow` each, the first in the low lanes."""

    format: Fixed
    narrow: Port
    wide: Port

    @property
    def parts(self) -> int:
        return self.narrow.beats // self.wide.beats

    @property
    def iterations(self) -> int:
        return self.narrow.beats

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(settings(iterations=self.iterations, parts=self.parts, lanes=self.narrow.lanes))

    @property
    def _width(self) -> int:
        """Bits of a narrow beat."""
        return self.narrow.lanes * self.format.bits

    def _module(self, name: str) -> tuple[Module, ...]:
        return (Module(name, {"WIDTH": self._width, "PARTS": self.parts}, self.nest),)


class Narrow(_WidthUnit):
    """Wide beats become narrow ones."""

    function = "narrow"

    @property
    def reads(self) -> tuple[Port, ...]:
        return (self.wide,)

    @property
    def writes(self) -> Port:
        return self.narrow

    @cached_property
    def nest(self) -> Nest:
        return splitting(self.wide.beats, self.parts)

    @property
    def cost(self) -> Cost:
        return narrowing_cost(self._width, self.parts)

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        return self._module("sw_narrow")


class Widen(_WidthUnit):
    """Narrow beats become wide ones."""

    function = "widen"

    @property
    def reads(self) -> tuple[Port, ...]:
        return (self.narrow,)

    @property
    def writes(self) -> Port:
        return self.wide

    @cached_property
    def nest(self) -> Nest:
        return joining(self.wide.beats, self.parts)

    @property
    def cost(self) -> Cost:
        return WIDENING_COST

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        return self._module("sw_widen")


def width_unit(format: Fixed, here: Port, there: Port) -> Narrow | Widen:
    """Codes of a format that come in beats of `here` and leave in beats of `there`."""
    return Narrow(format, there, here) if there.lanes < here.lanes else Widen(format, here, there)
