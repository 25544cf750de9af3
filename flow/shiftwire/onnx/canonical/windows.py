"""Convolutions and pools with every attribute written out; pads merged; means of whole images named as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, axes_of, is_standard, pad_sizes, remade
from shiftwire.onnx.canonical.parameters import dilated
from shiftwire.onnx.canonical.shapes import spatial_axes

WINDOWED = ("Conv", "MaxPool", "AveragePool")

WHOLE_WINDOWS = 2
"""As count_include_pad, of ours: all of a window counts, also what it has beyond the pads where ceil_mode is 1."""


def unify_windows(draft: Draft) -> None:
    """kernel_shape, strides, pads, dilations (and group) explicit; auto_pad and an idle ceil_mode resolved."""
    for node in list(draft.nodes):
        shape = draft.shape(node.input[0]) if is_standard(node, *WINDOWED) else None
        if shape is None or len(shape) < 3:
            continue
        kernel = attribute(node, "kernel_shape") or list((draft.shape(node.input[1]) or ())[2:])
        if len(kernel) == len(shape) - 2 and _fits(node, len(kernel)):
            _write(draft, node, shape[2:], kernel)


def _fits(node: onnx.NodeProto, axes: int) -> bool:
    """Whether each attribute has an entry an axis; where not, the importer says so."""
    wanted = {"strides": axes, "dilations": axes, "pads": 2 * axes}
    entries = {name: attribute(node, name, [1] * count) for name, count in wanted.items()}
    return all(isinstance(entries[name], list) and len(entries[name]) == count for name, count in wanted.items())


@dataclass(frozen=True, slots=True)
class _Axis:
    """One spatial axis of a window."""

    size: int
    kernel: int
    stride: int
    dilation: int

    @property
    def reach(self) -> int:
        """Positions that a dilated kernel spans."""
        return (self.kernel - 1) * self.dilation + 1

    def same_pads(self) -> int:
        """Pads of both sides that give ceil(size / stride) positions (ONNX operator Conv, attribute auto_pad)."""
        return max((-(-self.size // self.stride) - 1) * self.stride + self.reach - self.size, 0)

    def is_whole(self, pads: int) -> bool:
        """Whether the windows end where the padded image ends, so that rounding their number changes nothing."""
        return (self.size + pads - self.reach) % self.stride == 0


def _write(draft: Draft, node: onnx.NodeProto, image: tuple[int, ...], kernel: list[int]) -> None:
    ones = [1] * len(kernel)
    strides, dilations = attribute(node, "strides", ones), attribute(node, "dilations", ones)
    axes = [_Axis(*sizes) for sizes in zip(image, kernel, strides, dilations, strict=True)]
    pads = _pads(node, axes)
    changes = {"kernel_shape": kernel, "strides": strides, "pads": pads, "dilations": dilations}
    if node.op_type == "Conv":
        changes["group"] = attribute(node, "group", 1)
    kept = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute if entry.name != "auto_pad"}
    is_whole_window = kept.get("count_include_pad") == WHOLE_WINDOWS
    if is_whole_window:
        kept["count_include_pad"] = 1
    both = [begin + end for begin, end in zip(pads[: len(axes)], pads[len(axes) :], strict=True)]
    if all(axis.is_whole(total) for axis, total in zip(axes, both, strict=True)):
        kept.pop("ceil_mode", None)
    elif (node.op_type == "MaxPool" or is_whole_window) and kept.pop("ceil_mode", 0):
        changes["pads"] = [*pads[: len(axes)], *rounded_up(image, kernel, strides, pads, dilations)]
    draft.replace(node, remade(node, node.op_type, node.input, **(kept | changes)))


def rounded_up(
    image: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int] | None = None,
) -> list[int]:
    """Ends of a pool's pads with which rounding down gives the positions that rounding up gave.

    A last window that would begin in the pads behind the image is none (ONNX operator MaxPool, attribute ceil_mode).
    """
    ends = []
    for at, sizes in enumerate(zip(image, kernel, strides, dilations or [1] * len(kernel), strict=True)):
        axis, begin, end = _Axis(*sizes), pads[at], pads[len(kernel) + at]
        rest = -(axis.size + begin + end - axis.reach) % axis.stride
        last = axis.size + begin + end + rest - axis.reach
        ends.append(end + rest if last < axis.size + begin else end)
    return ends


def _pads(node: onnx.NodeProto, axes: list[_Axis]) -> list[int]:
    """Explicit pads, all begins then all ends."""
    mode = attribute(node, "auto_pad", "NOTSET")
    if mode == "NOTSET":
        return list(attribute(node, "pads", [0] * 2 * len(axes)))
    if mode == "VALID":
        return [0] * 2 * len(axes)
    totals = [axis.same_pads() for axis in axes]
    small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return small + large if mode == "SAME_UPPER" else large + small


def merge_pads(draft: Draft) -> None:
    """Pad of height and width with what a window ignores becomes part of the window behind it.

    That is 0 in front of a Conv or an AveragePool, and the lowest number in front of a MaxPool, which never chooses
    its own pads; it would choose zeros.
    """
    for node in list(draft.nodes):
        pad = draft.producer(node.input[0]) if is_standard(node, *WINDOWED) else None
        ignored = _is_lowest if node.op_type == "MaxPool" else _is_zero
        added = None if pad is None or not is_standard(pad, "Pad") else _added(draft, pad, ignored)
        if pad is None or added is None or attribute(node, "auto_pad", "NOTSET") != "NOTSET":
            continue
        own = np.array(attribute(node, "pads", [0] * len(added)))
        if node.op_type != "Conv" and not _pool_takes(node, own, added):
            continue
        kept = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        kept["pads"] = [int(pads) for pads in own + added]
        if node.op_type == "AveragePool":
            kept["count_include_pad"] = 1
        draft.replace(node, remade(node, node.op_type, [pad.input[0], *node.input[1:]], **kept))


def _is_zero(value: float) -> bool:
    return value == 0


def _is_lowest(value: float) -> bool:
    return value <= float(np.finfo(np.float32).min)


def _pool_takes(node: onnx.NodeProto, own: npt.NDArray[np.int64], added: list[int]) -> bool:
    """Whether a pool treats its own pads alike, and keeps a value in each window, as ONNX asks."""
    counts = not own.any() or bool(attribute(node, "count_include_pad", 0))
    counts = node.op_type == "MaxPool" or (counts and not attribute(node, "ceil_mode", 0))
    kernel = np.array(attribute(node, "kernel_shape", []) * 2)
    return counts and kernel.shape == own.shape and bool((own + added < kernel).all())


def _added(draft: Draft, pad: onnx.NodeProto, is_ignored: Callable[[float], bool]) -> list[int] | None:
    """Begins then ends along the spatial axes; None for a Pad of another kind."""
    shape, value = draft.shape(pad.input[0]), _pad_value(draft, pad)
    full = None if shape is None else pad_sizes(draft, pad, len(shape))
    if full is None or value is None or not is_ignored(value) or full[:, :2].any() or (full < 0).any():
        return None
    return [int(pads) for pads in full[:, 2:].ravel()]


def _pad_value(draft: Draft, pad: onnx.NodeProto) -> float | None:
    """What a Pad puts round the image, None where it is computed or a copy of the image's edge."""
    if attribute(pad, "mode", "constant") != "constant":
        return None
    if len(pad.input) < 3 or not pad.input[2]:
        return 0.0
    value = draft.constants.get(pad.input[2])
    return None if value is None or value.size != 1 else float(value.reshape(()))


