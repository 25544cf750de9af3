"""Memories made of LUTs, by formula: how yosys fills RAM32M, RAM64M and their twins of UltraScale+."""

from __future__ import annotations

from math import ceil

from shiftwire.costs.facts import Facts

CELLS = {"xc7": (4, 6, 3), "xcup": (8, 14, 7)}
"""By family: LUTs of a cell, and the bits that it holds of 32 and of 64 words."""


MUX_LUT, ENABLE_LUT = 0.25, 0.4
"""What yosys seems to hold against a bit of each further part of a memory's words, and against each part."""


def lutram(family: str, words: int, width: int) -> int:
    """Slice LUTs of a memory of one writing and one reading side: all parts of 32 words, or all of 64."""
    if words <= 1:
        return 0
    luts, narrow, deep = CELLS[family]

    def parts_of(size: int, bits: int) -> tuple[float, int]:
        parts, taken = ceil(words / size), luts * ceil(width / bits)
        return parts * (taken + ENABLE_LUT) + MUX_LUT * width * (parts - 1), parts * taken

    return min(parts_of(32, narrow), parts_of(64, deep))[1]


def unit_lutram(family: str, module: str, facts: Facts) -> int:
    """Of all memories of a unit that are no block RAM."""
    total = 0
    for end, out in (("", 0), ("_B", 1)):
        depth = facts.get(f"DEPTH{end}", 1)
        if depth > 1 and not facts[f"BLOCK{end}"]:
            total += lutram(family, depth, facts[f"OUT{out}_WIDTH"])
    if module == "sw_window" and not facts["RING_BLOCK"]:
        total += facts["TAPS"] * lutram(family, 1 << facts["RING_BITS"], facts["LANES"] * facts["CODE_BITS"])
    if module == "sw_mvu" and facts["NEURONS"] > 1 and facts["SYNAPSES"] > 1 and not facts["REPLAY_BLOCK"]:
        total += lutram(family, facts["SYNAPSES"], facts["SIMD"] * facts["X_BITS"])
    return total
