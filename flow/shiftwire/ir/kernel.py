"""A C++ kernel call as data: what an op says of its hardware, spelled as text by cpp.py alone."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shiftwire.numbers.fixed import Codes, Fixed


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


@dataclass(frozen=True, slots=True, order=True)
class Fold:
    """`pe` outputs and `simd` inputs of a layer meet in a cycle; layers without weights have lanes alone, as `pe`."""

    pe: int
    simd: int = 1


@dataclass(frozen=True, slots=True)
class Port:
    """One side of a kernel: `beats` words a frame, each of `lanes` codes."""

    lanes: int
    beats: int

    @property
    def codes(self) -> int:
        return self.lanes * self.beats


@dataclass(frozen=True, slots=True)
class Kernel:
    """`sw::function<inputs..., outputs..., Cfg>(inputs..., outputs..., tables...)` of the header `sw_<function>.h`.

    `cycles` is the number of loop iterations in a frame, `made` the format of the codes that leave.
    """

    function: str
    reads: tuple[Port, ...]
    writes: Port
    made: Fixed
    cycles: int
    settings: tuple[Setting, ...]
    tables: tuple[Table, ...] = ()
    outputs: int = 1

    @property
    def headers(self) -> tuple[str, ...]:
        """The kernel's own header and that of its lane."""
        lanes = [s.value for s in self.settings if isinstance(s.value, Lane)]
        return (f"sw_{self.function}.h", *(f"sw_{lane.value}.h" for lane in lanes))

    def number(self, name: str) -> int:
        """The value of a setting that is a constant."""
        return next(s.value for s in self.settings if s.name == name and isinstance(s.value, int))

    def table(self, name: str) -> Codes:
        """The codes of a table."""
        return next(table.codes for table in self.tables if table.name == name)


def divisors(number: int) -> list[int]:
    """Every divisor, ascending."""
    return [d for d in range(1, number + 1) if number % d == 0]


def settings(**members: int | bool | CodeType | Lane) -> tuple[Setting, ...]:
    """Members of a Cfg struct, in the order written."""
    return tuple(Setting(name, value) for name, value in members.items())


def width_kernel(made: Fixed, here: Port, there: Port) -> Kernel:
    """Codes in beats of other lanes, of which one number divides the other."""
    is_narrower = there.lanes < here.lanes
    few, many = (here, there) if is_narrower else (there, here)
    members = settings(beats=few.beats, parts=many.beats // few.beats, lanes=many.lanes)
    return Kernel("narrow" if is_narrower else "widen", (here,), there, made, many.beats, members)
