"""shiftwire report: one page, each figure with how it came about; and the energy model by hand."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import onnx
from projects import conv_net, small_net
from shiftwire.cli import main
from shiftwire.explore.energy import INT8, claim_sentence, network_energy
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.exporter import to_onnx
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.project.report_rows import Rows, read_rows, write_rows
from shiftwire.reports.cost_text import roofline_table
from shiftwire.reports.html import LABEL, VALUE, VIEWPORT, WIDTH, bars, page_html
from shiftwire.reports.inspection import slowest_layer
from shiftwire.reports.summary import page
from shiftwire.reports.text import sentences
from shiftwire.schedule import tokens
from shiftwire.schedule.design import Target, schedule
from shiftwire.synth.counts import multiplies
from shiftwire.tools.resources import Evidence
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from test_tiny import tiny
from verbs import run_verb

Z2 = load_board("pynq-z2")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(schedule(conv_net(), Z2, target=Target(fps=10_000)), tmp_path / "conv", Backend.RTL)
    return tmp_path / "conv"


def told(capsys: pytest.CaptureFixture[str], *argv: object) -> dict:  # type: ignore[type-arg]
    status, out, _ = run_verb(capsys, *argv, "--json")
    assert status == 0
    return json.loads(out)  # type: ignore[no-any-return]


def test_a_fresh_project_is_predicted_and_modelled(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "report", project)
    assert status == 0
    assert "(predicted, schedule of the SystemVerilog); not simulated yet (shiftwire cosim)" in out
    assert "modelled; shiftwire synth counts them" in out and "LUT and BRAM36 of layers are modelled" in out
    assert re.search(r"bottleneck: conv \(ShiftConv\), [\d,]+ cycles a frame, PE \d+, SIMD \d+", out)
    assert "no memory, no wires, no measurement" in out
    shown = told(capsys, "report", project)
    design = load_project(project).design
    assert shown["resources"] == {
        "evidence": "modelled", "resources": {"lut": design.resources.lut, "bram36": design.resources.bram36}
    }  # fmt: skip
    assert shown["frames_per_second"] == design.frames_per_second
    assert [layer["name"] for layer in shown["layers"]] == ["conv", "relu"]
    assert sum(layer["energy_pj"] for layer in shown["layers"]) == pytest.approx(shown["energy"]["own_pj"])


def test_rooflines_are_on_the_page(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `predict` says them, in JSON, in the terminal and as HTML."""
    roofline = told(capsys, "report", project)["roofline"]
    assert roofline == told(capsys, "predict", project)["roofline"]
    assert list(roofline["layers"]) == ["conv", "relu"]
    share = f"{100 * roofline['network']['share']:.2f}"
    _, out, _ = run_verb(capsys, "report", project)
    assert re.search(rf"network .* {re.escape(share)}  {roofline['network']['bound']}", out)
    html = page_html(page(load_project(project)))
    assert "<h2>Roofline</h2>" in html and "modelled, and what would run out first" in html
    assert f"<td>{roofline['network']['bound']}</td>" in html


def test_layers_of_few_operations_are_left_out_of_a_page(project: Path) -> None:
    """Of 5,550 operations the relu has 90, or 1.6 %; of a network of a hundred times as many that is nothing."""
    rows, network = page(load_project(project)).rooflines
    assert [row[0] for row in roofline_table(rows, network).rows] == ["conv", "relu", "network"]
    larger = dataclasses.replace(network, demand=dataclasses.replace(network.demand, operations=9_001))
    assert [row[0] for row in roofline_table(rows, larger).rows] == ["conv", "network"]


