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
    assert [element.value for element in Element] == ["shift_lane", "adder_lane", "int_lane"]


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
