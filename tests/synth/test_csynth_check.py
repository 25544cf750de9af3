"""Reports of Vitis HLS held against what was expected of each kernel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import shiftwire
import stalls
from csynth_texts import FORMS, Altered, csynth_text, kernel_name
from shiftwire.errors import ToolError
from shiftwire.hls.expected import FILE, expectations
from shiftwire.project.project import Backend
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire.synth.csynth_check import csynth_misses
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

DESIGN = schedule(stalls.residual(), load_board("pynq-z2"), target=Target(fps=20_000, for_hls=True))


def misses(text: str, folder: Path, log: str = "", design: Design = DESIGN) -> tuple[str, ...]:
    report = folder / "csynth.xml"
    report.write_text(text, encoding="utf-8")
    return csynth_misses(report, design, log)


@pytest.mark.parametrize("version", FORMS)
def test_a_report_that_is_as_expected(version: str, tmp_path: Path) -> None:
    assert misses(csynth_text(DESIGN, version), tmp_path) == ()


@pytest.mark.parametrize("version", FORMS)
def test_a_missed_interval_is_told_with_its_reason(version: str, tmp_path: Path) -> None:
    conv = next(each for each in expectations(DESIGN) if each.unit == "conv")
    module = kernel_name(conv) + ("_Pipeline_Cycle" if version == "2022.2" else "")
    log = (
        f"WARNING: [HLS 200-880] The II Violation in module '{module}' (loop 'Cycle'): Unable to enforce a carried "
        "dependence constraint (II = 1, distance = 1, offset = 1) between 'add' and 'store'.\n"
    )
    (sentence,) = misses(csynth_text(DESIGN, version, Altered("conv", {"ii": 2})), tmp_path, log)
    assert sentence.startswith("unit 'conv' (mvu) has II = 2 in its loop Cycle, wanted 1: Unable to enforce a carried ")
    (sentence,) = misses(csynth_text(DESIGN, version, Altered("conv", {"ii": 2})), tmp_path)
    assert sentence == "unit 'conv' (mvu) has II = 2 in its loop Cycle, wanted 1"


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"trips": 7}, r"has 7 iterations in its loop Cycle, wanted 4608$"),
        ({"depth": 99}, r"is a pipeline of 99 stages, wanted \d+ at most; its FIFOs count on that$"),
        ({"dsp": 3}, r"takes 3 DSP blocks, wanted 0: something in it multiplies$"),
    ],
)
def test_every_other_figure(figures: dict[str, int], words: str, tmp_path: Path) -> None:
    (sentence,) = misses(csynth_text(DESIGN, "2024.2", Altered("conv", figures)), tmp_path)
    assert sentence.startswith("unit 'conv' (mvu) ") and re.search(words, sentence)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"top": "other_top"}, "is of top function 'other_top', wanted 'shiftwire_hls_top'"),
        ({"part": "xczu7ev-ffvc1156-2-e"}, "is of part 'xczu7ev-ffvc1156-2-e', wanted 'xc7z020clg400-1'"),
        ({"clock": "5.00"}, r"is of clock period '5\.00', wanted '10\.00'"),
    ],
)
def test_a_report_of_something_else(told: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=words):
        misses(csynth_text(DESIGN, "2022.2", **told), tmp_path)


def test_a_report_of_another_version_or_project(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"is of version '2019\.1', wanted 2020\.2 or later"):
        misses(csynth_text(DESIGN, "2019.1"), tmp_path)
    other = schedule(single_layers()["relu"], load_board("pynq-z2"), target=Target(for_hls=True))
    with pytest.raises(ToolError, match=r"found no kernel of unit 'first' in .*; synthesise this project's own hls/"):
        misses(csynth_text(other, "2022.2"), tmp_path)


def test_what_is_expected_lies_in_the_project(tmp_path: Path) -> None:
    """Multiplied weights may take DSP blocks, others none."""
    project = shiftwire.convert(single_layers()["int_dense"], output=tmp_path / "project", backend=Backend.HLS)
    content = json.loads((project.hls_dir / FILE).read_text(encoding="utf-8"))
    units = {each.unit: each for each in expectations(project.design)}
    assert {unit["unit"] for unit in content["units"]} == set(units) and content["top"] == "shiftwire_hls_top"
    assert {unit["dsp"] for unit in content["units"] if unit["function"] == "mvu"} == {None}
    assert {unit["ii"] for unit in content["units"]} == {1}
