"""The least LUTs of all folds within so many cycles a frame and block RAMs: exact, by dynamic programming.

Stages come in topological order. What is known of those before is a table of the least LUTs, for every way in which the
tensors that are still to be read left their layers, and for every number of halves of a BRAM36. A chain has one such
tensor at a time, a residual block two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.explore.stages import Option, Stages
from shiftwire.explore.steps import Step, Table, steps
from shiftwire.tools.process import Progress

MOST_CELLS = 1 << 26
"""Of what is added to a table at a time: half a gigabyte."""


def silent(done: int, total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Best:
    """An option of every layer that no others beat: as fast, in as few LUTs and halves of a BRAM36."""

    cycles: int
    lut: int
    halves: int
    options: Mapping[str, Option]


@dataclass(frozen=True)
class Sweep:
    """All numbers of cycles a frame, within `lut` LUTs and `halves` of a BRAM36."""

    stages: Stages
    lut: float
    halves: int

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Raises InputError where more tensors are alive at a time than a table can tell apart."""
        ready = steps(self.stages)
        for step in ready:
            cells = prod(step.sizes) * max(step.ways, 1) * (self.halves + 1)
            if cells > MOST_CELLS:
                raise InputError(
                    f"{len(step.before)} tensors wait at layer '{step.stage.name}' to be read, each in many lanes: too "
                    "many for an exact front; fix folds of layers around it by --fold LAYER=PE,SIMD"
                )
        return ready

    @cached_property
    def cycles(self) -> list[int]:
        """Those of a frame at which some layer or converter can do anew, from the least possible ones up."""
        least = max((step.cycles.min() for step in self.steps), default=0)
        every = np.unique(np.concatenate([step.cycles.ravel() for step in self.steps]))
        return [int(each) for each in every if least <= each < inf]

    def front(self, report: Progress = silent, *, is_flat: bool = False) -> Iterator[Best]:
        """Fastest first, then those of least block RAM; `report` gets numbers of cycles done and of all.

        With `is_flat` cycles and LUTs count alone, and points take no more block RAM than their LUTs ask for.
        """
        best = np.full(self.halves + 1, inf)
        for done, cycles in enumerate(self.cycles):
            report(done, len(self.cycles))
            tables = self._tables(cycles)
            least = tables[-1]
            is_new = (least < best) & (least < np.concatenate([[inf], least[:-1]]))
            if is_flat:
                is_new &= (least == least[-1]) & (least < best[-1])
            for halves in map(int, np.flatnonzero(is_new)):
                yield Best(cycles, int(least[halves]), halves, self._options(tables, cycles, halves))
            best = np.minimum(best, least)

    def least(self, cycles: int) -> float:
        """LUTs at so many cycles a frame; infinite where no folds are as fast and fit."""
        return float(self._tables(cycles)[-1][-1])

    def _tables(self, cycles: int) -> list[Table]:
        """Before every step, its axes those of the step, and behind the last one."""
        tables = [np.zeros((*self.steps[0].sizes, self.halves + 1))]
        for step, later in zip(self.steps, (*self.steps[1:], None), strict=True):
            table = _behind(step, tables[-1], cycles)
            order = [step.behind.index(name) for name in later.before] if later else []
            tables.append(np.where(table > self.lut, inf, table).transpose(*order, len(order)))
        return tables

    def _options(self, tables: Sequence[Table], cycles: int, halves: int) -> dict[str, Option]:
        """The first ones, from the last layer to the first, that make up the last table's figure."""
        ways: dict[str, int] = {}
        chosen: dict[str, Option] = {}
        luts = tables[-1][halves]
        for step, before in zip(self.steps[::-1], tables[-2::-1], strict=True):
            option, dropped, luts = _met(step, before, cycles, ways, (luts, halves))
            ways |= dropped
            halves -= option.halves
            chosen[step.stage.name] = option
        return {stage.name: chosen[stage.name] for stage in self.stages.stages}


def _behind(step: Step, before: Table, cycles: int) -> Table:
    """The table behind a step: its options of one number of halves at a time, those that fewer halves do better not."""
    luts = step.within(cycles)
    known = before.reshape(-1, *luts.shape[1:], before.shape[-1])
    ways = step.ways if step.is_read else 1
    writes = step.writes if step.is_read else np.zeros_like(step.writes)
    table = np.full((known.shape[0], known.shape[1], ways, known.shape[-1]), inf)
    least = np.full((ways, *luts.shape[1:]), inf)
    for halves in np.unique(step.halves[step.halves < known.shape[-1]]):
        added = np.full_like(least, inf)
        mine = step.halves == halves
        np.minimum.at(added, writes[mine], luts[mine])
        added[added >= least] = inf
        least = np.minimum(least, added)
        for way in np.flatnonzero(np.isfinite(added).any(axis=(1, 2))):
            left = known[..., : known.shape[-1] - halves] + added[way][None, :, :, None]
            np.minimum(table[:, :, way, halves:], left.min(axis=2), out=table[:, :, way, halves:])
    return table.reshape(*step.outer, *((ways,) if step.is_read else ()), -1)


def _met(
    step: Step, before: Table, cycles: int, ways: Mapping[str, int], need: tuple[float, int]
) -> tuple[Option, dict[str, int], float]:
    """The first option, and ways of the tensors that are dropped, that make up LUTs and halves behind; LUTs before."""
    place = tuple(ways[name] for name in (*step.rest, *step.kept))
    own = int(np.ravel_multi_index(place[len(step.rest) :], step.outer[len(step.rest) :])) if step.kept else 0
    known = before[place].reshape(-1, before.shape[-1])
    left = need[1] - step.halves
    luts = known[:, np.maximum(left, 0)].T + step.within(cycles)[:, own]
    luts[left < 0] = inf
    if step.is_read:
        luts[step.writes != ways[step.stage.name]] = inf
    option, dropped = np.argwhere(luts == need[0])[0]
    sides = np.unravel_index(dropped, step.sizes[len(place) :]) if step.dropped else ()
    sided = {name: int(side) for name, side in zip(step.dropped, sides, strict=True)}
    return step.stage.options[option], sided, float(known[dropped, left[option]])
