"""Reports of Vitis HLS held against what was expected of each kernel."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import shiftwire
import stalls
from csynth_texts import FORMS, Altered, csynth_text, kernel_name
from shiftwire.errors import InputError, ToolError
from shiftwire.hls.expected import FILE, expectations, expected_text, read_expected
from shiftwire.project.project import Backend
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire.synth.csynth_check import csynth_misses
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

DESIGN = schedule(stalls.residual(), load_board("pynq-z2"), target=Target(fps=20_000, for_hls=True))


def misses(text: str, folder: Path, log: str = "", design: Design = DESIGN) -> tuple[str, ...]:
    report = folder / "csynth.xml"
    report.write_text(text, encoding="utf-8")
    return csynth_misses(report, expectations(design), log)


@pytest.mark.parametrize("version", FORMS)
def test_a_report_that_is_as_expected(version: str, tmp_path: Path) -> None:
    assert misses(csynth_text(DESIGN, version), tmp_path) == ()


@pytest.mark.parametrize("version", FORMS)
def test_a_missed_interval_is_told_with_its_reason(version: str, tmp_path: Path) -> None:
    conv = next(each for each in expectations(DESIGN).units if each.unit == "conv")
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
        ({"trips": 7}, r"has 7 iterations in its loop Cycle, wanted 3840$"),
        ({"depth": 99}, r"is a pipeline of 99 stages, wanted \d+ at most; its FIFOs count on that$"),
        ({"dsp": 3}, r"takes 3 DSP blocks, wanted 0: something in it multiplies$"),
        ({"bram": 99}, r"takes 99 BRAM_18K, wanted \d+ at most: a table or a line buffer is kept twice$"),
        ({"rewound": 1}, r"is rewound, which keeps the tail of a last frame, wanted a loop that drains; use build_top"),
        ({"straight": 1}, r"has 0 loops, wanted one; a nest that is not flattened drains on every entry$"),
    ],
)
def test_every_other_figure(figures: dict[str, int], words: str, tmp_path: Path) -> None:
    (sentence,) = misses(csynth_text(DESIGN, "2024.2", Altered("conv", figures)), tmp_path)
    assert sentence.startswith("unit 'conv' (mvu) ") and re.search(words, sentence)


@pytest.mark.parametrize("name", ["source_words", "sink_words"])
def test_what_stands_around_the_network_is_held_too(name: str, tmp_path: Path) -> None:
    (sentence,) = misses(csynth_text(DESIGN, "2024.2", Altered(name, {"ii": 4})), tmp_path)
    assert sentence.startswith(f"unit '{name}' (") and "has II = 4 in its loop Cycle, wanted 1" in sentence


def test_blocks_between_kernels(tmp_path: Path) -> None:
    (sentence,) = misses(csynth_text(DESIGN, "2024.2", dsp=50), tmp_path)
    assert sentence == "shiftwire_hls_top takes 50 DSP blocks, wanted none: something between its kernels multiplies"


def test_a_loop_of_one_iteration_may_be_gone(tmp_path: Path) -> None:
    wanted = expectations(DESIGN)
    once = replace(wanted, units=tuple(replace(each, iterations=1) for each in wanted.units if each.unit == "conv"))
    report = tmp_path / "csynth.xml"
    report.write_text(csynth_text(DESIGN, "2024.2", Altered("conv", {"straight": 1})), encoding="utf-8")
    assert csynth_misses(report, once) == ()


def test_underscores_that_the_tool_writes_as_one(tmp_path: Path) -> None:
    text = csynth_text(DESIGN, "2024.2")
    wanted = expectations(DESIGN)
    odd = replace(wanted, units=tuple(replace(each, config=f"a__{each.config}") for each in wanted.units))
    for each in wanted.units:
        text = text.replace(f"_{each.config}_s", f"_a_{each.config}_s")
    report = tmp_path / "csynth.xml"
    report.write_text(text, encoding="utf-8")
    assert csynth_misses(report, odd) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<DSP>0</DSP>", "", "found nothing for DSP blocks in .*csynth.xml, wanted a number; run synthesis again"),
        ("<DSP>0</DSP>", "<DSP>-</DSP>", "found '-' for DSP blocks in "),
        ('encoding="UTF-8"', 'encoding="klingon"', "is no well-formed XML "),
    ],
)
def test_figures_that_are_none(old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=words):
        misses(csynth_text(DESIGN, "2024.2").replace(old, new), tmp_path)


def test_an_older_name_of_blocks(tmp_path: Path) -> None:
    text = csynth_text(DESIGN, "2024.2", Altered("conv", {"dsp": 7})).replace("DSP>", "DSP48E>")
    (sentence,) = misses(text, tmp_path)
    assert "takes 7 DSP blocks" in sentence


def test_the_file_in_the_project_is_what_counts(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text(expected_text(DESIGN).replace('"ii": 1', '"ii": 2'), encoding="utf-8")
    wanted = read_expected(tmp_path, "mend")
    assert {each.ii for each in wanted.units} == {2}
    assert replace(wanted, units=()) == replace(expectations(DESIGN), units=())
    for text in ("[]", "{}", '{"top": "a", "part": "b", "clock_ns": 1, "units": [{}]}', "no"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"expected\.json is damaged \(.*\); mend$"):
            read_expected(tmp_path, "mend")
    file.unlink()
    with pytest.raises(InputError, match=r"found no .*expected\.json, which says what synthesis should come to; mend$"):
        read_expected(tmp_path, "mend")


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
    units = {each.unit: each for each in expectations(project.design).units}
    assert {unit["unit"] for unit in content["units"]} == set(units) and content["top"] == "shiftwire_hls_top"
    assert {unit["dsp"] for unit in content["units"] if unit["function"] == "mvu"} == {None}
    assert {unit["ii"] for unit in content["units"]} == {1}
