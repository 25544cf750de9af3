"""Physical terms of units that work beat by beat, change widths, or move codes."""

from __future__ import annotations

from math import ceil

from shiftwire.costs.facts import Facts
from shiftwire.costs.parts import Terms, constants, counters, fifo, in_block, muxes, pick, together
from shiftwire.ir.cost import LUTRAM_WORDS


def finish_terms(facts: Facts) -> Terms:
    """Of what adds the bias behind sums, and narrows them."""
    lanes, raw, out = facts["LANES"], facts["RAW_BITS"], facts["OUT_BITS"]
    return together(
        (
            {"unit": 1, "paired_bits": lanes * out * facts["PAIRED"], "bias_bits": out * facts["BIAS_LIVE"]},
            counters(facts["PARTS"], facts.get("REPEAT", 1), facts["WORDS"]),
            {} if facts["ROM_BLOCK"] else constants(facts, *_memories(facts)),
            pick(facts["PARTS"], lanes * raw),
            fifo(facts, ahead=True),
        )
    )


def requantize_terms(facts: Facts) -> Terms:
    """Of a coarser grid and a narrower range."""
    lanes, drop, out = facts["LANES"], max(facts["DROP"], 0), facts["OUT_BITS"]
    rounds = int(drop > 0 and (facts["HALF_UP"] or facts["HALF_EVEN"]))
    kept = max(facts["IN_BITS"] - drop, 0) + max(-facts["DROP"], 0) + rounds
    # bits that say whether a code is in the range, and how it is cut where they say no
    beyond = max(kept - out, 0) + int(facts["IN_SIGNED"] != facts["OUT_SIGNED"])
    cut = lanes * out * facts["SATURATE"] * int(beyond > 0)
    signs = f"{'signed' if facts['IN_SIGNED'] else 'unsigned'}_{'signed' if facts['OUT_SIGNED'] else 'unsigned'}"
    even = ceil(max(drop - 1, 0) / 5) * facts["HALF_EVEN"]
    return together(
        (
            {"unit": 1, "raised_bits": lanes * kept * rounds, "even_luts": lanes * even},
            {"range_luts": lanes * ceil(beyond / 5) * facts["SATURATE"], f"cut_bits_{signs}": cut},
            fifo(facts, ahead=True),
        )
    )


def relu_terms(facts: Facts) -> Terms:
    """Of what keeps positive codes."""
    bits = facts["LANES"] * facts["OUT_BITS"]
    return together(({"unit": 1, "kept_bits": bits * facts["IN_SIGNED"]}, fifo(facts, ahead=False)))


def add_terms(facts: Facts) -> Terms:
    """Of a sum of two tensors."""
    return together(({"unit": 1, "sum_bits": facts["LANES"] * facts["OUT_BITS"]}, fifo(facts, ahead=False)))


def affine_terms(facts: Facts) -> Terms:
    """Of scales that are sums of powers of two, and a bias."""
    lanes, terms, out = facts["LANES"], facts["TERMS"], facts["OUT_BITS"]
    window, varies = facts["WINDOW_BITS"], facts["FOLDS"] * facts["STEPS"] > 1
    levels = ceil(window / 2) if varies else 0
    return together(
        (
            {"unit": 1, "moved_bits": lanes * terms * out * levels, "zeroed_bits": lanes * terms * out * int(varies)},
            {"tree_bits": lanes * (terms - 1) * out, "sum_bits": lanes * out},
            {"first_bits": lanes * out * int(facts["STEPS"] > 1)},
            counters(facts["STEPS"], facts["FOLDS"], facts["FOLDS"] * facts["STEPS"]),
            constants(facts, *(() if facts["ROM_BLOCK"] else ("SCALE",)), "BIAS"),
            fifo(facts, ahead=True),
        )
    )


