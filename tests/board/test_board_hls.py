"""The HLS form on a simulated board: the compiled C++ behind the shell, whose latency and stalls vary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import records
import shiftwire
import stalls
from board_bench import TIMEOUT_S, needs_pynq, random_frames
from shiftwire.board.inner import chosen_inner, design_text, project_shell
from shiftwire.board.manifest import board_manifest
from shiftwire.board.simulated import SimulatedBoard, accelerator_design, simulated_board
from shiftwire.errors import InputError
from shiftwire.project.project import Backend, Project
from shiftwire.reports.records.rows import pairs_of, rows_of
from shiftwire.schedule.design import Target
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.errors import TransferError
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.measure import STAND_IN
from shiftwire_boards.sim.program import Fault
from shiftwire_boards.vivado.cells import NETWORK
from verbs import run_verb

pytestmark = needs_pynq


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("board_hls") / "residual"
    return shiftwire.convert(stalls.residual(), output=folder, target=Target(fps=20_000), backend=Backend.HLS)


@pytest.fixture(scope="module")
def opened(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedBoard, Accelerator]]:
    with (
        simulated_board(project, tmp_path_factory.mktemp("overlay"), inner=Inner.HLS) as board,
        Accelerator(board.bitfile, timeout_s=10 * TIMEOUT_S, batch=64) as accelerator,
    ):
        yield board, accelerator


@pytest.mark.parametrize("frames", [1, 2, 64, 65, 130])
def test_batches_of_any_length(project: Project, opened: Any, frames: int, count: Any) -> None:
    """One, two, a whole transfer, and partial ones at the end."""
    _, accelerator = opened
    codes = random_frames(project.design.network, frames, seed=frames)
    output = accelerator.predict_codes(codes)
    assert np.array_equal(output, project.design.network.evaluate(codes))
    assert len(np.unique(output)) > 1
    count(board_codes=output.size)


def test_a_reset_in_the_midst_of_a_frame(project: Project, opened: Any) -> None:
    """What was on its way is gone, and the next frames are exact; again and again."""
    board, accelerator = opened
    for seed in range(4):
        codes = random_frames(project.design.network, 3, seed)
        board.device.logic.inject(Fault.RECEIVE_STUCK)
        with pytest.raises(TransferError):
            accelerator.predict_codes(codes)
        board.device.logic.inject(Fault.NONE)
        accelerator.reset()
        assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


def test_a_project_of_one_form_is_asked_for_the_other(project: Project, tmp_path: Path) -> None:
    assert chosen_inner(project) is Inner.HLS
    with pytest.raises(InputError, match=r"holds no rtl/; convert the model again with --backend both$"):
        chosen_inner(project, Inner.RTL)
    rtl = shiftwire.convert(stalls.residual(), output=tmp_path / "rtl", backend=Backend.RTL)
    assert chosen_inner(rtl) is Inner.RTL
    with pytest.raises(InputError, match=r"holds no hls/; convert the model again with --backend both$"):
        chosen_inner(rtl, Inner.HLS)


def test_both_forms_have_one_shell(tmp_path: Path) -> None:
    """The same registers, words and containers; the manifest says which form it is, and its own cycles."""
    both = shiftwire.convert(stalls.residual(), output=tmp_path / "both", target=Target(fps=20_000))
    hls, rtl = (project_shell(both, inner) for inner in (Inner.HLS, Inner.RTL))
    assert hls.ports == (*rtl.ports, *hls.network_ports) and hls.version == rtl.version
    assert (hls.input.words, hls.output.words) == (rtl.input.words, rtl.output.words)
    manifests = {inner: board_manifest(both, "a", {}, inner=inner) for inner in Inner}
    assert {inner: manifest["inner"] for inner, manifest in manifests.items()} == {Inner.HLS: "hls", Inner.RTL: "rtl"}
    times = both.design.timing
    assert manifests[Inner.HLS]["foreseen"]["interval_cycles"] == times.hls_interval > times.interval
    assert manifests[Inner.RTL]["foreseen"]["interval_cycles"] == times.interval


def test_the_simulated_links_are_those_of_the_block_design(project: Project) -> None:
    """What stands between shell and IP in simulation is what the script for Vivado connects."""
    design, text = accelerator_design(project, Inner.HLS), design_text(project_shell(project))
    links = {
        (str(link.master), str(link.slave)) for link in design.links if NETWORK in (link.master.cell, link.slave.cell)
    }
    assert links == {("accel_0/NET_IN", "net_0/s_data"), ("net_0/m_data", "accel_0/NET_OUT")}
    for port, wire in (("s_data", "net_in"), ("m_data", "net_out")):
        assert all(f".{port}_{signal}({wire}_{signal.lower()})" in text for signal in ("TVALID", "TREADY", "TDATA"))
    nets = {(str(net.driver), str(end)) for net in design.nets for end in net.loads if end.cell == NETWORK}
    assert nets == {("clk_wiz_0/clk_out1", "net_0/ap_clk"), ("accel_0/net_rst_n", "net_0/ap_rst_n")}
    assert ".ap_clk(aclk), .ap_rst_n(net_rst_n)" in text


def test_no_ratio_is_told_between_a_stand_in_and_logic() -> None:
    rtl = records.simulated()
    hls = replace(rtl, identity=replace(rtl.identity, inner=Inner.HLS))
    pairs = {pair.head: pair for pair in pairs_of(rtl, hls)}
    assert pairs["inner network"].left == "rtl: the open SystemVerilog"
    assert pairs["inner network"].right == "hls: the compiled C++, a stand-in for the IP of Vitis HLS"
    assert pairs["frames/s"].ratio.startswith("none: cycles over an assumed clock against cycles of a stand-in over")
    measured = records.measured()
    on_board = replace(measured, identity=replace(measured.identity, inner=Inner.HLS))
    rows = {row.head: row.text for row in rows_of(on_board)}
    assert rows["inner network"] == "hls: the IP of Vitis HLS" and "wall time" in rows["frames/s"]


def test_measure_from_the_hls_project_alone(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "measure", project.path, "--sim", "--inner", "hls", "--frames", "50", "--json")
    record = json.loads(out)
    assert status == 0 and record["exactness"]["different"] == 0
    assert record["identity"]["inner"] == "hls" and record["notes"] == [STAND_IN]
    assert "those of a stand-in" in (project.reports_dir / "record.html").read_text()
    status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--inner", "rtl")
    assert status == 2 and "holds no rtl/" in err
