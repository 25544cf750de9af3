"""Readers of what puts values on a grid: QONNX's Quant, BipolarQuant and Trunc, ONNX's Sign, our Requantize."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import HostInput
from shiftwire.ir.network import Node
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding, Floats, shortest
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.host import codes_on_host
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.parameter import Parameter, scales_along
from shiftwire.onnx.context.pending import Pending
from shiftwire.onnx.context.staircase import EXACT_MODES, requantized_behind, stepped
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import host
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.affine import Affine
from shiftwire.ops.requantize import Requantize
from shiftwire_boards.runtime.host_steps import Scale
from shiftwire_hls.quantizers import QUANTIZERS, Reading

_E = TypeVar("_E", Rounding, Overflow)

MAX_BITS = 32
"""Widest quantizer: float32 holds no more than 24 bits of a value anyway."""

MOST_LEVELS = 1 << 16
"""Codes of a tensor that are all tried, to see that a quantizer changes none."""

BIPOLAR = FloatQuantizer(1.0, 0, -1, 1, FloatRounding.SIGN)

_MODES = {"ROUND": FloatRounding.HALF_EVEN} | {
    mode.name: mode for mode in FloatRounding if mode is not FloatRounding.SIGN
}
"""QONNX's rounding modes by name."""


def _quant(view: View, graph: Graph) -> None:
    """QONNX Quant of a weight, of the graph input, or of what is pending."""
    _apply(view, graph, _scales(view), _quantizer(view))


def _bipolar(view: View, graph: Graph) -> None:
    _apply(view, graph, _scales(view), BIPOLAR)


def _quantizer(view: View) -> FloatQuantizer:
    """All but the scale; one signed bit is -1 and 1, as QONNX has it."""
    offset, bits = _scalar(view, 2, "zeropt"), _scalar(view, 3, "bitwidth")
    if offset != np.round(offset) or bits != np.round(bits) or not 1 <= bits <= MAX_BITS:
        raise InputError(
            f"zeropt {shortest(offset)} with bitwidth {shortest(bits)} is not handled; give whole ones, the bitwidth "
            f"from 1 to {MAX_BITS}"
        )
    signed, narrow, width = view.flag("signed", 1), view.flag("narrow", 0), int(bits)
    rounding = _rounding(view)
    if width == 1 and signed:
        return replace(BIPOLAR, zero_point=int(offset))
    lo = -(1 << (width - 1)) + narrow if signed else 0
    hi = (1 << (width - 1)) - 1 if signed else (1 << width) - 1 - narrow
    return FloatQuantizer(1.0, int(offset), lo, hi, rounding)


def _rounding(view: View, default: str = "ROUND") -> FloatRounding:
    mode = view.text("rounding_mode", default).upper()
    if mode not in _MODES:
        raise InputError(f"rounding_mode {mode} is not handled; use {', '.join(_MODES)}")
    return _MODES[mode]


def _scalar(view: View, position: int, name: str) -> float:
    value = view.constant(position, name)
    if value.size != 1 and (value != value.flat[0]).any():
        raise InputError(f"its {name} has shape {value.shape}; only one for the whole tensor is handled")
    return float(value.flat[0])


def _scales(view: View) -> Floats:
    """Positive scales as the file has them, any shape."""
    scale = view.constant(1, "scale").astype(np.float32)
    if not (scale > 0).all():
        raise InputError(f"a scale of {shortest(scale.min())} is not positive; train with positive scales")
    return np.asarray(scale.flat[0]) if (scale == scale.flat[0]).all() else scale


def _apply(view: View, graph: Graph, scale: Floats, quantizer: FloatQuantizer) -> None:
    source = view.inputs[0]
    if view.is_constant(0):
        values = view.constant(0, "x")
        by_output = scales_along(scale, values.shape, 0)
        codes = quantizer.codes(values, scale)
        graph.parameters[view.output] = Parameter(codes, by_output)
    elif graph.is_raw(source):
        _enter(view, graph, scale, quantizer)
    elif source in graph.tails:
        host(view, graph, *codes_on_host(scale, quantizer), Scale(scale))
    elif source in graph.joined:
        _sum(view, graph, scale, quantizer)
    elif source in graph.tabulated and not graph.tabulated[source].is_whole:
        *spatial, channels = graph.tensors[graph.tabulated[source].source].shape
        each = scales_along(scale, (1, channels, *spatial), 1)
        divisor = each.astype(np.float32).reshape(-1, 1)
        graph.settle_table(source, view.output, each, lambda values: quantizer.codes(values, divisor))
    else:
        *spatial, channels = graph.tensor(source).shape
        _staircase(view, graph, scales_along(scale, (1, channels, *spatial), 1), quantizer)


