"""Float ONNX to exact ONNX: the file is read by convert, run by onnxruntime, and near the float network."""

from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet, adder, convolutional
from onnx import helper
from onnx_graphs import conv as exact_conv
from quantized import quantized
from shiftwire.api import load_network
from shiftwire.errors import InputError
from shiftwire.ir.network import Operations
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.file import write_model
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Knob, Ranging
from shiftwire_boards.runtime.host_steps import Softmax

NETS = {"convolutional": convolutional, "adder": adder}
RULES = {
    "default": {},
    "lightnn": {"method": Method.LIGHTNN, "terms": 2},
    "deepshift": {"method": Method.DEEPSHIFT},
    "apot": {"method": Method.APOT},
    "budget": {"error_budget": 0.02, "terms": 6},
    "output budget": {"error_budget": 0.02, "terms": 6, "budget_on_outputs": True},
    "percentile": {"ranging": Ranging.PERCENTILE, "percentile": 99.9},
    "minmax": {"ranging": Ranging.MINMAX},
}
NOISY = {"deepshift": 0.4, "apot": 0.3}
"""Relative logit error that one term or four-bit weights may cost a random net without training."""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("net", NETS)
def test_an_exact_file_comes_out(net: str, rule: str, tmp_path: Path) -> None:
    """Every engine reads the file; it has no multiplier and its logits are near the float ones."""
    built = NETS[net]()
    values = built.samples(96)
    made = quantized(built.save(tmp_path), values, **RULES[rule])
    write_model(made.model, tmp_path / "exact.onnx")
    network = import_onnx(tmp_path / "exact.onnx")
    codes = network.host_input.encode(values, network.input.format)
    right = network.host_output.decode(network.evaluate(codes), network.output.format)
    assert np.array_equal(run_onnx(tmp_path / "exact.onnx", values), right)
    operations = [node.op.operations(network.sources(node), network.tensors[node.name]) for node in network.nodes]
    assert sum(operations, Operations()).multiplies == 0
    assert made.report.answers.error.relative_error < NOISY.get(rule, 0.08)
    assert made.report.answers.samples == 96
    assert made.report.calibrated == 64
    assert np.unique(right).size > 96, "a comparison of constants proves nothing"
    assert np.array_equal(load_network(tmp_path / "exact.onnx").evaluate(codes), network.evaluate(codes))


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    net = adder()
    path, values = net.save(tmp_path), net.samples(40)
    for name in ("a", "b"):
        write_model(quantized(path, values).model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_more_bits_and_terms_cost_less(tmp_path: Path) -> None:
    net = convolutional()
    path, values = net.save(tmp_path), net.samples(64)
    coarse = quantized(path, values, act_bits=5, terms=1).report.answers.error.rms_error
    fine = quantized(path, values, act_bits=10, terms=4).report.answers.error.rms_error
    assert fine < coarse / 8


def test_the_report_names_what_costs_most(tmp_path: Path) -> None:
    net = convolutional()
    path, values = net.save(tmp_path), net.samples(64)
    one_term = quantized(path, values, act_bits=12, terms=1, method=Method.LIGHTNN).report
    assert one_term.costliest.kind.startswith("Shift") and one_term.costliest.knob is Knob.TERMS
    assert one_term.advice.startswith(f"the largest cost is in '{one_term.costliest.name}' (Shift")
    few_bits = quantized(path, values, act_bits=4, terms=5).report
    assert (few_bits.costliest.kind, few_bits.costliest.knob) == ("Requantize", Knob.ACT_BITS)
    coarse = quantized(path, values, act_bits=12, input_bits=3, terms=5).report
    assert coarse.costliest.knob is Knob.INPUT_BITS
    assert "raise" not in coarse.advice, "what was not tried is not advised"


def test_a_filter_takes_the_fewest_terms_within_its_budget(tmp_path: Path) -> None:
    net = FloatNet((4,)).dense("logits", 3, 4)
    net.constants["logits_w"] = np.array([[1, 0.5, 0.25, 2], [0.3, 0.7, -0.9, 0.11], [3, 5, 6, 7]], np.float32)
    net.constants["logits_w"][1] += np.float32(1e-7)  # off every grid, so that terms are chosen
    made = quantized(net.save(tmp_path), net.samples(64), error_budget=0.02, terms=6, exponents=16)
    (dense,) = [node.op for node in made.network.nodes if node.kind == "ShiftDense"]
    assert dense.weights.weights.terms_per_filter.tolist() == [1, 3, 2]


def test_weights_on_a_grid_are_taken_exactly(tmp_path: Path) -> None:
    net = FloatNet((4,)).dense("logits", 3, 4)
    weights = np.array([[119, -87, 45, 3], [1, 2, -4, 8], [0, 127, -128, 85]])
    net.constants["logits_w"] = weights.astype(np.float32) / 64
    made = quantized(net.save(tmp_path), net.samples(64), terms=1)
    (dense,) = [node.op for node in made.network.nodes if node.kind == "ShiftDense"]
    assert np.array_equal(dense.weights.rows, weights)
    assert made.report.layers[-1].how == "exact"


def test_an_exact_file_stays_exact(tmp_path: Path) -> None:
    """What is quantized already keeps every code, wider than the bits asked for or not."""
    network = network_from_model(exact_conv())
    onnx.save_model(exact_conv(), str(tmp_path / "given.onnx"))
    values = np.random.default_rng(0).integers(-128, 128, (20, 1, 5, 5)) / 16
    made = quantized(tmp_path / "given.onnx", values, act_bits=3, input_bits=3)
    codes = network.host_input.encode(values, network.input.format)
    assert np.array_equal(made.network.evaluate(codes), network.evaluate(codes))
    assert made.report.answers.error.rms_error == 0
    assert "quantized throughout" in made.report.advice


def test_a_partly_quantized_file_keeps_what_is_exact(tmp_path: Path) -> None:
    """Weights that a QONNX node quantizes, with a scale that is no power of two, stay those very integers."""
    net = FloatNet((2, 6, 6)).conv("c", 4, 2)
    constants = {"scale": 0.037, "zeropt": 0.0, "bits": 4.0}
    quant = helper.make_node(
        "Quant", ["c_w", *constants], ["c_q"], name="c_q", domain="qonnx.custom_op.general",
        signed=1, narrow=0, rounding_mode="ROUND",
    )  # fmt: skip
    net.constants |= {name: np.array(value, np.float32) for name, value in constants.items()}
    net.nodes[0].input[1] = "c_q"
    net.nodes.insert(0, quant)
    net.node("Relu", "r").node("Flatten", "f", axis=1).dense("logits", 3, 144)
    made = quantized(net.save(tmp_path), net.samples(64))
    conv = next(node.op for node in made.network.nodes if node.kind == "ShiftConv")
    wanted = np.clip(np.rint(np.moveaxis(net.constants["c_w"], 1, -1) / np.float32(0.037)), -8, 7)
    ratio = conv.weights.rows.reshape(wanted.shape)[wanted != 0] / wanted[wanted != 0]
    assert np.unique(ratio.reshape(-1)).size <= 2, "each filter is its integers times a power of two"
    assert made.report.layers[1].how == "exact, scaled"
    assert made.report.answers.error.relative_error < 0.03


def test_an_input_scale_that_no_file_of_ours_can_say(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4))
    values = [net.constant(name, np.array(value)) for name, value in (("s", 0.037), ("z", 0.0), ("b", 8.0))]
    rule = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    net.node("Quant", "q", *values, domain="qonnx.custom_op.general", **rule).conv("c", 3, 2).node("Relu", "r")
    made = quantized(net.node("Flatten", "f", axis=1).save(tmp_path), net.samples(64))
    assert str(made.network.input.format).startswith("s10.")
    assert made.report.answers.error.relative_error < 0.02


