"""The model of memories at its borders, against the shapes of a BRAM36 and of its halves (AMD UG473)."""

import pytest

from shiftwire.ir.cost import (
    BRAM18_SHAPES,
    BRAM36_SHAPES,
    SHALLOW_BITS,
    UNIT_LUT,
    Cost,
    blocks,
    is_block,
    memory,
    narrowing_cost,
    rom,
    rom_blocks,
)


@pytest.mark.parametrize(
    ("words", "bits", "expected"),
    [
        (64, 1, Cost(lut=1)),
        (65, 1, Cost(lut=2)),
        (64, 1000, Cost(lut=1000)),  # one LUT a bit, however wide
        (128, 16, Cost(lut=32)),
        (129, 16, Cost(bram36=0.5)),
        (2048, 1, Cost(lut=32)),
        (2049, 1, Cost(bram36=0.5)),
        (512, 36, Cost(bram36=0.5)),
        (512, 37, Cost(bram36=1)),
        (513, 36, Cost(bram36=1)),
        (512, 72, Cost(bram36=1)),
        (512, 73, Cost(bram36=1.5)),
        (1024, 54, Cost(bram36=1.5)),
        (65536, 1, Cost(bram36=2)),
    ],
)
def test_memories_change_sides_at_their_borders(words: int, bits: int, expected: Cost) -> None:
    assert memory(words, bits) == rom(words, bits) == expected
    assert is_block(words, bits) == int(expected.bram36 > 0)


def test_the_smallest_block_ram() -> None:
    assert SHALLOW_BITS == 2048
    for shapes, one in ((BRAM36_SHAPES, 1), (BRAM18_SHAPES, 0.5)):
        for words, bits in shapes:
            assert blocks(words, bits) == rom_blocks(words, bits) == one
            assert blocks(words + 1, bits) > one or words * bits < one * 36 * 1024
            assert blocks(words, bits + 1) > one or words * bits < one * 36 * 1024
    assert blocks(1024, 72) == blocks(2048, 36) == 2
    assert blocks(4096, 10) == 1.5


@pytest.mark.parametrize(
    ("words", "bits", "written", "constant"),
    [(2304, 14, 1.5, 1), (9216, 4, 1.5, 1), (3000, 20, 2.5, 2), (36864, 7, 9, 7)],
)
def test_words_of_constants_stand_beside_each_other(words: int, bits: int, written: float, constant: float) -> None:
    """Five times 512 words of 14 bits are 512 words of 70."""
    assert (blocks(words, bits), rom_blocks(words, bits)) == (written, constant)


def test_costs_add_up() -> None:
    assert sum([Cost(3, 1), Cost(4, 0)], Cost(1, 0.5)) == Cost(8, 1.5)


@pytest.mark.parametrize(
    ("width", "parts", "counted"),
    [(8, 2, 21), (8, 4, 22), (32, 4, 38), (8, 16, 91), (8, 64, 252)],
)
def test_narrower_beats_against_netlists(width: int, parts: int, counted: int) -> None:
    """LUTs of sw_narrow (yosys 0.70, xc7) without its FIFO of two beats; the model is within a third."""
    assert narrowing_cost(width, parts).lut == pytest.approx(counted, rel=1 / 3)
    assert narrowing_cost(width, parts).lut > UNIT_LUT
