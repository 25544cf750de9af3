"""Every pass of the pipeline changes a network that needs it, in its place among the others, and no code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onnx
from one_layer import S8, U1, codes, frames, of_one, shift, signs
from onnx import helper, numpy_helper
from shiftwire.api import load_network
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten, Unflatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.upsample import Spread, Upsample
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.pipeline import PIPELINE, run_pipeline

ADDER_DOMAINS = {"": 20, "shiftwire": 1}


def unread() -> Network:
    return Network.of("x", Tensor((3,), S8), (Node("dead", Relu(), ("x",)), Node("y", Relu(), ("x",))), "y")


def idle() -> Network:
    same = Requantize(S8, Rounding.FLOOR, Overflow.SATURATE)
    return Network.of("x", Tensor((3,), S8), (Node("q", same, ("x",)), Node("y", Relu(), ("q",))), "y")


def gaps() -> Network:
    sign = np.ones((3, 2, 3), np.int8)
    sign[0] = 0
    return of_one(Dense(Shift(ShiftWeights(sign, codes(sign.shape, -3, 2).astype(np.int8))), Bias.none(2)), (3,))


def far_weights() -> Network:
    return of_one(Dense(Adder(codes((4, 3), -300, 300), 4), Bias.none(4)), (3,))


def two_heads() -> Network:
    nodes = (Node("y", Relu(), ("x",)), Node("z", Relu(), ("y",)))
    return Network((NetworkInput("x", Tensor((4,), S8)),), nodes, (NetworkOutput("y"), NetworkOutput("z")))


def flattened() -> Network:
    dense = Dense(shift((2, 12), 2, -3, 0), Bias.none(2))
    return Network.of("x", Tensor((2, 3, 2), S8), (Node("flat", Flatten(), ("x",)), Node("y", dense, ("flat",))), "y")


def imaged() -> Network:
    """A factor and an offset a channel stand between."""
    dense = Dense(shift((12, 3), 2, -3, 0), Bias(np.arange(12), 3))
    nodes = (
        Node("row", dense, ("x",)),
        Node("bend", Affine(shift((12,), 2, -3, 0).weights, Bias(np.arange(-6, 6), 2)), ("row",)),
        Node("image", Unflatten((2, 3, 2)), ("bend",)),
        Node("y", Relu(), ("image",)),
    )
    return Network.of("x", Tensor((3,), S8), nodes, "y")


def plus_and_minus() -> Dense:
    return Dense(Int(signs((3, 6)), 1), Bias(np.arange(3), 2))


def signed() -> Network:
    """Two codes a power of two apart."""
    whole = np.ones(6, np.int64)
    sign = Threshold(np.arange(-3, 3)[:, None], -whole, 2 * whole, 4, 0)
    return Network.of("x", Tensor((6,), S8), (Node("s", sign, ("x",)), Node("y", plus_and_minus(), ("s",))), "y")


def kinds(network: Network) -> list[str]:
    return [node.kind for node in network.nodes]


def layers(network: Network) -> list[str]:
    return [node.name for node in network.nodes]


def planes(network: Network) -> int:
    op = network.nodes[-1].op
    assert isinstance(op, Dense) and isinstance(op.weights, Shift)
    return op.weights.weights.terms


def weight_range(network: Network) -> tuple[int, int]:
    op = network.nodes[-1].op
    assert isinstance(op, Dense) and isinstance(op.weights, Adder)
    return int(op.weights.codes.min()), int(op.weights.codes.max())


def edges() -> Network:
    """A Resize, and a Pad with the edge behind it."""
    nodes = (Node("wide", Upsample((2, 1)), ("x",)), Node("y", Upsample((1, 1), (1, 0), (2, 3)), ("wide",)))
    return Network.of("x", Tensor((2, 3, 2), S8), nodes, "y")


NEEDING: dict[str, tuple[Network, Callable[[Network], object], object, object]] = {
    "drop_unread": (unread(), layers, ["dead", "y"], ["y"]),
    "drop_idle_requantize": (idle(), layers, ["q", "y"], ["y"]),
    "join_edges": (edges(), layers, ["wide", "y"], ["y"]),
    "compact_terms": (gaps(), planes, 3, 2),
    "clip_adder_weights": (far_weights(), lambda network: weight_range(network) == (-128, 127), False, True),
    "signs_as_bits": (signed(), kinds, ["Threshold", "IntDense"], ["Threshold", "BinaryDense", "Requantize"]),
    "binary_layers": (of_one(plus_and_minus(), (6,), U1), kinds, ["IntDense"], ["BinaryDense"]),
    "flatten_in_stream_order": (flattened(), layers, ["flat", "y"], ["flat_hwc", "y"]),
    "unflatten_in_stream_order": (
        imaged(),
        layers,
        ["row", "bend", "image", "y"],
        ["row_hwc", "bend_hwc", "image", "y"],
    ),
    "frame_ends": (two_heads(), layers, ["y", "z"], ["y", "z", "y_flat", "z_flat", "outputs"]),
    "end_in_hardware": (of_one(Spread(0, 2), (3, 4)), layers, ["y"], ["y_wire", "y"]),
}
"""By pass: a network that needs it, what is looked at, and what is seen before and behind."""


@pytest.mark.parametrize("name", NEEDING)
def test_a_network_that_needs_the_pass_is_changed(name: str) -> None:
    network, look, before, behind = NEEDING[name]
    after = run_pipeline(network)
    assert look(network) == before
    assert look(after) == behind
    given = frames(network)
    assert np.array_equal(after.evaluate(given), network.evaluate(given))
    assert after.output == network.output


def test_every_pass_is_asked_for() -> None:
    assert [apply.__name__ for apply in PIPELINE] == list(NEEDING)


def adder_file(path: Path) -> Path:
    """Weights of eight codes to either side for an input of two bits."""
    weight = numpy_helper.from_array(np.array([[-8, -2, 1], [7, 0, -1]], np.int8), "w")
    node = helper.make_node("AdderDense", ["x", "w"], ["y"], name="y", domain="shiftwire", weight_frac=1)
    x, y = (helper.make_tensor_value_info(name, 1, ["N", size]) for name, size in (("x", 3), ("y", 2)))
    graph = helper.make_graph([node], "g", [x], [y], [weight])
    opsets = [helper.make_opsetid(*entry) for entry in ADDER_DOMAINS.items()]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    helper.set_model_props(model, {"shiftwire.input": "s2.1"})
    onnx.save(model, path)
    return path


def test_a_file_is_read_with_the_passes_behind(tmp_path: Path) -> None:
    network = load_network(adder_file(tmp_path / "adder.onnx"))
    assert weight_range(network) == (-2, 1)
    assert network.input.format == Fixed(2, 1, signed=True)
    given = np.array([[-2, 1, 0], [1, -1, -2]])
    expected = [[-(6 + 3 + 1), -(9 + 1 + 1)], [-(9 + 1 + 3), -(6 + 1 + 1)]]
    assert network.evaluate(given).tolist() == expected
