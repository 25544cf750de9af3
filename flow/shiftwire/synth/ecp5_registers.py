"""Registers behind ECP5 block RAMs go into the blocks, which have some of their own: vendor tools do it, yosys not.

Source: REGMODE of DP16KD in Lattice's guide to ECP5 memories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

BLOCK, REGISTER = "DP16KD", "TRELLIS_FF"
PLAIN = {"CEMUX": "1", "CLKMUX": "CLK", "REGSET": "RESET"}

Cells = dict[str, Any]
"""Of a module in yosys' JSON; a net is a number, a constant a string."""


def absorb(module: Mapping[str, Any]) -> int:
    """Merge what can be merged, in place; returns how many blocks took their registers in.

    A block does where each of its outputs that leads anywhere leads to one plain register and nowhere else.
    """
    cells: Cells = module["cells"]
    readers = _readers(module)
    behind = {cell["connections"]["DI"][0]: name for name, cell in cells.items() if _is_plain(cell)}
    blocks = [cell for cell in cells.values() if cell["type"] == BLOCK]
    merged = 0
    for block in blocks:
        used = [(port, net) for port, net in _outputs(block) if readers[net]]
        if used and all(readers[net] == 1 and net in behind for _, net in used):
            for port, net in used:
                block["connections"][port] = cells.pop(behind[net])["connections"]["Q"]
            block["parameters"] |= {"REGMODE_A": "OUTREG", "REGMODE_B": "OUTREG"}
            block["connections"] |= {"OCEA": ["1"], "OCEB": ["1"]}
            merged += 1
    return merged


def _readers(module: Mapping[str, Any]) -> Counter[int | str]:
    """How many inputs of cells and outputs of the module each net leads to."""
    counts: Counter[int | str] = Counter()
    for cell in module["cells"].values():
        for port, nets in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                counts.update(nets)
    for port in module["ports"].values():
        if port["direction"] == "output":
            counts.update(port["bits"])
    return counts


def _outputs(block: Mapping[str, Any]) -> Iterator[tuple[str, int | str]]:
    for port, nets in block["connections"].items():
        if port.startswith("DO"):
            yield port, nets[0]


def _is_plain(cell: Mapping[str, Any]) -> bool:
    """A register without reset and enable that starts at 0."""
    if cell["type"] != REGISTER or cell["connections"].get("LSR", ["0"]) != ["0"]:
        return False
    return all(cell["parameters"][name].strip() == value for name, value in PLAIN.items())
