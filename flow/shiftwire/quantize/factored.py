"""Layers whose weights become products of smaller ones: SmartExchange's factors, ESCALATE's bases and ternary sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.window import Window
from shiftwire.numbers.escalate import Escalated, SignsAndBases, escalated
from shiftwire.numbers.factored import BASIS_BITS
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.numbers.smart_exchange import decompose, takes
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.project.scores import relative_error
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Knob, Method, Options
from shiftwire.quantize.report import LayerCost, centred_error
from shiftwire.quantize.scaling import Step
from shiftwire.quantize.terms import Exchange, Form, Spelling, grid_of, levels_of, rivals
from shiftwire.quantize.weighted import IDEAL_SAMPLES, FloatLayer, chain, emit_shift, ideal_sums

KERNEL = (3, 3)
PIXEL = Window((1, 1), (1, 1), (0, 0), (0, 0))
FILE_BITS = 8
"""Of a sign, of an exponent and of a basis code in an ONNX file."""


def emit_layer(draft: NetworkDraft, layer: FloatLayer) -> None:
    """The layer as its method has it, or as the rest is where that has no part in it."""
    why = left_alone(draft, layer)
    match draft.options.method:
        case Method.SMARTEXCHANGE if why is None:
            _emit_factors(draft, layer)
        case Method.ESCALATE if why is None:
            _emit_bases(draft, layer)
        case _:
            emit_shift(draft, layer, why)


def left_alone(draft: NetworkDraft, layer: FloatLayer) -> str | None:
    """Why a method of products has no part in a layer, None where it has, or where the method is another."""
    method = draft.options.method
    if not method.is_product:
        return None
    weights = np.moveaxis(layer.weights, -1, 1)
    channels, kernel = draft.tensor(layer.source).shape[-1], "x".join(map(str, weights.shape[2:]))
    if weights.ndim > 2 and weights.shape[1] == 1 < channels:
        return "its kernels read one channel each"
    if method is Method.SMARTEXCHANGE and not takes(weights.shape, is_depthwise=False):
        return f"its kernels are {kernel}, neither 3x3 nor 1x1"
    own = _no_bases(draft, layer, weights, channels) if method is Method.ESCALATE else None
    return own or _no_floats(layer.weights)


def _no_floats(weights: Values) -> str | None:
    if not weights.any():
        return "its weights are all 0"
    if grid_of(weights) is not None or levels_of(weights) is not None:
        return "its weights are whole numbers already"
    return None


def _no_bases(draft: NetworkDraft, layer: FloatLayer, weights: Values, channels: int) -> str | None:
    """Weights (out, channels, kernel...)."""
    if weights.ndim == 2:
        return "it is dense and has no kernels"
    if weights.shape[2:] != KERNEL:
        return f"its kernels are {'x'.join(map(str, weights.shape[2:]))}, not 3x3"
    if weights.shape[1] < channels:
        return f"its kernels read a group of {weights.shape[1]} channels each"
    if layer.source in draft.inputs and not draft.options.escalates_first:
        return "it is the first layer, and --escalate-first was not given"
    return None


def _emit_factors(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Factors of the layer's own weights, so that theta means the same in all; a scale stands behind."""
    right, theta = draft.truth(layer.name), draft.options.theta_of(layer.name)
    wanted = np.moveaxis(layer.weights, -1, 1)
    factors = decompose(wanted, theta)
    weights = Factored.of(factors, wanted.shape[1:])
    weights = weights if wanted.ndim == 2 else weights.with_moved(0, -1)
    steps = chain(draft, layer, weights, layer.scale if np.any(layer.scale != 1) else None, right)
    draft.emit(steps, layer.source, layer.name)
    lost = np.ldexp(factors.integers, -factors.grid) - wanted.reshape(len(wanted), -1)
    forms = _forms(wanted, Form("SmartExchange", factors.storage.bits, float(np.linalg.norm(lost))))
    exchange = Exchange(layer.name, theta.least, factors.storage, float(np.linalg.norm(wanted)), forms)
    cost = _cost(draft, layer, steps, right)
    draft.costs.append(replace(cost, weight_error=exchange.error(0), how=f"theta {theta.least:g}", exchange=exchange))


