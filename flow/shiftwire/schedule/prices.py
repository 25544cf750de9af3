"""What a BRAM36 may be worth where LUTs or block RAM run out, where memories then lie, and the folds that then fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import floor, inf

import numpy as np
import numpy.typing as npt

from shiftwire.ir.cost import BRAM36_IN_LUT, Cost
from shiftwire.ir.fold import Fold
from shiftwire.schedule.fold_choice import Choices, intervals, picked, worth_having
from shiftwire.schedule.knapsack import HALVES, packed

STEPS = 4
"""To twice a price."""

LOWEST, HIGHEST = -2, 3
"""Doublings of the usual price: from folds that save LUTs alone to all memories in LUTs."""

PRICES = sorted(
    (round(BRAM36_IN_LUT * 2 ** (step / STEPS)) for step in range(LOWEST * STEPS, HIGHEST * STEPS + 1)),
    key=lambda price: (price != BRAM36_IN_LUT, price),
)
"""The usual one, then all others, in LUTs."""

PLACES = sorted(PRICES)[-LOWEST * STEPS :]
"""Those at which more and more memories lie in LUTs."""


@dataclass(frozen=True)
class Priced:
    """The folds worth having of each layer where a BRAM36 is worth so many LUTs."""

    bram36_lut: float
    among: Choices

    def folds(self, interval: int) -> dict[str, Fold]:
        """The cheapest ones that end a frame in so many cycles."""
        return {name: choice.fold for name, choice in picked(self.among, interval).items()}

    def layers(self, interval: int) -> Cost:
        """What these take, without buffers."""
        return sum((choice.cost for choice in picked(self.among, interval).values()), Cost())

    def needs(self, cycles: Sequence[int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """LUTs and BRAM36 of layers at each of several numbers of cycles a frame."""
        luts, blocks = np.zeros(len(cycles), np.int64), np.zeros(len(cycles))
        for kept in self.among.values():
            at = np.searchsorted([choice.cycles for choice in kept], cycles, side="right") - 1
            luts += np.array([choice.cost.lut for choice in kept])[at]
            blocks += np.array([choice.cost.bram36 for choice in kept])[at]
        return luts, blocks


@dataclass(frozen=True)
class Plan:
    """A fold of each layer, and the price that says where memories lie."""

    bram36_lut: float
    folds: Mapping[str, Fold]


@dataclass(frozen=True)
class Room:
    """What there is for a design, and what buffers take of it."""

    lut: float
    bram36: float
    buffers: Cost = field(default_factory=Cost)

    def holds(self, need: Cost) -> bool:
        """Whether it is enough for what includes buffers."""
        return need.lut <= self.lut and need.bram36 <= self.bram36

    def beside(self, buffers: Cost) -> Room:
        """The same for other buffers."""
        return replace(self, buffers=buffers)

    def left(self, bram36_lut: float) -> tuple[float, int]:
        """LUTs and halves of a BRAM36 for layers."""
        taken = self.buffers.at(bram36_lut)
        return self.lut - taken.lut, floor(HALVES * (self.bram36 - taken.bram36))


@dataclass(frozen=True)
class Market:
    """All folds of a network's layers, at every price."""

    every: Choices
    _known: dict[float, Choices] = field(default_factory=dict)

    @cached_property
    def prices(self) -> tuple[Priced, ...]:
        """The usual one first."""
        return tuple(priced(self.every, price) for price in PRICES)

    @property
    def usual(self) -> Priced:
        """At the price at which folds are ranked where nothing runs out."""
        return self.prices[0]

    @cached_property
    def intervals(self) -> list[int]:
        """Every number of cycles a frame at which some layer folds anew at some price."""
        return sorted({cycles for each in self.prices for cycles in intervals(each.among)})

    def cycles(self, layer: str, fold: Fold) -> int:
        """Those of a frame that a layer takes at one of its folds."""
        return next((choice.cycles for choice in self.every[layer] if choice.fold == fold), 0)

    def may_fit(self, room: Room) -> list[int]:
        """Numbers of cycles a frame at which no price says that layers take more than there is."""
        cycles = self.intervals
        fits = np.ones(len(cycles), np.bool_)
        for each in self.prices:
            luts, blocks = each.needs(cycles)
            fits &= luts + each.bram36_lut * blocks <= room.lut + each.bram36_lut * room.bram36
        return [interval for interval, fit in zip(cycles, fits, strict=True) if fit]

    def plan(self, interval: int, room: Room) -> Plan | None:
        """Folds of so many cycles a frame that fit and leave most room, of LUTs or of block RAM; None for none."""
        plans = (self._plan(interval, room, price) for price in PLACES)
        _, plan = min((each for each in plans if each is not None), key=lambda each: each[0], default=(inf, None))
        return plan

    def _plan(self, interval: int, room: Room, bram36_lut: float) -> tuple[float, Plan] | None:
        """With the share of what is used up first."""
        lut, halves = room.left(bram36_lut)
        if lut <= 0 or halves < 0:
            return None
        own = self._placed(bram36_lut)
        pack = packed({name: [c for c in every if c.cycles <= interval] for name, every in own.items()}, halves)
        shares = np.maximum(pack.luts / lut, np.arange(halves + 1) / max(halves, 1))
        best = int(shares.argmin())
        if pack.luts[best] > lut:
            return None
        chosen = pack.choices(best)
        return float(shares[best]), Plan(bram36_lut, {name: choice.fold for name, choice in chosen.items()})

    def _placed(self, bram36_lut: float) -> Choices:
        """All folds where memories lie as the price says."""
        if bram36_lut not in self._known:
            every = self.every.items()
            self._known[bram36_lut] = {
                name: [replace(choice, cost=choice.cost.at(bram36_lut)) for choice in own] for name, own in every
            }
        return self._known[bram36_lut]


def priced(every: Choices, bram36_lut: float) -> Priced:
    """All folds at one price."""
    return Priced(bram36_lut, {name: worth_having(own, bram36_lut) for name, own in every.items()})