def _enter(view: View, graph: Graph, scale: Floats, quantizer: FloatQuantizer) -> None:
    """The leading quantizer, which the host computes."""
    if scale.ndim:
        raise InputError("the quantizer of the graph input has a scale for each channel; use one for the whole tensor")
    exact = _requantized(quantizer, float(scale))
    if exact is not None:
        graph.enter(view.output, view.inputs[0], exact.to, HostInput(True, exact.rounding, exact.overflow))
    else:
        graph.enter_by(view.output, view.inputs[0], replace(quantizer, scale=float(scale)))


def _sum(view: View, graph: Graph, scale: Floats, quantizer: FloatQuantizer) -> None:
    """Two branches of unlike scales."""
    if scale.ndim:
        raise InputError("it quantizes a sum of branches by a scale for each channel; use one for the whole tensor")
    codes_of, rounding = (lambda values: quantizer.codes(values, scale)), quantizer.rounding
    graph.settle_sum(view.inputs[0], view.output, float(scale), codes_of, rounding)


def _requantized(quantizer: FloatQuantizer, scale: float) -> Requantize | None:
    """The same as a Requantize; None where only thresholds can say it."""
    (mantissa, exponent), format = np.frexp(scale), quantizer.format
    rounding = EXACT_MODES.get(quantizer.rounding)
    if quantizer.rounding is FloatRounding.HALF_UP and not format.signed:
        rounding = Rounding.HALF_UP
    is_whole = (format.lo, format.hi) == (quantizer.lo, quantizer.hi) and quantizer.zero_point == 0
    if mantissa != 0.5 or rounding is None or not is_whole:
        return None
    return Requantize(Fixed(format.bits, 1 - int(exponent), format.signed), rounding, Overflow.SATURATE)


def _staircase(view: View, graph: Graph, scale: Values, quantizer: FloatQuantizer) -> None:
    """Requantize where all scales are powers of two and no float operation is pending, else a Threshold."""
    source = view.inputs[0]
    name, pending = graph.opened(source)
    if pending.is_whole and len(pending.steps) > 0:
        name, pending = graph.scaled(source)
    exact = None if scale.ndim else _requantized(quantizer, float(scale))
    if exact is not None and requantized_behind(pending):
        name, pending = graph.scaled(source)
        exponent = int(np.frexp(pending.scale)[1]) - 1
        if exponent:
            one = np.ones((1, graph.tensors[name].shape[-1]), np.int8)
            moved = Affine(ShiftWeights(one, np.full_like(one, exponent)), Bias.none(one.shape[1]))
            name = graph.append(moved, (name,), f"{view.output}_scale")
        graph.put(view, graph.append(exact, (name,), view.output), Pending.none())
        return
    divisor = scale.astype(np.float32).reshape(-1, 1)
    if not pending.steps and not scale.ndim and _is_idle(graph, name, pending, float(scale), quantizer):
        graph.put(view, name, Pending(pending.scale))
        return
    _threshold(view, graph, scale, lambda values: quantizer.codes(values, divisor), quantizer.rounding)


def _is_idle(graph: Graph, name: str, pending: Pending, scale: float, quantizer: FloatQuantizer) -> bool:
    """Whether a quantizer leaves every code that a tensor can have as it is, as those behind a MaxPool do."""
    format = graph.tensors[name].format
    if pending.scale.ndim or np.ldexp(float(pending.scale), -format.frac) != np.float64(np.float32(scale)):
        return False
    low, high = graph.reach(name)
    if high - low >= MOST_LEVELS:
        return False
    codes = np.arange(low, high + 1)[None]
    return np.array_equal(quantizer.codes(pending.values(codes, format.frac), np.float32(scale).reshape(1, 1)), codes)


def _threshold(
    view: View, graph: Graph, scale: Values, codes_of: Callable[[Floats], Codes], rounding: FloatRounding | None = None
) -> None:
    """A Threshold on the output's grid; `codes_of` float32 values (C, n), times `scale` () or (C,), is the output."""
    name, pending = graph.opened(view.inputs[0])
    ops, behind = stepped(pending, graph.tensors[name], scale, codes_of, rounding)
    graph.put(view, graph.chain(ops, name, view.output), behind)


