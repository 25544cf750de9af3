"""Staircases as lines: every (factor, offset, shift) whose floored line is a staircase, exactly, as intervals.

y = clip((factor * x + offset) >> shift). A rising staircase and a rising line are equal on every integer of an interval
exactly where they are at both ends of every tread; each end bounds the line from one side. Slopes that leave room for
an offset are therefore an open interval, whose ends are slopes between two such points (duality of a digital line). All
numbers are Python's integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import count

from shiftwire.numbers.signed_digits import fewest_digits

MOST_SLACK = 16
"""Doublings of how far a step of a line may lie beside that of a staircase."""

FINER = 4
"""Bits beyond the coarsest grid of a factor, among which lines near a staircase are tried."""

Point = tuple[int, int]
"""x and a level."""


@dataclass(frozen=True)
class Stairs:
    """A rising staircase: level `levels[i]` from x = `starts[i]` to `ends[i]`, each tread behind the one before it.

    What lies beyond the levels `lo` and `hi` is clipped to them.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    levels: Sequence[int]
    lo: int
    hi: int

    @property
    def reached(self) -> list[Point]:
        """Points that a line has to reach: the first of each tread, where no clip does it."""
        return [(x, y) for x, y in zip(self.starts, self.levels, strict=True) if y > self.lo]

    @property
    def missed(self) -> list[Point]:
        """Points that a line has to stay below: the next level at the last x of each tread."""
        return [(x, y + 1) for x, y in zip(self.ends, self.levels, strict=True) if y < self.hi]

    @cached_property
    def corners(self) -> tuple[list[Point], list[Point]]:
        """Those points of `reached` and `missed` that bound all the others: the hull of each from its own side."""
        return _upper_hull(self.reached), [(x, -y) for x, y in _upper_hull((x, -y) for x, y in self.missed)]

    def slopes(self) -> Slopes | None:
        """The slopes of all lines that are this staircase; None where no line is."""
        reached, missed = self.corners
        pairs = [(v - y, z - x) for x, y in reached for z, v in missed]
        low = max((Fraction(rise, run) for rise, run in pairs if run < 0), default=Fraction(-1))
        high = min((Fraction(rise, run) for rise, run in pairs if run > 0), default=None)
        return Slopes(low, high) if high is None or max(low, Fraction(0)) < high else None

    def nearest(self) -> Nearest | None:
        """A line that misses few integers: each step may come a little late or early, by as little as leaves a line.

        None where no such line is found.
        """
        for slack in (1 << bits for bits in range(MOST_SLACK)):
            loose = replace(self, starts=[x + slack for x in self.starts], ends=[x - slack for x in self.ends])
            if (slopes := loose.slopes()) is not None:
                shift = slopes.first_shift + FINER
                least, most = slopes.factors(shift)
                factors = {max(least, 1), (least + most + 1) // 2, most}
                lines = [Line(factor, loose.offset(factor, shift), shift) for factor in factors]
                return Nearest(min(map(self._missed_by, lines)), self.ends[-1] - self.starts[0] + 1)
        return None

    def _missed_by(self, line: Line) -> int:
        """Integers that a line gives another level."""
        missed = 0
        for start, end, level in zip(self.starts, self.ends, self.levels, strict=True):
            first = start if level <= self.lo else max(start, line.reaches(level))
            last = end if level >= self.hi else min(end, line.reaches(level + 1) - 1)
            missed += end - start + 1 - max(last - first + 1, 0)
        return missed

    def offset(self, factor: int, shift: int) -> int:
        """The offset of most trailing zeros for a factor that `Slopes.factors` allows."""
        reached, missed = self.corners
        least = max(((y << shift) - factor * x for x, y in reached), default=None)
        most = min(((v << shift) - factor * z for z, v in missed), default=None)
        if least is None or most is None:
            return _open_ended(least, None if most is None else most - 1)
        return _roundest(least, most - 1)


@dataclass(frozen=True, slots=True)
class Line:
    """(factor * x + offset) >> shift, the factor above 0."""

    factor: int
    offset: int
    shift: int

    def reaches(self, level: int) -> int:
        """The first x of a level."""
        return -((self.offset - (level << self.shift)) // self.factor)


@dataclass(frozen=True, slots=True)
class Nearest:
    """How many of so many integers a line near a staircase gives another level."""

    missed: int
    among: int


@dataclass(frozen=True)
class Slopes:
    """An open interval of slopes, without those below 0; `high` is None where there is no upper end."""

    low: Fraction
    high: Fraction | None

    def factors(self, shift: int) -> tuple[int, int]:
        """Least and most factor at a shift; the least is above the most where there is none."""
        least = max((self.low.numerator << shift) // self.low.denominator + 1, 0)
        if self.high is None:
            return least, 2 * least + 1
        return least, -((-self.high.numerator << shift) // self.high.denominator) - 1

    @cached_property
    def first_shift(self) -> int:
        """The least shift at which there is a factor; no finer grid holds a shorter one.

        A shorter one with its last digit on a finer grid would be a number on the coarser one, outside the interval,
        and that digit; twice the digit brings it no farther than the factor on the coarser grid, and into the interval.
        """
        return next(shift for shift in count() if self.has_factor(shift))

    def has_factor(self, shift: int) -> bool:
        """Whether some integer is a factor at this shift."""
        least, most = self.factors(shift)
        return least <= most

    def roundest(self, shift: int) -> int:
        """The factor of most trailing zeros at this shift; it must have one."""
        return _roundest(*self.factors(shift))

    def digits(self, shift: int) -> tuple[int, ...]:
        """The signed powers of two of the shortest factor at this shift; it must have one."""
        first = self.first_shift
        return tuple(digit << (shift - first) for digit in fewest_digits(*self.factors(first)))


def _upper_hull(points: Iterable[Point]) -> list[Point]:
    """The concave chain over points of ascending x."""
    chain: list[Point] = []
    for x, y in points:
        while len(chain) > 1 and _is_below(chain[-2], chain[-1], (x, y)):
            chain.pop()
        chain.append((x, y))
    return chain


def _is_below(a: Point, b: Point, c: Point) -> bool:
    """Whether b lies on the line from a to c or below it."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def _roundest(least: int, most: int) -> int:
    """The integer of least..most with most trailing zeros."""
    if least <= 0 <= most:
        return 0
    drop = 0
    while most >> (drop + 1) << (drop + 1) >= least:
        drop += 1
    return most >> drop << drop


def _open_ended(least: int | None, most: int | None) -> int:
    if least is not None:
        return _roundest(least, max(2 * least, 0))
    assert most is not None
    return _roundest(min(2 * most, 0), most)
