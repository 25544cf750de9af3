"""What hardware costs, modelled: packed slice LUTs and BRAM36 of 7-series parts.

The constants are rounded counts of our own SystemVerilog after open synthesis (yosys 0.70, xc7, no place and route).
The model ranks folds and guesses what fits; `shiftwire synth` counts the netlist itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

SHELL_LUT = 8000
"""DMA, interconnect and control around the network."""

SHELL_BRAM36 = 6

BRAM36_IN_LUT = 120
"""What a BRAM36 is worth when folds are ranked: a third of the ratio on the smaller parts, where LUTs run out first.

Where block RAM runs out it is dearer, and memories whose words take fewer LUTs than that lie in LUTs.
"""

BRAM36_SHAPES = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))
"""Words and bits of a BRAM36, one side of which writes and the other reads."""

BRAM18_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Those of a BRAM18, which is half of it."""

HALF_BRAM_SHAPES = ((1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of a BRAM18 whose two ports are alike."""

HLS_LUT_BITS = 1024
"""Arrays that HLS keeps in LUTs without being told."""

LUTRAM_WORDS = 64
"""Words that one LUT holds of a bit."""

UNIT_LUT = 15
"""Control of a unit that works beat by beat."""

PICKED = 4
"""Bits of which one LUT picks one; of more, two take a LUT."""

ROM_LUT, WRITTEN_LUT = 1.2, 1.8
"""LUTs of a bit of LUTRAM_WORDS words where a memory is large: what chooses among them, and a side that writes."""

SHALLOW_BITS = 2048
"""FIFOs and ROMs up to this size stay in LUTs."""


MULTIPLIER_BITS = 25, 18
"""Signed operands of a multiplier block of the 7 series; UltraScale+ takes 27 and 18."""


@dataclass(frozen=True, slots=True)
class Array:
    """So many memories of C++ that are alike, each of `words` words of `bits`."""

    words: int
    bits: int
    copies: int = 1

    @property
    def half_blocks(self) -> int:
        """BRAM18 of all of them, at most; none where they are small."""
        return 0 if self.words * self.bits <= HLS_LUT_BITS else self.copies * half_blocks(self.words, self.bits)


@dataclass(frozen=True, slots=True)
class Store:
    """A memory in block RAM, and how many LUTs would hold it."""

    bram36: float
    lut: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Modelled, for the network alone; `bram36` counts halves, `stores` are those of its memories that may move."""

    lut: int = 0
    bram36: float = 0.0
    stores: tuple[Store, ...] = field(default=(), compare=False)

    @property
    def price(self) -> float:
        """One figure to rank by."""
        return self.priced(BRAM36_IN_LUT)

    def priced(self, bram36_lut: float) -> float:
        """The same where a BRAM36 is worth so many LUTs."""
        return self.lut + bram36_lut * self.bram36

    def at(self, bram36_lut: float) -> Cost:
        """Where a BRAM36 is worth so many LUTs, so that what takes no more of them lies there."""
        if bram36_lut <= BRAM36_IN_LUT or not self.stores:
            return self
        moved = [store for store in self.stores if store.lut <= bram36_lut * store.bram36]
        return Cost(self.lut + sum(each.lut for each in moved), self.bram36 - sum(each.bram36 for each in moved))

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.lut + other.lut, self.bram36 + other.bram36, self.stores + other.stores)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.lut * times, self.bram36 * times, self.stores * times)


def memory(words: int, bits: int) -> Cost:
    """Storage of `words` words of `bits` that are written: LUTs while it is small, block RAM above."""
    return _stored(words, bits, blocks, WRITTEN_LUT)


def rom(words: int, bits: int) -> Cost:
    """Constants, which lie as they fit best in block RAM."""
    return _stored(words, bits, rom_blocks, ROM_LUT)


def _stored(words: int, bits: int, blocks: Callable[[int, int], float], large: float) -> Cost:
    luts = bits * ceil(words / LUTRAM_WORDS)
    if words * bits <= SHALLOW_BITS or words <= LUTRAM_WORDS:
        return Cost(lut=luts)
    store = Store(blocks(words, bits), ceil(large * luts))
    return Cost(bram36=store.bram36, stores=(store,))


BYTE_BITS = 9
"""A block that writes wide words writes them by bytes of so many bits."""


def blocks(words: int, bits: int) -> float:
    """BRAM36 that hold `words` words of `bits`, all of one shape, a BRAM18 as half of one.

    Words that lie behind a block's depth stand beside others in its width, byte by byte, where it is wide.
    """
    return _least(_written, words, bits)[0]


