"""Integer tensors as float tensors of codes less their zero point, in which zero is zero.

QuantizeLinear becomes the contract's Codes, DequantizeLinear a Mul, ConvInteger and MatMulInteger become Conv and
MatMul of Scaled constants. What an integer file computes in float32 stays in its own operations and their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.errors import InputError, noted
from shiftwire.onnx.canonical.draft import Draft, attribute, is_standard, place_of
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

Array = npt.NDArray[Any]
FLOAT = onnx.TensorProto.FLOAT

_T = onnx.TensorProto
RANGES: Mapping[int, tuple[int, int]] = {
    _T.UINT4: (0, 15),
    _T.INT4: (-8, 7),
    _T.UINT8: (0, 255),
    _T.INT8: (-128, 127),
    _T.UINT16: (0, 65535),
    _T.INT16: (-32768, 32767),
    _T.INT32: (-(1 << 31), (1 << 31) - 1),
    _T.INT64: (-(1 << 62), 1 << 62),
}
"""Codes of the types that stand for codes."""

MOVES = ("MaxPool", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Resize", "Upsample",
         "Slice", "Gather", "Split", "DepthToSpace", "SpaceToDepth", "Dropout")  # fmt: skip
"""Operations that make no new codes: those of the output are some of the input's, whatever they stand for."""

MICROSOFT = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Integers:
    """An integer tensor of the file is the float tensor `name` plus `zero_point`."""

    name: str
    zero_point: int = 0


@dataclass
class Unifier:
    """`known` are the file's integer tensors, by their own names."""

    draft: Draft
    known: dict[str, Integers] = field(default_factory=dict)

    def run(self) -> None:
        """Every node in turn; what is left is the importer's to name."""
        for value in self.draft.inputs:
            if value.type.tensor_type.elem_type in RANGES:
                value.type.tensor_type.elem_type = FLOAT
                self.known[value.name] = Integers(value.name)
        for node in list(self.draft.nodes):
            rewrite = _REWRITES.get((node.domain if node.domain != "ai.onnx" else "", node.op_type))
            with noted(place_of(node)):
                if rewrite is not None:
                    rewrite(self, node)
                elif is_standard(node, *MOVES) and node.input[0] in self.known:
                    _move(self, node)
        self._end()

    def _end(self) -> None:
        """An integer output of the graph is its codes plus the zero point, as floats."""
        for name in self.draft.outputs & self.known.keys():
            codes = self.known[name]
            producer = self.draft.producer(name)
            if codes.zero_point and producer is not None and codes.name == name:
                inner = self.draft.fresh(f"{name}_codes")
                producer.output[list(producer.output).index(name)] = inner
                for node in self.draft.nodes:
                    for at, read in enumerate(node.input):
                        if read == name:
                            node.input[at] = inner
                shift = helper.make_node("Add", [inner, self.scalar(name, codes.zero_point)], [name], name=name)
                self.draft.nodes.append(shift)

    def constant(self, name: str) -> Array | None:
        """A constant's values, None where it is computed or absent."""
        return self.draft.constants.get(name) if name else None

    def wanted(self, node: onnx.NodeProto, at: int, what: str) -> Array:
        """A constant input; raises InputError where it is none."""
        value = self.constant(node.input[at]) if at < len(node.input) else None
        if value is None:
            raise InputError(
                f"its {what} is computed when the network runs; quantize the model statically, with calibration data"
            )
        return value

    def zero_point(self, node: onnx.NodeProto, at: int) -> int:
        """One zero point of a tensor; 0 where it is left out."""
        if at >= len(node.input) or not node.input[at]:
            return 0
        values = self.wanted(node, at, "zero point").astype(np.int64).ravel()
        if values.size and (values != values[0]).any():
            raise InputError("its zero points differ between channels; use one for the tensor")
        return int(values[0]) if values.size else 0

    def scale(self, node: onnx.NodeProto, at: int) -> np.float32:
        """One scale of a tensor."""
        values = self.wanted(node, at, "scale").astype(np.float32).ravel()
        if not values.size or (values != values[0]).any():
            raise InputError("its scales differ between channels; use one for the tensor")
        return np.float32(values[0])

    def scalar(self, wish: str, value: float) -> str:
        """A new constant of one number."""
        return self.draft.constant(f"{wish}_zero", np.array(value, np.float32))

    def shifted(self, node: onnx.NodeProto, name: str, zero_point: int) -> str | None:
        """The float tensor of an integer tensor's codes less a zero point; None for a tensor that is not known."""
        codes = self.known.get(name)
        if codes is None:
            return None
        if codes.zero_point == zero_point:
            return codes.name
        moved = self.draft.fresh(f"{node.output[0]}_{name}_shifted")
        self.insert(node, helper.make_node("Add", [codes.name, self.scalar(moved, codes.zero_point - zero_point)],
                                           [moved], name=moved))  # fmt: skip
        return moved

    def insert(self, before: onnx.NodeProto, *nodes: onnx.NodeProto) -> None:
        """New nodes in front of another."""
        at = next(at for at, node in enumerate(self.draft.nodes) if node is before)
        self.draft.nodes[at:at] = nodes

    def scaled(self, wish: str, codes: Array, scale: Array, origin: str | None = None) -> tuple[str, onnx.NodeProto]:
        """A quantized parameter: whole numbers times a scale that broadcasts."""
        output = self.draft.fresh(f"{wish}_scaled")
        return output, scaled_node(self.draft, codes, scale, output, origin)


