"""Programs in parts that a compiler works on side by side: one source, each part told by SHIFTWIRE_PART."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from shiftwire.ir.unit import Unit
from shiftwire.units.dot_product import DotProduct

PARTS = 2
"""Fixed, so that a source is the same on every machine; part 0 has what surrounds the units too."""

PART_LINES = (
    "#ifdef SHIFTWIRE_PART",
    "#define SHIFTWIRE_IS(part) (SHIFTWIRE_PART == part)",
    "#else",
    "#define SHIFTWIRE_IS(part) 1",
    "#endif",
)
"""Without SHIFTWIRE_PART a source is the whole program."""

SURROUNDINGS = 600
"""What part 0 takes anyhow, in the units of `_weight`."""


def guarded(part: int, lines: Iterable[str]) -> Iterator[str]:
    """Lines of one part."""
    yield f"#if SHIFTWIRE_IS({part})"
    yield from lines
    yield "#endif"


def parts(codes: Sequence[Hashable], units: Sequence[Unit]) -> list[int]:
    """The part of each unit, about as much work in each; units of the same code are in one part."""
    weights = {code: _weight(unit) for code, unit in zip(codes, units, strict=True)}
    loads, chosen = [SURROUNDINGS] + [0] * (PARTS - 1), {}
    for code, weight in sorted(weights.items(), key=lambda item: -item[1]):
        chosen[code] = loads.index(min(loads))
        loads[chosen[code]] += weight
    return [chosen[code] for code in codes]


def _weight(unit: Unit) -> int:
    """Roughly how long a compiler works on it: lanes that meet in an iteration."""
    lanes = sum(port.lanes for port in (*unit.reads, unit.writes))
    return 30 + lanes + (2 * unit.fold.pe * unit.fold.simd if isinstance(unit, DotProduct) else 0)
