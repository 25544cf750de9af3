"""Physical terms of units that sum: lanes, adder trees and accumulators of each kind of processing element."""

from __future__ import annotations

from math import ceil

from shiftwire.costs.blocks import in_blocks, minima_levels, paired_outputs, signed_operands, total_levels
from shiftwire.costs.facts import Facts
from shiftwire.costs.parts import Terms, constants, counters, fifo, in_block, muxes, together
from shiftwire.ir.cost import LUTRAM_WORDS, AdderLevel
from shiftwire.ir.module import Pe

NARROW_BITS = 8
"""Of a weight: wider ones are multiplied by what yosys makes of a product, up to three times as large a bit."""


def tree_bits(items: int, bits: int, most: int) -> int:
    """Bits of all adders of a balanced tree over so many items, none of them wider than `most`."""
    if items <= 1:
        return 0
    low = items // 2
    width = min(bits + (items - 1).bit_length(), most)
    return tree_bits(low, bits, most) + tree_bits(items - low, bits, most) + width


def sums_terms(facts: Facts) -> Terms:
    """Of the matrix-vector and the vector-vector unit."""
    return together((_control(facts), _elements(facts), _buffer(facts)))


def _control(facts: Facts) -> Terms:
    names = ("GROUPS", "NEURONS", "SYNAPSES", "CYCLES", "BLOCKS", "CHANNELS")
    steps = [facts[name] for name in names if name in facts]
    is_replayed = facts.get("NEURONS", 1) > 1 and facts["SYNAPSES"] > 1
    return together(
        (
            {"unit": 1, "term_bits": facts.get("TERM_BITS", 1) - 1, "list_bits": facts.get("LIST_BITS", 0)},
            counters(*steps),
            _rom(facts),
            _replay(facts) if is_replayed else {},
        )
    )


def _rom(facts: Facts) -> Terms:
    if not facts.get("ROM_BLOCK"):
        return constants(facts, "WEIGHTS")
    return in_block("rom", facts["WEIGHTS_WORDS"], facts["WEIGHTS_BITS"], is_constant=True)


def _replay(facts: Facts) -> Terms:
    words, width = facts["SYNAPSES"], facts["SIMD"] * facts["X_BITS"]
    if facts["REPLAY_BLOCK"]:
        return {"replays": 1, **in_block("replay", words, width, is_constant=False)}
    parts = ceil(words / LUTRAM_WORDS)
    return {"replays": 1, "replay_muxes": muxes(parts, width), "replay_parts": parts - 1}


def _buffer(facts: Facts) -> Terms:
    return {} if facts["DEPTH"] == 1 else fifo(facts, ahead=True)


def _elements(facts: Facts) -> Terms:
    pe, simd = facts["PE"], facts["SIMD"]
    match Pe(facts["KIND"]):
        case Pe.SHIFT:
            own = _shift(facts, simd)
        case Pe.ADDER | Pe.DISTANCE:
            own = _adder(facts, simd)
        case Pe.INT | Pe.INT_IN_DSP:
            own = _product(facts, simd)
        case Pe.XNOR:
            own = _agreement(facts, simd)
    shared = {**_total(facts, simd), **_pairs(facts, simd)}
    return {**{name: pe * amount for name, amount in own.items()}, **shared}


def _shift(facts: Facts, simd: int) -> Terms:
    acc, window = facts["RAW_BITS"], facts["WINDOW_BITS"]
    far = 1 << window - 1 if window else 0
    full = facts["X_BITS"] + (1 - facts["X_SIGNED"]) + (1 << window) - 1
    moved, value, pair = min(full - far, acc), min(full, acc), min(full + 1, acc)
    pairs = simd // 2
    items, item = simd - pairs, value if simd == 1 else pair
    near = {0: 0, 1: 0, 2: moved / 2}.get(window, moved * (window - 2))
    return {
        "lane_bits": simd * near,
        "half_bits": pairs * value / 2 if far else 0,
        "pair_bits": pairs * pair,
        "tree_bits": tree_bits(items, item, acc),
        "accumulator_bits": acc,
        "odd_bits": (simd % 2) * item if simd > 1 else 0,
        "elements": 1,
    }


def _adder(facts: Facts, simd: int) -> Terms:
    acc, bits = facts["RAW_BITS"], facts["W_BITS"]
    pair, pairs = min(bits + 1, acc), simd // 2
    items, item = simd - pairs, min(bits, acc) if simd == 1 else pair
    before = facts.get("BLOCK_LEVELS", 0)
    tree = _logic_bits(minima_levels(facts), before) / facts["PE"] if before else tree_bits(items, item, acc)
    return {
        "compare_bits": simd * ceil(bits / 2),
        "lanes": simd,
        "half_bits": pairs * ceil(bits / 2),
        "pair_bits": pairs * pair,
        "tree_bits": tree,
        "accumulator_bits": 0 if before else acc,
        "elements": 1,
    }


def _logic_bits(levels: tuple[AdderLevel, ...], before: int) -> int:
    """Bits of the adders of a tree in front of the levels that are DSP blocks."""
    return sum(level.lut for level in levels[before:])


def _total(facts: Facts, simd: int) -> Terms:
    if Pe(facts["KIND"]) is not Pe.ADDER or not facts["TOTAL_BITS"]:
        return {}
    if facts.get("BLOCK_LEVELS"):
        return {"total_bits": _logic_bits(total_levels(facts), facts["BLOCK_LEVELS"])}
    return {"total_bits": facts["TOTAL_BITS"] + tree_bits(simd, facts["W_BITS"], facts["TOTAL_BITS"])}


def _pairs(facts: Facts, simd: int) -> Terms:
    """The adder that sets one weight above another; a block has one, which yosys finds on the 7 series alone."""
    lanes = paired_outputs(facts) * simd
    return {"pair_bits": lanes * (signed_operands(facts)[1] + 1)} if lanes else {}


def _product(facts: Facts, simd: int) -> Terms:
    acc = facts["RAW_BITS"]
    x, w = signed_operands(facts)
    item = min(facts["X_BITS"] + facts["W_BITS"] + (0 if facts["X_SIGNED"] or facts["W_SIGNED"] else 1), acc)
    rows = ceil(w / 2)
    if Pe(facts["KIND"]) is Pe.INT_IN_DSP:
        narrow = 0 if in_blocks(facts) else x * w
        return {
            "lanes": simd,
            "narrow_bits": simd * narrow,
            "tree_bits": tree_bits(simd, item, acc),
            "accumulator_bits": acc,
            "elements": 1,
        }
    if w > NARROW_BITS:
        sums = {"tree_bits": tree_bits(simd, item, acc), "accumulator_bits": acc, "elements": 1}
        return {"wide_bits": simd * x * w, "lanes": simd, **sums}
    return {
        "lane_bits": simd * rows * x,
        "lanes": simd,
        "row_pairs": simd * (rows // 2) * (x + 2),
        "tops": simd * max(item - 4, 0) if w > 4 else 0,
        "tree_bits": tree_bits(simd, item, acc),
        "accumulator_bits": acc,
        "elements": 1,
    }


def _agreement(facts: Facts, simd: int) -> Terms:
    return {
        "lanes": simd,
        "lane_bits": simd.bit_length(),
        "accumulator_bits": facts["RAW_BITS"],
        "elements": 1,
    }