def scaled_node(draft: Draft, codes: Array, scale: Array, output: str, origin: str | None = None) -> onnx.NodeProto:
    """The contract's Scaled of two new constants."""
    names = [
        draft.constant(f"{output}_codes", codes.astype(np.int64), origin),
        draft.constant(f"{output}_scale", scale.astype(np.float32)),
    ]
    return helper.make_node("Scaled", names, [output], name=output, domain=CONTRACT_DOMAIN)


def along(row: Array, axis: int, rank: int) -> Array:
    """A row of an axis as it broadcasts against a tensor; a single number as ()."""
    if row.size == 1:
        return row.reshape(())
    return row.reshape([-1 if at == axis % rank else 1 for at in range(rank)])


def require_plain_blocks(node: onnx.NodeProto) -> None:
    """Raise InputError for scales by blocks."""
    if attribute(node, "block_size", 0):
        raise InputError("its scales are by blocks of numbers, which no integer layer takes; quantize per channel")


def unify_integers(draft: Draft) -> None:
    """See above."""
    Unifier(draft).run()


def _ends(unifier: Unifier, node: onnx.NodeProto, at: int) -> tuple[int, int, int]:
    """Lowest and highest code of what a quantizer makes, and its zero point."""
    kind = attribute(node, "output_dtype", 0) or _T.UINT8
    if at < len(node.input) and node.input[at]:
        kind = _type(unifier, node.input[at])
    if kind not in RANGES:
        name = onnx.TensorProto.DataType.Name(kind)
        raise InputError(f"it quantizes to {name}, which is on no grid of whole numbers; use int4 to int16")
    return (*RANGES[kind], unifier.zero_point(node, at))


def _type(unifier: Unifier, name: str) -> int:
    draft = unifier.draft
    if name in draft.types:
        return draft.types[name]
    return draft.values[name].type if name in draft.values else int(_T.UINT8)


def _codes(unifier: Unifier, node: onnx.NodeProto, x: str, scale: Array, ends: tuple[int, int, int]) -> None:
    """The node makes codes of float values."""
    low, high, zero = ends
    step = unifier.draft.constant(f"{node.output[0]}_scale", scale)
    made = helper.make_node("Codes", [x, step], [node.output[0]], name=node.name, domain=CONTRACT_DOMAIN,
                            lo=low - zero, hi=high - zero)  # fmt: skip
    unifier.draft.replace(node, made)
    unifier.known[node.output[0]] = Integers(node.output[0], zero)


def _quantize(unifier: Unifier, node: onnx.NodeProto) -> None:
    require_plain_blocks(node)
    shape = unifier.draft.shape(node.input[0]) or ()
    scale = along(unifier.wanted(node, 1, "scale").astype(np.float32), attribute(node, "axis", 1), max(len(shape), 1))
    x = node.input[0]
    if x in unifier.known:
        x = unifier.shifted(node, x, 0) or x
    _codes(unifier, node, x, scale, _ends(unifier, node, 2))


def _dequantize(unifier: Unifier, node: onnx.NodeProto) -> None:
    require_plain_blocks(node)
    x = unifier.shifted(node, node.input[0], unifier.zero_point(node, 2))
    if x is None:
        return
    shape = unifier.draft.shape(node.input[0]) or ()
    scale = along(unifier.wanted(node, 1, "scale").astype(np.float32), attribute(node, "axis", 1), max(len(shape), 1))
    factor = unifier.draft.constant(f"{node.output[0]}_scale", scale)
    unifier.draft.replace(node, helper.make_node("Mul", [x, factor], [node.output[0]], name=node.name))


