"""Ctrl-C while a program still imports what it is made of: one line and 130, at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import shiftwire
import shiftwire_models
from interrupts import started

AT_IMPORT = """
import runpy, sys, time
from pathlib import Path

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            Path({mark!r}).touch()
            try:
                time.sleep(600)
            except BaseException:
                raise ImportError("as extension modules do") from None

sys.meta_path.insert(0, Slow())
sys.argv = [{program!r}, {verb!r}]
runpy.run_module({program!r}, run_name="__main__")
"""
PROGRAMS = {
    "shiftwire": ("numpy", "boards", "shiftwire: interrupted before anything was done\n"),
    "shiftwire_models": ("torch", "nets", "shiftwire-train: interrupted before anything was done\n"),
}


def interrupted(program: str, how: signal.Signals, folder: Path) -> tuple[int, str]:
    """Status and standard error of a program that is interrupted where it imports the first large package."""
    package, verb, _ = PROGRAMS[program]
    mark = folder / "there"
    script = AT_IMPORT.format(package=package, mark=str(mark), program=program, verb=verb)
    with started((), how, ("-c", script)) as process:
        while not mark.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(how)
        _, error = process.communicate(timeout=60)
    return process.returncode, error


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_line_and_no_traceback(program: str, tmp_path: Path) -> None:
    assert interrupted(program, signal.SIGINT, tmp_path) == (130, PROGRAMS[program][2])


def test_a_time_limit_is_the_same(tmp_path: Path) -> None:
    assert interrupted("shiftwire", signal.SIGTERM, tmp_path) == (130, PROGRAMS["shiftwire"][2])


@pytest.mark.parametrize(
    ("package", "program"), [("numpy", "shiftwire.__main__"), ("torch", "shiftwire_models.__main__")]
)
def test_programs_begin_without_what_is_large(package: str, program: str) -> None:
    """So that Ctrl-C is theirs from the first moments on."""
    script = f"import sys, {program}; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_packages_give_what_they_name() -> None:
    script = (
        "import shiftwire, shiftwire_models as m; "
        "assert all(getattr(shiftwire, name) for name in shiftwire.__all__); "
        "assert all(getattr(m, name) for name in m.__all__); "
        "assert not hasattr(shiftwire, 'convrt') and not hasattr(m, 'exprt')"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_programs_that_are_installed_are_these() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'shiftwire = "shiftwire.__main__:main"\nshiftwire-train = "shiftwire_models.__main__:main"\n' in text


def test_no_module_has_the_name_of_what_its_package_gives() -> None:
    """It would stand in that name's place once somebody imports it."""
    for package in (shiftwire, shiftwire_models):
        assert package.__file__ is not None
        modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
        assert {name for name in package.__all__ if name in modules} <= {"nn"}, "which is a module"
