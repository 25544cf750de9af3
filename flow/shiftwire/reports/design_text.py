"""What the verbs say of a design: its speed and what it takes, always as modelled."""

from __future__ import annotations

from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.schedule.design import Design


def modelled(design: Design) -> dict[str, object]:
    """The members that --json prints."""
    return {
        "modelled": {
            "interval_cycles": design.timing.interval,
            "latency_cycles": design.timing.latency,
            "frames_per_second": design.frames_per_second,
            "lut": design.resources.lut,
            "bram36": design.resources.bram36,
            "fifo_bits": sum(fifo.bits for fifo in design.pipeline.fifos.values()),
        }
    }


def speed(design: Design) -> str:
    """One line: cycles a frame, frames a second, latency, LUT and BRAM36; cycles are those of the C++ schedule."""
    need, board = design.resources, design.board
    return (
        f"{design.timing.interval:,} cycles a frame, {design.frames_per_second:,.0f} frames/s "
        f"at {design.clock_ns:g} ns, latency {design.timing.latency:,} cycles (schedule of the C++), "
        f"{need.lut:,} of {board.lut:,} LUT, "
        f"{need.bram36} of {board.bram36} BRAM36"
    )


def crowded(design: Design) -> str:
    """What is more than the board has beside the shell; empty where all fits."""
    need, board = design.resources, design.board
    both = ((need.lut, board.lut - SHELL_LUT, "LUT"), (need.bram36, board.bram36 - SHELL_BRAM36, "BRAM36"))
    return " and ".join(f"{used:,} {name} of {there:,}" for used, there, name in both if used > there)
