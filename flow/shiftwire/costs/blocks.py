"""Block RAM and DSP blocks of a unit, by formula: what its parameters ask for is what a netlist has."""

from __future__ import annotations

from itertools import zip_longest

from shiftwire.costs.facts import Facts
from shiftwire.ir.cost import MULTIPLIER_BITS, AdderLevel, adder_levels, blocks, multiplier_blocks, rom_blocks
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


PAIRED_BITS = 24
"""Of a code and of two weights, at most, that one block multiplies at once; a sign makes them its 25."""


def unit_dsp(facts: Facts) -> int:
    """Multiplier blocks, where products are to lie in blocks: one a product of at most 25 by 18 bits, or one for two.

    Two outputs of a matrix-vector unit share them; a depthwise unit's outputs have no code in common. Of adder layers
    the levels of adders that are to lie in blocks.
    """
    if facts.get("BLOCK_LEVELS"):
        return sum(level.blocks for level in block_levels(facts)[: facts["BLOCK_LEVELS"]])
    if not in_blocks(facts):
        return 0
    pairs = paired_outputs(facts)
    return facts["SIMD"] * (pairs + (facts["PE"] - 2 * pairs) * multiplier_blocks(*signed_operands(facts)))


def block_levels(facts: Facts) -> tuple[AdderLevel, ...]:
    """Levels of adders of an adder layer that may lie in blocks, those of all sums of minima and of the sum of x.

    None where either has no two operands, or sums too wide for a block.
    """
    minima, total = minima_levels(facts), total_levels(facts)
    if not minima or not total:
        return ()
    return tuple(a + b for a, b in zip_longest(minima, total, fillvalue=AdderLevel(0, 0)))


def minima_levels(facts: Facts) -> tuple[AdderLevel, ...]:
    """Those of the sums of minima."""
    raw, bits = facts["RAW_BITS"], facts["W_BITS"]
    return adder_levels(facts["PE"], (facts["SIMD"] + 1) // 2, min(bits + 1, raw), raw)


def total_levels(facts: Facts) -> tuple[AdderLevel, ...]:
    """Those of the sum of x."""
    return adder_levels(1, facts["SIMD"], facts["W_BITS"], facts["TOTAL_BITS"])


def in_blocks(facts: Facts) -> bool:
    """Whether a unit's products are blocks."""
    if facts.get("KIND") != Pe.INT_IN_DSP.value:
        return False
    product = facts["X_BITS"] + facts["W_BITS"] + (0 if facts["X_SIGNED"] or facts["W_SIGNED"] else 1)
    return min(product, facts["RAW_BITS"]) >= LEAST_PRODUCT_BITS


def paired_outputs(facts: Facts) -> int:
    """Pairs of outputs whose products share blocks; SystemVerilog: sw_sums.

    Those of a depthwise unit, which has no sum of x, read no code in common.
    """
    if not in_blocks(facts) or "TOTAL_BITS" not in facts:
        return 0
    fits = 2 * facts["W_BITS"] + facts["X_BITS"] <= PAIRED_BITS and signed_operands(facts)[0] <= MULTIPLIER_BITS[1]
    return facts["PE"] // 2 if fits else 0


def signed_operands(facts: Facts) -> tuple[int, int]:
    """Bits of a code and of a weight as signed numbers."""
    return facts["X_BITS"] + 1 - facts["X_SIGNED"], facts["W_BITS"] + 1 - facts["W_SIGNED"]
