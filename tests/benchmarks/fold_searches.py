"""Other ways to choose folds, all counted alike: FINN's greedy rule, random choice, simulated annealing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, inf

import numpy as np

from shiftwire.explore.stages import Option, Side, Stages, placed
from shiftwire.ir.cost import BRAM36_IN_LUT
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.schedule.fold_choice import every_choice

HOTTEST, COLDEST = 0.1, 0.0005
"""Share of the LUTs that annealing gives away at first, and at last."""

Chosen = Mapping[str, Option]


@dataclass(frozen=True, slots=True)
class Found:
    """What some choice takes."""

    cycles: float
    lut: int
    halves: int


NOTHING = Found(inf, 0, 0)


@dataclass
class Searches:
    """A network's folds and places of memories, each evaluation counted; `halves` of a BRAM36 are there."""

    network: Network
    halves: int
    for_hls: bool = True
    evaluations: int = 0
    _crossings: dict[tuple[str, Side, int], tuple[int, int] | None] = field(default_factory=dict)

    @cached_property
    def stages(self) -> Stages:
        return Stages.of(self.network, for_hls=self.for_hls)

    @cached_property
    def options(self) -> dict[str, list[Option]]:
        """Every fold of every layer in every place, worth having or not."""
        every, streams = every_choice(self.network, {}, for_hls=self.for_hls), self.stages.streams
        return {
            node.name: [option for choice in every[node.name] for option in placed(self.network, node, choice, streams)]
            for node in self.network.nodes
        }

    def evaluated(self, chosen: Chosen) -> Found:
        """Cycles, LUTs and block RAM, converters and forks with them; no cycles at all where words are too wide."""
        self.evaluations += 1
        cycles, lut, halves = 0, 0, 0
        sides: dict[str, Side] = {}
        for stage in self.stages.stages:
            option = chosen[stage.name]
            cycles, lut, halves = max(cycles, option.cycles), lut + option.lut, halves + option.halves
            for name, lanes in zip(stage.reads, option.reads, strict=True):
                if name not in sides:  # the network's input, as its first reader wants it
                    sides[name], need = Side(lanes), self.stages.streams[name].fork(lanes)
                else:
                    need = self._crossing(name, sides[name], lanes)
                if need is None:
                    return NOTHING
                cycles, lut = max(cycles, need[1]), lut + need[0]
            if option.writes is not None:
                sides[stage.name] = option.writes
        return Found(cycles, lut, halves)

    def _crossing(self, name: str, side: Side, lanes: int) -> tuple[int, int] | None:
        key = name, side, lanes
        if key not in self._crossings:
            self._crossings[key] = self.stages.streams[name].crossing(side, lanes)
        return self._crossings[key]

    def greedy(self, cycles: int) -> tuple[Found, int]:
        """FINN's SetFolding: node after node, SIMD, then PE, until the target is met, without a look at what it takes.

        As in FINN, once more for what the slowest node reached. Returns what that takes, and the steps that it took.
        """
        chosen, steps = self._greedy(cycles)
        reached = max(option.cycles for option in chosen.values())
        again, more = self._greedy(reached) if reached > cycles else (chosen, 0)
        return self.evaluated(again), steps + more

    def _greedy(self, cycles: int) -> tuple[dict[str, Option], int]:
        chosen, steps = {}, 0
        for name, options in self.options.items():
            usual = {o.fold: o for o in options if o.bram36_lut == BRAM36_IN_LUT and not o.fold.turns}
            for fold in _rising(usual):
                chosen[name], steps = usual[fold], steps + 1
                if usual[fold].cycles <= cycles:
                    break
        return chosen, steps

    def random(self, count: int, seed: int = 0) -> list[Found]:
        """So many choices, each option as likely as any other."""
        rng = np.random.default_rng(seed)
        return [self.evaluated(self._drawn(rng)) for _ in range(count)]

    def _drawn(self, rng: np.random.Generator) -> dict[str, Option]:
        return {name: options[int(rng.integers(len(options)))] for name, options in self.options.items()}

    def annealed(self, cycles: int, count: int, seed: int = 0) -> Found:
        """The fewest LUTs that annealing meets within so many cycles, from what is greedy, a layer at a time."""
        rng, names = np.random.default_rng(seed), list(self.options)
        chosen = dict(self._greedy(cycles)[0])
        now = best = self.evaluated(chosen)
        for step in range(count - 1):
            name = names[int(rng.integers(len(names)))]
            before, chosen[name] = chosen[name], self.options[name][int(rng.integers(len(self.options[name])))]
            other, heat = self.evaluated(chosen), HOTTEST * (COLDEST / HOTTEST) ** (step / count)
            worse = self._price(other, cycles) / self._price(now, cycles) - 1
            if worse <= 0 or rng.random() < exp(-worse / heat):
                now = other
                best = min(best, now, key=lambda found: self._price(found, cycles))
            else:
                chosen[name] = before
        return best

    def _price(self, found: Found, cycles: int) -> float:
        """LUTs, many times as dear where cycles or block RAM are too many."""
        if found is NOTHING:
            return 1e18
        over = max(found.cycles / cycles, found.halves / max(self.halves, 1), 1)
        return float(found.lut * over**4)

    def fits(self, found: Found) -> bool:
        return found is not NOTHING and found.halves <= self.halves


def _rising(folds: Mapping[Fold, Option]) -> Iterator[Fold]:
    """SIMD of a single PE, then PE at the widest SIMD."""
    simds = sorted({fold.simd for fold in folds})
    yield from (Fold(1, simd) for simd in simds if Fold(1, simd) in folds)
    yield from sorted(fold for fold in folds if fold.simd == simds[-1] and fold.pe > 1)


def fewest(found: Sequence[Found], cycles: float) -> int | None:
    """LUTs of the smallest within so many cycles; None where there is none."""
    return min((each.lut for each in found if each.cycles <= cycles), default=None)