def _move(unifier: Unifier, node: onnx.NodeProto) -> None:
    codes = unifier.known[node.input[0]]
    node.input[0] = codes.name
    for name in node.output:
        unifier.known[name] = Integers(name, codes.zero_point)


def _concat(unifier: Unifier, node: onnx.NodeProto) -> None:
    if not all(name in unifier.known for name in node.input):
        return
    zero = unifier.known[node.input[0]].zero_point
    for at, name in enumerate(node.input):
        node.input[at] = unifier.shifted(node, name, zero) or name
    unifier.known[node.output[0]] = Integers(node.output[0], zero)


def _cast(unifier: Unifier, node: onnx.NodeProto) -> None:
    to = attribute(node, "to")
    if node.input[0] in unifier.known:
        codes = unifier.known[node.input[0]]
        if to in RANGES:
            unifier.draft.replace(node, helper.make_node("Identity", [codes.name], [node.output[0]], name=node.name))
            unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)
        elif to == FLOAT:
            x = unifier.shifted(node, node.input[0], 0) or codes.name
            unifier.draft.replace(node, helper.make_node("Identity", [x], [node.output[0]], name=node.name))
    elif to in RANGES and _is_whole(unifier.draft, node.input[0]):
        names = [node.input[0], *(unifier.scalar(node.output[0], end) for end in RANGES[to])]
        unifier.draft.replace(node, helper.make_node("Clip", names, [node.output[0]], name=node.name))
        unifier.known[node.output[0]] = Integers(node.output[0])


def _is_whole(draft: Draft, name: str) -> bool:
    """Whether a float tensor holds whole numbers alone: it was rounded, and at most clipped since."""
    producer = draft.producer(name)
    while producer is not None and is_standard(producer, "Clip", "Min", "Max"):
        producer = draft.producer(producer.input[0])
    return producer is not None and is_standard(producer, "Round", "Floor", "Ceil", "Sign")


