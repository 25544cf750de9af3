"""Everything that is held of units as they are generated: trip counts, ports, widths, divisors, their own top."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import shiftwire_hls
from hls_structure.evolution import trip_faults, trips
from hls_structure.faults import Fault, Rule, fault
from hls_structure.operators import divisors
from hls_structure.ports import counted, port_faults, width_faults
from hls_structure.source import header
from hls_structure.units import Subject

BATCH = 25
"""Units in one C++ file: many share the time that its headers take."""


def unit_faults(
    many: Sequence[Subject],
    folder: Path,
    headers: Path = shiftwire_hls.INCLUDE_DIR,
    flags: tuple[str, ...] = ("-O0",),
) -> list[Fault]:
    """What is wrong with some units; `folder` keeps what was compiled for them."""
    faults = [one for unit in many for one in division_faults(unit, headers)]
    for batch in (many[at : at + BATCH] for at in range(0, len(many), BATCH)):
        for unit, counts in zip(batch, counted(batch, folder, headers, flags), strict=True):
            faults += [*port_faults(unit, counts), *width_faults(unit, counts.memories)]
        for unit, found in zip(batch, trips(batch, folder, headers), strict=True):
            faults += trip_faults(unit, found)
    return sorted(set(faults))


def division_faults(one: Subject, headers: Path) -> Iterator[Fault]:
    """Divisors of the unit's headers, which are powers of two in its own Cfg."""
    members = {member.name: member.value for member in one.unit.cfg.members}
    for text, place in _divisors(headers, one.unit.headers):
        named = re.fullmatch(r"C::(\w+)", text)
        value = members.get(named[1]) if named else int(text) if text.isdigit() else None
        if not isinstance(value, int) or value < 1 or value & (value - 1):
            found = f"a division by {text} = {value} at {place}"
            yield fault(Rule.DIVISION, one.name, found, "a power of two")


@functools.cache
def _divisors(headers: Path, names: tuple[str, ...]) -> list[tuple[str, str]]:
    sources = [header(headers / name) for name in (*names, "sw_code.h", "sw_finish.h")]
    return [(text, source.at(line)) for source in sources for text, line in divisors(source)]