def _emit_bases(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Bases on every channel, exact sums of them by signs, and scales behind, which take in those of the filters."""
    right, wanted = draft.truth(layer.name), np.moveaxis(layer.weights, -1, 1)
    parts = escalated(wanted, draft.options.bases)
    first = Step.after(_on_bases(layer, parts, wanted.shape[1]), draft.at(layer.source))
    source = draft.adopt(first.op, layer.source, f"{layer.name}_bases", first.output.codes)
    second = replace(layer, source=source, make=lambda weights, bias: Conv(weights, bias, PIXEL))
    steps = chain(draft, second, _signs(parts), layer.scale * parts.scale, right)
    draft.emit(steps, source, layer.name)
    lost = Form("ESCALATE", parts.stored.bits, float(np.linalg.norm(parts.values - wanted)))
    assert isinstance(first.op, Conv) and isinstance(steps[0].op, Conv)
    counts = counts_of(first.op, steps[0].op)
    assert counts is not None
    size = float(np.linalg.norm(wanted))
    spelling = Spelling(layer.name, *counts, size, _forms(wanted, lost))
    cost = replace(_cost(draft, layer, steps, right), kind=f"{first.op.kind}, {steps[0].op.kind}")
    how = f"{len(parts.basis)} bases"
    draft.costs.append(replace(cost, weight_error=lost.lost / size, how=how, spelling=spelling))


def _on_bases(layer: FloatLayer, parts: Escalated, channels: int) -> Conv:
    """Every channel by every basis: filter c * bases + m is basis m on channel c."""
    codes = np.tile(parts.basis.astype(np.int64), (channels, 1, 1))[..., None]
    op = layer.make(Int(codes, parts.frac), Bias.none(len(codes)))
    assert isinstance(op, Conv)
    return replace(op, groups=channels)


def _signs(parts: Escalated) -> Shift:
    """(out, 1, 1, channels * bases), all of the exponent 0."""
    sign = parts.sign.reshape(1, len(parts.sign), 1, 1, -1)
    return Shift(ShiftWeights(sign, np.zeros_like(sign)))


def counts_of(first: Conv, second: Conv) -> tuple[SignsAndBases, int, int] | None:
    """What bases and the sums of them behind take, the bits of their ROMs and of a file; None for other layers."""
    if not isinstance(first.weights, Int) or not isinstance(second.weights, Shift) or first.weights.shape[-1] > 1:
        return None
    terms, bases = second.weights.weights, first.weights.shape[0] // first.groups
    groups = first.weights.codes.reshape(first.groups, bases, -1)
    is_ternary = terms.terms == 1 and terms.exponent_range[0] == terms.exponent_range[1]
    is_plain = second.is_pointwise and second.groups == 1 and first.weights.rom_type.bits <= BASIS_BITS
    if not is_ternary or not is_plain or (groups != groups[:1]).any():
        return None
    products, signs = groups.size, terms.sign.size
    weights = len(terms.sign[0]) * first.groups * groups.shape[-1]
    adds = int(np.count_nonzero(terms.sign))
    stored = SignsAndBases(weights, bases, signs, adds, products, BASIS_BITS * groups[0].size)
    memory = first.weights if first.shared is None else first.shared[0]
    return stored, memory.bits + second.weights.bits, FILE_BITS * (2 * signs + products)


def _forms(wanted: Values, own: Form) -> tuple[Form, ...]:
    return (own, *(Form(name, bits, float(np.linalg.norm(off))) for name, bits, off in rivals(wanted)))


def _cost(draft: NetworkDraft, layer: FloatLayer, steps: Sequence[Step], right: Values) -> LayerCost:
    output = steps[-1].output
    return LayerCost(
        name=draft.graph.known[layer.name],
        kind=steps[0].op.kind,
        format=str(output.tensor.format),
        own_error=centred_error(output.values[:IDEAL_SAMPLES], layer.scale * ideal_sums(draft, layer)),
        knob=Knob.TERMS,
        error=relative_error(output.values, right),
    )


def require_layers(options: Options, costs: Sequence[LayerCost]) -> None:
    """Raise InputError for a theta of a layer that is none of SmartExchange's."""
    layers = [cost.exchange.layer for cost in costs if cost.exchange is not None]
    for name in options.thetas:
        if name not in layers:
            raise InputError(
                f"a theta of '{name}' was asked for, but no layer of that name is made of factors; name one of "
                f"{', '.join(layers) or 'none, for there is no such layer'}"
            )