def _bounded(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Relu, Clip, Min and Max of codes, their bounds moved to the same zero."""
    codes = next((unifier.known[name] for name in node.input if name in unifier.known), None)
    if codes is None:
        return
    x = codes.name
    if node.op_type == "Relu":
        bounds: list[float | None] = [0, None]
    elif node.op_type == "Clip":
        found = [unifier.constant(name) for name in (*node.input[1:], "", "")[:2]]
        bounds = [None if value is None else float(value.ravel()[0]) for value in found]
    else:
        c = next((value for name in node.input if (value := unifier.constant(name)) is not None), None)
        if c is None or c.size != 1:
            return
        bounds = [float(c.ravel()[0]), None] if node.op_type == "Max" else [None, float(c.ravel()[0])]
    maker = unifier.draft.producer(x)
    if maker is not None and maker.op_type == "Codes" and unifier.draft.is_read_once(x):
        _narrow(maker, [None if end is None else int(end) - codes.zero_point for end in bounds])
        unifier.draft.replace(node, helper.make_node("Identity", [x], [node.output[0]], name=node.name))
        unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)
        return
    names = ["" if end is None else unifier.scalar(node.output[0], end - codes.zero_point) for end in bounds]
    unifier.draft.replace(node, helper.make_node("Clip", [x, *names], [node.output[0]], name=node.name))
    unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)


def _narrow(codes: onnx.NodeProto, bounds: list[int | None]) -> None:
    """A quantizer's bounds, as a Clip behind it makes them."""
    low, high = bounds
    for entry in codes.attribute:
        given = low if entry.name == "lo" else high
        other = high if entry.name == "lo" else low
        if given is not None:
            entry.i = max(entry.i, given) if entry.name == "lo" else min(entry.i, given)
        if other is not None:
            entry.i = min(entry.i, other) if entry.name == "lo" else max(entry.i, other)


def _pad(unifier: Unifier, node: onnx.NodeProto) -> None:
    codes = unifier.known.get(node.input[0])
    if codes is None:
        return
    node.input[0] = codes.name
    given = unifier.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(1)
    if given is not None and attribute(node, "mode", "constant") == "constant":
        names = [*node.input, ""][:3]
        names[2] = unifier.scalar(node.output[0], float(given.ravel()[0]) - codes.zero_point)
        rest = list(node.input[3:])
        del node.input[:]
        node.input.extend([*names, *rest])
    unifier.known[node.output[0]] = Integers(node.output[0], codes.zero_point)


def _arithmetic(unifier: Unifier, node: onnx.NodeProto) -> None:
    """Add, Sub and Mul of whole numbers, such as an int32 bias."""
    if not any(name in unifier.known for name in node.input):
        return
    names = []
    for name in node.input:
        constant = unifier.constant(name)
        if constant is not None:
            made, scaled = unifier.scaled(node.output[0], constant, np.ones(()), name)
            unifier.insert(node, scaled)
            names.append(made)
        else:
            names.append(unifier.shifted(node, name, 0) or name)
    unifier.draft.replace(node, helper.make_node(node.op_type, names, [node.output[0]], name=node.name))
    unifier.known[node.output[0]] = Integers(node.output[0])


def _weights(unifier: Unifier, node: onnx.NodeProto, at: int, zero_at: int, axis: int) -> str:
    """Constant weights less their zero points, as a quantized parameter of scale 1."""
    codes = unifier.wanted(node, at, "weight").astype(np.int64)
    zero = unifier.constant(node.input[zero_at]) if zero_at < len(node.input) and node.input[zero_at] else None
    if zero is not None:
        codes = codes - along(zero.astype(np.int64), axis, codes.ndim)
    name, made = unifier.scaled(node.output[0], codes, np.ones(()), node.input[at])
    unifier.insert(node, made)
    return name


def _sums(unifier: Unifier, node: onnx.NodeProto, inputs: tuple[int, int, int, int], bias: int | None,
          output: str) -> onnx.NodeProto | None:  # fmt: skip
    """Conv or MatMul of codes less their zero points; None where the first input is no tensor of codes.

    `inputs` are the places of x, its zero point, the weight and its zero point.
    """
    x, x_zero, w, w_zero = inputs
    kind = "Conv" if "Conv" in node.op_type else "MatMul"
    source = unifier.shifted(node, node.input[x], unifier.zero_point(node, x_zero))
    if source is None or unifier.constant(node.input[w]) is None:
        return None
    names = [source, _weights(unifier, node, w, w_zero, 0 if kind == "Conv" else -1)]
    if bias is not None and bias < len(node.input) and node.input[bias]:
        name, made = unifier.scaled(node.output[0], unifier.wanted(node, bias, "bias"), np.ones(()), node.input[bias])
        unifier.insert(node, made)
        names.append(name)
    made = helper.make_node(kind, names, [output], name=node.name or output)
    if kind == "Conv":
        made.attribute.extend(node.attribute)
    return made


def _integer_layer(unifier: Unifier, node: onnx.NodeProto) -> None:
    """ConvInteger and MatMulInteger."""
    made = _sums(unifier, node, (0, 2, 1, 3), None, node.output[0])
    if made is not None:
        unifier.draft.replace(node, made)
        unifier.known[node.output[0]] = Integers(node.output[0])


def _linear_layer(unifier: Unifier, node: onnx.NodeProto) -> None:
    """QLinearConv and QLinearMatMul: sums times one float32 number a channel, rounded."""
    sums = unifier.draft.fresh(f"{node.output[0]}_sums")
    made = _sums(unifier, node, (0, 2, 3, 5), 8, sums)
    if made is None:
        return
    factor = unifier.scale(node, 1) * unifier.wanted(node, 4, "scale").astype(np.float32).ravel()
    rank = len(unifier.draft.shape(node.output[0]) or (0, 0))
    row = along(factor / unifier.scale(node, 6), 1 if made.op_type == "Conv" else rank - 1, rank)
    _rescaled(unifier, node, made, row, 7)


def _rescaled(unifier: Unifier, node: onnx.NodeProto, sums: onnx.NodeProto, factor: Array, zero_at: int) -> None:
    """Codes of sums times a factor, already divided by the output's scale."""
    scaled = unifier.draft.fresh(f"{node.output[0]}_rescaled")
    by = unifier.draft.constant(f"{scaled}_by", factor.astype(np.float32))
    unifier.insert(node, sums, helper.make_node("Mul", [sums.output[0], by], [scaled], name=scaled))
    _codes(unifier, node, scaled, np.ones((), np.float32), _ends(unifier, node, zero_at))


def _qgemm(unifier: Unifier, node: onnx.NodeProto) -> None:
    """onnxruntime's QGemm: A, scale, zero, B, scale, zero, C, scale and zero of the output, or floats without them."""
    source = unifier.shifted(node, node.input[0], unifier.zero_point(node, 2))
    if source is None or unifier.constant(node.input[3]) is None or attribute(node, "transA", 0):
        return
    is_turned = bool(attribute(node, "transB", 0))
    weights = _weights(unifier, node, 3, 5, 0 if is_turned else -1)
    names = [source, weights]
    if len(node.input) > 6 and node.input[6]:
        bias, made = unifier.scaled(node.output[0], unifier.wanted(node, 6, "bias"), np.ones(()), node.input[6])
        unifier.insert(node, made)
        names.append(bias)
    alpha = np.float32(attribute(node, "alpha", 1.0))
    row = alpha * unifier.scale(node, 1) * unifier.wanted(node, 4, "scale").astype(np.float32).ravel()
    sums = unifier.draft.fresh(f"{node.output[0]}_sums")
    gemm = helper.make_node("Gemm", names, [sums], name=node.name or sums, transB=int(is_turned))
    if len(node.input) > 7 and node.input[7]:
        _rescaled(unifier, node, gemm, along(row / unifier.scale(node, 7), 1, 2), 8)
        return
    by = unifier.draft.constant(f"{sums}_by", along(row, 1, 2))
    unifier.draft.replace(node, gemm, helper.make_node("Mul", [sums, by], [node.output[0]], name=node.output[0]))


def _values(unifier: Unifier, node: onnx.NodeProto, at: int) -> str | None:
    """The float values of an input, its scale and its zero point, which stand side by side from `at` on."""
    source = unifier.shifted(node, node.input[at], unifier.zero_point(node, at + 2))
    if source is None:
        return None
    name = unifier.draft.fresh(f"{node.output[0]}_{node.input[at]}_values")
    by = unifier.draft.constant(f"{name}_scale", np.array(unifier.scale(node, at + 1)))
    unifier.insert(node, helper.make_node("Mul", [source, by], [name], name=name))
    return name


def _computed(kind: str, inputs: tuple[int, ...], output: int) -> Callable[[Unifier, onnx.NodeProto], None]:
    """onnxruntime's operations of codes: the float operation of the values, quantized again."""

    def rewrite(unifier: Unifier, node: onnx.NodeProto) -> None:
        names = [_values(unifier, node, at) for at in inputs]
        if attribute(node, "channels_last", 0) or None in names:
            return
        _requantized(unifier, node, kind, [str(name) for name in names], output)

    return rewrite


def _requantized(unifier: Unifier, node: onnx.NodeProto, kind: str, names: list[str], output: int) -> None:
    inner = unifier.draft.fresh(f"{node.output[0]}_floats")
    made = helper.make_node(kind, names, [inner], name=inner)
    made.attribute.extend(entry for entry in node.attribute if entry.name != "channels_last")
    unifier.insert(node, made)
    scale = np.array(unifier.scale(node, output))
    _codes(unifier, node, inner, scale, _ends(unifier, node, output + 1))


def _qconcat(unifier: Unifier, node: onnx.NodeProto) -> None:
    names = [_values(unifier, node, at) for at in range(2, len(node.input), 3)]
    if None not in names:
        _requantized(unifier, node, "Concat", [str(name) for name in names], 0)


def _dynamic(unifier: Unifier, node: onnx.NodeProto) -> None:
    raise InputError(
        "it takes scales from the data while the network runs, which no fixed logic does; quantize the model "
        "statically, with calibration data"
    )


_REWRITES: Mapping[tuple[str, str], Callable[[Unifier, onnx.NodeProto], None]] = {
    **{(domain, "QuantizeLinear"): _quantize for domain in ("", MICROSOFT)},
    **{(domain, "DequantizeLinear"): _dequantize for domain in ("", MICROSOFT)},
    ("", "Concat"): _concat,
    ("", "Cast"): _cast,
    **{("", kind): _bounded for kind in ("Relu", "Clip", "Min", "Max")},
    ("", "Pad"): _pad,
    **{("", kind): _arithmetic for kind in ("Add", "Sub", "Mul")},
    ("", "ConvInteger"): _integer_layer,
    ("", "MatMulInteger"): _integer_layer,
    ("", "QLinearConv"): _linear_layer,
    ("", "QLinearMatMul"): _linear_layer,
    ("", "DynamicQuantizeLinear"): _dynamic,
    (MICROSOFT, "QGemm"): _qgemm,
    (MICROSOFT, "QLinearAdd"): _computed("Add", (0, 3), 6),
    (MICROSOFT, "QLinearMul"): _computed("Mul", (0, 3), 6),
    (MICROSOFT, "QLinearSigmoid"): _computed("Sigmoid", (0,), 3),
    (MICROSOFT, "QLinearLeakyRelu"): _computed("LeakyRelu", (0,), 3),
    (MICROSOFT, "QLinearGlobalAveragePool"): _computed("GlobalAveragePool", (0,), 3),
    (MICROSOFT, "QLinearAveragePool"): _computed("AveragePool", (0,), 3),
    (MICROSOFT, "QLinearConcat"): _qconcat,
}
