"""The fastest slower design that fits a board where a netlist did not: modelled figures, scaled by the counts."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire.errors import InputError
from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire.tools.resources import Resources

STEPS = 6
"""Halvings of the gap between a speed that fits and one that does not."""

SLOWEST = 1e-6
"""Of the speed at hand: slower than any fold of a network that a board could hold."""

ANY_SHARE = 1e9


@dataclass(frozen=True)
class Scale:
    """How much more a design takes than was modelled; what was not modelled at all counts as it is."""

    lut: float
    bram36: float

    @classmethod
    def of(cls, design: Design, counted: Resources) -> Scale:
        """Counts of a design over what was modelled of it; block RAM counts the ROMs that moved there."""
        modelled = design.resources
        bram36 = modelled.bram36 + design.rtl.moved_bram36
        return cls(counted.lut / max(modelled.lut, 1), counted.bram36 / max(bram36, 1))

    def holds(self, design: Design) -> bool:
        """Whether the board holds a design beside the shell."""
        need, board = design.resources, design.board
        return need.lut * self.lut <= board.lut - SHELL_LUT and need.bram36 * self.bram36 <= board.bram36 - SHELL_BRAM36


def slower_design(design: Design, counted: Resources) -> Design | None:
    """The fastest slower one that fits, modelled; None where even the slowest fold does not."""
    scale = Scale.of(design, counted)
    low, high = design.frames_per_second * SLOWEST, design.frames_per_second
    best = _fitting(design, scale, low)
    if best is None:
        return None
    low = best.frames_per_second
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        faster = _fitting(design, scale, middle)
        if faster is None:
            high = middle
        else:
            best, low = faster, max(middle, faster.frames_per_second)
    return best


def _fitting(design: Design, scale: Scale, fps: float) -> Design | None:
    """The cheapest design of so many frames a second, None where it does not fit."""
    try:
        slower = schedule(design.network, design.board, design.clock_ns, Target(fps, ANY_SHARE))
    except InputError:
        return None
    return slower if scale.holds(slower) else None
