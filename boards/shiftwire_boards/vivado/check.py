"""How the checker beside the generator is called: a build script under tclsh, with stand-ins for Vivado's commands."""

from __future__ import annotations

from pathlib import Path

from shiftwire_boards.vivado.model import BlockDesign

CHECKER = Path(__file__).resolve().parent / "checker" / "check.tcl"


def checker_arguments(script: Path, design: BlockDesign) -> tuple[str, ...]:
    """Arguments for tclsh; it exits with 1 and prints one line 'ERR ...' for each fault that it finds.

    It knows what was typed into checker/cells.tcl and nothing of Vivado beyond: no CONFIG value is proven valid.
    """
    accelerator = design.accelerator
    figures = (str(accelerator.input_bits), str(accelerator.output_bits), f"{accelerator.clock_mhz:.3f}")
    return (str(CHECKER), str(script), design.name, design.board.part, accelerator.vlnv, *figures)
