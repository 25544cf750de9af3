"""Cfg structs as data: types that hold codes, members and tables under their names."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.ir.cfg import Cfg, CodeType, Element, Setting, Table, settings
from shiftwire.numbers.fixed import Fixed


def test_the_type_of_a_format() -> None:
    assert CodeType.of(Fixed(7, 3, signed=True)) == CodeType(7, signed=True) == CodeType(7)
    assert CodeType.of(Fixed(7, 3, signed=False)) == CodeType(7, signed=False)
    assert CodeType(7) != CodeType(7, signed=False)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0], CodeType(1, signed=False)),
        ([0, 5, 3], CodeType(3, signed=False)),
        ([7, 8], CodeType(4, signed=False)),
        ([-1], CodeType(1)),
        ([3, -4], CodeType(3)),
        ([4, -4], CodeType(4)),
        ([[1, -5], [2, 0]], CodeType(4)),
    ],
)
def test_the_narrowest_type_that_holds_codes(codes: list[int], expected: CodeType) -> None:
    assert CodeType.holding(np.array(codes)) == expected


def test_members_stand_in_the_order_written() -> None:
    assert settings(pe=4, acc_t=CodeType(9), element=Element.SHIFT, alive=True) == (
        Setting("pe", 4),
        Setting("acc_t", CodeType(9)),
        Setting("element", Element.SHIFT),
        Setting("alive", True),
    )
    assert settings() == ()


def test_the_header_of_an_element() -> None:
    lanes = ["shift_lane", "adder_lane", "distance_lane", "int_lane", "xnor_lane", "whole_decoder", "factor_decoder"]
    assert [element.value for element in Element] == lanes


@pytest.mark.parametrize(("codes", "bits"), [([0], 1), ([0, 1], 1), ([2, 3, 0], 2), ([4], 3), ([[1, 2], [300, 4]], 9)])
def test_counts_are_never_negative_and_take_a_bit_at_least(codes: list[int], bits: int) -> None:
    counts = Table.counts("last_term", np.array(codes))
    assert (counts.name, counts.type) == ("last_term", CodeType(bits, signed=False))
    assert counts.codes.tolist() == codes


def test_words_of_a_table() -> None:
    """Lane by lane in a word, word by word; nothing else of the table changes."""
    bias = Table("bias", np.array([5, -1, 2, 7, 0, 3]), CodeType(4))
    words = bias.by(2)
    assert words.codes.tolist() == [[5, -1], [2, 7], [0, 3]]
    assert (words.name, words.type) == ("bias", CodeType(4))
    assert bias.by(6).codes.tolist() == [[5, -1, 2, 7, 0, 3]] and words.by(3).codes.tolist() == [[5, -1, 2], [7, 0, 3]]


def test_one_table_or_member_is_replaced() -> None:
    weight, bias = (Table(name, np.array([1]), CodeType(2)) for name in ("weight", "bias"))
    cfg = Cfg(settings(pe=1, simd=2, groups=3), (weight, bias))
    other = Table("bias", np.array([3]), CodeType(3))
    assert cfg.with_table(other).tables == (weight, other)
    assert cfg.with_table(other).members == cfg.members
    assert cfg.with_table(Table("none", np.array([3]), CodeType(3))).tables == (weight, bias)
    assert cfg.with_member(Setting("simd", 9)).members == settings(pe=1, simd=9, groups=3)
    assert cfg.with_member(Setting("simd", 9)).tables == cfg.tables
    assert Cfg(()).tables == ()
