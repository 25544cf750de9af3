"""Shared pieces of the suite: a folder for compiled simulations, and the counts that comparisons report."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

COUNT = "count "

settings.register_profile("shiftwire", deadline=None)  # tests assert no times
settings.load_profile("shiftwire")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument: gzip writes the time into bytes, and two workers must agree on names."""
    return argname if isinstance(val, bytes) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "where a test builds many networks of the templates, only those that this file of theirs is part of"
    parser.addoption("--stands-on", metavar="FILE", help=words)


@pytest.fixture(scope="session")
def stands_on(request: pytest.FixtureRequest) -> str | None:
    """The file that mutants are made of."""
    file: str | None = request.config.getoption("--stands-on")
    return file


@pytest.fixture(scope="session")
def cpp_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled simulations of this run live."""
    return tmp_path_factory.mktemp("cpp")


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where simulated boards are built, for all workers."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "programs"


@pytest.fixture
def count(record_property: Any) -> Any:
    """Report a number under a name; equal names are summed in the last lines of the run."""
    return lambda **numbers: [record_property(COUNT + name, number) for name, number in numbers.items()]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was compared; a green run that compared nothing shows here."""
    totals: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", []):
            if name.startswith(COUNT):
                totals[name.removeprefix(COUNT)] += value
    if totals:
        said = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in totals.items())
        terminalreporter.write_line(f"compared: {said}; 0 codes differ")
