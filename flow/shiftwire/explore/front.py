"""The points of a network's front as designs, FIFOs and times with them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shiftwire.errors import InputError
from shiftwire.explore.stages import Stages
from shiftwire.explore.sweep import Best, Sweep, silent
from shiftwire.ir.cfg import Element
from shiftwire.ir.cost import BRAM36_IN_LUT, SHELL_BRAM36, SHELL_LUT, AdderLevel, Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weighted
from shiftwire.passes.forms.rescale_choice import blocks
from shiftwire.schedule.adder_blocks import MOST_SAVED, DspUse, saved
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
    """A fold of every layer; memories  what a BRAM36 is worth in LUTs, in layers where it is not the usual.

    dsp  what DSP blocks of the SystemVerilog do.
    """

    folds: Mapping[str, Fold]
    memories: Mapping[str, float]
    dsp: DspUse = DspUse.NONE

    @classmethod
    def of(cls, best: Best) -> Plan:
        """That of what a sweep came upon."""
        prices = {name: option.bram36_lut for name, option in best.options.items()}
        memories = {name: price for name, price in prices.items() if price != BRAM36_IN_LUT}
        return cls({name: option.fold for name, option in best.options.items()}, memories)

    def design(self, network: Network, board: Board, clock_ns: float) -> Design:
        """It as units, FIFOs and times."""
        return replace(folded(network, board, clock_ns, self.folds, memories=self.memories), dsp=self.dsp)


@dataclass(frozen=True, slots=True)
class Point:
    """One of a front, all modelled; `name` counts from 1, the fastest.

    cost  of layers, forks and converters, which the front is exact in; fifos  what follows from the times and is added
    after the choice; dsp  blocks, of products as in HLS C++, or those that add; saved_lut  what those save of both.
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
    saved_lut: int = 0

    @property
    def total(self) -> Cost:
        """With the FIFOs, without the shell and what DSP blocks save."""
        whole = self.cost + self.fifos
        return replace(whole, lut=whole.lut - self.saved_lut)


def unbeaten(figures: Sequence[tuple[float, ...]]) -> list[int]:
    """Places of figures that no others are as low as in all, and lower in one; of equal ones the first."""

    def is_beaten(at: int) -> bool:
        own = figures[at]
        every = ((other, each) for other, each in enumerate(figures) if other != at)
        as_low = ((other, each) for other, each in every if all(a <= b for a, b in zip(each, own, strict=True)))
        return any(each != own or other < at for other, each in as_low)

    return [at for at in range(len(figures)) if not is_beaten(at)]


@dataclass(frozen=True)
class Exploration:
    """What is asked of a network on a board: points that it holds beside the shell, of at most so many BRAM36.

    With `dsp` each plan comes as it is and with adders in DSP blocks; folds may be as much larger as those can save.
    """

    network: Network
    board: Board
    clock_ns: float
    objectives: Objectives = Objectives.TWO
    bram36: float | None = None
    for_hls: bool = True
    dsp: DspUse = DspUse.NONE

    @property
    def most_lut(self) -> int:
        """Of layers, before DSP blocks take their adders."""
        weighted = (node.op.weights for node in self.network.nodes if isinstance(node.op, Weighted))
        adds = self.dsp is DspUse.ADDERS and any(weights.element is Element.ADDER for weights in weighted)
        return self.board.lut - SHELL_LUT + (MOST_SAVED * self.board.dsp if adds else 0)

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
        points = [point for point, _ in self._built(every, report)]
        if not points:
            raise InputError(
                f"no fold fits {self.board.title}: {lut:,} LUT and {self.most_bram36:g} BRAM36 are there for layers; "
                "give a larger board or a smaller network"
            )
        if self.dsp is DspUse.NONE:
            return points
        figures = [(point.cycles, point.total.lut, point.dsp, *self._block_ram(point)) for point in points]
        return [replace(points[at], name=str(number)) for number, at in enumerate(unbeaten(figures), 1)]

    def _block_ram(self, point: Point) -> tuple[float, ...]:
        return (point.cost.bram36,) if self.objectives is Objectives.THREE else ()

    def sweep(self, folds: Mapping[str, Fold]) -> Sweep:
        """Of all folds, those of some layers fixed."""
        stages = Stages.of(self.network, folds, for_hls=self.for_hls)
        return Sweep(stages, self.most_lut, int(HALVES * self.most_bram36))

    def _built(self, every: list[Best], report: Progress) -> Iterator[tuple[Point, Design]]:
        for at, best in enumerate(every):
            report(len(every) + at, 2 * len(every))
            yield from self.forms(str(at + 1), Plan.of(best), (best.cycles, best.lut, best.halves))

    def forms(self, name: str, plan: Plan, corner: tuple[int, int, int]) -> Iterator[tuple[Point, Design]]:
        """A plan as it is, and with adders in DSP blocks where that is asked for, fits and saves anything."""
        plain = self.point(name, plan, corner)
        if self.dsp is DspUse.NONE:
            yield plain
            return
        if plain[0].fits:
            yield plain
        point, design = self.point(name, replace(plan, dsp=self.dsp), corner)
        if point.fits and point.saved_lut:
            yield point, design

    def point(self, name: str, plan: Plan, corner: tuple[int, int, int]) -> tuple[Point, Design]:
        """A plan whose cycles, LUTs and halves of a BRAM36 a sweep told, and what is built of it."""
        design = plan.design(self.network, self.board, self.clock_ns)
        cycles, lut, halves = corner
        cost, times, need = Cost(lut, halves / HALVES), design.timing, design.without_blocks
        spared = AdderLevel(0, 0) if plan.dsp is DspUse.NONE else saved(design.rtl)
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
            blocks(design) if plan.dsp is DspUse.NONE else spared.blocks,
            need.lut - spared.lut <= board.lut - SHELL_LUT and need.bram36 <= board.bram36 - SHELL_BRAM36,
            spared.lut,
        )
        return point, design