def test_constants_scale_and_move_channels(tmp_path: Path) -> None:
    """Mul and Add by a constant a channel become an Affine each; a constant along another axis is refused."""
    net = FloatNet((3, 3, 3)).conv("c", 3, 3).node("Relu", "r")
    factor = net.constant("k", np.array([0.7, -1.3, 2.9]).reshape(1, 3, 1, 1))
    net.node("Mul", "m", factor).node("Relu", "s")
    net.node("Add", "a", net.constant("o", np.array([0.3, -0.2, 0.9]).reshape(1, 3, 1, 1)))
    made = quantized(net.node("Flatten", "f", axis=1).save(tmp_path), net.samples(200), samples=200)
    assert made.report.answers.error.relative_error < 0.02
    assert sum(isinstance(node.op, Affine) for node in made.network.nodes) >= 2
    net.constants["k"] = net.constants["k"].reshape(3)  # along the width, as ONNX aligns it
    with pytest.raises(InputError, match=r"shape .* is none a channel; give one value, or the shape \(1, 3, 1, 1\)"):
        quantized(net.save(tmp_path), net.samples(20))


def test_wider_codes_of_the_file_stay(tmp_path: Path) -> None:
    """Twelve bits that the file itself chose pass a pool into a float layer, whatever --act-bits."""
    net = FloatNet((2, 4, 4))
    rule = {"rounding": "half_even", "overflow": "saturate"}
    net.node("Requantize", "q", domain="shiftwire", bits=12, frac=9, signed=1, **rule)
    net.node("MaxPool", "p", kernel_shape=[2, 2], strides=[2, 2]).conv("c", 3, 2).node("Flatten", "f", axis=1)
    made = quantized(net.save(tmp_path), net.samples(64), act_bits=5)
    assert [node.kind for node in made.network.nodes][:2] == ["MaxPool", "ShiftConv"]
    assert made.network.tensors["p"].format == Fixed(12, 9, signed=True)


