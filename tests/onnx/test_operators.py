"""docs/operators.md is the table of readers, and the table has every operation that is read or rewritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire.onnx.foreign import fused, table
from shiftwire.onnx.layers import READERS
from shiftwire.onnx.operators import OPERATORS, Place, page

ROOT = Path(__file__).resolve().parents[2]
ROWS = {key: row for row in OPERATORS for key in row.keys}
REFUSED = {("", "DynamicQuantizeLinear")}
"""Rewritten into a sentence."""


def test_every_reader_and_rewrite_has_a_row() -> None:
    rewritten = {*table._REWRITES, *fused._REWRITES} - REFUSED
    assert {*READERS, *rewritten} - ROWS.keys() == set()


def test_every_row_is_read_or_rewritten() -> None:
    assert [key for key, row in ROWS.items() if row.place is not Place.REWRITTEN and key not in READERS] == []


def test_no_operation_stands_twice() -> None:
    assert len(ROWS) == sum(len(list(row.keys)) for row in OPERATORS)


def test_the_page_is_the_table() -> None:
    written = (ROOT / "docs/operators.md").read_text(encoding="utf-8")
    if written != page():
        pytest.fail("docs/operators.md is not the table; write shiftwire.onnx.operators.page() to it")
