"""Upsample: ONNX's Resize and Upsample, which repeat pixels by whole factors, or interpolate linearly by powers of two.

Interpolation is pixels repeated, then a mean of neighbours, which is exact. Spread is an operation of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Node
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.float_quantizer import shortest
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, identity
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.conv import Conv
from shiftwire.ops.upsample import Spread, Upsample
from shiftwire.ops.weights.shift import Shift

COORDINATES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners",
               "tf_half_pixel_for_nn")  # fmt: skip
CENTRED = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel")
"""ONNX's words for pixels whose middles lie at halves."""
NEAREST: dict[str, Callable[[Codes, int], Codes]] = {
    "round_prefer_floor": lambda place, unit: -((unit - 2 * place) // (2 * unit)),
    "round_prefer_ceil": lambda place, unit: (2 * place + unit) // (2 * unit),
    "floor": lambda place, unit: place // unit,
    "ceil": lambda place, unit: -(-place // unit),
}
"""ONNX's words for which pixel is nearest to the places `place / unit`."""


def _resize(view: View, graph: Graph) -> None:
    """Opset 10 has scales alone and takes the pixel at or before a place; later ones say which."""
    view.insist("antialias", 0, default=0)
    view.insist("exclude_outside", 0, default=0)
    view.insist("keep_aspect_ratio_policy", "stretch", default="stretch")
    for unused in ("cubic_coeff_a", "extrapolation_value"):
        view.attribute(unused, 0.0)
    is_old = len(view.inputs) == 2
    how = view.text("coordinate_transformation_mode", "asymmetric" if is_old else "half_pixel")
    nearest = view.text("nearest_mode", "floor" if is_old else "round_prefer_floor")
    is_linear, factors = _is_linear(view), _factors(view, graph, 1 if is_old else 2)
    image = graph.tensor(view.inputs[0])
    if factors:
        Upsample(factors).infer(image)  # before places are counted: a file may ask for more than there can be
    if is_linear:
        _interpolate(view, graph, factors, how)
        return
    _require_repeats(image.shape[:-1], factors, how, nearest)
    _put(view, graph, factors)


def _upsample(view: View, graph: Graph) -> None:
    """Of opsets 7 to 9; what it repeats is always the pixel at or before a place."""
    is_linear, factors = _is_linear(view), _factors(view, graph, 1)
    if is_linear:
        _interpolate(view, graph, factors, "asymmetric")
    else:
        _put(view, graph, factors)


def _is_linear(view: View) -> bool:
    mode = view.text("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise InputError(f"mode = {mode} is not handled; resize by nearest or linear")
    return mode == "linear"


def _put(view: View, graph: Graph, factors: tuple[int, ...]) -> None:
    if set(factors) <= {1}:
        identity(view, graph)
    else:
        graph.keep(view, Upsample(factors), view.inputs[0])


def _factors(view: View, graph: Graph, at: int) -> tuple[int, ...]:
    """One for each spatial axis; raises InputError for what is no repetition of pixels."""
    *spatial, channels = graph.tensor(view.inputs[0]).shape
    scales = _scales(view, at, (graph.batch or 1, channels, *spatial))
    whole = np.rint(scales)
    if (whole != scales).any() or whole.min() < 1 or whole[:2].max() > 1:
        raise InputError(
            f"scales of {', '.join(map(shortest, scales))} are not handled; give 1 for batch and channels, and "
            "whole numbers from 1 on for height and width"
        )
    return tuple(int(factor) for factor in whole[2:])


def _scales(view: View, at: int, shape: tuple[int, ...]) -> Values:
    """Of all axes: those that the file names by an input, an attribute (opset 7) or sizes, and 1."""
    axes = axes_from_first(view.attribute("axes", list(range(len(shape)))), len(shape))
    scales = np.ones(len(shape))
    if len(view.inputs) > at + 1 and view.inputs[at + 1]:
        named = view.integers(at + 1, "sizes") / np.array(shape)[axes]
    elif view.key == ("", "Upsample") and len(view.inputs) <= at:
        named = np.array(view.attribute("scales"), np.float64)
    elif len(view.inputs) <= at or not view.inputs[at]:
        raise InputError("it has neither the input 'scales' nor 'sizes'; give one of them")
    else:
        named = view.constant(at, "scales").astype(np.float64)
    if named.shape != (len(axes),):
        raise InputError(f"scales of shape {named.shape} do not fit {len(axes)} axes; give one for each")
    scales[axes] = named
    if len(view.inputs) > at + 1:
        scales[0] = 1  # a size of the batch is no matter of the network
    return scales


def _require_repeats(spatial: tuple[int, ...], factors: tuple[int, ...], how: str, nearest: str) -> None:
    """Raise InputError unless every pixel is repeated side by side."""
    if how not in COORDINATES or nearest not in NEAREST:
        raise InputError(
            f"coordinate_transformation_mode = {how} with nearest_mode = {nearest} is not handled; use asymmetric "
            "with floor"
        )
    for size, factor in zip(spatial, factors, strict=True):
        if factor == 1:
            continue
        pixels = np.clip(NEAREST[nearest](*_places(size, factor, how)), 0, size - 1)
        if (pixels != np.arange(size * factor) // factor).any():
            raise InputError(
                f"coordinate_transformation_mode = {how} with nearest_mode = {nearest} does not repeat each of {size} "
                f"pixels {factor} times; use asymmetric with floor"
            )


def _places(size: int, factor: int, how: str) -> tuple[Codes, int]:
    """Where pixels of the larger image lie in the smaller one, as ONNX's Resize defines it: numerators, denominator."""
    at = np.arange(size * factor)
    match how:
        case "asymmetric":
            return at, factor
        case "align_corners":
            return at * (size - 1), max(at.size - 1, 1)
        case "tf_half_pixel_for_nn":
            return 2 * at + 1, 2 * factor
        case "pytorch_half_pixel" if at.size == 1:
            return at, 1
    return 2 * at + 1 - factor, 2 * factor


def _interpolate(view: View, graph: Graph, factors: tuple[int, ...], how: str) -> None:
    """Pixels `factor` times, the edges more, and a filter a channel of factor + 1 or factor taps that adds up to 1.

    A middle between two old ones at i + r / factor, 0 <= r < factor, has r repeats of the next pixel in its window.
    Its taps are powers of two: halves of 1 / factor at the ends where pixels are centred.
    """
    image = graph.tensor(view.inputs[0])
    if set(factors) <= {1}:
        identity(view, graph)
        return
    if how not in (*CENTRED, "asymmetric"):
        raise InputError(
            f"coordinate_transformation_mode = {how} with mode = linear is not handled; use half_pixel "
            "(align_corners=False in torch) or asymmetric, which are exact"
        )
    for size, factor in zip(image.shape, factors, strict=False):
        if factor & (factor - 1) or (how == "pytorch_half_pixel" and size * factor == 1):
            raise InputError(
                f"mode = linear by a factor of {factor} is not exact in fixed point; resize by powers of two"
            )
    name, pending = graph.scaled(view.inputs[0])
    begin, end, rows = zip(*(_axis(factor, how in CENTRED) for factor in factors), strict=True)
    repeated = graph.append(Upsample(factors, begin, end), (name,), f"{view.output}_pixels")
    taps, grid = reduce(np.multiply.outer, rows), sum(int(row.sum()).bit_length() - 1 for row in rows)
    channels = image.shape[-1]
    weights = np.broadcast_to(taps[None, ..., None], (channels, *taps.shape, 1))
    zeros = (0,) * taps.ndim
    window = Window(taps.shape, (1,) * taps.ndim, zeros, zeros)
    mean = Conv(Shift(signed_digits(weights, grid)), Bias.none(channels), window, channels)
    graph.put(view, graph.append(mean, (repeated,), view.output), pending)


def _axis(factor: int, is_centred: bool) -> tuple[int, int, Codes]:
    """Repeats of the first and the last pixel, and taps, whose sum is a power of two."""
    if factor == 1:
        return 0, 0, np.ones(1, np.int64)
    if not is_centred:
        return 0, factor - 1, np.ones(factor, np.int64)
    return factor // 2, factor // 2, np.array([1, *[2] * (factor - 1), 1])


def _write(writer: Writer, op: Upsample, node: Node) -> None:
    """A Resize, and a Pad with copies of the edge behind it."""
    has_edges = any(map(any, op.edges))
    source, name = node.inputs[0], f"{node.name}_pixels" if has_edges else node.name
    if set(op.factors) != {1} or not has_edges:
        scales = writer.constant(f"{node.name}_scales", np.array([1, 1, *op.factors], np.float32))
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        writer.node("Resize", [source, "", scales], name, mode="nearest", **how)
        source = name
    if has_edges:
        begin, end = zip(*op.edges, strict=True)
        pads = writer.constant(f"{node.name}_pads", np.array([0, 0, *begin, 0, 0, *end], np.int64))
        writer.node("Pad", [source, pads], node.name, mode="edge")


def _spread(view: View, graph: Graph) -> None:
    """Channels that meet have one scale."""
    op = Spread(view.whole("axis", lowest=2) - 2, view.whole("block", lowest=1))
    channels = graph.tensor(view.inputs[0]).shape[-1]
    op.infer(graph.tensor(view.inputs[0]))
    name, pending = graph.opened(view.inputs[0])
    places = np.arange(channels).reshape(op.block, -1)
    if not pending.is_alike(places.T):
        raise InputError("channels that become one have unlike scales; quantize them to one scale in front")
    graph.put(view, graph.append(op, (name,), view.output), pending.spread(places[0]))


def _write_spread(writer: Writer, op: Spread, node: Node) -> None:
    writer.custom("Spread", list(node.inputs), node.name, axis=op.axis + 2, block=op.block)


LAYER = OnnxLayer(
    {("", "Resize"): _resize, ("", "Upsample"): _upsample, ("shiftwire", "Spread"): _spread},
    {Upsample: _write, Spread: _write_spread},
)
