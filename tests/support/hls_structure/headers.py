"""All rules that the headers are held to as they stand, before anyone calls them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from hls_structure import language, layout, loops, operators
from hls_structure.faults import Fault
from hls_structure.source import Source, header

OF_ONE: tuple[Callable[[Source], Iterator[Fault]], ...] = (
    loops.one_loop,
    loops.bounds,
    operators.divisions,
    operators.shifts,
    operators.distance,
    layout.dependence,
    layout.places,
    layout.beats,
    layout.hidden,
    layout.stream_sites,
    language.heap,
    language.state,
    language.plain,
    language.sizes,
)
OF_ALL = (language.recursion, language.library)


def header_faults(folder: Path) -> list[Fault]:
    """What is wrong with the headers of a folder, by place."""
    sources = [header(path) for path in sorted(folder.glob("*.h"))]
    faults = [one for source in sources for one in _of_one(source)]
    faults += [one for rule in OF_ALL for one in rule(sources)]
    return sorted(set(faults))


@functools.cache
def _of_one(source: Source) -> tuple[Fault, ...]:
    return tuple(one for rule in OF_ONE for one in rule(source))
