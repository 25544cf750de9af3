"""An exact ONNX file as a net that torch trains, and the trained codes back in the same file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.layers import BiasCodes, Tuned, TunedAdder, TunedSum, filter_terms
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.terms import ExponentRange
from shiftwire_models.window import Geometry

_QUANT_ROUNDING = {"FLOOR": Rounding.FLOOR, "ROUND": Rounding.HALF_EVEN, "HALF_EVEN": Rounding.HALF_EVEN}


@dataclass(frozen=True, slots=True)
class Source:
    """A node of the file, its attributes by name and its constants by position."""

    node: onnx.NodeProto
    attributes: dict[str, object]
    constants: dict[int, NDArray[np.generic]]

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
            raise ModelsError(f"layer '{self.node.name}' has no integers at input {place}; quantise the file first")
        return codes

    def exponent_range(self) -> ExponentRange:
        """Of a node with terms."""
        return ExponentRange(self.whole("exponent_min"), self.whole("exponent_max"))

    def geometry(self, kernel: tuple[int, ...]) -> Geometry:
        """How a kernel of these sides moves, by the node's strides and pads."""
        axes = len(kernel)
        strides = self.wholes("strides") or (1,) * axes
        return Geometry.of(kernel, strides, self.wholes("pads") or 0, axes)


@dataclass(frozen=True, slots=True)
class Step:
    """One node: where its layer stands, what it reads and what it makes."""

    name: str
    inputs: tuple[str, ...]
    output: str


class GraphNet(nn.Module):
    """The file's nodes in order; x (N, *input_shape) -> the file's output."""

    def __init__(self, steps: tuple[Step, ...], layers: list[nn.Module], input_name: str, output_name: str) -> None:
        super().__init__()
        self.steps, self.input_name, self.output_name = steps, input_name, output_name
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> the value of the file's output."""
        values = {self.input_name: x}
        for step, layer in zip(self.steps, self.layers, strict=True):
            values[step.output] = layer(*(values[name] for name in step.inputs))
        return values[self.output_name]


def load_exact(path: Path) -> onnx.ModelProto:
    """Raises ModelsError for what is no ONNX file."""
    if not path.is_file():
        raise ModelsError(f"found no file {path}; name an exact ONNX file, such as shiftwire quantize writes")
    try:
        model = onnx.load_model(str(path))
    except DecodeError as error:
        raise ModelsError(f"{path} is no ONNX file, or a truncated one; write it again") from error
    if not model.graph.node:
        raise ModelsError(f"{path} holds no ONNX graph with nodes; write it again")
    return model


def trainable(model: onnx.ModelProto) -> GraphNet:
    """The file's net with its codes as they are. Raises ModelsError for a node that cannot be trained through."""
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    steps, layers = [], []
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        operands = {place: constants[name] for place, name in enumerate(node.input) if name in constants}
        if node.op_type not in _READERS:
            raise ModelsError(
                f"layer '{node.name}' is a {node.op_type}, which cannot be tuned; tune files of {', '.join(_READERS)}"
            )
        layers.append(_READERS[node.op_type](Source(node, attributes, operands)))
        data = tuple(name for name in node.input if name and name not in constants)
        steps.append(Step(node.name, data, node.output[0]))
    return GraphNet(tuple(steps), layers, model.graph.input[0].name, model.graph.output[0].name)


def with_codes(model: onnx.ModelProto, net: GraphNet) -> onnx.ModelProto:
    """A copy of the file with the net's codes in place of its own; everything else stays byte for byte."""
    tuned = onnx.ModelProto()
    tuned.CopyFrom(model)
    nodes = {node.output[0]: node for node in tuned.graph.node}
    initialisers = {tensor.name: tensor for tensor in tuned.graph.initializer}
    for step, layer in zip(net.steps, net.layers, strict=True):
        if isinstance(layer, Tuned):
            names = [name for name in nodes[step.output].input if name in initialisers]
            for name, codes in zip(names, layer.codes().values(), strict=True):
                before = onnx.numpy_helper.to_array(initialisers[name])
                initialisers[name].CopyFrom(onnx.numpy_helper.from_array(codes.numpy().astype(before.dtype), name))
    return tuned


def input_shape(model: onnx.ModelProto) -> tuple[int, ...]:
    """Of one sample."""
    dims = model.graph.input[0].type.tensor_type.shape.dim
    return tuple(int(dim.dim_value) for dim in dims[1:])


def _sum(source: Source) -> nn.Module:
    sign, exponent, bias = (source.codes(place) for place in (1, 2, 3))
    weight = filter_terms(sign, exponent, source.exponent_range())
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
    scale, _, bits = (float(source.constants[place]) for place in (1, 2, 3))
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


_READERS: dict[str, Callable[[Source], nn.Module]] = {
    "ShiftDense": _sum,
    "ShiftConv": _sum,
    "Affine": _sum,
    "AdderDense": _adder,
    "AdderConv": _adder,
    "Requantize": _requantize,
    "Quant": _quant,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda _: nn.AdaptiveAvgPool2d(1),
    "Pad": _pad,
    "Add": lambda _: _Added(),
    "Concat": lambda _: _Joined(),
    "Relu": lambda _: nn.ReLU(),
    "Flatten": lambda _: nn.Flatten(),
    "Identity": lambda _: nn.Identity(),
}
