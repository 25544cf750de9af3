"""Programs in parts that a compiler works on side by side: one source, each part told by SHIFTWIRE_PART."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from shiftwire.ir.unit import Unit
from shiftwire.units.sums.dot_product import DotProduct

PARTS = 2
"""Fixed, so that a source is the same on every machine; part 0 has what surrounds the pieces too."""

PART_LINES = (
    "#ifdef SHIFTWIRE_PART",
    "#define SHIFTWIRE_IS(part) (SHIFTWIRE_PART == part)",
    "#else",
    "#define SHIFTWIRE_IS(part) 1",
    "#endif",
)
"""Without SHIFTWIRE_PART a source is the whole program."""


def guarded(part: int, lines: Iterable[str]) -> Iterator[str]:
    """Lines of one part."""
    yield f"#if SHIFTWIRE_IS({part})"
    yield from lines
    yield "#endif"


def parts(codes: Sequence[Hashable], loads: Sequence[int], surroundings: int) -> list[int]:
    """The part of each piece, about as much work in each; pieces of the same code are in one part.

    Loads are what a compiler has to do for each piece, `surroundings` what for part 0 anyhow, in units of `load`.
    """
    pieces = dict(zip(codes, loads, strict=True))
    busy, chosen = [surroundings] + [0] * (PARTS - 1), {}
    for code, load in sorted(pieces.items(), key=lambda item: -item[1]):
        chosen[code] = busy.index(min(busy))
        busy[chosen[code]] += load
    return [chosen[code] for code in codes]


def load(unit: Unit) -> int:
    """What a compiler has to do for a unit, in 1/20 s: measured, about the same whatever its lanes."""
    return 5 if isinstance(unit, DotProduct) else 2
