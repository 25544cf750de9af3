"""AXI as others read it: cocotbext-axi's agents against the whole shiftwire_top of a generated project."""

from pathlib import Path
from typing import Any

import pytest

from board_bench import needs_pynq, small_project
from protocol_bench import needs_cocotb, protocol_program, run_checks
from shiftwire.project.project import Project

pytestmark = [needs_cocotb, pytest.mark.slow]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return small_project(tmp_path_factory.mktemp("protocol") / "small", fps=2_000_000)


@pytest.fixture(scope="module")
def program(project: Project, programs: Path) -> Path:
    return protocol_program(project, programs.parent / "protocol")


CHECKS = (
    "batches",
    "transfers_of_several_lengths_at_once",
    "registers",
    "reads_during_work",
    "resets_in_the_midst",
    "soft_resets_in_the_midst",
    "wrong_cuts_are_flagged",
)


@pytest.mark.parametrize("check", CHECKS)
def test_shell(check: str, program: Path, project: Project, tmp_path: Path, count: Any) -> None:
    compared = run_checks(program, project, "protocol_checks", check, tmp_path / "run")
    assert compared > 0
    count(protocol_codes=compared)


@needs_pynq
def test_runtime(program: Path, project: Project, tmp_path: Path, count: Any) -> None:
    """The code that runs on a board, bit for bit, with bus agents below it that are not ours."""
    compared = run_checks(program, project, "protocol_runtime", "runtime", tmp_path / "run")
    assert compared > 0
    count(protocol_codes=compared)
