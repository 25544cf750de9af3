"""Counts what a mapped Xilinx netlist takes in slices, from yosys' JSON.

Every used carry bit takes the LUT in front of it; shift registers and distributed memories are LUTs too. Pairing of
small LUTs is not modelled, so the count is an upper bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from shiftwire.tools.resources import Resources

Cell = Mapping[str, Any]
Module = Mapping[str, Any]

LUTRAM = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM64X8SW": 8, "RAM32X16DR8": 8,
}  # fmt: skip
"""Slice LUTs that a distributed memory cell occupies."""


def top_resources(modules: Mapping[str, Module], top: str) -> Resources:
    """Of `top` and everything below it."""
    below = (top_resources(modules, name) for name in _children(modules, top).values())
    return sum(below, _own_resources(modules[top], modules))


def unit_resources(modules: Mapping[str, Module], top: str, path: str = "") -> dict[str, Resources]:
    """Of every instance that kept its hierarchy, by its path below `top`, with everything below it."""
    resources: dict[str, Resources] = {}
    for name, module in _children(modules, top).items():
        here = f"{path}.{name}" if path else name
        resources[here] = top_resources(modules, module)
        resources |= unit_resources(modules, module, here)
    return resources


def _children(modules: Mapping[str, Module], name: str) -> dict[str, str]:
    return {cell: kind["type"] for cell, kind in modules[name]["cells"].items() if kind["type"] in modules}


def _own_resources(module: Module, modules: Mapping[str, Module]) -> Resources:
    kinds = Counter(cell["type"] for cell in module["cells"].values() if cell["type"] not in modules)
    lutram = sum(LUTRAM.get(kind, 0) * number for kind, number in kinds.items())
    srl = _starting(kinds, "SRL")
    return Resources(
        lut=_packed(module) + srl + lutram,
        ff=_starting(kinds, "FD"),
        bram36=_starting(kinds, "RAMB36") + _starting(kinds, "RAMB18") / 2,
        dsp=_starting(kinds, "DSP48"),
        uram=_starting(kinds, "URAM"),
        lutram=lutram,
        srl=srl,
        raw_lut=_starting(kinds, "LUT"),
    )


def _starting(kinds: Mapping[str, int], prefix: str) -> int:
    return sum(number for kind, number in kinds.items() if kind.startswith(prefix))


def _packed(module: Module) -> int:
    """Slice LUTs of LUT, CARRY4 and INV cells: carry bits + LUTs that stand in front of none + inverters elsewhere."""
    driver, sinks = _nets(module)
    cells: Mapping[str, Cell] = module["cells"]
    carry_bits = 0
    in_carry: set[str] = set()
    for cell in cells.values():
        if cell["type"] == "CARRY4":
            used = _used_carry_bits(cell, sinks)
            carry_bits += used
            in_carry |= {driver[bit] for bit in cell["connections"]["S"][:used] if bit in driver}
    luts = {name for name, cell in cells.items() if cell["type"].startswith("LUT")}
    inverters: int = sum(cell["type"] == "INV" and _leaves_carry(cell, sinks) for cell in cells.values())
    return carry_bits + len(luts - in_carry) + inverters


def _used_carry_bits(cell: Cell, sinks: Mapping[int, list[str]]) -> int:
    """1 + the highest bit whose O or CO somebody reads."""
    outputs: list[list[int]] = [cell["connections"].get(port, []) for port in ("O", "CO")]
    return max((k + 1 for bits in outputs for k, bit in enumerate(bits) if sinks.get(bit)), default=0)


def _leaves_carry(inverter: Cell, sinks: Mapping[int, list[str]]) -> bool:
    return any(sink != "CARRY4.S" for sink in sinks.get(inverter["connections"]["O"][0], []))


def _nets(module: Module) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The cell that drives each net, and who reads it, as KIND.PORT."""
    driver: dict[int, str] = {}
    sinks: defaultdict[int, list[str]] = defaultdict(list)
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            for bit in (bit for bit in bits if isinstance(bit, int)):  # a string is a constant
                if cell["port_directions"].get(port) == "output":
                    driver[bit] = name
                else:
                    sinks[bit].append(f"{cell['type']}.{port}")
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                sinks[bit].append("port")
    return driver, sinks