def rom_blocks(words: int, bits: int) -> float:
    """The same for constants, of which bits stand beside each other."""
    return _least(_constant, words, bits)[0]


def block_parts(words: int, bits: int, *, is_constant: bool) -> int:
    """Parts of a memory in block RAM, one of which is chosen behind it: so many times its words fill a block."""
    return _least(_constant if is_constant else _written, words, bits)[1]


def _written(words: int, bits: int, deep: int, wide: int) -> int:
    unit = min(BYTE_BITS, wide)
    return ceil(ceil(words / deep) * ceil(bits / unit) * unit / wide)


def _constant(words: int, bits: int, deep: int, wide: int) -> int:
    return ceil(ceil(words / deep) * bits / wide)


def _least(count: Callable[[int, int, int, int], int], words: int, bits: int) -> tuple[float, int]:
    """BRAM36 of the best shape, by how many of one it takes, and the parts of its depth; of equals the deepest."""
    whole = ((2 * count(words, bits, deep, wide), ceil(words / deep)) for deep, wide in BRAM36_SHAPES)
    halves = ((count(words, bits, deep, wide), ceil(words / deep)) for deep, wide in BRAM18_SHAPES)
    number, parts = min((*whole, *halves))
    return number / 2, parts


def half_blocks(words: int, bits: int) -> int:
    """BRAM18 that hold `words` words of `bits`, at most: a tool may do with fewer by ports of twice the width."""
    return min(ceil(words / deep) * ceil(bits / wide) for deep, wide in HALF_BRAM_SHAPES)


def is_block(words: int, bits: int, bram36_lut: float = BRAM36_IN_LUT) -> int:
    """1 where a memory that is written is better off in block RAM, else 0: a parameter of modules."""
    return int(memory(words, bits).at(bram36_lut).bram36 > 0)


def is_rom_block(words: int, bits: int, bram36_lut: float = BRAM36_IN_LUT) -> int:
    """The same for constants."""
    return int(rom(words, bits).at(bram36_lut).bram36 > 0)


def multiplier_blocks(one: int, other: int) -> int:
    """Multiplier blocks of a product of signed numbers of so many bits."""
    wide, narrow = max(one, other), min(one, other)
    return ceil(wide / MULTIPLIER_BITS[0]) * ceil(narrow / MULTIPLIER_BITS[1])


BLOCK_SUMS = ((12, 4), (24, 2))
"""Bits of sums that a DSP block adds beside each other, and how many: its 48 in four parts or two."""


@dataclass(frozen=True, slots=True)
class AdderLevel:
    """A level of adders of a unit that sums: DSP blocks that take its place, and LUTs that they save."""

    blocks: int
    lut: int

    def __add__(self, other: AdderLevel) -> AdderLevel:
        return AdderLevel(self.blocks + other.blocks, self.lut + other.lut)


def adder_levels(elements: int, operands: int, bits: int, sum_bits: int) -> tuple[AdderLevel, ...]:
    """Of so many sums of operands of so many bits, from the sums back; a sum and the adder before it are the first.

    As sw_dsp_sums builds them; empty where a block has no room for a sum or has no two operands.
    """
    if operands < 2 or sum_bits > BLOCK_SUMS[-1][0]:
        return ()
    levels = []
    while operands > 2:
        adders, bits = elements * (operands // 2), bits + 1
        levels.append(AdderLevel(_adder_blocks(adders, bits), adders * bits))
        operands -= operands // 2
    both = sum_bits + min(bits + 1, sum_bits)
    return (AdderLevel(_adder_blocks(elements, sum_bits), elements * both), *reversed(levels))


def _adder_blocks(adders: int, bits: int) -> int:
    return ceil(adders / next(side_by_side for most, side_by_side in BLOCK_SUMS if bits <= most))


def lanes_cost(lanes: int, lane_lut: int) -> Cost:
    """A unit that works beat by beat, each of `lanes` codes on its own."""
    return Cost(lut=UNIT_LUT + lanes * lane_lut)


def narrowing_cost(width: int, parts: int) -> Cost:
    """What picks one of `parts` beats of `width` bits, and counts them."""
    return Cost(lut=UNIT_LUT + width * (1 if parts <= PICKED else ceil(parts / 2)))


WIDENING_COST = FORK_COST = Cost(lut=UNIT_LUT)
"""Control alone, however wide: parts of a beat wait in registers, and a beat goes two ways as it is."""
