"""Adder layers in pieces: every bit as onnxruntime gives it for the contract's own function."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

import onnx
import shiftwire_hls
from onnx import TensorProto, helper, numpy_helper
from shiftwire.onnx.pieces import adders
from shiftwire.onnx.pieces.adders import in_pieces
from shiftwire.onnx.runnable import runnable


def adder_file(x: tuple[int, ...], weight: np.ndarray, frac: int = 0, **settings: object) -> onnx.ModelProto:
    """One layer between two that are none, for samples x (C, spatial...) in batches of any size."""
    axes = len(x) - 1
    settings = {"strides": [1] * axes, "pads": [0] * 2 * axes, "group": 1, **settings}
    nodes = [
        helper.make_node("Neg", ["x"], ["before"]),
        helper.make_node("AdderConv", ["before", "w"], ["sums"], domain="shiftwire", weight_frac=frac, **settings),
        helper.make_node("Relu", ["sums"], ["y"]),
    ]
    source = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *x])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [source], [output], [numpy_helper.from_array(weight, "w")])
    imports = [helper.make_opsetid("", 20), helper.make_opsetid("shiftwire", 1)]
    return runnable(helper.make_model(graph, opset_imports=imports, ir_version=10)).model


def sums(model: onnx.ModelProto, x: np.ndarray, threads: int = 2) -> np.ndarray:
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.append(onnx.ValueInfoProto(name="sums"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(shown.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["sums"], {"x": x})[0]


def is_cut(model: onnx.ModelProto) -> bool:
    return any(node.op_type == "Scan" for node in model.graph.node)


def bits(values: np.ndarray) -> np.ndarray:
    return values.view(np.uint32)


SHAPES = {
    "image": ((5, 16, 16), (24, 5, 3, 3), {"pads": [1, 1, 1, 1]}),
    "one filter too many": ((3, 8, 8), (65, 3, 3, 3), {"pads": [1, 1, 1, 1]}),
    "odd pixels": ((4, 7, 7), (48, 4, 3, 2), {"pads": [1, 0, 1, 1]}),
    "strides": ((6, 15, 9), (32, 6, 3, 3), {"pads": [1, 2, 0, 1], "strides": [2, 3]}),
    "point": ((40, 6, 6), (32, 40, 1, 1), {"strides": [2, 2]}),
    "signal": ((7, 33), (16, 7, 5), {"pads": [2, 1], "strides": [2]}),
    "many taps": ((64, 4, 4), (16, 64, 3, 3), {"pads": [1, 1, 1, 1]}),
    "more differences than a piece": ((16, 32, 32), (16, 16, 3, 3), {"pads": [1, 1, 1, 1]}),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_are_the_whole_bit_for_bit(name: str, threads: int) -> None:
    """Of few samples and more, in numbers of many sizes, so that another order of additions would show."""
    x, weight, settings = SHAPES[name]
    rng = np.random.default_rng(len(name))
    w = (rng.standard_normal(weight) * np.exp(rng.standard_normal(weight))).astype(np.float32)
    whole = adder_file(x, w, **settings)
    cut = in_pieces(whole)
    assert is_cut(cut) and not is_cut(whole)
    for count in (1, 2, 5):
        samples = (rng.standard_normal((count, *x)) * np.exp(2 * rng.standard_normal((count, *x)))).astype(np.float32)
        found, wanted = sums(cut, samples, threads), sums(whole, samples, threads)
        assert found.shape == wanted.shape and len(np.unique(wanted)) > wanted.size // 2
        assert np.array_equal(bits(found), bits(wanted))


@pytest.mark.parametrize("frac", [-3, 0, 5])
def test_templates_may_be_codes(frac: int) -> None:
    rng = np.random.default_rng(7)
    whole = adder_file((3, 8, 8), rng.integers(-128, 128, (16, 3, 3, 3)).astype(np.int8), frac, pads=[1, 1, 1, 1])
    samples = rng.standard_normal((3, 3, 8, 8)).astype(np.float32)
    assert is_cut(in_pieces(whole))
    assert np.array_equal(bits(sums(in_pieces(whole), samples)), bits(sums(whole, samples)))


@pytest.mark.parametrize(
    ("x", "weight", "settings"),
    [
        ((4, 8, 8), (16, 2, 3, 3), {"group": 2}),
        ((4, 8, 8), (7, 4, 3, 3), {}),
        ((4, 5, 5), (9, 4, 3, 3), {}),
        ((4, 3, 3), (16, 4, 3, 3), {}),
    ],
    ids=["groups", "few filters", "samples that begin anywhere", "one pixel"],
)
def test_what_might_add_up_otherwise_stays_whole(x: tuple[int, ...], weight: tuple[int, ...], settings: dict) -> None:
    whole = adder_file(x, np.ones(weight, np.float32), **settings)
    assert in_pieces(whole).SerializeToString() == whole.SerializeToString()


def test_a_meaning_of_the_file_itself_stays() -> None:
    """A function of that name which is not the contract's."""
    model = adder_file((3, 8, 8), np.ones((16, 3, 3, 3), np.float32))
    text = shiftwire_hls.onnx_function("AdderConv").replace("Abs (difference)", "Mul (difference, difference)")
    model.functions[0].CopyFrom(onnx.parser.parse_function(text))
    assert in_pieces(model) is model


def test_names_of_the_file_are_not_taken() -> None:
    model = adder_file((3, 8, 8), np.ones((16, 3, 3, 3), np.float32))
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "pieces0_1_x"
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    cut = in_pieces(model)
    assert is_cut(cut) and np.array_equal(sums(cut, x), sums(model, x))


def test_pieces_cover_the_filters() -> None:
    """Each begins aligned, and none has too few rows."""
    for out, side in [(8, 3), (23, 5), (64, 7), (65, 8), (130, 2)]:
        layer = adders.Layer(onnx.NodeProto(), "", (out, 90, 3, 3), (90, side, side), (out, side, side), {})
        begins = np.cumsum([0, *layer.pieces])
        assert begins[-1] == out and min(layer.pieces) >= adders.LEAST_FILTERS
        assert not (begins[:-1] * side**2 % adders.ALIGNED_NUMBERS).any()
