"""Which cases `make test` runs: a few that stand for a family, while `make test-all` runs every one.

Of families that take minutes `make test-all` runs a part, and `make fuzz` the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def some(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """The cases, of which all but `kept` are in `make test-all` alone."""
    return [case if case in kept else _whole(case) for case in cases]


def part(cases: Iterable[Any], fast: Iterable[Any], more: Iterable[Any]) -> list[Any]:
    """`fast` are in `make test`, `more` in `make test-all`, the others in `make fuzz` alone."""
    quick, whole = list(fast), list(more)
    return [
        case if case in quick else _whole(case) if case in whole else pytest.param(case, marks=pytest.mark.slow)
        for case in cases
    ]


def first(*cases: Any) -> list[Any]:
    """The first case stands for all of them."""
    return [case if at == 0 else _whole(case) for at, case in enumerate(cases)]


def _whole(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.whole)