def threshold_terms(facts: Facts) -> Terms:
    """Of a staircase by binary search."""
    lanes, stages, bits, channels = facts["LANES"], facts["STAGES"], facts["BOUND_BITS"], facts["CHANNELS"]
    alone = int(lanes == channels)  # a lane of one channel compares with what is fixed first
    return together(
        (
            {"unit": 1, "lanes": lanes * stages, "fixed_luts": alone * lanes * ceil(bits / 5)},
            {"compared_bits": (1 - alone) * lanes * stages * bits, "counted_bits": alone * lanes * (stages - 1) * bits},
            {"leaves": sum(_lane_leaves(facts, name, lanes) for name in _memories(facts))},
            counters(channels // lanes),
            fifo(facts, ahead=True),
        )
    )


def _lane_leaves(facts: Facts, name: str, lanes: int) -> int:
    """LUTs of the constants of all lanes: the low bits of a channel's number tell a lane, as far as lanes double."""
    known = lanes if lanes == facts["CHANNELS"] else lanes & -lanes
    words = facts[f"{name}_WORDS"] // known
    return lanes * facts[f"{name}_VARYING"] * ceil(words / LUTRAM_WORDS) if words > 1 else 0


def pool_terms(facts: Facts) -> Terms:
    """Of the largest code of a window, or the sum of its codes."""
    bits = max(facts["OUT_BITS"], facts["IN_BITS"]) + 1
    chosen = facts["PE"] * facts["SIMD"] * bits
    return together(
        (
            {"unit": 1, "largest_bits": chosen * facts["LARGEST"], "sum_bits": chosen * (1 - facts["LARGEST"])},
            {"first_bits": facts["PE"] * bits},
            counters(facts["SYNAPSES"]),
            fifo(facts, ahead=True),
        )
    )


def fork_terms(facts: Facts) -> Terms:
    """Of two streams of the same beats."""
    return together(({"unit": 1}, fifo(facts, ahead=False), fifo(facts, "_B", 1, ahead=False)))


def widen_terms(facts: Facts) -> Terms:
    """Of what gathers beats."""
    return together(({"unit": 1}, counters(facts["PARTS"]), fifo(facts, ahead=False)))


def narrow_terms(facts: Facts) -> Terms:
    """Of what splits beats."""
    picked = pick(facts["PARTS"], facts["WIDTH"])
    return together(({"unit": 1}, counters(facts["PARTS"]), picked, fifo(facts, ahead=False)))


def window_terms(facts: Facts) -> Terms:
    """Of the line buffer and what walks over it."""
    taps, ring = facts["TAPS"], facts["RING_BITS"]
    word = facts["LANES"] * facts["CODE_BITS"]
    kernel = facts["KERNEL_HEIGHT"] * facts["KERNEL_WIDTH"]
    groups, together_ = kernel // taps, facts.get("TOGETHER", 1)
    pixel = facts["BLOCKS"] * facts["CHUNKS"]
    rows = facts["OUT_HEIGHT"]
    sides = (facts["CHUNKS"], together_, groups, facts["BLOCKS"], facts["OUT_WIDTH"] // together_, rows)
    is_padded = pads(facts)
    return together(
        (
            {"unit": 1, "places": ring, "moves": ring * sum(side > 1 for side in sides), "tap_places": taps * ring},
            {"group_places": taps * ring * int(groups > 1), "edges": taps * is_padded},
            {"row_bits": rows.bit_length() * int(rows > 1), "filled_bits": taps * word * is_padded},
            {"edge_places": is_padded * taps * (facts["KERNEL_HEIGHT"] + facts["KERNEL_WIDTH"])},
            {"count_bits": (facts["IN_HEIGHT"] + facts["KERNEL_HEIGHT"] + 4).bit_length()},
            counters(facts["IN_WIDTH"] * pixel, *sides),
            _ring(facts, word),
            fifo(facts, ahead=True),
        )
    )


def _ring(facts: Facts, word: int) -> Terms:
    words, taps = 1 << facts["RING_BITS"], facts["TAPS"]
    if facts["RING_BLOCK"]:
        own = in_block("ring", words, word, is_constant=False)
        return {name: taps * amount for name, amount in own.items()}
    parts = ceil(words / LUTRAM_WORDS)
    return {"ring_muxes": taps * muxes(parts, word), "ring_parts": taps * (parts - 1)}


def pads(facts: Facts) -> int:
    """1 where some window reaches out of the image."""
    down = (facts["OUT_HEIGHT"] - 1) * facts["STRIDE_HEIGHT"] - facts["PAD_TOP"] + facts["KERNEL_HEIGHT"]
    right = (facts["OUT_WIDTH"] - 1) * facts["STRIDE_WIDTH"] - facts["PAD_LEFT"] + facts["KERNEL_WIDTH"]
    outside = down > facts["IN_HEIGHT"] or right > facts["IN_WIDTH"]
    return int(outside or facts["PAD_TOP"] > 0 or facts["PAD_LEFT"] > 0)


def _memories(facts: Facts) -> tuple[str, ...]:
    return tuple(name.removesuffix("_LEAVES") for name in facts if name.endswith("_LEAVES"))
