"""Block RAM and DSP blocks of a unit, by formula: what its parameters ask for is what a netlist has."""

from __future__ import annotations

from shiftwire.costs.facts import Facts
from shiftwire.ir.cost import blocks, multiplier_blocks, rom_blocks
from shiftwire.ir.module import Pe

LEAST_PRODUCT_BITS = 9
"""Narrower products are never blocks, whatever was asked for: LUTs do them as well."""

BUFFERS = (("", 0), ("_B", 1))


def unit_bram36(facts: Facts) -> float:
    """Halves counted as such."""
    total = 0.0
    for end, out in BUFFERS:
        if facts.get(f"BLOCK{end}"):
            total += blocks(facts[f"DEPTH{end}"], facts[f"OUT{out}_WIDTH"])
    if facts.get("RING_BLOCK"):
        word = facts["LANES"] * facts["CODE_BITS"]
        total += facts["TAPS"] * blocks(1 << facts["RING_BITS"], word)
    if facts.get("REPLAY_BLOCK") and facts["NEURONS"] > 1 and facts["SYNAPSES"] > 1:
        total += blocks(facts["SYNAPSES"], facts["SIMD"] * facts["X_BITS"])
    if facts.get("ROM_BLOCK"):
        total += sum(rom_blocks(facts[f"{name}_WORDS"], facts[f"{name}_VARYING"]) for name in _constants(facts))
    if facts.get("LIST_BLOCK"):
        total += rom_blocks(facts["LIST_WORDS"], facts["LIST_VARYING"])
    return total


def constant_bits(facts: Facts) -> int:
    """Bits of constants that block RAM gives a unit in a cycle: those that are not the same in all words."""
    bits = 0
    if facts.get("ROM_BLOCK"):
        bits += sum(facts[f"{name}_VARYING"] for name in _constants(facts))
    if facts.get("LIST_BLOCK"):
        bits += facts["LIST_VARYING"]
    return bits


def _constants(facts: Facts) -> tuple[str, ...]:
    """Memories of constants that a unit puts in block RAM; of one that was never drawn all, but for its list."""
    for name in ("WEIGHTS", "SCALE"):
        if f"{name}_WORDS" in facts:
            return (name,)
    return tuple(name.removesuffix("_WORDS") for name in facts if name.endswith("_WORDS") and name != "LIST_WORDS")


def unit_dsp(facts: Facts) -> int:
    """Multiplier blocks: one a product of at most 25 by 18 bits, where products are to lie in blocks."""
    if facts.get("KIND") != Pe.INT_IN_DSP.value:
        return 0
    product = facts["X_BITS"] + facts["W_BITS"] + (0 if facts["X_SIGNED"] or facts["W_SIGNED"] else 1)
    if min(product, facts["RAW_BITS"]) < LEAST_PRODUCT_BITS:
        return 0
    x = facts["X_BITS"] + 1 - facts["X_SIGNED"]
    w = facts["W_BITS"] + 1 - facts["W_SIGNED"]
    return facts["PE"] * facts["SIMD"] * multiplier_blocks(x, w)