def _sign(view: View, graph: Graph) -> None:
    """-1, 0 and 1: what lies between is rounded away from 0."""
    _apply(view, graph, np.ones((), np.float32), FloatQuantizer(1.0, 0, -1, 1, FloatRounding.UP))


def _trunc(view: View, graph: Graph) -> None:
    """QONNX Trunc of version 1 (five inputs) or 2 (six): drop low bits of codes."""
    is_first = len(view.inputs) == 5
    scale, offset = _scalar(view, 1, "scale"), _scalar(view, 2, "zeropt")
    if offset != 0:
        raise InputError(f"a Trunc of zeropt {shortest(offset)} is not handled; truncate values without an offset")
    rounding, narrow, signed = _rounding(view, "FLOOR"), False, True
    if is_first:
        dropped = _scalar(view, 3, "input_bit_width") - _scalar(view, 4, "output_bit_width")
        output_scale, bits = scale, float(MAX_BITS)
    else:
        output_scale, bits = _scalar(view, 4, "output_scale"), _scalar(view, 5, "output_bit_width")
        dropped = float(np.round(np.log2(np.float32(output_scale) / np.float32(scale))))
        narrow, signed = view.flag("narrow", 0), view.flag("signed", 1)
    lo = -(2 ** (bits - 1)) + narrow if signed else 0.0
    hi = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow

    def codes(values: Floats) -> Codes:
        ratio = np.rint(values / np.float32(scale)) / np.float32(2.0**dropped)
        return rounding.whole(np.clip(ratio, np.float32(lo), np.float32(hi))).astype(np.int64)

    _threshold(view, graph, np.float64(np.float32(output_scale)).reshape(()), codes)


def _codes(view: View, graph: Graph) -> None:
    """Whole numbers of values divided by one scale; the grid is the values' own, so that a power of two is a wire."""
    scale = _scales(view)
    if scale.ndim:
        raise InputError(f"its scale has shape {scale.shape}; only one for the whole tensor is handled")
    quantizer = FloatQuantizer(1.0, 0, view.whole("lo"), view.whole("hi"), FloatRounding.HALF_EVEN)
    if view.inputs[0] in graph.tails:
        host(view, graph, *codes_on_host(scale, quantizer))
        return
    _apply(view, graph, scale, quantizer)
    format = graph.tensors[graph.known[view.output]].format
    graph.put(view, graph.known[view.output], Pending(np.ldexp(1.0, format.frac).reshape(())))


def _scaled(view: View, graph: Graph) -> None:
    """A constant's codes as they stand, and one scale or one an output."""
    codes = view.integers(0, "codes")
    graph.parameters[view.output] = Parameter(codes, scales_along(_scales(view), codes.shape, 0))


def _requantize(view: View, graph: Graph) -> None:
    format = Fixed(view.whole("bits"), view.whole("frac"), signed=view.flag("signed"))
    rounding, overflow = _choice(view, "rounding", Rounding), _choice(view, "overflow", Overflow)
    source = view.inputs[0]
    if graph.is_raw(source):
        graph.enter(view.output, source, format, HostInput(True, rounding, overflow))
    else:
        graph.emit(view, Requantize(format, rounding, overflow), source)


def _choice(view: View, name: str, kind: type[_E]) -> _E:
    text = view.text(name)
    choices = [member.value for member in kind]
    if text not in choices:
        raise InputError(f"attribute {name} = {text} is not handled; use {', '.join(choices)}")
    return kind(text)


_READERS = {
    Reading.INTEGER: _quant,
    Reading.BIPOLAR: _bipolar,
    Reading.SIGN: _sign,
    Reading.TRUNCATION: _trunc,
    Reading.GRID: _requantize,
    Reading.CODES: _codes,
    Reading.SCALED: _scaled,
}


def write_requantize(writer: Writer, op: Requantize, source: str, name: str) -> None:
    """The contract's Requantize of a tensor `source`, under a name."""
    to = op.to
    attributes = {"bits": to.bits, "frac": to.frac, "signed": int(to.signed)}
    writer.custom("Requantize", [source], name, rounding=op.rounding.value, overflow=op.overflow.value, **attributes)


def _write(writer: Writer, op: Requantize, node: Node) -> None:
    write_requantize(writer, op, node.inputs[0], node.name)


LAYER = OnnxLayer(
    {
        (domain, quantizer.name): _READERS[quantizer.reading]
        for quantizer in QUANTIZERS
        if quantizer.is_read
        for domain in quantizer.domains
    },
    {Requantize: _write},
)
