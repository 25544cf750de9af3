"""Activations of float networks that fall and rise: one operation or several, as a table of codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from float_nets import FloatNet
from quantized import quantized
from shiftwire.onnx.foreign.curves import spelled_curves
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.threshold import Lookup, Threshold

Spelling = Callable[[FloatNet], FloatNet]


def constant(net: FloatNet, value: float) -> str:
    return net.constant(f"k{len(net.constants)}", np.array(value))


def gate(kind: str, **attributes: float) -> Spelling:
    """x times a function of x."""

    def spelled(net: FloatNet) -> FloatNet:
        x = net.at
        return net.node(kind, f"{x}_gate", **attributes).node("Mul", f"{x}_act", x)

    return spelled


def gelu(net: FloatNet) -> FloatNet:
    """x / 2 * (1 + erf(x / sqrt 2)) as torch writes it."""
    x = net.at
    net.node("Div", f"{x}_in", constant(net, 2.0**0.5)).node("Erf", f"{x}_erf")
    net.node("Add", f"{x}_one", constant(net, 1.0)).node("Mul", f"{x}_mul", x)
    return net.node("Mul", f"{x}_act", constant(net, 0.5))


def gelu_by_tanh(net: FloatNet) -> FloatNet:
    """A sum within the product, and two constants behind."""
    x = net.at
    net.node("Pow", f"{x}_cube", constant(net, 3.0)).node("Mul", f"{x}_small", constant(net, 0.044715))
    net.node("Add", f"{x}_inner", x).node("Mul", f"{x}_scaled", constant(net, 0.7978845608))
    net.node("Tanh", f"{x}_tanh").node("Add", f"{x}_one", constant(net, 1.0)).node("Mul", f"{x}_mul", x)
    return net.node("Mul", f"{x}_act", constant(net, 0.5))


def relu6(net: FloatNet) -> FloatNet:
    x = net.at
    net.node("Add", f"{x}_three", constant(net, 3.0)).node("Clip", f"{x}_six", constant(net, 0), constant(net, 6))
    return net.node("Mul", f"{x}_mul", x).node("Div", f"{x}_act", constant(net, 6.0))


def softplus(net: FloatNet) -> FloatNet:
    """x above 20, as torch 2.13 writes it."""
    x = net.at
    net.node("Softplus", f"{x}_soft").at = x
    return net.node("Greater", f"{x}_gate", constant(net, 20.0)).node("Where", f"{x}_act", x, f"{x}_soft")


def hard_shrink(net: FloatNet) -> FloatNet:
    """0 near 0; truths are cast to truths."""
    x = net.at
    net.node("Less", f"{x}_less", constant(net, -0.2)).at = x
    net.node("Greater", f"{x}_more", constant(net, 0.2)).node("Cast", f"{x}_gate", to=9)
    return net.node("Or", f"{x}_either", f"{x}_less").node("Where", f"{x}_act", x, constant(net, 0.0))


def log_sigmoid(net: FloatNet) -> FloatNet:
    x = net.at
    return net.node("Sigmoid", f"{x}_gate").node("Log", f"{x}_act")


def plain(kind: str, **attributes: object) -> Spelling:
    return lambda net: net.node(kind, f"{net.at}_act", **attributes)


SPELLINGS: dict[str, Spelling] = {
    "HardSwish": plain("HardSwish"),
    "Gelu": plain("Gelu"),
    "Gelu by tanh": plain("Gelu", approximate="tanh"),
    "Mish": plain("Mish"),
    "x Sigmoid(x)": gate("Sigmoid"),
    "x HardSigmoid(x)": gate("HardSigmoid", alpha=1 / 6),
    "Erf chain": gelu,
    "Tanh chain": gelu_by_tanh,
    "relu6 chain": relu6,
    "Softplus or x": softplus,
    "x or 0": hard_shrink,
    "Log of Sigmoid": log_sigmoid,
}
RISING = ("Softplus or x", "x or 0", "Log of Sigmoid")
"""Tables that never fall, which are staircases."""


def network(spelling: Spelling) -> FloatNet:
    net = FloatNet((3, 6, 6), seed=8)
    spelling(spelling(net.conv("a", 8, 3).norm("n", 8)).conv("b", 8, 8))
    return net.node("GlobalAveragePool", "g").node("Flatten", "f", axis=1).dense("y", 5, 8)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_table_stands_for_all_of_it(name: str, tmp_path: Path) -> None:
    """Two of them, of codes of as many bits as activations have; the written file says the same under onnxruntime."""
    net = network(SPELLINGS[name])
    values = net.samples(64)
    made = quantized(net.save(tmp_path), values, act_bits=8, input_bits=8)
    tables = [node for node in made.network.nodes if isinstance(node.op, Threshold if name in RISING else Lookup)]
    assert [node.name for node in tables] == ["n_act", "b_act"]
    assert {made.network.tensors[node.inputs[0]].format.bits for node in tables} == {8}
    assert all("_mul" not in name and "_gate" not in name for name in made.network.tensors)
    assert {layer.name for layer in made.report.layers} >= {"n_act", "b_act"}
    error = made.report.answers.error
    assert error is not None and error.relative_error < 0.12
    codes = made.network.evaluate(made.network.host_input.encode(values, made.network.input.format))
    assert np.array_equal(codes_of(run_onnx(made.model, values), made.network.output.format), codes)


@pytest.mark.parametrize(("asked", "bits"), [(6, 6), (12, 10)])
def test_at_most_ten_bits_are_read(asked: int, bits: int, tmp_path: Path) -> None:
    net = network(SPELLINGS["HardSwish"])
    made = quantized(net.save(tmp_path), net.samples(32), act_bits=asked)
    assert {node.op.x.bits for node in made.network.nodes if isinstance(node.op, Lookup)} == {bits}


def test_at_the_input_and_at_the_end(tmp_path: Path) -> None:
    """The graph input is quantized first; an output has a format of its own."""
    net = FloatNet((6,), seed=2)
    gate("Sigmoid")(net).dense("a", 5, 6)
    plain("Gelu")(net)
    made = quantized(net.save(tmp_path), net.samples(64), act_bits=8, input_bits=8)
    assert [node.kind for node in made.network.nodes if node.kind == "Lookup"] == ["Lookup"] * 2
    assert made.report.answers.error is not None and made.report.answers.error.relative_error < 0.1


@pytest.mark.parametrize("kind", ["Elu", "Selu", "Celu", "Softplus", "Softsign"])
def test_what_never_falls_is_a_staircase(kind: str, tmp_path: Path) -> None:
    """Between layers and at the end, which the host does not compute."""
    net = FloatNet((6,), seed=2).dense("a", 7, 6).node(kind, "u").dense("b", 5, 7).node(kind, "y")
    made = quantized(net.save(tmp_path), net.samples(64), act_bits=8)
    assert [node.name for node in made.network.nodes if node.kind == "Threshold"] == ["u", "y"]
    assert made.report.answers.error is not None and made.report.answers.error.relative_error < 0.1


def regions(net: FloatNet) -> list[tuple[str, list[str]]]:
    model = net.model()
    curves = spelled_curves(list(model.graph.node), net.constants, (net.at,))
    return [(curve.source, [node.name for node in curve.nodes]) for curve in curves]


def test_regions_by_hand() -> None:
    assert regions(gelu_by_tanh(FloatNet((4,)).dense("d", 4, 4))) == [
        ("d", ["d_cube", "d_small", "d_inner", "d_scaled", "d_tanh", "d_one", "d_mul", "d_act"])
    ]
    assert regions(gate("Sigmoid")(FloatNet((4,)).node("Relu", "r"))) == [("r", ["r_gate", "r_act"])]
    two = gate("Sigmoid")(gate("Tanh")(FloatNet((4,)).dense("d", 4, 4)))
    assert regions(two) == [("d_act", ["d_act_gate", "d_act_act"]), ("d", ["d_gate", "d_act"])]


def test_what_is_no_region() -> None:
    """Two layers; a sum of lines; a tensor between that others read."""
    net = FloatNet((4,)).dense("a", 4, 4).dense("b", 4, 4).node("Mul", "m", "a")
    assert regions(net) == []
    net = FloatNet((4,)).dense("a", 4, 4)
    assert regions(net.node("Mul", "m", constant(net, 3.0)).node("Add", "s", "a")) == []
    net = gate("Sigmoid")(FloatNet((4,)).dense("a", 4, 4)).dense("b", 4, 4).node("Add", "s", "a_gate")
    assert regions(net) == []
