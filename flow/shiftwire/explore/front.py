"""The points of a network's front as designs, FIFOs and times with them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shiftwire.errors import InputError
from shiftwire.explore.stages import Stages
from shiftwire.explore.sweep import Best, Sweep, silent
from shiftwire.ir.cost import BRAM36_IN_LUT, SHELL_BRAM36, SHELL_LUT, Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.passes.forms.rescale_choice import blocks
from shiftwire.schedule.design import Design, folded
from shiftwire.schedule.knapsack import HALVES
from shiftwire.tools.process import Progress
from shiftwire_boards.catalog import Board


class Objectives(enum.Enum):
    """What no other point may have less of: cycles a frame, LUTs, and block RAM or what the board has of it."""

    TWO = "cycles,lut"
    THREE = "cycles,lut,bram36"


@dataclass(frozen=True, slots=True)
class Plan:
    """A fold of every layer; memories  what a BRAM36 is worth in LUTs, in layers where it is not the usual."""

    folds: Mapping[str, Fold]
    memories: Mapping[str, float]

    @classmethod
    def of(cls, best: Best) -> Plan:
        """That of what a sweep came upon."""
        prices = {name: option.bram36_lut for name, option in best.options.items()}
        memories = {name: price for name, price in prices.items() if price != BRAM36_IN_LUT}
        return cls({name: option.fold for name, option in best.options.items()}, memories)

    def design(self, network: Network, board: Board, clock_ns: float) -> Design:
        """It as units, FIFOs and times."""
        return folded(network, board, clock_ns, self.folds, memories=self.memories)


@dataclass(frozen=True, slots=True)
class Point:
    """One of a front, all modelled; `name` counts from 1, the fastest.

    cost  of layers, forks and converters, which the front is exact in; fifos  what follows from the times and is added
    after the choice; dsp  where products lie in blocks, as in HLS C++.
    """

    name: str
    plan: Plan
    cycles: int
    hls_cycles: int
    latency_cycles: int
    frames_per_second: float
    cost: Cost
    fifos: Cost
    dsp: int
    fits: bool

    @property
    def total(self) -> Cost:
        """With the FIFOs, without the shell."""
        return self.cost + self.fifos


@dataclass(frozen=True)
class Exploration:
    """What is asked of a network on a board: points that it holds beside the shell, of at most so many BRAM36."""

    network: Network
    board: Board
    clock_ns: float
    objectives: Objectives = Objectives.TWO
    bram36: float | None = None
    for_hls: bool = True

    @property
    def most_bram36(self) -> float:
        """Of layers; raises InputError for more than the board has beside the shell, or fewer than none."""
        there = self.board.bram36 - SHELL_BRAM36
        asked = there if self.bram36 is None else self.bram36
        if not 0 <= asked <= there:
            raise InputError(
                f"found a limit of {asked:g} BRAM36, wanted 0 to {there}, what {self.board.title} has beside the shell"
            )
        return asked

    def points(self, folds: Mapping[str, Fold], report: Progress = silent) -> list[Point]:
        """The exact front; `folds` fixes those of some layers. Raises InputError where nothing fits.

        `report` gets half of all for the choice, and half for the designs.
        """
        is_flat, lut = self.objectives is Objectives.TWO, self.board.lut - SHELL_LUT
        every = list(self.sweep(folds).front(lambda done, total: report(done, 2 * total), is_flat=is_flat))
        if not every:
            raise InputError(
                f"no fold fits {self.board.title}: {lut:,} LUT and {self.most_bram36:g} BRAM36 are there for layers; "
                "give a larger board or a smaller network"
            )
        return list(self._built(every, report))

    def sweep(self, folds: Mapping[str, Fold]) -> Sweep:
        """Of all folds, those of some layers fixed."""
        stages = Stages.of(self.network, folds, for_hls=self.for_hls)
        return Sweep(stages, self.board.lut - SHELL_LUT, int(HALVES * self.most_bram36))

    def _built(self, every: list[Best], report: Progress) -> Iterator[Point]:
        for at, best in enumerate(every):
            report(len(every) + at, 2 * len(every))
            yield self.point(str(at + 1), Plan.of(best), (best.cycles, best.lut, best.halves))[0]

    def point(self, name: str, plan: Plan, corner: tuple[int, int, int]) -> tuple[Point, Design]:
        """A plan whose cycles, LUTs and halves of a BRAM36 a sweep told, and what is built of it."""
        design = plan.design(self.network, self.board, self.clock_ns)
        cycles, lut, halves = corner
        cost, times, need = Cost(lut, halves / HALVES), design.timing, design.resources
        assert times.interval == cycles, "a front's cycles are those of its designs"
        board = self.board
        point = Point(
            name,
            plan,
            times.interval,
            times.hls_interval,
            times.latency,
            design.frames_per_second,
            cost,
            Cost(need.lut - cost.lut, need.bram36 - cost.bram36),
            blocks(design),
            need.lut <= board.lut - SHELL_LUT and need.bram36 <= board.bram36 - SHELL_BRAM36,
        )
        return point, design
