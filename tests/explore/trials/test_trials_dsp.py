"""A search through an adder network whose points may have adders in DSP blocks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from float_nets import adder
from shiftwire.project.project import load_project
from shiftwire.schedule.adder_blocks import DspUse
from trials_bench import FAST
from verbs import run_verb


def test_points_have_blocks_where_that_saves_luts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net, front = adder(), tmp_path / "front.json"
    model = net.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(40))
    words = ("--calibrate", tmp_path / "x.npz", "--samples", 16, *FAST, "--trials", 3, "--backend", "rtl")
    words += ("--dsp", "adders", "-o", front, "--csv", tmp_path / "f.csv")
    status, _, err = run_verb(capsys, "explore", model, *words)
    assert status == 0, err
    points = json.loads(front.read_text())["points"]
    assert [row["dsp"] for row in csv.DictReader((tmp_path / "f.csv").open())] == [str(each["dsp"]) for each in points]
    assert {each["dsp_use"] for each in points} == {"none", "adders"}
    figures = [(each["cycles"], each["loss"], each["predicted_lut"]["lut"], each["dsp"]) for each in points]
    for at, own in enumerate(figures):
        others = figures[:at] + figures[at + 1 :]
        assert not any(all(a <= b for a, b in zip(each, own, strict=True)) for each in others)
    pick = next(each for each in points if each["dsp"])
    status, _, err = run_verb(
        capsys, "convert", "--from", front, "--pick", pick["name"], "--backend", "rtl", "-o", tmp_path / "p"
    )
    assert status == 0, err
    design = load_project(tmp_path / "p").design
    assert design.dsp is DspUse.ADDERS and design.timing.interval == pick["cycles"]
