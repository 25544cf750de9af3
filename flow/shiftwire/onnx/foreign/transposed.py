"""A transposed convolution as a convolution of the image itself that makes all pixels of a block as channels.

y[stride * q + r] = sum over j of x[q - j] * w[stride * j + r]: for each r a filter of its own, on one axis as on two
(Shi et al. 2016, arXiv 1609.07009). Its channels then become pixels, and what the pads take away is cropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.errors import InputError, noted
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, place_of
from shiftwire.onnx.canonical.opset import FILE_KIND, kind_in_file
from shiftwire.onnx.canonical.parameters import dilated, rearranged
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """One spatial axis; its `kernel` is dilated already, `pad` positions are taken away in front, `length` are left."""

    size: int
    kernel: int
    stride: int
    pad: int
    length: int

    @property
    def lead(self) -> int:
        """Zeros in front of the kernel, so that blocks begin where the output does, where they cost no tap."""
        lead = -self.pad % self.stride
        return lead if self._taps(lead) == self._taps(0) else 0

    def _taps(self, lead: int) -> int:
        return -(-(self.kernel + lead) // self.stride)

    @property
    def taps(self) -> int:
        """Of the filter of each pixel of a block."""
        return self._taps(self.lead)

    @property
    def first(self) -> int:
        """The block that the output begins in; windows begin no later than at the image."""
        return min((self.pad + self.lead) // self.stride, self.taps - 1)

    @property
    def last(self) -> int:
        """The block that the output ends in; windows end no earlier than at the image."""
        return max((self.pad + self.lead + self.length - 1) // self.stride, self.size - 1)

    @property
    def pads(self) -> tuple[int, int]:
        """Positions that the convolution reads in front of the image and behind it."""
        return self.taps - 1 - self.first, self.last - self.size + 1

    @property
    def begin(self) -> int:
        """Pixels of the blocks in front of the output."""
        return self.pad + self.lead - self.stride * self.first

    @property
    def blocks(self) -> int:
        """Positions of the convolution."""
        return self.last - self.first + 1

    def folded(self, kernel: Array, axis: int) -> Array:
        """Taps of a kernel along an axis as (taps from the last to the first, pixel of the block)."""
        behind = self.taps * self.stride - self.lead - kernel.shape[axis]
        pads = [(self.lead, behind) if at == axis else (0, 0) for at in range(kernel.ndim)]
        shape = (*kernel.shape[:axis], self.taps, self.stride, *kernel.shape[axis + 1 :])
        return np.flip(np.pad(kernel, pads).reshape(shape), axis)


@dataclass(frozen=True, slots=True)
class Blocks:
    """A transposed convolution from `inputs` channels to `outputs` a group.

    Channels of the convolution: pixels of a block are slowest with one group, fastest with several.
    """

    inputs: int
    outputs: int
    groups: int
    axes: tuple[Axis, ...]

    @property
    def strides(self) -> list[int]:
        """One an axis."""
        return [axis.stride for axis in self.axes]

    @property
    def mode(self) -> str:
        """ONNX's word for the order of the channels."""
        return "DCR" if self.groups == 1 else "CRD"

    @property
    def places(self) -> npt.NDArray[np.int64]:
        """The output channel of each channel of the convolution."""
        channels, pixels = np.arange(self.groups * self.outputs), prod(self.strides)
        return np.tile(channels, pixels) if self.groups == 1 else np.repeat(channels, pixels)

    def weights(self, array: Array) -> Array:
        """Weights (in, out / group, kernel...) as (out * pixels, in / group, taps...); a scale loses no axis of one."""
        whole = (self.inputs, self.outputs, *(axis.kernel for axis in self.axes))
        if array.shape != whole:
            return self._scale(array)
        folded = array.reshape(self.groups, -1, *whole[1:])
        for at, axis in enumerate(self.axes):
            folded = axis.folded(folded, 3 + 2 * at)
        rank = len(self.axes)
        taps, pixels = ([3 + 2 * at + part for at in range(rank)] for part in (0, 1))
        order = [*pixels, 0, 2, 1, *taps] if self.groups == 1 else [0, 2, *pixels, 1, *taps]
        return folded.transpose(order).reshape(-1, self.inputs // self.groups, *(axis.taps for axis in self.axes))

    def _scale(self, array: Array) -> Array:
        """A row an output, or an input, of what the weights are scaled by."""
        first, second, *kernel = array.shape
        if set(kernel) != {1}:
            raise InputError(f"weights with a scale of shape {array.shape} have one a tap; give one a tensor or output")
        if second == self.groups == 1:
            return array.swapaxes(0, 1)
        within = 1 if first == 1 else self.inputs // self.groups
        groups = np.broadcast_to(array.reshape(first, second), (self.groups * within, second))
        rows = groups.reshape(self.groups, within, second).swapaxes(1, 2)
        full = np.broadcast_to(rows, (self.groups, self.outputs, within)).reshape(-1, within)[self.places]
        return full.reshape(-1, within, *kernel)


def unify_transposed(draft: Draft) -> None:
    """Conv, then DepthToSpace or Spread, then Slice; a batch norm right behind comes in front of the blocks."""
    for node in list(draft.nodes):
        if is_standard(node, "ConvTranspose"):
            with noted(place_of(node)):
                _unify(draft, node)


def _unify(draft: Draft, node: onnx.NodeProto) -> None:
    shape, blocks = draft.shape(node.input[0]), _blocks(draft, node)
    if shape is None or blocks is None:
        return
    dilations, name = attribute(node, "dilations", [1]), str(node.input[1])
    whole = name if set(dilations) == {1} else dilated(draft, name, dilations)
    weight = None if whole is None else rearranged(draft, whole, "blocks", blocks.weights, len(shape))
    bias = node.input[2] if len(node.input) > 2 else ""
    if bias:
        bias = rearranged(draft, bias, "blocks", lambda row: row[blocks.places], 1) or ""
    if weight is None or (len(node.input) > 2 and node.input[2] and not bias):
        return
    _Chain(draft, node, blocks, kind_in_file(node)).put([node.input[0], weight, *filter(None, [bias])])


def _blocks(draft: Draft, node: onnx.NodeProto) -> Blocks | None:
    """None where shapes or weights are not known, or not of one or two axes."""
    image, kernel = draft.shape(node.input[0]), draft.shape(node.input[1])
    if image is None or kernel is None or not draft.is_parameter(node.input[1]):
        return None
    if len(image) != len(kernel) or len(image) not in (3, 4):
        return None
    rank = len(image) - 2
    names = {"strides": rank, "dilations": rank, "output_padding": rank, "output_shape": rank, "pads": 2 * rank}
    for name, count in names.items():
        entries = attribute(node, name)
        if entries is not None and len(entries) != count:
            raise InputError(f"{len(entries)} {name} do not fit {rank} spatial axes; give {count}")
    axes = tuple(_axis(node, image[2 + at], kernel[2 + at], at, rank) for at in range(rank))
    groups = attribute(node, "group", 1)
    if kernel[0] != image[1] or groups < 1 or image[1] % groups:
        raise InputError(
            f"weights of shape {kernel} in {groups} groups do not fit {image[1]} channels; give (in, out / group, "
            "kernel...)"
        )
    return Blocks(kernel[0], kernel[1], groups, axes)


def _axis(node: onnx.NodeProto, size: int, kernel: int, at: int, rank: int) -> Axis:
    """Pads and length as ONNX's ConvTranspose defines them."""

    def entry(name: str, default: int) -> int:
        return int(attribute(node, name, [default] * 2 * rank)[at])

    stride, added = entry("strides", 1), entry("output_padding", 0)
    reach = (kernel - 1) * entry("dilations", 1) + 1
    whole, mode = stride * (size - 1) + added + reach, attribute(node, "auto_pad", "NOTSET")
    wanted = attribute(node, "output_shape")
    if wanted is None and mode in ("NOTSET", "VALID"):
        pads = attribute(node, "pads", [0] * 2 * rank) if mode == "NOTSET" else [0] * 2 * rank
        begin, length = pads[at], whole - pads[at] - pads[rank + at]
    else:
        length = int(wanted[at]) if wanted is not None else size * stride
        total = max(whole - length, 0)
        begin = total // 2 if mode == "SAME_UPPER" else total - total // 2
    if length < 1 or begin < 0:
        raise InputError(f"pads of {begin} leave {length} positions of {whole} along axis {2 + at}; pad less")
    return Axis(size, reach, stride, begin, length)


@dataclass
class _Chain:
    """Nodes in place of one, the last under its name."""

    draft: Draft
    node: onnx.NodeProto
    blocks: Blocks
    kind: str
    """What the file calls it."""

    def put(self, inputs: Sequence[str]) -> None:
        """Nodes for the convolution of an image, a weight and a bias."""
        blocks, axes = self.blocks, self.blocks.axes
        pads = [axis.pads[side] for side in (0, 1) for axis in axes]
        kernel = [axis.taps for axis in axes]
        ones = [1] * len(axes)
        steps: list[tuple[str, list[str], dict[str, Any]]] = [
            ("Conv", list(inputs[1:]), {"kernel_shape": kernel, "strides": ones, "dilations": ones, "pads": pads,
                                        "group": blocks.groups}),
            *self._norm(),
            *self._pixels(),
            *self._crop(),
        ]  # fmt: skip
        source, nodes = inputs[0], list[onnx.NodeProto]()
        for at, (kind, names, attributes) in enumerate(steps):
            is_last = at == len(steps) - 1
            beside = [other.output[0] for other in nodes]
            wish = f"{self.node.output[0]}_{_WORDS[kind]}"
            output = self.node.output[0] if is_last else self.draft.fresh(wish, beside)
            domain = CONTRACT_DOMAIN if kind == "Spread" else ""
            name = self.node.name if is_last else output
            nodes.append(helper.make_node(kind, [source, *names], [output], name=name, domain=domain, **attributes))
            nodes[-1].metadata_props.add(key=FILE_KIND, value=self.kind)
            source = output
        self.draft.replace(self.node, *nodes)

    def _norm(self) -> list[tuple[str, list[str], dict[str, Any]]]:
        """The batch norm that alone reads the node, for the channels of the convolution."""
        output = self.node.output[0]
        reader = self.draft.consumers(output)[0] if self.draft.is_read_once(output) else None
        if reader is None or not is_standard(reader, "BatchNormalization") or len(reader.output) > 1:
            return []
        if reader.input[0] != output or not all(name in self.draft.constants for name in reader.input[1:]):
            return []
        names = [
            self.draft.constant(f"{name}_blocks", self.draft.constants[name][self.blocks.places])
            for name in reader.input[1:]
        ]
        attributes = {entry.name: helper.get_attribute_value(entry) for entry in reader.attribute}
        self.draft.replace(self.node)
        self.node = reader
        return [("BatchNormalization", names, attributes)]

    def _pixels(self) -> list[tuple[str, list[str], dict[str, Any]]]:
        """Channels become pixels: of blocks as high as wide at once, of others axis by axis."""
        strides = self.blocks.strides
        if set(strides) == {1}:
            return []
        if len(strides) == 2 and strides[0] == strides[1]:
            return [("DepthToSpace", [], {"blocksize": strides[0], "mode": self.blocks.mode})]
        spread: list[tuple[str, list[str], dict[str, Any]]] = [
            ("Spread", [], {"axis": 2 + at, "block": stride}) for at, stride in enumerate(strides) if stride > 1
        ]
        if self.blocks.groups == 1:
            return spread
        slow = np.arange(len(self.blocks.places)).reshape(-1, prod(strides)).T.ravel()
        return [("Gather", [self.draft.constant(f"{self.node.output[0]}_order", slow)], {"axis": 1}), *spread]

    def _crop(self) -> list[tuple[str, list[str], dict[str, Any]]]:
        """What the pads take away."""
        cut = [at for at, axis in enumerate(self.blocks.axes) if axis.begin or axis.length < axis.blocks * axis.stride]
        if not cut:
            return []
        axes = [self.blocks.axes[at] for at in cut]
        rows = {
            "starts": [axis.begin for axis in axes],
            "ends": [axis.begin + axis.length for axis in axes],
            "axes": [2 + at for at in cut],
        }
        output = self.node.output[0]
        return [("Slice", [self.draft.constant(f"{output}_{key}", np.array(row)) for key, row in rows.items()], {})]


_WORDS = {
    "Conv": "sums",
    "BatchNormalization": "normed",
    "DepthToSpace": "pixels",
    "Spread": "pixels",
    "Gather": "ordered",
    "Slice": "part",
}
"""What the tensors between are called."""
