"""Rewrites make new constants and never change one; one that gives up leaves the graph as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import onnx
from onnx import helper, numpy_helper
from qonnx_nets import DOMAIN, NETS, Net
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.draft import Draft
from shiftwire.onnx.canonical.layers import merge_biases, unify_gemms
from shiftwire.onnx.canonical.layout import cancel_transposes
from shiftwire.onnx.canonical.opset import modernised
from shiftwire.onnx.canonical.scales import unify_scales
from shiftwire.onnx.canonical.windows import merge_pads
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.pipeline import REWRITES, canonical
from shiftwire.onnx.runtime import run_onnx

Rewrite = Callable[[Draft], None]


def drafted(nodes: list[onnx.NodeProto], constants: dict[str, Any], shape: list[Any]) -> Draft:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    x, y = (helper.make_tensor_value_info(name, 1, at) for name, at in (("x", shape), ("y", None)))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    domains = {"": 20, DOMAIN: 1}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*at) for at in domains.items()], ir_version=10)
    draft = Draft.of(model)
    draft.infer()
    return draft


def node(kind: str, inputs: str, output: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], name=output, domain=domain, **attributes)


def quant(inputs: str, output: str) -> onnx.NodeProto:
    return node("Quant", f"{inputs} zero bits", output, DOMAIN, signed=1, narrow=0, rounding_mode="ROUND")


def whole(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-3, 4, shape).astype(np.float32)


QUANT = {"zero": np.float32(0), "bits": np.float32(4)}
DEEP = np.full((1, 1, 4, 4), 0.5, np.float32)
"""More axes than the weight has."""

GIVING_UP: dict[str, tuple[Rewrite, list[onnx.NodeProto], dict[str, Any], list[Any]]] = {
    "a weight whose scale has more axes": (
        unify_gemms,
        [quant("w s", "wq"), node("MatMul", "x wq", "y")],
        {"w": whole(4, 4), "s": DEEP, **QUANT},
        ["N", 4],
    ),
    "a bias of another size": (
        unify_gemms,
        [node("Gemm", "x w b", "y")],
        {"w": whole(4, 4), "b": whole(2, 4)},
        [2, 4],
    ),
    "a computed bias": (
        unify_gemms,
        [quant("w s", "wq"), node("Gemm", "x w b", "a"), node("Gemm", "x wq a", "y")],
        {"w": whole(4, 4), "b": whole(2, 4), "s": np.float32(0.5), **QUANT},
        [2, 4],
    ),
    "a constant minus a tensor it makes larger": (
        unify_scales,
        [node("Sub", "c x", "y")],
        {"c": whole(3, 2, 4)},
        ["N", 4],
    ),
    "a sum whose other side has another layout": (
        cancel_transposes,
        [
            node("Transpose", "x", "a", perm=[0, 2, 3, 1]),
            node("Relu", "x", "b"),
            node("Add", "a b", "c"),
            node("Sum", "c d", "y"),
        ],
        {"d": whole(1, 4, 4, 4)},
        ["N", 4, 4, 4],
    ),
    "a constant with more axes than the tensor": (
        cancel_transposes,
        [node("Transpose", "x", "a", perm=[0, 2, 1]), node("Add", "a c", "y")],
        {"c": whole(1, 1, 4, 4)},
        ["N", 4, 4],
    ),
    "a mean that would reorder what is left": (
        cancel_transposes,
        [node("Transpose", "x", "a", perm=[0, 3, 2, 1]), node("ReduceMean", "a axes", "y", keepdims=0)],
        {"axes": np.array([1])},
        ["N", 2, 3, 4],
    ),
    "a transpose of the batch": (
        cancel_transposes,
        [node("Transpose", "x", "y", perm=[1, 0, 2])],
        {},
        [2, 1, 3],
    ),
    "a flatten in front of a weight with a deep scale": (
        cancel_transposes,
        [
            node("Transpose", "x", "a", perm=[0, 2, 3, 1]),
            node("Flatten", "a", "f"),
            quant("w s", "wq"),
            node("MatMul", "f wq", "y"),
        ],
        {"w": whole(24, 24), "s": np.full((1, 1, 24, 24), 0.5, np.float32), **QUANT},
        ["N", 2, 3, 4],
    ),
    "a flatten that is the bias": (
        cancel_transposes,
        [
            node("Transpose", "x", "a", perm=[0, 2, 3, 1]),
            node("Flatten", "a", "f"),
            node("Gemm", "other w f", "y", transB=1),
        ],
        {"other": whole(2, 24), "w": whole(24, 24)},
        [2, 2, 3, 4],
    ),
    "a bias that is none a channel": (
        merge_biases,
        [node("Gemm", "x w", "a", transB=1), node("Add", "a c", "y")],
        {"w": whole(4, 4), "c": whole(2, 4)},
        [2, 4],
    ),
    "a quantized bias whose scale is larger than it": (
        merge_biases,
        [quant("c s", "cq"), node("Gemm", "x w", "a", transB=1), node("Add", "a cq", "y")],
        {"w": whole(4, 4), "c": whole(1, 1), "s": np.full(4, 0.5, np.float32), **QUANT},
        ["N", 4],
    ),
    "a pad of the channels": (
        merge_pads,
        [node("Pad", "x p", "a"), node("Conv", "a w", "y", kernel_shape=[2, 2], pads=[0] * 4)],
        {"p": np.array([0, 1, 0, 0, 0, 0, 0, 0]), "w": whole(2, 3, 2, 2)},
        ["N", 2, 4, 4],
    ),
}  # fmt: skip


def state(draft: Draft) -> tuple[list[bytes], dict[str, bytes]]:
    nodes = [made.SerializeToString(deterministic=True) for made in draft.nodes]
    return nodes, {name: array.tobytes() + repr(array.shape).encode() for name, array in draft.constants.items()}


@pytest.mark.parametrize("name", GIVING_UP)
def test_a_rewrite_that_gives_up_leaves_the_graph_as_it_was(name: str) -> None:
    rewrite, nodes, constants, shape = GIVING_UP[name]
    draft = drafted(nodes, constants, shape)
    before = state(draft)
    rewrite(draft)
    assert state(draft) == before


def test_no_constant_can_be_changed() -> None:
    draft = drafted([node("MatMul", "x w", "y")], {"w": whole(4, 4)}, ["N", 4])
    made = draft.constant("c", whole(3))
    for name in ("w", made):
        with pytest.raises(ValueError, match="read-only"):
            draft.constants[name][0] = 1
        with pytest.raises(ValueError, match="read-only"):
            draft.constants[name].T[...] = 0
    with pytest.raises(TypeError):
        draft.constants["w"] = whole(4, 4)  # type: ignore[index]
    with pytest.raises(ValueError, match="constants w are there already; none is ever replaced"):
        draft.define({"w": whole(4, 4)})


@pytest.mark.parametrize("name", NETS)
def test_every_rewrite_keeps_every_constant(name: str) -> None:
    """What a name meant in front of a rewrite it means behind it, or it is gone."""
    draft = Draft.of(modernised(NETS[name]().model()))
    for rewrite in REWRITES:
        draft.infer()
        before = state(draft)[1]
        rewrite(draft)
        after = state(draft)[1]
        assert all(after[kept] == before[kept] for kept in before.keys() & after.keys())
        draft.sweep()


def gemm(**attributes: int) -> Callable[[Net, str], str]:
    return lambda net, weight: net.add("Gemm", None, weight, **attributes)


def matmul(net: Net, weight: str) -> str:
    return net.add("MatMul", None, weight)


def turned(net: Net, weight: str) -> str:
    """The weight (in, out) turned in the graph, for a Gemm that wants (out, in)."""
    last = net.last
    name = net.add("Transpose", weight, perm=[1, 0])
    net.last = last
    return net.add("Gemm", None, name, transB=1)


LAYERS = {"MatMul": matmul, "Gemm": gemm(), "Gemm of its transpose": turned}
SPELLINGS: dict[str, Callable[[Net, str, np.ndarray], str]] = {
    "Quant": lambda net, w, s: net.quant(s, 4, w),
    "FLOOR": lambda net, w, s: net.quant(s, 4, w, mode="FLOOR"),
    "offset": lambda net, w, s: net.quant(s, 4, w, signed=0, zero=7),
    "BipolarQuant": lambda net, w, s: net.bipolar(s, w),
    "IntQuant": lambda net, w, s: net.add(
        "IntQuant", w, s, 0.0, 4.0, domain="onnx.brevitas", signed=1, narrow=1, rounding_mode="ROUND"
    ),
}


def scaled_by_column(layer: str, spelling: str, outputs: int, as_row: bool) -> onnx.ModelProto:
    net = Net(6, seed=31)
    net.quant(0.25, 6)
    scale = net.rng.uniform(0.05, 0.3, outputs).astype(np.float32)
    last, weight = net.last, net.constant(net.rng.normal(0, 0.5, (6, outputs)))
    made = SPELLINGS[spelling](net, weight, scale.reshape(1, -1) if as_row else scale)
    net.last = last
    LAYERS[layer](net, made)
    net.quant(0.0713, 9)
    model = net.model()
    model.opset_import.append(helper.make_opsetid("onnx.brevitas", 1))
    return model


@pytest.mark.parametrize("outputs", [6, 4, 1], ids=["square", "narrow", "one"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_scale_of_one_axis_belongs_to_the_last(layer: str, spelling: str, outputs: int, count: Any) -> None:
    """As broadcasting has it: (out,) on a weight (in, out) is (1, out), square or not."""
    values = np.random.default_rng(4).normal(0, 2, (64, 6)).astype(np.float32)
    made = [scaled_by_column(layer, spelling, outputs, as_row) for as_row in (False, True)]
    found = []
    for model in made:
        network = network_from_model(model)
        codes = network.evaluate(network.host_input.encode(values, network.input.format))
        found.append(network.host_output.decode(codes, network.output.format).astype(np.float32))
    expected = run_onnx(made[0], values)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], expected.astype(np.float32))
    assert len(np.unique(expected)) > 4
    count(onnxruntime_outputs=expected.size)


def refused_gemm() -> Net:
    """On a weight (out, in) a scale of one axis differs between inputs."""
    net = Net(6, seed=32)
    net.quant(0.25, 6)
    net.gemm(net.weight(6, 6, scale=np.linspace(0.1, 0.2, 6)))
    return net


def refused_conv(width: int) -> Net:
    """On a filter a scale of one axis differs along the kernel's width, whatever else has that size."""
    net = Net(2, 6, 6, seed=33)
    net.rank = 4
    net.quant(0.25, 6)
    net.conv(net.weight(width, 2, 3, width, scale=np.linspace(0.1, 0.2, width)))
    return net


@pytest.mark.parametrize("make", [refused_gemm, lambda: refused_conv(3)], ids=["Gemm", "Conv"])
def test_a_scale_along_another_axis_is_refused(make: Callable[[], Net]) -> None:
    with pytest.raises(InputError, match="only one for the whole tensor or for each output is handled"):
        network_from_model(make().model())


def test_the_model_given_stays_as_it_was() -> None:
    model = scaled_by_column("MatMul", "Quant", 6, as_row=False)
    before = model.SerializeToString(deterministic=True)
    canonical(model)
    assert model.SerializeToString(deterministic=True) == before
