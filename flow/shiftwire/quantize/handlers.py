"""One handler a float operation; the tables at the end are what quantization adds to what convert reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Overflow, Rounding, Values
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.windows import read_window
from shiftwire.onnx.layers import READERS
from shiftwire.onnx.ops.lookup import FALLING, POINTWISE, RISING
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.project.scores import relative_error
from shiftwire.quantize.methods.adders import emit_adder
from shiftwire.quantize.methods.table import emit_layer
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Knob
from shiftwire.quantize.report import LayerCost, centred_error
from shiftwire.quantize.scaling import affine_steps
from shiftwire.quantize.unweighted import average_pool, extreme, falling, global_average, join, mirror, product, rising
from shiftwire.quantize.weighted import FloatLayer
from shiftwire_hls.quantizers import QUANTIZERS, Reading

Handler = Callable[[View, NetworkDraft], None]


def _floats(view: View, position: int, name: str) -> Values:
    value = view.constant(position, name)
    if value.dtype.kind != "f":
        raise InputError(f"its '{name}' is a {value.dtype} tensor; a float layer has float weights")
    return value.astype(np.float64)


def _conv(view: View, draft: NetworkDraft) -> None:
    weights = _floats(view, 1, "weight")
    source = draft.activation(view.inputs[0])
    make = _conv_maker(view, weights)
    _shift_layer(view, draft, draft.weights(view.inputs[0], np.moveaxis(weights, 1, -1)), source, make)


def _conv_maker(view: View, kernel: npt.NDArray[Any]) -> Callable[[Weights, Bias], Conv]:
    window = read_window(view, kernel.shape[2:])
    groups = view.whole("group", 1, lowest=1)
    view.wholes("kernel_shape", len(window.kernel), list(window.kernel))
    return lambda weights, bias: Conv(weights, bias, window, groups)


def _gemm(view: View, draft: NetworkDraft) -> None:
    view.insist("alpha", 1.0, default=1.0)
    view.insist("beta", 1.0, default=1.0)
    view.insist("transA", 0, default=0)
    weights = _floats(view, 1, "weight")
    if not view.flag("transB", 0):
        weights = weights.T
    source = draft.activation(view.inputs[0])
    _shift_layer(view, draft, draft.weights(view.inputs[0], weights), source, Dense)


def _shift_layer(
    view: View, draft: NetworkDraft, weights: Values, source: str, make: Callable[[Weights, Bias], Conv | Dense]
) -> None:
    """A layer with the batch norm that alone reads it; biases are made such that the float values' means come out."""
    if len(view.inputs) > 2 and view.inputs[2]:
        _floats(view, 2, "bias")
    scale, name = np.ones(len(weights)), view.output
    norm = draft.places.follower(view.output, "BatchNormalization")
    if norm is not None:
        scale, name = _slope(View(norm, draft.graph.constants)), norm.output[0]
        draft.absorbed.add(name)
    emit_layer(
        draft, FloatLayer(name, source, weights, scale, make, draft.places.is_last(name), draft.places.most_bits(name))
    )


def _slope(view: View) -> Values:
    """Scale of a batch norm; what it adds follows from the float values."""
    gamma, variance = _floats(view, 1, "scale"), _floats(view, 4, "var")
    if (variance < 0).any():
        raise InputError(f"its variance holds {variance.min():.6g}; a variance is not negative, train again")
    slope: Values = gamma / np.sqrt(variance + float(view.attribute("epsilon", 1e-5)))
    view.attribute("momentum", 0.9)
    view.insist("training_mode", 0, default=0)
    return slope


def _batch_norm(view: View, draft: NetworkDraft) -> None:
    _scaled(view, draft, _slope(view))


def _mul(view: View, draft: NetworkDraft) -> None:
    if not any(view.is_constant(at) for at in range(len(view.inputs))):
        product(view, draft)
        return
    at, factor = _constant_operand(view, draft)
    _scaled(view, draft, factor, source_at=1 - at)


def _constant_operand(view: View, draft: NetworkDraft) -> tuple[int, Values]:
    """Position and values (C,) of the operand that is a constant a channel."""
    at = next((at for at in range(len(view.inputs)) if view.is_constant(at)), None)
    if at is None:
        raise InputError("it adds two computed tensors; only constants become shifts and adds")
    *spatial, channels = draft.graph.tensor(view.inputs[1 - at]).shape
    value = _floats(view, at, "constant")
    aligned = (1,) * (len(spatial) + 2 - value.ndim) + value.shape
    if value.size > 1 and aligned != (1, channels, *[1] * len(spatial)):
        raise InputError(
            f"its constant of shape {value.shape} is none a channel; give one value, or the shape "
            f"{(1, channels, *[1] * len(spatial))}"
        )
    return at, np.broadcast_to(value.reshape(-1), (channels,)).astype(np.float64)


def _scaled(view: View, draft: NetworkDraft, scale: Values, source_at: int = 0) -> None:
    """An Affine fitted to the float values."""
    source = draft.source(view.inputs[source_at])
    right, before = draft.truth(view.output), draft.at(source).values
    is_last = draft.places.is_last(view.output)
    steps = affine_steps(
        draft.at(source), right, scale, draft.options, is_last, most_bits=draft.places.most_bits(view.output)
    )
    draft.emit(steps, source, view.output)
    name = draft.graph.known[view.output]
    own = centred_error(steps[-1].output.values, scale * before)
    draft.costs.append(
        LayerCost(
            name=name,
            kind="Affine",
            format=str(draft.format(name)),
            own_error=own,
            knob=Knob.AFFINE_TERMS,
            error=relative_error(steps[-1].output.values, right),
            terms_mean=steps[-1].op.terms,
            terms_max=_most_terms(steps[-1].op),
            how="fitted",
        )
    )


