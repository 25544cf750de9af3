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
from shiftwire_models.finetune.layers import BiasCodes, TunedAdder, TunedSum, filter_terms
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
    return TunedSum(weight, BiasCodes(bias, source.whole("bias_frac")), geometry, source.whole("group"))


def _adder(source: Source) -> nn.Module:
    codes = source.codes(1)
    geometry = source.geometry(codes.shape[2:]) if codes.ndim > 2 else None
    return TunedAdder(codes, source.whole("weight_frac"), geometry, source.whole("group"))


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
    def __init__(self, sides: tuple[int, ...]) -> None:
        super().__init__()
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.sides)


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
        raise ModelsError(f"layer '{source.node.name}' pads unequally, which torch's pools do not; pad equally")
    pool = nn.MaxPool1d if len(geometry.kernel) == 1 else nn.MaxPool2d
    return pool(geometry.kernel, geometry.stride, geometry.begin)


def _average_pool(source: Source) -> nn.Module:
    geometry = source.geometry(source.wholes("kernel_shape"))
    if any(geometry.begin + geometry.end):
        raise ModelsError(f"layer '{source.node.name}' pads what it averages; pad before it, or not at all")
    pool = nn.AvgPool1d if len(geometry.kernel) == 1 else nn.AvgPool2d
    return pool(geometry.kernel, geometry.stride)  # type: ignore[arg-type]


def _pad(source: Source) -> nn.Module:
    pads = [int(side) for side in source.codes(1)]
    begins, ends = pads[2 : len(pads) // 2], pads[len(pads) // 2 + 2 :]
    sides = [side for pair in zip(reversed(begins), reversed(ends), strict=True) for side in pair]
    return _Padded(tuple(sides))


READERS: dict[str, Callable[[Source], nn.Module]] = {
    "ShiftDense": _sum,
    "ShiftConv": _sum,
    "Affine": _sum,
    "AdderDense": _adder,
    "AdderConv": _adder,
    "Requantize": _requantize,
    QUANT.name: _quant,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda _: _GlobalMean(),
    "Pad": _pad,
    "Add": lambda _: _Added(),
    "Concat": lambda _: _Joined(),
    "Relu": lambda _: nn.ReLU(),
    "Flatten": lambda _: nn.Flatten(),
    "Identity": lambda _: nn.Identity(),
}
