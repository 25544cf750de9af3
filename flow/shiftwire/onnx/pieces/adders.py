"""AdderConv sample by sample and a few filters at a time, so that differences never leave the cache.

The contract's function makes the differences of a whole batch, of every filter and tap, at once. Here the same
operations read the same numbers: the sum over taps is one ReduceSum over all of them still, and rows of sums begin at
addresses as aligned as before, which is all that the order of onnxruntime's additions follows from. What cannot be cut
so stays whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count, product
from math import gcd, prod
from typing import Any

import numpy as np

import onnx
import shiftwire_hls
from onnx import TensorProto, helper, numpy_helper
from shiftwire.onnx.canonical.shapes import inferred
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

KIND = "AdderConv"
CACHED_NUMBERS = 1 << 16
"""Differences of a piece, about, where that is LEAST_FILTERS."""
ALIGNED_NUMBERS = 16
"""float32 numbers in 64 bytes, the strictest alignment that a vector instruction knows."""
LEAST_FILTERS = 8
"""Of a piece: sums of fewer rows than threads may wish for are added up in another order."""
OLDEST, NEWEST = 18, 20
"""Opsets in which the operations below are spelled so."""
SETTINGS = {"weight_frac", "strides", "pads", "group"}


@dataclass(frozen=True)
class Layer:
    """An AdderConv that can be cut; shapes are those of samples, x (C, spatial...) and y (out, spatial...).

    `prefix` begins the names of all that is between.
    """

    node: onnx.NodeProto
    prefix: str
    weight: tuple[int, ...]
    x: tuple[int, ...]
    y: tuple[int, ...]
    settings: Mapping[str, Any]

    @property
    def pixels(self) -> int:
        """Sums of a filter."""
        return prod(self.y[1:])

    @property
    def taps(self) -> int:
        """Distances of a sum."""
        return prod(self.weight[1:])

    @property
    def pieces(self) -> tuple[int, ...]:
        """Filters of each; all begin at an aligned row, and the last one takes what would be too few for one more."""
        step = ALIGNED_NUMBERS // gcd(ALIGNED_NUMBERS, self.pixels)
        wanted = max(CACHED_NUMBERS // (self.taps * self.pixels), LEAST_FILTERS)
        size = -(-wanted // step) * step
        whole, rest = divmod(self.y[0], size)
        if rest >= LEAST_FILTERS:
            return (*[size] * whole, rest)
        return (*[size] * (whole - 1), size + rest) if whole else (rest,)

    @property
    def can_be_cut(self) -> bool:
        """Whether pieces add up as the whole does: rows of more than one number, samples that begin aligned."""
        is_aligned = prod(self.y) % ALIGNED_NUMBERS == 0
        return self.settings["group"] == 1 and self.y[0] >= LEAST_FILTERS and self.pixels > 1 and is_aligned

    def between(self, what: str) -> str:
        """The name of a tensor in the layer."""
        return f"{self.prefix}_{what}"


def in_pieces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every AdderConv of the contract's meaning in pieces; onnxruntime gives the same bits.

    Raises nothing: what cannot be cut, for a shape that is not known or a meaning of its own, stays as it is.
    """
    version = next((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    if not OLDEST <= version <= NEWEST or not any(map(_is_adder, model.graph.node)) or not _has_our_meaning(model):
        return model
    layers = {layer.node.output[0]: layer for layer in _layers(model)}
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:]
    for node in model.graph.node:
        layer = layers.get(node.output[0])
        cut.graph.node.extend([node] if layer is None else _nodes(layer))
    return cut


def _is_adder(node: onnx.NodeProto) -> bool:
    return (node.domain, node.op_type) == (CONTRACT_DOMAIN, KIND)


def _has_our_meaning(model: onnx.ModelProto) -> bool:
    carried = [each for each in model.functions if (each.domain, each.name) == (CONTRACT_DOMAIN, KIND)]
    return [_meaning(function) for function in carried] == [_contract()]


@cache
def _contract() -> bytes:
    return _meaning(onnx.parser.parse_function(shiftwire_hls.onnx_function(KIND)))


def _meaning(function: onnx.FunctionProto) -> bytes:
    """What a function computes, whatever opset it says."""
    nodes = [node.SerializeToString(deterministic=True) for node in function.node]
    return b"\n".join([*map(str.encode, [*function.input, *function.output]), *nodes])


def _layers(model: onnx.ModelProto) -> Iterator[Layer]:
    """Those that can be cut."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    known = inferred(model, inputs, list(model.graph.node), constants)
    begin = _fresh(model)
    for at, node in enumerate(model.graph.node):
        settings = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        if _is_adder(node) and node.input[1] in constants and known.keys() >= {node.input[0], node.output[0]}:
            x, y = (known[name].shape[1:] for name in (node.input[0], node.output[0]))
            layer = Layer(node, f"{begin}{at}", constants[node.input[1]].shape, x, y, settings)
            if settings.keys() >= SETTINGS and layer.can_be_cut:
                yield layer


def _fresh(model: onnx.ModelProto) -> str:
    """With what no name of the file begins."""
    whole = model.SerializeToString()
    return next(name for at in count() if (name := f"pieces{at}_").encode() not in whole)


def _nodes(layer: Layer) -> Iterator[onnx.NodeProto]:
    """Templates of every piece, then a Scan over the samples."""
    t, grid = layer.between, np.ldexp(np.float32(1), layer.settings["weight_frac"])
    templates = [t(f"templates{at}") for at in range(len(layer.pieces))]
    x = helper.make_tensor_value_info(t("x"), TensorProto.FLOAT, layer.x)
    y = helper.make_tensor_value_info(t("y"), TensorProto.FLOAT, layer.y)
    body = helper.make_graph([*_windows(layer), *_sums(layer, templates)], t("sample"), [x], [y])
    yield helper.make_node("Cast", [layer.node.input[1]], [t("floats")], to=TensorProto.FLOAT)
    yield _numbers(t("grid"), grid)
    yield helper.make_node("Div", [t("floats"), t("grid")], [t("values")])
    yield _numbers(t("rows"), [-1, layer.taps, 1])
    yield helper.make_node("Reshape", [t("values"), t("rows")], [t("templates")])
    yield _numbers(t("sizes"), layer.pieces)
    yield helper.make_node("Split", [t("templates"), t("sizes")], templates, axis=0)
    yield helper.make_node("Scan", layer.node.input[:1], layer.node.output, body=body, num_scan_inputs=1)


def _windows(layer: Layer) -> Iterator[onnx.NodeProto]:
    """Windows (1, taps, pixels) of a sample x (C, spatial...), zeros where padded; a view for each tap of a channel."""
    t, kernel, axes = layer.between, layer.weight[2:], len(layer.weight) - 2
    pads, strides = layer.settings["pads"], layer.settings["strides"]
    yield _numbers(t("pads"), [0, *pads[:axes], 0, *pads[axes:]])
    yield helper.make_node("Pad", [t("x"), t("pads")], [t("padded")])
    yield _numbers(t("spatial"), range(1, 1 + axes))
    yield _numbers(t("strides"), strides)
    yield _numbers(t("view"), [layer.x[0], 1, layer.pixels])
    places = list(enumerate(product(*map(range, kernel))))
    for at, begin in places:
        last = [low + (size - 1) * step for low, size, step in zip(begin, layer.y[1:], strides, strict=True)]
        yield _numbers(t(f"begin{at}"), begin)
        yield _numbers(t(f"end{at}"), [place + 1 for place in last])
        ends = [t("padded"), t(f"begin{at}"), t(f"end{at}"), t("spatial"), t("strides")]
        yield helper.make_node("Slice", ends, [t(f"slice{at}")])
        yield helper.make_node("Reshape", [t(f"slice{at}"), t("view")], [t(f"view{at}")])
    yield helper.make_node("Concat", [t(f"view{at}") for at, _ in places], [t("views")], axis=1)
    yield _numbers(t("columns"), [1, layer.taps, layer.pixels])
    yield helper.make_node("Reshape", [t("views"), t("columns")], [t("windows")])


def _sums(layer: Layer, templates: list[str]) -> Iterator[onnx.NodeProto]:
    """-sum abs(x - w) over the taps, piece by piece, as the contract's function has it."""
    t = layer.between
    yield _numbers(t("tap_axis"), [1])
    for at, piece in enumerate(templates):
        yield helper.make_node("Sub", [t("windows"), piece], [t(f"difference{at}")])
        yield helper.make_node("Abs", [t(f"difference{at}")], [t(f"distance{at}")])
        yield helper.make_node("ReduceSum", [t(f"distance{at}"), t("tap_axis")], [t(f"total{at}")], keepdims=0)
    yield helper.make_node("Concat", [t(f"total{at}") for at in range(len(templates))], [t("total")], axis=0)
    yield helper.make_node("Neg", [t("total")], [t("negative")])
    yield _numbers(t("shape"), layer.y)
    yield helper.make_node("Reshape", [t("negative"), t("shape")], [t("y")])


def _numbers(name: str, values: Any) -> onnx.NodeProto:
    array = np.asarray(values)
    kind = np.float32 if array.dtype.kind == "f" else np.int64
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array.astype(kind), name))
