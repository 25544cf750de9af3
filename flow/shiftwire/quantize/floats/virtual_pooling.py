"""ViP: convolutions of a float network computed at a quarter of their places, and interpolated (Chen et al., 2019)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.project.scores import relative_error
from shiftwire.quantize.floats.float_run import Calibration, FloatModel
from shiftwire.quantize.floats.pooling_bounds import FloatConv, bound, interpolated

KERNEL, STRIDE = (3, 3), [1, 1]
LAYERS = ("Conv", "Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Pooling:
    """How many layers are pooled, the least sensitive ones: `layers` of them, or as many as lose no more than `within`.

    The loss is the outputs' relative error against the float network, in the worst output.
    """

    layers: int | None = None
    within: float | None = None

    def __post_init__(self) -> None:
        if self.layers is not None and self.layers < 1:
            raise InputError(f"--vip {self.layers} pools no layer; give a number from 1 on, or leave it out")
        if self.within is not None and not 0 < self.within < np.inf:
            raise InputError(f"--vip-within {self.within:g} allows nothing; give a share above 0 such as 0.05")


@dataclass(frozen=True, slots=True)
class PooledLayer:
    """A layer that may be pooled, by the tensor that is interpolated.

    damage  relative error of the float network's outputs, this layer alone pooled; measured  the largest that the layer
    is off on the calibration samples, bound  on all inputs within the ranges of its channels there, largest  magnitude
    of the layer itself there; products  of an inference, without and with pooling.
    """

    layer: str
    is_pooled: bool
    damage: float
    measured: float
    bound: float
    largest: float
    products: tuple[int, int]


@dataclass(frozen=True)
class Pooled:
    """A calibration whose model is pooled, its layers from the least sensitive on, and why others were left alone.

    `together` is the relative error of the float network's outputs, all pooled layers together.
    """

    calibration: Calibration
    layers: tuple[PooledLayer, ...]
    together: float
    left_alone: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Nodes of a convolution, its batch norm and its Relu, where each alone reads the one before it."""

    nodes: tuple[onnx.NodeProto, ...]

    @property
    def conv(self) -> onnx.NodeProto:
        """The first."""
        return self.nodes[0]

    @property
    def end(self) -> str:
        """The tensor that is interpolated."""
        return str(self.nodes[-1].output[0])


def pooled(
    calibration: Calibration,
    pooling: Pooling,
    inputs: Sequence[str],
    answering: list[str],
    progress: Callable[[int, int], None],
) -> Pooled:
    """The least sensitive layers pooled; float tensors keep their names and values, new ones are every second place.

    Layers are judged by the tensors that are `answering`. Raises InputError where fewer than asked for may be pooled.
    """
    places, left_alone = _places(calibration)
    if not places or (pooling.layers or 0) > len(places):
        raise InputError(
            f"--vip replaces 3x3 convolutions of stride 1, and {len(places)} of the network's layers are such"
            + (f"; give at most {len(places)}" if places else "; leave it out")
        )
    values = {name: calibration.floats[name] for name in inputs}
    right = {name: calibration.floats[name].astype(np.float64) for name in answering}

    def error(some: Sequence[Place]) -> float:
        model = FloatModel(_model(calibration, some), answering)
        scored = [own.astype(np.float64) for own in model.outputs(values, progress)]
        return max(relative_error(own, right[name]) for own, name in zip(scored, answering, strict=True))

    damages = [error([place]) for place in places]
    ranks = sorted(range(len(places)), key=lambda at: (damages[at], at))
    count, together = _chosen(pooling, [places[at] for at in ranks], error)
    layers = (_layer(calibration, places[at], damages[at], rank < count) for rank, at in enumerate(ranks))
    return Pooled(_calibration(calibration, [places[at] for at in ranks[:count]]), tuple(layers), together, left_alone)


