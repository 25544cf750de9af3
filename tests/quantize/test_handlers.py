"""What each float operation becomes, by its name and its constants, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from quantized import handled, quantized
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Multiply
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.pool import AveragePool, SumPool
from shiftwire.ops.requantize import Requantize
from shiftwire.quantize.quantizer import Quantized
from shiftwire_boards.runtime.host_steps import Clip

COUNT = 24


def of(net: FloatNet, folder: Path, **options: Any) -> Quantized:
    return quantized(net.save(folder), net.samples(COUNT), **options)


def error(net: FloatNet, folder: Path, **options: Any) -> float:
    return of(net, folder, **options).report.answers.error.relative_error


def layers_of(network: Network) -> list[tuple[str, str]]:
    return [(node.kind, node.name) for node in network.nodes]


@pytest.mark.parametrize(("kind", "is_turned"), [("Gemm", False), ("Gemm", True), ("MatMul", False)])
def test_a_matrix_may_lie_either_way(kind: str, is_turned: bool, tmp_path: Path) -> None:
    """`transB` says which; MatMul has (in, out)."""
    net = FloatNet((4,), seed=5)
    weights = net.rng.normal(0, 1, (3, 4) if is_turned else (4, 3))
    net.node(kind, "y", net.constant("w", weights), **({"transB": 1} if is_turned else {}))
    made = of(net, tmp_path, terms=5)
    (kind, name), *_ = layers_of(made.network)
    assert kind == "ShiftDense" and name.startswith("y")
    assert made.network.output.shape == (3,)
    assert made.report.answers.error.relative_error < 0.01


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"alpha": 2.0}, "alpha = 2 is not handled; only 1 is"),
        ({"beta": 0.5}, "beta = 0.5 is not handled; only 1 is"),
        ({"transA": 1}, "transA = 1 is not handled; only 0 is"),
        ({"transB": 2}, "transB = 2 is not handled; give 0 or 1"),
    ],
)
def test_a_gemm_is_a_plain_product(attributes: dict[str, Any], words: str) -> None:
    net = FloatNet((4,)).dense("y", 4, 4)
    net.nodes.clear()
    net.at = "x"
    with pytest.raises(InputError, match=f"attribute {words}"):
        handled(net.node("Gemm", "y", "y_w", "y_b", **attributes))


@pytest.mark.parametrize(("at", "what"), [(1, "weight"), (2, "bias")])
@pytest.mark.parametrize("is_dense", [False, True])
def test_a_float_layer_has_float_constants(is_dense: bool, at: int, what: str) -> None:
    net = FloatNet((4,)).dense("y", 3, 4) if is_dense else FloatNet((2, 4, 4)).conv("c", 3, 2)
    net.constants[net.nodes[0].input[at]] = net.constants[net.nodes[0].input[at]].astype(np.int32)
    with pytest.raises(InputError, match=f"its '{what}' is a int32 tensor; a float layer has float weights"):
        handled(net)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"group": 0}, "group = 0 is not handled; give a whole number from 1 on"),
        ({"dilations": [1, 2]}, r"dilations = \[1, 2\] is not handled"),
        ({"kernel_shape": [3]}, r"kernel_shape = \[3\] is not handled; give 2 whole numbers"),
    ],
)
def test_a_window_that_is_none(attributes: dict[str, Any], words: str) -> None:
    net = FloatNet((2, 4, 4))
    net.node("Conv", "c", net.constant("w", np.ones((3, 2, 3, 3))), **attributes)
    with pytest.raises(InputError, match=words):
        handled(net)


def test_a_convolution_has_groups_strides_and_pads(tmp_path: Path) -> None:
    net = FloatNet((4, 6, 5), seed=9).conv("c", 6, 2, group=2, strides=[2, 1], pads=[1, 0, 0, 2])
    made = of(net.node("Flatten", "f", axis=1), tmp_path, terms=5)
    assert made.report.answers.error.relative_error < 0.01
    (op,) = [node.op for node in made.network.nodes if isinstance(node.op, Conv)]
    assert (op.groups, op.window.stride, op.window.begin, op.window.end) == (2, (2, 1), (1, 0), (0, 2))


@pytest.mark.parametrize("epsilon", [None, 0.5])
@pytest.mark.parametrize("is_alone", [False, True])
def test_a_batch_norm_divides_by_the_deviation(epsilon: float | None, is_alone: bool, tmp_path: Path) -> None:
    """Behind a layer that it alone reads it is part of that; else it is an Affine of its own."""
    net = FloatNet((3, 4, 4), seed=6).conv("c", 3, 3)
    if is_alone:
        net.node("Relu", "r")
    net.norm("n", 3)
    net.constants["n_3"] = np.array([0.01, 0.3, 4.0], np.float32)
    if epsilon is not None:
        net.nodes[-1].attribute.append(_attribute("epsilon", epsilon))
    net.nodes[-1].attribute.append(_attribute("momentum", 0.8))
    made = of(net.node("Flatten", "f", axis=1), tmp_path, terms=5, act_bits=10)
    assert made.report.answers.error.relative_error < 0.01
    if is_alone:
        (op,) = [node.op for node in made.network.nodes if node.name == "n"]
        assert isinstance(op, Affine)
        slope = op.scale.integers * 2.0 ** op.scale.exponent_range[0]
        right = net.constants["n_0"] / np.sqrt(net.constants["n_3"] + (1e-5 if epsilon is None else epsilon))
        assert slope == pytest.approx(right, rel=0.01)


def _attribute(name: str, value: float) -> Any:
    return FloatNet((1,)).node("Dummy", "d", **{name: value}).nodes[0].attribute[0]


def test_a_batch_norm_that_trains_or_has_no_variance_is_refused(tmp_path: Path) -> None:
    net = FloatNet((3, 4, 4)).conv("c", 3, 3).norm("n", 3)
    net.constants["n_3"][1] = -0.25
    with pytest.raises(InputError, match=r"its variance holds -0.25; a variance is not negative, train again"):
        of(net, tmp_path)
    net.constants["n_3"][1] = 0.0
    of(net, tmp_path)
    net.nodes[-1].attribute.append(_attribute("training_mode", 1))
    with pytest.raises(InputError, match="attribute training_mode = 1 is not handled"):
        handled(net)


@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1)])
@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("kind", ["Mul", "Add"])
def test_a_constant_is_one_value_or_one_a_channel(
    kind: str, is_first: bool, shape: tuple[int, ...], tmp_path: Path
) -> None:
    net = FloatNet((3, 3, 3), seed=8).conv("c", 3, 3).node("Relu", "r")
    values = np.array([1.7, -0.6, 0.9])[: int(np.prod(shape))].reshape(shape)
    net.node(kind, "m", net.constant("k", values))
    if is_first:
        net.nodes[-1].input[:] = list(net.nodes[-1].input)[::-1]
    made = of(net.node("Flatten", "f", axis=1), tmp_path, act_bits=10)
    assert made.report.answers.error.relative_error < 0.01
    assert ("Affine", "m") in layers_of(made.network)
    cost = next(layer for layer in made.report.layers if layer.name == "m")
    assert (cost.kind, cost.how, cost.format) == ("Affine", "fitted", str(made.network.tensors["m"].format))
    assert cost.terms_max is not None and cost.terms_mean is not None and 1 <= cost.terms_mean <= cost.terms_max <= 6
    assert 0 <= cost.own_error < 0.01 and cost.error is not None and cost.error < 0.01


def behind(made: Quantized, name: str) -> list[tuple[str, str]]:
    """Kinds and names of the nodes behind those of the first layer."""
    return [(kind, node) for kind, node in layers_of(made.network) if node.startswith((name, "f"))]


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 1, 3), (1, 4, 1, 1)])
def test_a_constant_along_another_axis_is_refused(shape: tuple[int, ...]) -> None:
    net = FloatNet((3, 3, 3)).conv("c", 3, 3).node("Relu", "r")
    net.node("Mul", "m", net.constant("k", np.ones(shape) * 1.5))
    with pytest.raises(InputError, match=r"is none a channel; give one value, or the shape \(1, 3, 1, 1\)"):
        handled(net)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (3, 1, 1), (1, 3, 1, 1)])
def test_a_constant_is_aligned_from_the_right(shape: tuple[int, ...]) -> None:
    """As ONNX does it, in a file that is not made canonical."""
    net = FloatNet((3, 4, 4)).node("Relu", "r")
    (node,) = handled(net.node("Mul", "m", net.constant("k", np.full(shape, 1.5)))).graph.nodes
    assert node.name == "m" and isinstance(node.op, Affine)
    assert node.op.scale.integers.tolist() == [3, 3, 3]


def test_a_product_of_two_tensors_is_one_of_narrow_codes(tmp_path: Path) -> None:
    net = FloatNet((3, 3, 3)).conv("c", 3, 3).conv("d", 3, 3).node("Mul", "m", "c")
    network = of(net, tmp_path).network
    (product,) = (node for node in network.nodes if isinstance(node.op, Multiply))
    assert [tensor.format.bits for tensor in network.sources(product)] == [8, 8] and product.name == "m"


def test_a_quotient_of_two_tensors_is_refused(tmp_path: Path) -> None:
    net = FloatNet((3, 3, 3)).conv("c", 3, 3).conv("d", 3, 3).node("Div", "m", "c")
    with pytest.raises(InputError, match=r"a quotient of two computed tensors is not handled; only two functions of"):
        of(net, tmp_path)


def clipped(low: float, high: float) -> FloatNet:
    net = FloatNet((2, 4, 4), seed=4).conv("c", 4, 2)
    net.node("Clip", "r", net.constant("low", np.array(low)), net.constant("high", np.array(high)))
    return net.node("Flatten", "f", axis=1)


def test_a_clip_that_is_reached_is_mirrored_twice(tmp_path: Path) -> None:
    """c - relu(c - x): every step is exact, the last is unsigned."""
    made = of(clipped(0.0, 0.7), tmp_path)
    assert behind(made, "r") == [
        ("Requantize", "r_relu"), ("Affine", "r_below"), ("Relu", "r_kept"), ("Affine", "r_cap"),
        ("Requantize", "r"), ("Flatten", "f"),
    ]  # fmt: skip
    network = made.network
    format = network.tensors["r"].format
    cap = int(np.floor(0.7 * 2**format.frac))
    codes = network.evaluate_layers(
        network.host_input.encode(np.random.default_rng(0).normal(0, 3, (40, 2, 4, 4)), network.input.format)
    )
    assert np.array_equal(codes["r"], np.minimum(codes["r_relu"], cap)) and codes["r_relu"].max() > cap
    (last,) = [node.op for node in network.nodes if node.name == "r"]
    assert last == Requantize(format, Rounding.FLOOR, Overflow.SATURATE) and not format.signed
    assert made.report.answers.error.relative_error < 0.02


def test_a_clip_that_nothing_reaches_saturates_at_nothing(tmp_path: Path) -> None:
    made = of(clipped(0.0, 1000.0), tmp_path)
    assert behind(made, "r") == [("Requantize", "r"), ("Flatten", "f")]
    format = Fixed(6, 5, signed=False)
    net = clipped(0.0, 63 / 32)
    net.constants["c_w"] *= np.float32(0.3)
    assert behind(of(net, tmp_path, formats={"r": format}), "r") == [("Requantize", "r"), ("Flatten", "f")]
    net.constants["high"] = np.array(62.9 / 32, np.float32)
    assert len(behind(of(net, tmp_path, formats={"r": format}), "r")) == 6


def test_a_clip_of_any_range_is_the_hosts_or_a_threshold(tmp_path: Path) -> None:
    """Behind the last layer, or between two."""
    made = of(clipped(-0.5, 1.0), tmp_path)
    assert made.network.host_output.steps == (Clip(-0.5, 1.0),)
    assert made.report.answers.error.relative_error < 0.02
    net = FloatNet((2, 4, 4), seed=4).conv("c", 4, 2)
    net.node("Clip", "r", net.constant("low", np.array(-0.5)), net.constant("high", np.array(1.0)))
    made = of(net.conv("d", 3, 4).node("Flatten", "f", axis=1), tmp_path, act_bits=10)
    assert ("Threshold", "r") in layers_of(made.network) and made.network.tensors["r"].format.bits == 10
    assert not made.network.host_output.steps and made.report.answers.error.relative_error < 0.03


@pytest.mark.parametrize(("kernel", "kinds"), [([2, 2], ["AveragePool"]), ([1, 3], ["SumPool", "Affine"])])
def test_an_average_is_a_sum_and_its_share(kernel: list[int], kinds: list[str], tmp_path: Path) -> None:
    net = FloatNet((2, 4, 6), seed=2).conv("c", 3, 2).node("Relu", "r")
    net.node("AveragePool", "p", kernel_shape=kernel, strides=kernel).node("Flatten", "f", axis=1)
    made = of(net, tmp_path, act_bits=10)
    behind = [node for node in made.network.nodes if node.name.startswith("p")]
    assert [node.kind for node in behind if node.kind != "Requantize"] == kinds
    assert isinstance(behind[0].op, AveragePool | SumPool) and behind[0].op.window.kernel == tuple(kernel)
    assert made.report.answers.error.relative_error < 0.01


@pytest.mark.parametrize("attributes", [{"count_include_pad": 1}, {}, {"ceil_mode": 1}])
@pytest.mark.parametrize(("kernel", "kinds"), [([2, 2], []), ([3, 2], ["Affine"])])
def test_an_average_counts_what_the_file_counts(
    kernel: list[int], kinds: list[str], attributes: dict[str, int], tmp_path: Path
) -> None:
    net = FloatNet((2, 5, 4)).conv("c", 3, 2).node("Relu", "r")
    net.node("AveragePool", "p", kernel_shape=kernel, strides=[2, 2], pads=[1, 0, 1, 0], **attributes)
    net.node("Flatten", "f", axis=1)
    made = of(net, tmp_path, act_bits=10)
    assert made.report.answers.error.relative_error < 0.01
    if "count_include_pad" not in attributes:
        behind = [node.kind for node in made.network.nodes if node.name.startswith("p")]
        assert [kind for kind in behind if kind != "Requantize"] == ["PartialPool", *kinds]


def test_an_adder_layer_of_float_weights_names_no_grid(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4)).conv("c", 3, 2).node("Relu", "r").adder("d", 3, 3).node("Flatten", "f", axis=1)
    grid = next(attribute for attribute in net.nodes[2].attribute if attribute.name == "weight_frac")
    of(net, tmp_path)
    grid.i = 3
    with pytest.raises(InputError, match="attribute weight_frac = 3 is not handled"):
        of(net, tmp_path)


def test_a_relu_at_the_end_is_not_rounded(tmp_path: Path) -> None:
    net = FloatNet((2, 4, 4)).conv("c", 3, 2).node("Relu", "r").node("Flatten", "f", axis=1)
    made = of(net, tmp_path)
    assert behind(made, "r") == [("Relu", "r"), ("Flatten", "f")]
    inner = FloatNet((2, 4, 4)).conv("c", 3, 2).node("Relu", "r").conv("d", 3, 3).node("Flatten", "f", axis=1)
    made = of(inner, tmp_path)
    assert behind(made, "r") == [("Requantize", "r"), ("Flatten", "f")]
    assert str(made.network.tensors["r"].format).startswith("u8.")
