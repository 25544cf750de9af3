"""Stages as tables over the ways in which tensors leave their layers, in the order in which a sweep takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod

import numpy as np
import numpy.typing as npt

from shiftwire.explore.stages import Side, Stage, Stages, Stream

Table = npt.NDArray[np.float64]
"""LUTs or cycles, whole numbers, infinity where there is nothing."""

Around = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Tensors that a step leaves alone, those that it reads and keeps, and those that it is the last to read."""

Ways = Mapping[str, tuple[Side, ...]]
"""How each tensor may leave its layer, or enter."""


@dataclass(frozen=True, eq=False)
class Step:
    """A stage between the tensors that are known before it and those that are still to be read behind it.

    rest, kept, dropped  tensors before: those it does not read, reads but is not the last to, and is the last to read,
    in `sizes` ways each.
    luts, cycles  (options, ways of each kept and each dropped tensor), converters among them; writes  place of each
    option's side among `ways` of what it makes.
    """

    stage: Stage
    rest: tuple[str, ...]
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    sizes: tuple[int, ...]
    is_read: bool
    ways: int
    luts: Table
    cycles: Table
    writes: npt.NDArray[np.int64]

    @cached_property
    def before(self) -> tuple[str, ...]:
        """Every tensor before, in the order of a table's axes."""
        return (*self.rest, *self.kept, *self.dropped)

    @cached_property
    def behind(self) -> tuple[str, ...]:
        """The same behind it."""
        return (*self.rest, *self.kept, *((self.stage.name,) if self.is_read else ()))

    @cached_property
    def halves(self) -> npt.NDArray[np.int64]:
        """Of a BRAM36, that each option takes."""
        return np.array([option.halves for option in self.stage.options], np.int64)

    @property
    def outer(self) -> tuple[int, ...]:
        """Ways of the tensors that are to be read later, whatever the step does."""
        return self.sizes[: len(self.rest) + len(self.kept)]

    def within(self, cycles: int) -> Table:
        """LUTs of what ends a frame in so many cycles  (options, ways of kept tensors, ways of dropped ones)."""
        luts: Table = np.where(self.cycles <= cycles, self.luts, inf)
        return luts.reshape(len(luts), prod(self.outer[len(self.rest) :]), -1)


def steps(stages: Stages) -> tuple[Step, ...]:
    """All stages of a network."""
    ways, ready = _ways(stages), []
    live: tuple[str, ...] = (stages.entry,) if _first(stages) else ()
    for at, stage in enumerate(stages.stages):
        later = {name for other in stages.stages[at + 1 :] for name in other.reads}
        own = tuple(name for name in live if name in stage.reads)
        rest, kept = tuple(name for name in live if name not in own), tuple(name for name in own if name in later)
        dropped = tuple(name for name in own if name not in later)
        ready.append(_step(stages, stage, ways, (rest, kept, dropped), is_read=stage.name in later))
        live = ready[-1].behind
    return tuple(ready)


def _first(stages: Stages) -> Stage | None:
    """The first reader of the network's input, whose lanes it has."""
    return next((stage for stage in stages.stages if stages.entry in stage.reads), None)


def _ways(stages: Stages) -> Ways:
    """Of the input those that the first reader wants."""
    first = _first(stages)
    lanes = {option.reads[first.reads.index(stages.entry)] for option in first.options} if first else set()
    sides = {stage.name: {option.writes or Side(0) for option in stage.options} for stage in stages.stages}
    every = sides | {stages.entry: {Side(each) for each in lanes}}
    return {name: tuple(sorted(sides)) for name, sides in every.items()}


def _step(stages: Stages, stage: Stage, ways: Ways, around: Around, *, is_read: bool) -> Step:
    inputs, is_first = (*around[1], *around[2]), stage is _first(stages)
    luts, cycles = _needs(stages, stage, ways, inputs, is_first=is_first)
    places = {side: at for at, side in enumerate(ways[stage.name])}
    writes = np.array([places[option.writes or Side(0)] for option in stage.options], np.int64)
    sizes = tuple(len(ways[name]) for names in around for name in names)
    return Step(stage, *around, sizes, is_read, len(places), luts, cycles, writes)


def _needs(stages: Stages, stage: Stage, ways: Ways, inputs: tuple[str, ...], *, is_first: bool) -> tuple[Table, Table]:
    """LUTs and cycles of every option for all ways in which its inputs come."""
    shape = (len(stage.options), *(len(ways[name]) for name in inputs))
    luts, cycles = np.zeros(shape), np.zeros(shape)
    own = stage.reads.index(stages.entry) if is_first else None
    crossings: dict[tuple[str, int, bool], tuple[Table, Table]] = {}
    for at, option in enumerate(stage.options):
        luts[at], cycles[at] = option.lut, option.cycles
        for place, (name, lanes) in enumerate(zip(stage.reads, option.reads, strict=True)):
            key = name, lanes, place == own
            if key not in crossings:
                crossings[key] = _crossings(stages.streams[name], ways[name], lanes, is_own=place == own)
            along = tuple(slice(None) if name == other else None for other in inputs)
            more, least = (need[along] for need in crossings[key])
            luts[at] += more
            cycles[at] = np.maximum(cycles[at], least)
    return np.where(np.isinf(cycles), inf, luts), cycles


def _crossings(stream: Stream, ways: tuple[Side, ...], lanes: int, *, is_own: bool) -> tuple[Table, Table]:
    """LUTs and cycles of every way to so many lanes; the input's own ones need forks alone, and no others do."""
    needs = [_own(stream, side, lanes) if is_own else stream.crossing(side, lanes) for side in ways]
    luts, cycles = zip(*((inf, inf) if need is None else need for need in needs), strict=True)
    return np.array(luts, np.float64), np.array(cycles, np.float64)


def _own(stream: Stream, side: Side, lanes: int) -> tuple[int, int] | None:
    return stream.fork(lanes) if side.lanes == lanes else None
