"""Adder layers whose templates are factors: from a float file to every engine, rebuilt in front of their lanes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from one_layer import factored_adder, of_one
from onnx import numpy_helper
from shiftwire.ir.bias import Bias
from shiftwire.ir.window import Window
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import FactoredAdder
from shiftwire.project.project import load_project
from shiftwire.units.sums.rebuild import RebuildUnit
from verbs import run_verb

SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))


def rounded(sign: np.ndarray, exponent: np.ndarray, basis: np.ndarray, frac: int, grid: int) -> np.ndarray:
    """Numbers of factors (filters, taps) on a grid, halves up, in doubles that hold all of them."""
    numbers = np.einsum("omrj,omjk->omrk", sign * 2.0**exponent, basis * 2.0**-frac)
    return np.floor(numbers.reshape(len(numbers), -1) * 2.0**grid + 0.5)


def test_templates_go_from_a_float_file_to_every_engine(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net = (
        FloatNet((2, 4, 8), seed=1)
        .conv("c", 4, 2)
        .node("Relu", "r")
        .adder("d", 6, 4)
        .norm("n", 6)
        .node("Flatten", "f", axis=1)
    )
    net.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(30))
    np.savez(tmp_path / "few.npz", x=net.samples(4))
    words = ("--method", "smartexchange", "--theta", "5e-2", "--no-trials", "-o", tmp_path / "exact.onnx")
    status, _, notes = run_verb(capsys, "quantize", tmp_path / "float.onnx", "--calibrate", tmp_path / "x.npz", *words)
    assert status == 0 and "leaves 'd'" not in notes, notes
    (node,) = (n for n in onnx.load(tmp_path / "exact.onnx").graph.node if n.op_type == "FactoredAdderConv")
    arrays = {t.name: numpy_helper.to_array(t) for t in onnx.load(tmp_path / "exact.onnx").graph.initializer}
    given = [arrays[name].astype(np.float64) for name in node.input[1:4]]
    settings = {attribute.name: attribute.i for attribute in node.attribute}
    (layer,) = (n.name for n in import_onnx(tmp_path / "exact.onnx").nodes if n.kind == "FactoredAdderConv")
    folded = ("--fold", f"{layer}=2,4,4")
    assert run_verb(capsys, "convert", tmp_path / "exact.onnx", *folded, "-o", tmp_path / "project")[0] == 0
    design = load_project(tmp_path / "project").design
    assert any(isinstance(each.unit, RebuildUnit) for each in design.pipeline.instances)
    (op,) = (n.op for n in design.network.nodes if n.kind == "FactoredAdderConv")
    wanted = rounded(*given, settings["basis_frac"], settings["weight_frac"])[:, : op.weights.rows.shape[1]]
    assert np.array_equal(np.moveaxis(op.weights.codes, -1, 1).reshape(6, -1), wanted)
    status, shown, error = run_verb(
        capsys, "verify", tmp_path / "project", "--data", tmp_path / "few.npz", "--onnx", tmp_path / "exact.onnx",
        "--engines", "reference,onnxruntime,csim,native,verilator",
    )  # fmt: skip
    assert status == 0 and " 0 of " in shown, (shown, error)


@pytest.mark.parametrize("is_conv", [False, True])
def test_a_network_is_the_same_when_it_was_written(is_conv: bool) -> None:
    if is_conv:
        network = of_one(Conv(factored_adder((3, 3, 3, 4), 4, 4), Bias.none(3), SAME), (5, 4, 4))
    else:
        network = of_one(Dense(factored_adder((4, 7), 4, 3), Bias.none(4)), (7,))
    read = network_from_model(to_onnx(network))
    (own,) = (n.op.weights for n in read.nodes if "FactoredAdder" in n.kind)
    assert isinstance(own, FactoredAdder) and np.array_equal(own.codes, network.nodes[0].op.weights.codes)
    assert own.places.shape == network.nodes[0].op.weights.places.shape


def test_a_finer_input_meets_the_weights_themselves() -> None:
    weights = factored_adder((4, 7), 4, 3)
    model = to_onnx(of_one(Dense(weights, Bias.none(4)), (7,)))
    (node,) = (node for node in model.graph.node if node.op_type == "FactoredAdderDense")
    next(attribute for attribute in node.attribute if attribute.name == "weight_frac").i = 3
    (own,) = (n.op.weights for n in network_from_model(model).nodes if "Adder" in n.kind)
    assert type(own) is Adder and own.grid == 4
    assert np.array_equal(own.codes, FactoredAdder(3, weights.factors, weights.places).codes << 1)


def test_a_fold_that_rebuilds_nothing_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    network = of_one(Conv(factored_adder((3, 3, 3, 4), 4, 4), Bias.none(3), SAME), (5, 4, 4))
    onnx.save(to_onnx(network), tmp_path / "net.onnx")
    status, _, error = run_verb(capsys, "convert", tmp_path / "net.onnx", "--fold", "y=1,9,4", "-o", tmp_path / "p")
    assert status == 2 and "wanted one that rebuilds its weights; give 1,1,1, 3,1,1" in error
    with pytest.raises(SystemExit):
        run_verb(capsys, "convert", tmp_path / "net.onnx", "--fold", "y=1,9,4,2", "-o", tmp_path / "p")
    assert "wanted LAYER=PE,SIMD such as conv1=8,9" in capsys.readouterr().err


def test_a_method_of_powers_of_two_for_an_adder_layer_is_noted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    net = FloatNet((2, 4, 8), seed=1).conv("c", 4, 2).node("Relu", "r").adder("d", 6, 4).norm("n", 6)
    net.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(30))
    asked = ("quantize", tmp_path / "float.onnx", "--calibrate", tmp_path / "x.npz", "--no-trials")
    why = "lightnn leaves 'd' alone, for it is an adder layer, whose templates are no powers of two; it is AdderConv"
    status, _, notes = run_verb(capsys, *asked, "-o", tmp_path / "a.onnx", "--layers", "d=lightnn")
    assert status == 0 and why in notes
    status, _, notes = run_verb(capsys, *asked, "-o", tmp_path / "b.onnx", "--method", "lightnn")
    assert status == 0 and "leaves" not in notes
