"""Nodes of an exact ONNX file as layers that torch trains: one reader an operation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

import onnx
from shiftwire_hls.quantizers import QUANT
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.layers import BiasCodes, TunedAdder, TunedBases, TunedBlocks, TunedSum, filter_terms
from shiftwire_models.finetune.passing import (
    Enlarged,
    Moved,
    Operand,
    OperandKind,
    Part,
    PartialPool,
    Permuted,
    Picked,
    Shaped,
    Spread,
    Staircase,
    Table,
    UnequalMaxPool,
)
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights.filter_terms import Nearest
from shiftwire_models.window import Geometry

_QUANT_ROUNDING = {"FLOOR": Rounding.FLOOR, "ROUND": Rounding.HALF_EVEN, "HALF_EVEN": Rounding.HALF_EVEN}


@dataclass(frozen=True, slots=True)
class Source:
    """A node of the file, its attributes by name, its constants by position, and how its terms are to be rounded."""

    node: onnx.NodeProto
    attributes: dict[str, object]
    constants: dict[int, NDArray[np.generic]]
    nearest: Nearest = Nearest.LINEAR

    def whole(self, name: str) -> int:
        """An attribute; 0 where the node has none of that name."""
        value = self.attributes.get(name, 0)
        return value if isinstance(value, int) else 0

    def wholes(self, name: str) -> tuple[int, ...]:
        """An attribute; empty where the node has none of that name."""
        value = self.attributes.get(name)
        return tuple(value) if isinstance(value, list) else ()

    def word(self, name: str) -> str:
        """A text attribute; empty where the node has none of that name."""
        value = self.attributes.get(name)
        return value.decode() if isinstance(value, bytes) else ""

    def codes(self, place: int) -> NDArray[np.generic]:
        """The integers at an input; raises ModelsError where floats stand there, or nothing."""
        codes = self.constants.get(place)
        if codes is None or codes.dtype.kind not in "iu":
            raise ModelsError(f"layer '{self.node.name}' has no integers at input {place}; quantize the file first")
        return codes

    def exponent_range(self) -> ExponentRange:
        """Of a node with terms."""
        return ExponentRange(self.whole("exponent_min"), self.whole("exponent_max"))

    def geometry(self, kernel: tuple[int, ...]) -> Geometry:
        """How a kernel of these sides moves, by the node's strides and pads."""
        axes = len(kernel)
        strides = self.wholes("strides") or (1,) * axes
        return Geometry.of(kernel, strides, self.wholes("pads") or 0, axes)


def _sum(source: Source) -> nn.Module:
    sign, exponent, bias = (source.codes(place) for place in (1, 2, 3))
    weight = filter_terms(sign, exponent, source.exponent_range(), source.nearest)
    geometry = source.geometry(sign.shape[3:]) if sign.ndim > 3 else None
    trained = BiasCodes(bias, source.whole("bias_frac"), source.node.name)
    return TunedSum(weight, trained, geometry, source.whole("group"))


def _circulant(source: Source) -> nn.Module:
    sign, exponent, bias = (source.codes(place) for place in (1, 2, 3))
    weight = filter_terms(sign, exponent, source.exponent_range(), source.nearest)
    geometry = source.geometry(sign.shape[4:]) if sign.ndim > 4 else None
    trained = BiasCodes(bias, source.whole("bias_frac"), source.node.name)
    return TunedBlocks(weight, trained, geometry, source.whole("group"))


def _adder(source: Source) -> nn.Module:
    codes = source.codes(1)
    geometry = source.geometry(codes.shape[2:]) if codes.ndim > 2 else None
    return TunedAdder(codes, source.whole("weight_frac"), geometry, source.whole("group"))


def _int_conv(source: Source) -> nn.Module:
    codes, bias = source.codes(1), source.codes(2)
    trained = BiasCodes(bias, source.whole("bias_frac"), source.node.name)
    geometry = source.geometry(codes.shape[2:])
    return TunedBases(codes, source.whole("weight_frac"), trained, geometry, source.whole("group"))


def _requantize(source: Source) -> nn.Module:
    if source.word("overflow") != "saturate":
        raise ModelsError(f"layer '{source.node.name}' wraps around, which has no gradient; take overflow = saturate")
    grid = Format(source.whole("bits"), source.whole("frac"), bool(source.whole("signed")))
    return ActivationQuant(grid, Rounding(source.word("rounding")))


def _quant(source: Source) -> nn.Module:
    scale, zero, bits = (float(source.constants[place]) for place in (1, 2, 3))
    if zero or source.whole("narrow") or (bits == 1 and source.whole("signed")):
        raise ModelsError(f"layer '{source.node.name}' has a zero point, a narrow range or one signed bit; take none")
    rounding = _QUANT_ROUNDING.get(source.word("rounding_mode"))
    if rounding is None:
        raise ModelsError(f"layer '{source.node.name}' rounds by {source.word('rounding_mode')}; take FLOOR or ROUND")
    return ActivationQuant(Format(round(bits), -round(np.log2(scale)), bool(source.whole("signed"))), rounding)


class _Padded(nn.Module):
    def __init__(self, sides: tuple[int, ...], mode: str) -> None:
        super().__init__()
        self.sides, self.mode = sides, mode

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.sides, self.mode)


class _Joined(nn.Module):
    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.cat(inputs, 1)


class _GlobalMean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(tuple(range(2, x.dim())), keepdim=True)


