"""ESCALATE: ternary sums of a few bases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.window import Window
from shiftwire.numbers.escalate import Escalated, SignsAndBases, escalated
from shiftwire.numbers.factored import BASIS_BITS
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.quantize.methods.product import Product, cost_of, forms, kernel_of
from shiftwire.quantize.methods.rules import BASES, Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.scaling import Step
from shiftwire.quantize.terms import Form, Spelling
from shiftwire.quantize.weighted import FloatLayer, chain

KERNEL = (3, 3)
PIXEL = Window((1, 1), (1, 1), (0, 0), (0, 0))
FILE_BITS = 8
"""Of a sign, of an exponent and of a basis code in an ONNX file."""


def _emit(draft: NetworkDraft, layer: FloatLayer) -> None:
    """Bases on every channel, exact sums of them by signs, and scales behind, which take in those of the filters."""
    right, wanted = draft.truth(layer.name), np.moveaxis(layer.weights, -1, 1)
    parts = escalated(wanted, draft.options.of(layer.name).number(BASES))
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
    spelling = Spelling(layer.name, *counts, size, forms(wanted, lost))
    cost = replace(cost_of(draft, layer, steps, right), kind=f"{first.op.kind}, {steps[0].op.kind}")
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


def _own(draft: NetworkDraft, layer: FloatLayer, weights: Values) -> str | None:
    if weights.ndim == 2:
        return "it is dense and has no kernels"
    if weights.shape[2:] != KERNEL:
        return f"its kernels are {kernel_of(weights)}, not 3x3"
    if weights.shape[1] < draft.tensor(layer.source).shape[-1]:
        return f"its kernels read a group of {weights.shape[1]} channels each"
    if layer.source in draft.inputs and not draft.options.escalates_first:
        return "it is the first layer, and --escalate-first was not given"
    return None


ESCALATE = Product(Method.ESCALATE, _emit, _own)
