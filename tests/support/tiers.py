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
    return [case if case in quick else _whole(case) if case in whole else _slow(case) for case in cases]


def every_third(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """`kept` are in `make test`, they and every third of the others in `make test-all`, all of them in `make fuzz`."""
    whole = list(cases)
    return part(whole, kept, [case for case in whole if case not in kept][::3])


def first(*cases: Any) -> list[Any]:
    """The first case stands for all of them."""
    return [case if at == 0 else _whole(case) for at, case in enumerate(cases)]


def _slow(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)


def _whole(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.whole)
