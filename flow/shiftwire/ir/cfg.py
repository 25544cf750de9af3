"""What a C++ unit is set up with, as data: members of its Cfg struct and its tables; hls/cpp.py spells it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from math import prod

from shiftwire.numbers.fixed import Codes, Fixed


class Element(enum.Enum):
    """How one weight meets one input in C++, or is made; the value is the class, its header is sw_<value>.h."""

    SHIFT = "shift_lane"
    ADDER = "adder_lane"
    DISTANCE = "distance_lane"
    INT = "int_lane"
    XNOR = "xnor_lane"
    WHOLE = "whole_decoder"
    FACTORS = "factor_decoder"


@dataclass(frozen=True, slots=True)
class CodeType:
    """An integer type of the C++ units: sw::sint<bits> or sw::uint<bits>."""

    bits: int
    signed: bool = True

    @classmethod
    def of(cls, format: Fixed) -> CodeType:
        """The type that holds the codes of a format."""
        return cls(format.bits, format.signed)

    @classmethod
    def holding(cls, codes: Codes) -> CodeType:
        """The narrowest type that holds all of some codes."""
        return cls.of(Fixed.covering(int(codes.min()), int(codes.max()), 0))


@dataclass(frozen=True, slots=True)
class HostType(CodeType):
    """A type of the headers of native simulations by its name; `bits` is its size."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One member of a Cfg struct: a constant, a type or the processing element."""

    name: str
    value: int | bool | CodeType | Element


@dataclass(frozen=True, slots=True)
class Table:
    """Constants that a unit reads, in the shape in which C++ indexes them, and the type that holds them."""

    name: str
    codes: Codes
    type: CodeType
    is_deduced: bool = False
    """Whether C++ finds its type out at the call, for no member of the Cfg says its size."""
    places: int | None = 0
    """Axis of the memory's addresses; those before it are memories of their own, None is registers or wires."""

    @property
    def memory(self) -> tuple[int, int]:
        """Words of the memory of a table and their bits; no words where it is none."""
        if self.places is None:
            return 0, 0
        return self.codes.shape[self.places], prod(self.codes.shape[self.places + 1 :]) * self.type.bits

    @property
    def copies(self) -> int:
        """Memories of the table, side by side."""
        return prod(self.codes.shape[: self.places])

    def by(self, lanes: int) -> Table:
        """The same constants in words of so many."""
        return replace(self, codes=self.codes.reshape(-1, lanes))

    @classmethod
    def counts(cls, name: str, codes: Codes) -> Table:
        """Numbers from 0 up."""
        return cls(name, codes, CodeType(max(int(codes.max()).bit_length(), 1), signed=False))


@dataclass(frozen=True, slots=True)
class Cfg:
    """The Cfg parameter of a C++ unit and the tables behind its streams, in the order of its arguments."""

    members: tuple[Setting, ...]
    tables: tuple[Table, ...] = ()

    def with_table(self, table: Table) -> Cfg:
        """Another table under the same name."""
        return replace(self, tables=tuple(table if old.name == table.name else old for old in self.tables))

    def with_member(self, member: Setting) -> Cfg:
        """Another value under the same name."""
        return replace(self, members=tuple(member if old.name == member.name else old for old in self.members))


def settings(**members: int | bool | CodeType | Element) -> tuple[Setting, ...]:
    """Members of a Cfg struct, in the order written."""
    return tuple(Setting(name, value) for name, value in members.items())
