"""Every rule of the structure has a breach that it sees, and that no other rule minds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import shiftwire
import shiftwire_hls
from hls_structure.breaches import IN_HEADERS, IN_PROJECTS, Breach
from hls_structure.cases import units_of
from hls_structure.dataflow import project_faults
from hls_structure.evolution import trip_faults, trips
from hls_structure.faults import Rule
from hls_structure.headers import header_faults
from hls_structure.verdict import unit_faults
from projects import residual_net
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.passes.pipeline import run_pipeline

UNITS = 3
OFTEN = ("columns in one bank", "a row written, then read", "a bound of run time", "a circle", "by a counter")


def tiered(breaches: tuple[Breach, ...]) -> list[object]:
    """Few of them in `make test`, a third of the others in `make test-all`."""
    others = [one.what for one in breaches if one.what not in OFTEN]
    marks = {what: (pytest.mark.whole if what in others[::3] else pytest.mark.slow,) for what in others}
    return [pytest.param(one, marks=marks.get(one.what, ()), id=f"{one.rule.name}: {one.what}") for one in breaches]


def broken_headers(one: Breach, folder: Path) -> Path:
    headers = folder / "include"
    shutil.copytree(shiftwire_hls.INCLUDE_DIR, headers)
    one.apply(headers / one.file)
    return headers


@pytest.mark.parametrize("one", tiered(IN_HEADERS))
def test_a_header_that_breaks_a_rule(one: Breach, tmp_path: Path) -> None:
    headers = broken_headers(one, tmp_path)
    faults = header_faults(headers) + unit_faults(units_of(one.file, UNITS), tmp_path / "built", headers)
    assert {fault.rule for fault in faults} == {one.rule.name}, list(map(str, faults))
    assert all(one.file in fault.place or "/" in fault.place for fault in faults)


def test_clang_cannot_count_a_loop_of_run_time(tmp_path: Path) -> None:
    """What clang proves is no echo of the text."""
    one = Breach(
        Rule.TRIP_COUNT,
        "as long as the first beat says",
        "sw_max_pool.h",
        (("i < C::iterations", "i < C::iterations + int(held[0].v)"),),
    )
    (unit,) = units_of("sw_max_pool.h", 1)
    (found,) = trips([unit], tmp_path / "built", broken_headers(one, tmp_path))
    assert found == [None]
    (fault,) = trip_faults(unit, found)
    assert fault.sentence.startswith("found a loop of unknown length, wanted one loop of ")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("region") / "project"
    shiftwire.convert(run_pipeline(residual_net()), output=folder)
    return folder / "hls"


@pytest.mark.parametrize("one", tiered(IN_PROJECTS))
def test_a_project_that_breaks_a_rule(one: Breach, project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "hls"
    shutil.copytree(project, copy)
    one.apply(copy / "firmware" / f"{NETWORK}.cpp")
    faults = project_faults(copy)
    assert {fault.rule for fault in faults} == {one.rule.name}, list(map(str, faults))


def test_every_rule_has_its_breach() -> None:
    """The widths' is in test_structure.py: no header decides them."""
    assert {one.rule for one in (*IN_HEADERS, *IN_PROJECTS)} == set(Rule) - {Rule.WIDTHS}
