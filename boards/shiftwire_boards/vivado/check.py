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
    network = accelerator.network
    widths = [(accelerator.input_bits, accelerator.output_bits)]
    widths += [] if network is None else [(network.input_bits, network.output_bits)]
    ips = [(ip.vlnv, ip.folder, *map(str, bits)) for ip, bits in zip(design.ips, widths, strict=True)]
    facts = (design.name, design.board.part, f"{accelerator.clock_mhz:.3f}")
    return (str(CHECKER), str(script), *facts, *(word for ip in ips for word in ip))
