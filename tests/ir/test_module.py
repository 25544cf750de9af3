"""Modules as data: memories as $readmemh reads them, line buffers, and the registers of processing elements."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.ir.fold import Port
from shiftwire.ir.module import LineBuffer, Memory, Module, Pe, RawSums, one_word
from shiftwire.ir.nest import each_beat


def word(fields: list[int], bits: int) -> int:
    """Fields side by side in two's complement, the first lowest."""
    return sum(int(field) % (1 << bits) << (bits * at) for at, field in enumerate(fields))


@pytest.mark.parametrize("bits", [1, 3, 4, 7, 13])
@pytest.mark.parametrize("fields", [1, 2, 3, 5])
def test_a_line_of_hexadecimal_digits_a_word(bits: int, fields: int) -> None:
    codes = np.random.default_rng(bits).integers(-(1 << bits - 1), 1 << bits, (20, fields))
    memory = Memory("w", codes, bits)
    assert (memory.words, memory.word_bits) == (20, fields * bits)
    digits = (fields * bits + 3) // 4
    assert memory.text().splitlines() == [f"{word(list(row), bits):0{digits}x}" for row in codes]
    assert memory.text().endswith("\n")


def test_every_digit() -> None:
    assert Memory("w", np.arange(16)[:, None], 4).text() == "".join(f"{digit:x}\n" for digit in range(16))
    assert Memory("w", np.array([[0xC, 0xA, 0x1], [-1, 0, -2]]), 4).text() == "1ac\ne0f\n"


def test_where_a_memory_is_better_off() -> None:
    assert Memory("w", np.zeros((128, 4), int), 4).in_block == 0
    assert Memory("w", np.zeros((129, 4), int), 4).in_block == 1


def test_one_wide_constant() -> None:
    assert one_word(np.array([1, 2, -1]), 4) == "12'hf21"
    assert one_word(np.array([1, 0, 1]), 3) == "9'h041"
    assert one_word(np.array([5]), 6) == "6'h05"


def levels(operands: int) -> int:
    """Of adders, each halving what is left."""
    count = 0
    while operands > 1:
        operands, count = (operands + 1) // 2, count + 1
    return count


@pytest.mark.parametrize("simd", [1, 2, 3, 4, 5, 8, 9, 16, 17, 36])
def test_registers_between_operands_and_their_sum(simd: int) -> None:
    """One behind each SIMD element, two behind a product, and one behind each level of adders."""
    for pe in (Pe.SHIFT, Pe.ADDER, Pe.DISTANCE):
        assert pe.stages(simd) == 1 + levels(simd)
    for pe in (Pe.INT, Pe.INT_IN_DSP):
        assert pe.stages(simd) == 2 + levels(simd)


@pytest.mark.parametrize(
    ("bits", "row_words", "rows"), [(4, 4, 4), (4, 5, 3), (4, 16, 1), (4, 17, 0), (6, 15, 4), (7, 17, 7)]
)
def test_whole_rows_of_a_line_buffer(bits: int, row_words: int, rows: int) -> None:
    assert LineBuffer(bits, row_words, 8, each_beat(1)).rows == rows


def test_a_line_buffer_asks_for_block_ram_past_the_size_of_luts() -> None:
    assert LineBuffer(6, 4, 999, each_beat(1)).parameters == {"RING_BITS": 6, "RING_BLOCK": 0}
    assert LineBuffer(7, 4, 16, each_beat(1)).parameters == {"RING_BITS": 7, "RING_BLOCK": 0}
    assert LineBuffer(7, 4, 17, each_beat(1)).parameters == {"RING_BITS": 7, "RING_BLOCK": 1}


def test_a_module_is_set_up_with_its_line_buffer() -> None:
    plain = Module("m", {"IN_BITS": 8}, each_beat(3))
    assert plain.set_up == {"IN_BITS": 8}
    buffered = Module("m", {"IN_BITS": 8}, each_beat(3), line_buffer=LineBuffer(5, 4, 8, each_beat(9)))
    assert buffered.set_up == {"IN_BITS": 8, "RING_BITS": 5, "RING_BLOCK": 0}
    larger = buffered.with_buffer_bits(8)
    assert larger.set_up == {"IN_BITS": 8, "RING_BITS": 8, "RING_BLOCK": 0}
    assert larger.line_buffer is not None and larger.line_buffer.rows == 64
    assert (larger.name, larger.nest) == (buffered.name, buffered.nest)


def test_a_line_buffer_that_grows_into_block_ram_loses_a_stage() -> None:
    buffer = LineBuffer(5, 4, 40, each_beat(9))
    small = Module("m", {}, each_beat(3), stages=buffer.stages, line_buffer=buffer)
    assert (small.stages, small.with_buffer_bits(8).stages) == (3, 2)
    assert small.with_buffer_bits(8).set_up["RING_BLOCK"] == 1


def test_what_a_module_is_where_nothing_is_said() -> None:
    plain = Module("m", {}, each_beat(1))
    assert plain.stages == 0 and plain.memories == () and plain.sources == {}
    assert plain.raw is None and plain.pe is None and plain.line_buffer is None
    flags = (plain.is_buffer, plain.is_paced, plain.has_forms, plain.reads_stem, plain.is_movable)
    assert not any(flags)
    assert RawSums(9, Port(2, 3)).width == 9


@pytest.mark.parametrize(("words", "is_movable", "moves"), [(1, True, False), (2, True, True), (2, False, False)])
def test_weights_that_could_move(words: int, is_movable: bool, moves: bool) -> None:
    rom = Memory("w", np.zeros((words, 1), int), 4)
    module = Module("m", {}, each_beat(1), memories=(rom,), is_movable=is_movable)
    assert module.movable_rom is (rom if moves else None)
