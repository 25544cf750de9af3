"""Physical terms of the parts that many units have: counters, buffers, constants, and memories made of LUTs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import ceil

from shiftwire.costs.facts import Facts
from shiftwire.ir.cost import LUTRAM_WORDS, block_parts

Terms = Mapping[str, float]
"""How much of each thing there is; a fitted model says what one of them takes."""

Terming = Callable[[Facts], Terms]


def together(parts: Iterable[Terms]) -> Terms:
    """The sum of terms, name by name."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def bits_of(steps: int) -> int:
    """Bits that count so many steps; none for one."""
    return max(steps - 1, 0).bit_length()


def counters(*steps: int) -> Terms:
    """Counters that wrap, with a register for their last value."""
    real = [step for step in steps if step > 1]
    return {"counters": len(real), "counter_bits": sum(map(bits_of, real))}


def pick(count: int, width: int) -> Terms:
    """A choice among so many words: a multiplexer of 4 takes a LUT, of 8 two, of 16 four."""
    return {"picked_bits": width * ceil((count - 1) / 3) if count > 1 else 0}


def muxes(parts: int, width: int) -> float:
    """LUTs that choose among parts of a memory: a multiplexer of 4 takes one, of 8 two, of 16 five."""
    return width * ceil((parts - 1) / 3)


def constants(facts: Facts, *names: str) -> Terms:
    """Constants as logic, and what chooses among their parts."""
    terms = {"leaves": 0, "leaf_muxes": 0}
    for name in names:
        words = facts.get(f"{name}_WORDS", 1)
        leaves = facts.get(f"{name}_LEAVES", 0)
        terms["leaves"] += leaves
        terms["leaf_muxes"] += leaves if words > 4 * LUTRAM_WORDS else 0
    return terms


def in_block(name: str, words: int, width: int, *, is_constant: bool) -> Terms:
    """What stands behind a memory in block RAM that is deeper than a block."""
    return {f"{name}_block_muxes": muxes(block_parts(words, width, is_constant=is_constant), width)}


def is_shared(name: str) -> bool:
    """Whether a term is one of the buffer behind a unit, which is the same module wherever it stands."""
    return name.startswith("fifo")


def fifo(facts: Facts, end: str = "", out: int = 0, *, ahead: bool) -> Terms:
    """The buffer behind a unit: its counters, and what chooses among the parts of a deep one."""
    depth, width = facts[f"DEPTH{end}"], facts[f"OUT{out}_WIDTH"]
    if depth == 1:
        return {"fifo_singles": 1}
    block = facts[f"BLOCK{end}"]
    parts = ceil(depth / LUTRAM_WORDS)
    memory = (
        in_block("fifo", depth, width, is_constant=False)
        if block
        else {"fifo_muxes": muxes(parts, width), "fifo_parts": parts - 1}
    )
    counted = 1 + int(ahead or block)
    return {
        "fifos": 1,
        "fifo_counts": counted * depth.bit_length(),
        "fifo_places": 2 * bits_of(depth),
        "fifo_blocks": block,
        **memory,
    }
