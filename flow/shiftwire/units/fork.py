"""The fork: every beat twice, for two readers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.cost import FORK_COST, Cost
from shiftwire.ir.module import Module
from shiftwire.ir.unit import PortUnit, Surroundings
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True, eq=False)
class Fork(PortUnit):
    """One stream becomes two."""

    function = "fork"
    outputs = 2
    format: Fixed

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(settings(iterations=self.iterations, lanes=self.port.lanes))

    @property
    def cost(self) -> Cost:
        return FORK_COST

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        return (Module("sw_fork", {"WIDTH": self.port.lanes * self.format.bits}, self.nest),)