def _chosen(pooling: Pooling, ranked: Sequence[Place], error: Callable[[Sequence[Place]], float]) -> tuple[int, float]:
    """How many of the least sensitive, and what they lose together."""
    if pooling.within is None:
        count = pooling.layers or len(ranked)
        return count, error(ranked[:count])
    count, together = 0, 0.0
    while count < len(ranked) and (lost := error(ranked[: count + 1])) <= pooling.within:
        count, together = count + 1, lost
    return count, together


def _places(calibration: Calibration) -> tuple[list[Place], dict[str, str]]:
    """Layers that may be pooled, and why the others may not, by what the layer makes."""
    places, left_alone = [], {}
    for node in calibration.nodes:
        if node.domain not in ("", "ai.onnx") or node.op_type not in LAYERS:
            continue
        reason = _why_not(node, calibration)
        if reason is None:
            places.append(_place(node, calibration))
        else:
            left_alone[str(node.output[0])] = reason
    return places, left_alone


def _why_not(node: onnx.NodeProto, calibration: Calibration) -> str | None:
    if node.op_type != "Conv":
        return "it has no spatial size"
    weights, size = _constants(calibration).get(node.input[1]), calibration.floats[node.output[0]].shape[2:]
    if weights is None or weights.dtype.kind != "f":
        return "its weights are no float constants"
    if weights.shape[2:] != KERNEL:
        return f"its kernels are {'x'.join(map(str, weights.shape[2:]))}, not 3x3"
    if _attribute(node, "group", 1) != 1:
        return "its kernels read only a group of the channels each"
    strides = _attribute(node, "strides", STRIDE)
    if strides != STRIDE or _attribute(node, "dilations", STRIDE) != STRIDE:
        return f"its stride is {'x'.join(map(str, strides))}, which leaves out places already"
    return None if min(size) > 1 else f"its images are {'x'.join(map(str, size))}, with no place between two others"


def _place(conv: onnx.NodeProto, calibration: Calibration) -> Place:
    nodes = [conv]
    outputs = {value.name for value in calibration.model.graph.output}
    for kind in ("BatchNormalization", "Relu"):
        name = nodes[-1].output[0]
        readers = [node for node in calibration.nodes if name in node.input]
        if name not in outputs and len(readers) == 1 and readers[0].op_type == kind:
            nodes.append(readers[0])
    return Place(tuple(nodes))


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    return next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == name), default)


def _constants(calibration: Calibration) -> dict[str, npt.NDArray[Any]]:
    own = {tensor.name: numpy_helper.to_array(tensor) for tensor in calibration.model.graph.initializer}
    return {**own, **calibration.constants}