def _most_terms(op: Op) -> int | None:
    return int(op.scale.terms_per_filter.max()) if isinstance(op, Affine) else None


def _add(view: View, draft: NetworkDraft) -> None:
    if not any(view.is_constant(at) for at in range(len(view.inputs))):
        join(view, draft)
        return
    at, offset = _constant_operand(view, draft)
    _scaled(view, draft, np.ones_like(offset), source_at=1 - at)


def _relu(view: View, draft: NetworkDraft) -> None:
    """Saturation at 0 is what an unsigned format does by itself."""
    source = draft.source(view.inputs[0])
    if draft.places.is_last(view.output):
        draft.graph.known[view.output] = draft.append(Relu(), source, view.output)
        return
    right = draft.truth(view.output)
    format = draft.choose(view.output, right)
    draft.graph.known[view.output] = draft.requantize(source, format, view.output)


def _clip(view: View, draft: NetworkDraft) -> None:
    """A lower bound of 0 as in Relu; an upper bound c as c - relu(c - x), exactly, where calibration reaches it."""
    low, high = (float(_floats(view, at, name).reshape(())) for at, name in ((1, "min"), (2, "max")))
    if low != 0:
        draft.read(view)
        return
    right = draft.truth(view.output)
    format = draft.choose(view.output, right)
    source = draft.source(view.inputs[0])
    cap = float(np.floor(np.ldexp(high, format.frac)))
    if cap >= format.hi:
        draft.graph.known[view.output] = draft.requantize(source, format, view.output)
        return
    within = draft.requantize(source, format, f"{view.output}_relu")
    below = draft.append(mirror(draft, within, int(cap)), within, f"{view.output}_below")
    kept = draft.append(Relu(), below, f"{view.output}_kept")
    mirrored = draft.append(mirror(draft, kept, int(cap)), kept, f"{view.output}_cap")
    unsigned = Requantize(format, Rounding.FLOOR, Overflow.SATURATE)
    draft.graph.known[view.output] = draft.append(unsigned, mirrored, view.output)


def _adder_conv(view: View, draft: NetworkDraft) -> None:
    if not _is_float_adder(view):
        draft.read(view)
        return
    weights = _floats(view, 1, "weight")
    source = draft.activation(view.inputs[0])
    make = _conv_maker(view, weights)
    emit_adder(draft, _adder_layer(view, draft, np.moveaxis(weights, 1, -1), source, make))


def _adder_dense(view: View, draft: NetworkDraft) -> None:
    if not _is_float_adder(view):
        draft.read(view)
        return
    source = draft.activation(view.inputs[0])
    emit_adder(draft, _adder_layer(view, draft, _floats(view, 1, "weight"), source, Dense))


def _quant(view: View, draft: NetworkDraft) -> None:
    """As in convert; an input quantizer with another scale than a power of two gives way to one that has it.

    Not one of one bit: its codes are signs, which any other quantizer would lose.
    """
    is_bit = bool((view.constant(3, "bitwidth") == 1).all()) and view.peek("signed", 1) == 1
    if not draft.graph.is_raw(view.inputs[0]) or is_bit or _is_power_of_two(view.constant(1, "scale")):
        draft.read(view)
        return
    for attribute in ("signed", "narrow", "rounding_mode"):
        view.attribute(attribute, 0)
    draft.enter_as(view.output, view.inputs[0], draft.truth(view.output))


def _is_power_of_two(scale: npt.NDArray[Any]) -> bool:
    return bool(scale.size == 1 and np.frexp(scale)[0].item() == 0.5)


def _is_float_adder(view: View) -> bool:
    return view.is_constant(1) and view.constant(1, "weight").dtype.kind == "f"


def _adder_layer(
    view: View, draft: NetworkDraft, weights: Values, source: str, make: Callable[[Weights, Bias], Conv | Dense]
) -> FloatLayer:
    view.insist("weight_frac", 0, default=0)
    outputs = len(weights)
    return FloatLayer(view.output, source, weights, np.ones(outputs), make, is_last=False)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "Conv"): _conv,
    ("", "Gemm"): _gemm,
    ("", "MatMul"): _gemm,
    ("", "BatchNormalization"): _batch_norm,
    ("", "Mul"): _mul,
    ("", "Add"): _add,
    ("", "Concat"): join,
    ("", "Max"): extreme,
    ("", "Min"): extreme,
    ("", "Relu"): _relu,
    ("", "Clip"): _clip,
    ("", "GlobalAveragePool"): global_average,
    ("", "AveragePool"): average_pool,
    **{("", kind): falling for kind in FALLING | POINTWISE},
    **{("", kind): rising for kind in RISING},
    ("shiftwire", "AdderConv"): _adder_conv,
    ("shiftwire", "AdderDense"): _adder_dense,
    **{(domain, q.name): _quant for q in QUANTIZERS if q.reading is Reading.INTEGER for domain in q.domains},
}


KNOWN = frozenset({*HANDLERS, *READERS})
"""By domain and operation: all that quantize takes."""


def handler_of(view: View, draft: NetworkDraft) -> Handler:
    """The handler of a node whose operation is known, or what convert itself does."""
    if view.output in draft.curves:
        return falling
    return HANDLERS.get(view.key, lambda view, draft: draft.read(view))
