"""Memories made of LUTs, by formula: how yosys fills RAM32M, RAM64M and their twins of UltraScale+."""

from __future__ import annotations

from math import ceil

from shiftwire.costs.facts import Facts

CELLS = {"xc7": (4, 6, 3), "xcup": (8, 14, 7)}
"""By family: LUTs of a cell, and the bits that it holds of 32 and of 64 words."""


MUX, ENABLE = 0.47, 0.5
"""What yosys holds against each further part of a memory's words: for a bit of them, and for being written.

Of all memories that were counted these are right; with 0.5 a bit two of UltraScale+ are not.
"""


def lutram(family: str, words: int, width: int) -> int:
    """Slice LUTs of a memory of one writing and one reading side: all parts of 32 words, or all of 64.

    Yosys takes what it holds to be cheaper, where a cell that is filled in part costs less than it takes.
    """
    if words <= 1:
        return 0
    luts, narrow, deep = CELLS[family]

    def parts_of(size: int, bits: int) -> tuple[float, int]:
        parts, (full, rest) = ceil(words / size), divmod(width, bits)
        price = 2 * luts * full + (1 + (2 * luts - 1) * rest / bits if rest else 0)
        return parts * price + (MUX * width + ENABLE) * (parts - 1), parts * luts * ceil(width / bits)

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
    if module == "sw_reorder":
        reads = 1 if facts.get("STAYS") else facts["LANES"]
        total += facts["LANES"] * lutram(family, facts["BEATS"], reads * facts["CODE_BITS"])
    if module == "sw_mvu" and facts["NEURONS"] > 1 and facts["SYNAPSES"] > 1 and not facts["REPLAY_BLOCK"]:
        total += lutram(family, facts["SYNAPSES"], facts["SIMD"] * facts["X_BITS"])
    return total
