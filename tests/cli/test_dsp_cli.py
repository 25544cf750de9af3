"""`shiftwire convert --dsp adders`: faster designs in the same LUTs, the same codes, and what it refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import onnx
from adder_net import adder_network
from shiftwire import api
from shiftwire.costs.model import family_model, predicted
from shiftwire.errors import CheckFailedError, InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.project import load_project
from shiftwire.schedule.adder_blocks import Cell, DspUse, saved
from shiftwire.schedule.design import Target
from shiftwire.synth.counts import check_blocks
from shiftwire_boards.catalog import load_board
from verbs import run_verb


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dsp") / "net.onnx"
    onnx.save(to_onnx(adder_network()), path)
    return path


def asked(model: Path, *options: object) -> list[object]:
    return ["convert", model, "--backend", "rtl", "-o", model.with_name("project"), *options]


def test_a_project_adds_in_blocks(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, *asked(model, "--dsp", "adders", "--luts", "20%"))
    assert status == 0
    told = re.search(r"rtl: (\d+) of 220 DSP blocks add, which saves ([\d,]+) LUT \(modelled\)", out)
    assert told is not None
    project = load_project(model.with_name("project"))
    taken = saved(project.design.rtl)
    assert (int(told[1]), int(told[2].replace(",", ""))) == (taken.blocks, taken.lut)
    assert project.design.dsp is DspUse.ADDERS and taken.blocks > 0
    whole = predicted(family_model("xc7"), project.design.rtl).whole.resources
    plain = predicted(family_model("xc7"), replace(project.design, dsp=DspUse.NONE).rtl).whole.resources
    assert whole.dsp == taken.blocks and plain.dsp == 0
    assert 0.9 * taken.lut < plain.lut - whole.lut < 1.3 * taken.lut
    check_blocks(project.design.rtl, taken.blocks, project.path)
    with pytest.raises(CheckFailedError, match=f"found 3 DSP blocks where adders were to take {taken.blocks} and"):
        check_blocks(project.design.rtl, 3, project.path)
    data = model.with_name("data.npz")
    np.savez(data, x=np.random.default_rng(1).integers(-128, 128, (3, 4, 5, 5)).astype(np.float32) / 16)
    status, out, err = run_verb(capsys, "cosim", project.path, "--data", data, "--primitives")
    assert status == 0, err
    assert "0 of" in out


def test_designs_grow_into_what_blocks_save(model: Path) -> None:
    network, target = api.load_network(model), Target(lut_percent=11)
    plain, blocks = (api.design(network, target=target, dsp=use) for use in DspUse)
    assert blocks.frames_per_second > plain.frames_per_second
    assert blocks.resources.lut <= 0.11 * blocks.board.lut < blocks.without_blocks.lut
    fps = Target(fps=blocks.frames_per_second, lut_percent=11)
    with pytest.raises(InputError, match="more than 11 % of TUL PYNQ-Z2"):
        api.design(network, target=fps)
    assert api.design(network, target=fps, dsp=DspUse.ADDERS).resources.lut <= 0.11 * blocks.board.lut


def test_what_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, words in (
        (("--dsp", "adders", "--backend", "hls"), "--dsp adders is for SystemVerilog"),
        (("--dsp", "adders", "--backend", "both"), "add --backend rtl"),
    ):
        status, _, err = run_verb(capsys, *asked(model, *options))
        assert status == 2
        assert words in err
    with pytest.raises(SystemExit):
        run_verb(capsys, *asked(model, "--dsp", "multipliers"))
    assert "choose from 'none', 'adders'" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"found no DSP block on TUL PYNQ-Z2 \(xc7z020clg400-1\), wanted some"):
        Cell.of(replace(load_board("pynq-z2"), dsp=0))


def test_nothing_is_asked_for_by_default(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_verb(capsys, *asked(model))
    project = load_project(model.with_name("project"))
    assert project.design.dsp is DspUse.NONE and saved(project.design.rtl).blocks == 0
    assert "dsp" not in json.loads((project.path / "design.json").read_text())