def test_an_adder_layer_shares_its_inputs_grid(tmp_path: Path) -> None:
    net = adder()
    made = quantized(net.save(tmp_path), net.samples(64))
    layers = [node for node in made.network.nodes if node.kind == "AdderConv"]
    assert len(layers) == 2
    for node in layers:
        assert isinstance(node.op, Conv)
        assert isinstance(node.op.weights, Adder)
        (x,) = made.network.sources(node)
        wanted = np.rint(np.moveaxis(net.constants[f"{node.name}_w"], 1, -1) * 2.0**x.format.frac)
        assert np.array_equal(node.op.weights.codes, wanted)
        assert x.format.bits == 8


def test_a_tensor_with_several_readers_is_quantized_once(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4)).conv("c", 3, 2).node("Relu", "r").node("Add", "a", "c").node("Flatten", "f", axis=1)
    made = quantized(net.save(tmp_path), net.samples(64))
    assert made.network.tensors["c_quant"].format.bits == 8
    assert [node.inputs for node in made.network.nodes if node.name in ("r", "a")] == [("c_quant",), ("r", "c_quant")]


def test_an_average_over_nine_is_a_sum_and_a_scale(tmp_path: Path) -> None:
    net = FloatNet((2, 3, 3)).conv("c", 4, 2).node("Relu", "r").node("GlobalAveragePool", "g")
    net.node("Flatten", "f", axis=1)
    made = quantized(net.save(tmp_path), net.samples(64), act_bits=10)
    assert [node.kind for node in made.network.nodes][-4:] == ["SumPool", "Requantize", "Affine", "Flatten"]
    assert made.report.answers.error.relative_error < 0.01


def test_a_soft_max_is_left_to_the_host(tmp_path: Path) -> None:
    """Figures are of what the file gives: its probabilities, of the same classes."""
    net = convolutional()
    values = net.samples(64)
    bare = quantized(net.save(tmp_path), values)
    tailed = quantized(net.node("Softmax", "s", axis=1).save(tmp_path), values)
    assert tailed.network.host_output.steps == (Softmax(1),)
    assert tailed.report.answers.agreement == bare.report.answers.agreement
    logits = bare.network.host_output.decode(
        bare.network.evaluate(bare.network.host_input.encode(values, bare.network.input.format)),
        bare.network.output.format,
    )
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    exact, right = powers / powers.sum(axis=1, keepdims=True), run_onnx(net.model(), values).astype(np.float64)
    error = np.sqrt(np.mean((exact - right) ** 2))
    assert tailed.report.answers.error.rms_error == pytest.approx(error, rel=1e-3)


def test_a_clip_at_six_holds(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4)).conv("c", 4, 2)
    net.constants["c_w"] *= 6
    net.constants |= {"low": np.array(0, np.float32), "high": np.array(6, np.float32)}
    net.node("Clip", "r", "low", "high").node("Flatten", "f", axis=1)
    values = net.samples(64)
    made = quantized(net.save(tmp_path), values)
    outputs = made.network.output.format.decode(
        made.network.evaluate(made.network.host_input.encode(values * 3, made.network.input.format))
    )
    assert outputs.max() == 6
    assert made.report.answers.error.relative_error < 0.03


def test_a_format_asked_for_is_kept(tmp_path: Path) -> None:
    net = convolutional()
    made = quantized(net.save(tmp_path), net.samples(64), formats={"r1": Fixed(9, 4, signed=False)})
    assert made.network.tensors["r1"].format == Fixed(9, 4, signed=False)


def test_the_scale_of_a_channel_is_fitted(tmp_path: Path) -> None:
    """Batch norm behind an adder layer becomes an Affine behind a cut, and nothing else."""
    net = adder()
    made = quantized(net.save(tmp_path), net.samples(64))
    kinds = {node.name: type(node.op) for node in made.network.nodes}
    assert kinds["n1"] is Affine
    assert kinds["n1_sum"] is Requantize


def test_two_exact_files_of_one_network_are_equal() -> None:
    """Export is a function of the network alone."""
    network = network_from_model(exact_conv())
    first, second = (to_onnx(network).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second
