"""Single-bit functions of nets, as truth tables: what a LUT holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Bit:
    """Bit i of `table` is the value where the nets, the first one lowest, read i."""

    nets: tuple[str, ...]
    table: int

    @property
    def is_constant(self) -> bool:
        """Whether it depends on no net."""
        return not self.nets

    @property
    def wire(self) -> str | None:
        """A net or a constant that carries the value without a LUT."""
        if self.is_constant:
            return f"1'b{self.table}"
        return self.nets[0] if len(self.nets) == 1 and self.table == 0b10 else None

    def flipped(self) -> Bit:
        """The inverse, over the same nets."""
        return Bit(self.nets, self.table ^ ((1 << (1 << len(self.nets))) - 1))

    def spread(self, nets: Sequence[str]) -> int:
        """The table over `nets`, which hold all of this bit's."""
        return _spread(self.table, tuple(nets.index(net) for net in self.nets), len(nets))


ZERO = Bit((), 0)
ONE = Bit((), 1)


def net(name: str, flip: int = 0) -> Bit:
    """The value of a net, or its inverse with `flip`, which costs no LUT of its own."""
    return Bit((name,), 0b01 if flip else 0b10)


def merged(bits: Sequence[Bit], function: Callable[..., int]) -> Bit:
    """`function` of the bits' values, over the nets that still matter."""
    nets = tuple(dict.fromkeys(name for bit in bits for name in bit.nets))
    tables = [bit.spread(nets) for bit in bits]
    values = (function(*((table >> at) & 1 for table in tables)) for at in range(1 << len(nets)))
    return _needed(Bit(nets, sum(value << at for at, value in enumerate(values))))


def _needed(bit: Bit) -> Bit:
    """Without the nets that change nothing."""
    for at, name in enumerate(bit.nets):
        rest = [index for index in range(1 << len(bit.nets)) if not index >> at & 1]
        if all(bit.table >> index & 1 == bit.table >> (index | 1 << at) & 1 for index in rest):
            table = sum((bit.table >> index & 1) << place for place, index in enumerate(rest))
            return _needed(Bit(tuple(other for other in bit.nets if other != name), table))
    return bit


@cache
def _spread(table: int, places: tuple[int, ...], width: int) -> int:
    return sum(
        (table >> sum((at >> place & 1) << k for k, place in enumerate(places)) & 1) << at for at in range(1 << width)
    )