class _Added(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def _max_pool(source: Source) -> nn.Module:
    geometry = source.geometry(source.wholes("kernel_shape"))
    if geometry.begin != geometry.end:
        return UnequalMaxPool(geometry)
    pool = nn.MaxPool1d if len(geometry.kernel) == 1 else nn.MaxPool2d
    return pool(geometry.kernel, geometry.stride, geometry.begin)


def _average_pool(source: Source) -> nn.Module:
    geometry = source.geometry(source.wholes("kernel_shape"))
    if any(geometry.begin + geometry.end):
        raise ModelsError(f"layer '{source.node.name}' pads what it averages; pad before it, or not at all")
    pool = nn.AvgPool1d if len(geometry.kernel) == 1 else nn.AvgPool2d
    return pool(geometry.kernel, geometry.stride)  # type: ignore[arg-type]


PADS = {"": "constant", "constant": "constant", "edge": "replicate"}
"""What torch calls ONNX's ways to pad."""


def _pad(source: Source) -> nn.Module:
    if (mode := source.word("mode")) not in PADS:
        raise ModelsError(f"layer '{source.node.name}' pads by {mode}, which cannot be tuned; take constant or edge")
    pads = [int(side) for side in source.codes(1)]
    begins, ends = pads[2 : len(pads) // 2], pads[len(pads) // 2 + 2 :]
    sides = [side for pair in zip(reversed(begins), reversed(ends), strict=True) for side in pair]
    return _Padded(tuple(sides), PADS[mode])


def _threshold(source: Source) -> nn.Module:
    thresholds, base, step = (torch.from_numpy(source.codes(place).astype(np.float64)) for place in (1, 2, 3))
    return Staircase(thresholds, base, step, source.whole("threshold_frac"), source.whole("frac"))


def _lookup(source: Source) -> nn.Module:
    table = torch.from_numpy(source.codes(1).astype(np.float64))
    return Table(table, source.whole("lowest"), source.whole("input_frac"), source.whole("frac"))


def _partial_pool(source: Source) -> nn.Module:
    kernel = source.wholes("kernel_shape")
    counted = Geometry.of((1,) * len(kernel), 1, source.wholes("counted_pads"), len(kernel))
    if len(kernel) != 2:
        raise ModelsError(f"layer '{source.node.name}' averages a line in part; pad before it, or not at all")
    return PartialPool(source.geometry(kernel), counted, source.whole("divisor"))


def _resize(source: Source) -> nn.Module:
    times = [int(scale) for scale in source.constants[2].tolist()[2:]]
    if source.word("mode") != "nearest" or source.constants[2].tolist()[2:] != times:
        raise ModelsError(f"layer '{source.node.name}' enlarges by more than repeating pixels; take nearest")
    return Enlarged(times)


def _slice(source: Source) -> nn.Module:
    starts, ends, axes, *steps = ([int(n) for n in source.codes(place)] for place in range(1, len(source.node.input)))
    slices = [slice(None)] * max(axes)
    for axis, start, end, step in zip(axes, starts, ends, steps[0] if steps else [1] * len(axes), strict=True):
        if axis < 1 or step < 1:
            raise ModelsError(f"layer '{source.node.name}' cuts the batch, or backwards; cut axes of a sample")
        slices[axis - 1] = slice(start, end, step)
    return Part(slices)


def _operand(source: Source) -> nn.Module:
    by = next((value for value in source.constants.values()), None)
    if by is None:
        if source.node.op_type == "Add":
            return _Added()
        raise ModelsError(
            f"layer '{source.node.name}' multiplies two computed tensors, and only constants become shifts and adds; "
            "add them, or leave the float net to shiftwire quantize alone, which builds multipliers"
        )
    return Operand(OperandKind(source.node.op_type), torch.from_numpy(by.astype(np.float32)))


def _reshape(source: Source) -> nn.Module:
    batch, *shape = (int(side) for side in source.codes(1))
    if batch not in (0, -1):
        raise ModelsError(f"layer '{source.node.name}' gives the batch a size of its own; leave it open")
    return Shaped(shape)


def _moved(source: Source) -> nn.Module:
    is_deep = source.node.op_type == "SpaceToDepth"
    return Moved(source.whole("blocksize"), columns_first=source.word("mode") == "CRD", is_deep=is_deep)


def _softmax(source: Source) -> nn.Module:
    axis = source.whole("axis") if "axis" in source.attributes else -1
    return nn.LogSoftmax(axis) if source.node.op_type == "LogSoftmax" else nn.Softmax(axis)


READERS: dict[str, Callable[[Source], nn.Module]] = {
    "ShiftDense": _sum,
    "ShiftConv": _sum,
    "Affine": _sum,
    "CirculantDense": _circulant,
    "CirculantConv": _circulant,
    "IntConv": _int_conv,
    "AdderDense": _adder,
    "AdderConv": _adder,
    "Requantize": _requantize,
    QUANT.name: _quant,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda _: _GlobalMean(),
    "Pad": _pad,
    "Threshold": _threshold,
    "Lookup": _lookup,
    "PartialPool": _partial_pool,
    "Resize": _resize,
    "Slice": _slice,
    "Gather": lambda source: Picked(torch.from_numpy(source.codes(1).astype(np.int64))),
    "DepthToSpace": _moved,
    "SpaceToDepth": _moved,
    "Spread": lambda source: Spread(source.whole("axis"), source.whole("block")),
    "Transpose": lambda source: Permuted(source.wholes("perm")),
    "Reshape": _reshape,
    "Add": _operand,
    "Mul": _operand,
    "Div": _operand,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Sigmoid": lambda _: nn.Sigmoid(),
    "Tanh": lambda _: nn.Tanh(),
    "Concat": lambda _: _Joined(),
    "Relu": lambda _: nn.ReLU(),
    "Flatten": lambda _: nn.Flatten(),
    "Identity": lambda _: nn.Identity(),
}
