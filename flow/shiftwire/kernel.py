"""A C++ kernel call as data: what an op says of its hardware, spelled as text by cpp.py alone."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shiftwire.fixed import Codes


class Lane(enum.Enum):
    """How one weight meets one input; the value is the C++ class, its header is sw_<value>.h."""

    SHIFT = "shift_lane"
    ADDER = "adder_lane"
    INT = "int_lane"


@dataclass(frozen=True, slots=True)
class CodeType:
    """An integer type of the kernels: sw::sint<bits> or sw::uint<bits>."""

    bits: int
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Setting:
    """One member of a kernel's Cfg struct: a constant, a type or the lane."""

    name: str
    value: int | bool | CodeType | Lane


@dataclass(frozen=True, slots=True)
class Table:
    """Constants that a kernel reads: flat codes, most significant index first, and the type that holds them."""

    name: str
    codes: Codes
    type: CodeType


@dataclass(frozen=True, slots=True)
class Kernel:
    """`sw::function<inputs..., output, Cfg>(inputs..., output, tables...)` of the header `sw_<function>.h`."""

    function: str
    settings: tuple[Setting, ...]
    tables: tuple[Table, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The kernel's own header and that of its lane."""
        lanes = [s.value for s in self.settings if isinstance(s.value, Lane)]
        return (f"sw_{self.function}.h", *(f"sw_{lane.value}.h" for lane in lanes))


def settings(**members: int | bool | CodeType | Lane) -> tuple[Setting, ...]:
    """Members of a Cfg struct, in the order written."""
    return tuple(Setting(name, value) for name, value in members.items())