@pytest.mark.whole
def test_simulated_and_counted_figures_take_their_places(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cosim", str(project), "--frames", "2", "--stall", "0.3"]) == 0
    assert not (project / "reports/cosim.json").exists()  # cycles under stalls say nothing of the design
    assert main(["cosim", str(project), "--frames", "3"]) == 0
    assert main(["synth", str(project)]) == 0
    capsys.readouterr()
    shown = told(capsys, "report", project)
    for what in ("latency", "interval"):
        assert shown["simulated"][what] == shown["predicted"][what]
    assert (shown["predicted"]["evidence"], shown["simulated"]["evidence"]) == ("modelled", "simulated")
    assert shown["resources"]["evidence"] == "synthesised"
    assert shown["resources"]["resources"]["lut"] == sum(layer["lut"] for layer in shown["layers"])
    _, out, _ = run_verb(capsys, "report", project)
    assert "(simulated, Verilator 5.48" in out and "every code right)" in out and "(simulated cycles)" in out
    assert "pyosys 0.70, synthesised, no place and route" in out


def test_figures_of_another_version_are_left_out(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predicted = page(load_project(project)).predicted
    row = dataclasses.replace(predicted, evidence=Evidence.SIMULATED)
    write_rows(project / "reports/cosim.json", Rows("another", (row,)))
    assert told(capsys, "report", project)["simulated"] is None
    write_rows(project / "reports/cosim.json", Rows(load_project(project).version_hash, (row,)))
    assert told(capsys, "report", project)["simulated"]["evidence"] == "simulated"
    (project / "reports/cosim.json").write_text("{", encoding="utf-8")
    status, _, err = run_verb(capsys, "report", project)
    assert status == 2 and "cosim.json is damaged; remove it and run the tool again" in err


def test_a_design_too_large_is_told(project: Path) -> None:
    made = page(load_project(project))
    assert not made.overruns
    small = dataclasses.replace(made.design.board, lut=8_100)
    made = dataclasses.replace(made, design=dataclasses.replace(made.design, board=small))
    assert [use.name for use in made.overruns] == ["LUT"]
    assert "LUT where 100 are left beside DMA" in dict(sentences(made))["too large"]


def test_rows_come_back_as_they_were(project: Path, tmp_path: Path) -> None:
    row = page(load_project(project)).predicted
    rows = Rows("x", (row, dataclasses.replace(row, unit="inner", latency=None)), {"inner": "conv"})
    write_rows(tmp_path / "rows.json", rows)
    assert read_rows(tmp_path / "rows.json", "x") == rows


def test_latency_of_large_networks_is_left_to_simulation(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token simulation takes minutes there; the cycles between frames need none."""
    monkeypatch.setattr(tokens, "MOST_ITERATIONS", 10)
    _, out, _ = run_verb(capsys, "report", project)
    interval = load_project(project).design.timing.interval
    assert f"cycles: latency too long to predict, between frames {interval:,} (predicted" in out
    assert "latency" not in told(capsys, "report", project)["predicted"]


def test_html_stands_alone(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deep/page.html"
    status, _, _ = run_verb(capsys, "report", project, "--html", file)
    text = file.read_text(encoding="utf-8")
    assert status == 0
    assert text == page_html(page(load_project(project)))
    assert str(tmp_path) not in text and "http" not in text and "<script" not in text
    body = ET.fromstring(text.partition("<body>")[2].partition("</body>")[0].join(("<body>", "</body>")))
    charts = body.findall(".//svg")
    assert [len(chart.findall("rect")) for chart in charts] == [2, 2, 2]
    heads = {head.text: head.get("class") for head in body.findall(".//tr/th") if head.get("scope") is None}
    assert heads["layer"] is None and heads["cycles"] == heads["nJ"] == "number"
    assert VIEWPORT in text
    assert '<td class="number">0.0027</td>' in text, "two decimals would say 0.00"
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    status, _, err = run_verb(capsys, "report", project, "--html", tmp_path / "file/page.html")
    assert status == 2 and "cannot write" in err


def test_bars_are_as_long_as_their_values() -> None:
    chart = ET.fromstring(bars([("a<b", 50.0), ("x" * 99, 100.0), ("none", 0.0)], "cycles"))
    lengths = [float(bar.get("width", 0)) for bar in chart.findall("rect")]
    assert lengths == [(WIDTH - LABEL - VALUE) / 2, WIDTH - LABEL - VALUE, 0]
    assert chart.find("text").text == "a<b"  # type: ignore[union-attr]
    assert bars([], "cycles").startswith("<svg")


def test_a_project_without_systemverilog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(schedule(tiny(), Z2), tmp_path / "hls", Backend.HLS)
    _, out, _ = run_verb(capsys, "report", tmp_path / "hls")
    assert "(predicted, schedule of the C++)" in out
    status, _, err = run_verb(capsys, "report", tmp_path)
    assert status == 2 and "found no design.json" in err


def test_energy_by_hand() -> None:
    """A shift layer of 4 weights, one of them zero, and an adder layer of 4 behind it."""
    x = Tensor((2,), Fixed(4, 0, signed=True))
    shifts = Shift(ShiftWeights(np.array([[[1, -1], [1, 0]]], np.int8), np.zeros((1, 2, 2), np.int8)))
    adder = Adder(np.array([[1, 2], [3, 4]]), 0)
    nodes = (Node("shift", Dense(shifts, Bias.none(2)), ("x",)), Node("add", Dense(adder, Bias.none(2)), ("shift",)))
    energy = network_energy(Network.of("x", x, nodes, "add"))
    assert energy.own_pj == pytest.approx(3 * (0.024 + 0.03) + 8 * 0.03)
    assert energy.layers_pj == pytest.approx(8 * (0.2 + 0.03))
    assert energy.blocks_pj == pytest.approx(4 * (0.2 + 0.03))
    assert energy.saving == pytest.approx(1 - 0.402 / 1.84)
    assert claim_sentence(energy) == (
        "78.2% less than multiply-accumulates layer by layer, 56.3% less than one multiplying layer a shift-and-add "
        f"block (modelled, {INT8.name}; ShiftAddNet states over 80% less)"
    )


def test_equal_networks_save_nothing() -> None:
    energy = network_energy(single_layers()["int_conv"])
    assert energy.saving == 0 and energy.block_saving is None
    idle = Network.of("x", Tensor((2,), Fixed(4, 0, signed=True)), (Node("y", Relu(), ("x",)),), "y")
    assert network_energy(idle).saving == 0
    assert network_energy(idle).own_pj == pytest.approx(2 * 0.03)  # a comparison is a subtraction


def test_one_shift_layer_pairs_with_one_adder_layer() -> None:
    """Two adder layers read one shift layer: only one of them is part of its block."""
    x = Tensor((2,), Fixed(4, 0, signed=True))
    shifts = Shift(ShiftWeights(np.ones((1, 2, 2), np.int8), np.zeros((1, 2, 2), np.int8)))
    adder = Adder(np.array([[1, 2], [3, 4]]), 0)
    nodes = (
        Node("shift", Dense(shifts, Bias.none(2)), ("x",)),
        Node("one", Dense(adder, Bias.none(2)), ("shift",)),
        Node("two", Dense(adder, Bias.none(2)), ("shift",)),
    )
    energy = network_energy(Network.of("x", x, nodes, "two"))
    assert energy.blocks_pj == pytest.approx(energy.layers_pj - 4 * 0.23)


def test_inspect_and_report_name_the_same_bottleneck(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The slowest layer of the C++, where it is among the slowest of the SystemVerilog."""
    folds = {"conv": Fold(3, 12), "logits": Fold(1, 1)}
    project = write_project(schedule(small_net(), Z2, folds=folds), tmp_path / "small", Backend.HLS)
    _, out, _ = run_verb(capsys, "inspect", project.path)
    name = slowest_layer(project.design).name
    assert name == "logits" and f"bottleneck: {name}, " in out
    whole = page(project)
    tied = dataclasses.replace(whole, layers=tuple(dataclasses.replace(each, cycles=9) for each in whole.layers))
    assert whole.bottleneck.name == tied.bottleneck.name == name


def test_verbs_say_whose_cycles_they_tell(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "conv.onnx"
    onnx.save(to_onnx(conv_net()), model)
    words = ("convert", model, "-o", tmp_path / "both", "--backend", "hls")
    both = (
        r"[\d,]+ iterations a frame of the slowest unit; as SystemVerilog at least [\d,]+ frames/s at 10 ns "
        r"\('shiftwire report' has its own cycles\); as HLS C\+\+ "
        r"[\d,]+ cycles with its drain, [\d,]+ frames/s, latency [\d,]+ cycles \(no HLS tool has confirmed them\)"
    )
    assert re.search(both, run_verb(capsys, *words)[1])
    _, out, _ = run_verb(capsys, "inspect", project)
    assert re.search(both, out) and "iterations a frame of the C++" in out and "C++ iterations" in out
    assert "(predicted, schedule of the SystemVerilog)" in run_verb(capsys, "report", project)[1]


def test_any_layer_with_weights_is_set_beside_multiplications() -> None:
    """One that is neither a convolution nor Dense: it multiplies, and energy gives it as many products."""
    source = tiny().input
    nodes = [Node("y", kind(Int(np.ones((1, 2), np.int64), 0), Bias.none(1)), ("x",)) for kind in (Dense, Other)]
    dense, other = (Network.of("x", source, (node,), "y") for node in nodes)
    assert multiplies(dense) and multiplies(other)
    terms = Shift(ShiftWeights(np.ones((3, 1, 2), np.int8), np.zeros((3, 1, 2), np.int8)))
    dense, other = (replaced_weights(network, terms) for network in (dense, other))
    assert network_energy(other).layers_pj == network_energy(dense).layers_pj != network_energy(other).own_pj


class Other(Weighted):
    """What Dense does, without being one."""

    unit_types = Dense.unit_types
    infer, evaluate, units, operations = Dense.infer, Dense.evaluate, Dense.units, Dense.operations  # type: ignore[assignment]


def replaced_weights(network: Network, weights: Shift) -> Network:
    (node,) = network.nodes
    assert isinstance(node.op, Weighted)
    changed = dataclasses.replace(node, op=dataclasses.replace(node.op, weights=weights))
    return dataclasses.replace(network, nodes=(changed,))