def unify_means(draft: Draft) -> None:
    """What is taken of a whole image: means as GlobalAveragePool, maxima as MaxPool, Flatten where axes vanish."""
    for node in list(draft.nodes):
        kinds = ("ReduceMean", "AveragePool", "ReduceMax", "GlobalMaxPool")
        shape = draft.shape(node.input[0]) if is_standard(node, *kinds) else None
        if shape is None or len(shape) < 3 or not _is_whole(draft, node, shape):
            continue
        kind, wish, window = "GlobalAveragePool", "mean", dict[str, Any]()
        if node.op_type in ("ReduceMax", "GlobalMaxPool"):
            kind, wish, window = "MaxPool", "maximum", _whole_window(shape)
        if attribute(node, "keepdims", 1):
            draft.replace(node, remade(node, kind, [node.input[0]], **window))
        else:
            pooled = draft.fresh(f"{node.output[0]}_{wish}")
            whole = helper.make_node(kind, [node.input[0]], [pooled], name=pooled, **window)
            draft.replace(node, whole, remade(node, "Flatten", [pooled], axis=1))


def _whole_window(shape: tuple[int, ...]) -> dict[str, Any]:
    """Attributes of a pool of one window."""
    axes = len(shape) - 2
    return {"kernel_shape": list(shape[2:]), "strides": [1] * axes, "pads": [0] * 2 * axes}


def spread_kernels(draft: Draft) -> None:
    """A dilated kernel of a Conv becomes one with zeros between its taps."""
    for node in list(draft.nodes):
        dilations = attribute(node, "dilations", []) if is_standard(node, "Conv") else []
        if not dilations or set(dilations) == {1}:
            continue
        weight = dilated(draft, node.input[1], dilations)
        shape = None if weight is None else draft.shape(node.input[1])
        if weight is None or shape is None:
            continue
        kernel = [(size - 1) * step + 1 for size, step in zip(shape[2:], dilations, strict=True)]
        kept = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        changes = {"dilations": [1] * len(dilations), "kernel_shape": kernel}
        inputs = [node.input[0], weight, *node.input[2:]]
        draft.replace(node, remade(node, "Conv", inputs, **(kept | changes)))


def _is_whole(draft: Draft, node: onnx.NodeProto, shape: tuple[int, ...]) -> bool:
    if node.op_type == "GlobalMaxPool":
        return True
    if node.op_type == "AveragePool":
        return list(shape[2:]) == attribute(node, "kernel_shape") and not any(attribute(node, "pads", []))
    axes = attribute(node, "axes")
    if len(node.input) > 1 and node.input[1]:
        constant = draft.constants.get(node.input[1])
        axes = None if constant is None else constant.ravel().tolist()
    return axes is not None and sorted(axes_of(node, axes, len(shape))) == list(spatial_axes(len(shape)))
