"""The model of memories at its borders, against the shapes of a BRAM36 (AMD UG473, table 1-7)."""

import pytest

from shiftwire.ir.cost import BRAM_SHAPES, SHALLOW_BITS, Cost, blocks, is_block, memory


@pytest.mark.parametrize(
    ("words", "bits", "expected"),
    [
        (64, 1, Cost(lut=1)),
        (65, 1, Cost(lut=2)),
        (64, 1000, Cost(lut=1000)),  # one LUT a bit, however wide
        (128, 16, Cost(lut=32)),
        (129, 16, Cost(bram36=1)),
        (2048, 1, Cost(lut=32)),
        (2049, 1, Cost(bram36=1)),
        (512, 72, Cost(bram36=1)),
        (513, 72, Cost(bram36=2)),
        (512, 73, Cost(bram36=2)),
        (65536, 1, Cost(bram36=2)),
    ],
)
def test_memories_change_sides_at_their_borders(words: int, bits: int, expected: Cost) -> None:
    assert memory(words, bits) == expected
    assert is_block(words, bits) == int(expected.bram36 > 0)


def test_the_smallest_block_ram() -> None:
    assert SHALLOW_BITS == 2048
    for words, bits in BRAM_SHAPES:
        assert blocks(words, bits) == 1
        assert blocks(words + 1, bits) == blocks(words, bits + 1) == 2 or words * bits < 36 * 1024
    assert blocks(1024, 72) == blocks(2048, 36) == 2
    assert blocks(4096, 10) == 2


def test_costs_add_up() -> None:
    assert sum([Cost(3, 1), Cost(4, 0)], Cost(1)) == Cost(8, 1)