def _model(calibration: Calibration, places: Sequence[Place]) -> onnx.ModelProto:
    """The model with those layers at half of the rows and columns, and the missing places interpolated."""
    model = onnx.ModelProto()
    model.CopyFrom(calibration.model)
    by_first = {place.conv.output[0]: place for place in places}
    halves = {name: f"{name}_half" for place in places for name in (node.output[0] for node in place.nodes)}
    ends = {place.end: place for place in by_first.values()}
    nodes: list[onnx.NodeProto] = []
    for node in calibration.model.graph.node:
        output = str(node.output[0])
        nodes.append(node if output not in halves else _halved(node, halves, is_first=output in by_first))
        if output in ends:
            nodes.extend(_interpolation(model, output, calibration.floats[output].shape[2:]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _halved(node: onnx.NodeProto, halves: Mapping[str, str], *, is_first: bool) -> onnx.NodeProto:
    """A node that makes another tensor; the first one at every second place."""
    half = onnx.NodeProto()
    half.CopyFrom(node)
    half.output[0] = halves[node.output[0]]
    if not is_first:
        half.input[0] = halves[node.input[0]]
        return half
    kept = [entry for entry in half.attribute if entry.name != "strides"]
    del half.attribute[:]
    half.attribute.extend([*kept, helper.make_attribute("strides", [2, 2])])
    return half


def _interpolation(model: onnx.ModelProto, name: str, size: Sequence[int]) -> Iterator[onnx.NodeProto]:
    """Resize by two, and a Slice behind where a size is odd."""
    is_odd = any(each % 2 for each in size)
    whole = f"{name}_whole" if is_odd else name
    scales = _constant(model, f"{name}_scales", np.array([1, 1, 2, 2], np.float32))
    how = {"mode": "linear", "coordinate_transformation_mode": "asymmetric"}
    yield helper.make_node("Resize", [f"{name}_half", "", scales], [whole], name=f"{name}_vip", **how)
    if is_odd:
        bounds = {"starts": [0, 0], "ends": list(size), "axes": [2, 3]}
        inputs = [_constant(model, f"{name}_{key}", np.array(each, np.int64)) for key, each in bounds.items()]
        yield helper.make_node("Slice", [whole, *inputs], [name], name=f"{name}_crop")


def _constant(model: onnx.ModelProto, name: str, values: npt.NDArray[Any]) -> str:
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def _calibration(calibration: Calibration, places: Sequence[Place]) -> Calibration:
    """The truth of a pooled layer is the whole one's, at the places that are computed."""
    model, floats = _model(calibration, places), dict(calibration.floats)
    for place in places:
        for node in place.nodes:
            floats[f"{node.output[0]}_half"] = floats[node.output[0]][..., ::2, ::2]
        floats[f"{place.end}_whole"] = np.pad(floats[place.end], [(0, 0), (0, 0), (0, 1), (0, 1)], mode="edge")
    constant = {output for node in calibration.model.graph.node for output in node.output}
    constant -= {output for node in calibration.nodes for output in node.output}
    nodes = tuple(node for node in model.graph.node if node.output[0] not in constant)
    return replace(calibration, model=model, nodes=nodes, floats=floats)


def _layer(calibration: Calibration, place: Place, damage: float, is_pooled: bool) -> PooledLayer:
    whole = calibration.floats[place.end].astype(np.float64)
    size = whole.shape[2:]
    off = np.abs(interpolated(whole[..., ::2, ::2], size) - whole)
    conv = _float_conv(calibration, place)
    every, quarter = prod(size), prod(-(-each // 2) for each in size)
    return PooledLayer(
        layer=place.end,
        is_pooled=is_pooled,
        damage=damage,
        measured=float(off.max()),
        bound=bound(conv),
        largest=float(np.abs(whole).max()),
        products=(conv.weights.size * every, conv.weights.size * quarter),
    )


def _float_conv(calibration: Calibration, place: Place) -> FloatConv:
    """With the batch norm's scale in the weights; ranges are those of the samples, with the zeros of pads."""
    constants, kinds = _constants(calibration), [node.op_type for node in place.nodes]
    weights = constants[place.conv.input[1]].astype(np.float64)
    bias = constants[place.conv.input[2]].astype(np.float64) if len(place.conv.input) > 2 else np.zeros(len(weights))
    if "BatchNormalization" in kinds:
        norm = place.nodes[1]
        gain, shift, mean, variance = (constants[name].astype(np.float64) for name in norm.input[1:])
        slope = gain / np.sqrt(variance + float(_attribute(norm, "epsilon", 1e-5)))
        weights, bias = weights * slope[:, None, None, None], (bias - mean) * slope + shift
    x = calibration.floats[place.conv.input[0]]
    low, high = x.min(axis=(0, 2, 3)).astype(np.float64), x.max(axis=(0, 2, 3)).astype(np.float64)
    ranges = np.minimum(low, 0), np.maximum(high, 0)
    size, pads = calibration.floats[place.end].shape[2:], _attribute(place.conv, "pads", [0] * 4)
    return FloatConv(weights, bias, *ranges, "Relu" in kinds, (size[0], size[1]), (pads[2], pads[3]))
