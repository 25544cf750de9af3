"""How far the integers of an operation's output can reach, one rule an operation of the contract."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import onnx
from shiftwire_hls.quantizers import QUANT
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Every value is an integer times 2**-frac, and no integer exceeds `bound` in magnitude."""

    frac: int
    bound: int

    def on(self, frac: int) -> "CodeRange":
        """The same values on a finer grid."""
        return CodeRange(frac, self.bound << (frac - self.frac))


@dataclass(frozen=True, slots=True)
class Site:
    """A node with the ranges of its data inputs, its constants by role (`sign`, `bias`) and its first input's shape.

    0 stands for a size that is no number, such as the batch's.
    """

    node: onnx.NodeProto
    inputs: tuple[CodeRange, ...]
    constants: dict[str, NDArray[np.generic]]
    shape: tuple[int, ...]

    def integer(self, name: str) -> int:
        """An attribute; 0 where the node has none of that name."""
        value = self._attribute(name)
        return value if isinstance(value, int) else 0

    def integers(self, name: str) -> list[int]:
        """An attribute; empty where the node has none of that name."""
        value = self._attribute(name)
        return list(value) if isinstance(value, list) else []

    def word(self, name: str, default: str) -> str:
        """A text attribute, or its default."""
        value = self._attribute(name)
        return value.decode() if isinstance(value, bytes) else default

    def _attribute(self, name: str) -> object:
        matches = [a for a in self.node.attribute if a.name == name]
        return onnx.helper.get_attribute_value(matches[0]) if matches else None


def _quant(site: Site) -> CodeRange:
    frac = -round(math.log2(float(site.constants["scale"])))
    return _covering(Format(round(float(site.constants["bitwidth"])), frac, bool(site.integer("signed"))))


def _requantize(site: Site) -> CodeRange:
    return _covering(Format(site.integer("bits"), site.integer("frac"), bool(site.integer("signed"))))


def _covering(grid: Format) -> CodeRange:
    return CodeRange(grid.frac, max(-grid.low_code, grid.high_code))


def _shift(site: Site) -> CodeRange:
    """Also Affine, whose every output reads one input."""
    (x,) = site.inputs
    sign, exponent = site.constants["sign"].astype(np.int64), site.constants["exponent"].astype(np.int64)
    outputs = sign.shape[1]
    lowest = int(exponent[sign != 0].min(initial=0))
    weights = (np.abs(sign) << np.where(sign == 0, 0, exponent - lowest)).sum(0).reshape(outputs, -1).sum(1)
    # each row of a circulant block has all numbers of its vector
    weights = np.repeat(weights, len(site.constants["bias"]) // outputs)
    bias_frac = site.integer("bias_frac")
    frac = max(x.frac - lowest, bias_frac)
    products = [x.bound * int(weight) << (frac - x.frac + lowest) for weight in weights]
    biases = [abs(int(bias)) << (frac - bias_frac) for bias in site.constants["bias"].astype(np.int64)]
    return CodeRange(frac, max(map(sum, zip(products, biases, strict=True))))


def _int(site: Site) -> CodeRange:
    (x,) = site.inputs
    codes = np.abs(site.constants["weight"].astype(np.int64))
    grid, bias_frac = site.integer("weight_frac"), site.integer("bias_frac")
    frac = max(x.frac + grid, bias_frac)
    sums = codes.reshape(len(codes), -1).sum(1).tolist()
    biases = np.abs(site.constants["bias"].astype(np.int64)).tolist()
    reach = [(x.bound * total << (frac - x.frac - grid)) + (bias << (frac - bias_frac))
             for total, bias in zip(sums, biases, strict=True)]  # fmt: skip
    return CodeRange(frac, max(reach))


def _resize(site: Site) -> CodeRange:
    """Means of two rows and of two columns."""
    how = site.word("mode", "nearest"), site.word("coordinate_transformation_mode", "half_pixel")
    if how != ("linear", "asymmetric") or site.constants["scales"].tolist() != [1, 1, 2, 2]:
        raise ModelsError(f"layer '{site.node.name}' resizes otherwise than Interpolation does, by 2; take that")
    (x,) = site.inputs
    return x.on(x.frac + 2)


def _adder(site: Site) -> CodeRange:
    (x,) = site.inputs
    frac = site.integer("weight_frac")
    if frac != x.frac:
        raise ModelsError(
            f"layer '{site.node.name}' compares inputs of {x.frac} fraction bits with weights of {frac}; give the "
            "adder layer the format of the quantizer before it"
        )
    codes = np.abs(site.constants["weight"].astype(np.int64))
    taps = codes.reshape(codes.shape[0], -1)
    return CodeRange(frac, x.bound * taps.shape[1] + int(taps.sum(1).max()))


def _average(site: Site) -> CodeRange:
    if any(site.integers("pads")):
        raise ModelsError(f"layer '{site.node.name}' pads what it averages; pad before it, or not at all")
    return _mean(site, math.prod(site.integers("kernel_shape")))


def _global_average(site: Site) -> CodeRange:
    return _mean(site, math.prod(site.shape[2:]))


def _mean(site: Site, positions: int) -> CodeRange:
    (x,) = site.inputs
    doublings = positions.bit_length() - 1
    if positions != 1 << doublings:
        raise ModelsError(
            f"layer '{site.node.name}' averages {positions} positions; take a power of two, or PictureMean, which "
            "fills the picture up with zeros"
        )
    return x.on(x.frac + doublings)


def _pad(site: Site) -> CodeRange:
    pads = site.constants["pads"].reshape(2, -1)
    zeros = site.word("mode", "constant") == "constant" and len(site.node.input) == 2
    if not zeros or pads[:, :2].any() or pads.min() < 0:
        raise ModelsError(f"layer '{site.node.name}' does more than put zeros around the picture; pad with zeros")
    return site.inputs[0]


def _same(site: Site) -> CodeRange:
    return site.inputs[0]


def _sum(site: Site) -> CodeRange:
    frac = max(x.frac for x in site.inputs)
    return CodeRange(frac, sum(x.on(frac).bound for x in site.inputs))


def _joined(site: Site) -> CodeRange:
    frac = max(x.frac for x in site.inputs)
    return CodeRange(frac, max(x.on(frac).bound for x in site.inputs))


RULES: dict[str, Callable[[Site], CodeRange]] = {
    QUANT.name: _quant,
    "Requantize": _requantize,
    "ShiftDense": _shift,
    "ShiftConv": _shift,
    "Affine": _shift,
    "CirculantDense": _shift,
    "CirculantConv": _shift,
    "IntConv": _int,
    "Resize": _resize,
    "Slice": _same,
    "AdderDense": _adder,
    "AdderConv": _adder,
    "AveragePool": _average,
    "GlobalAveragePool": _global_average,
    "Pad": _pad,
    "MaxPool": _same,
    "Relu": _same,
    "Flatten": _same,
    "Identity": _same,
    "Add": _sum,
    "Concat": _joined,
}
