"""Layers of float networks that have no weights: averages as exact sums, activations as tables of codes, joins."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op
from shiftwire.ir.window import Window
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.view import View
from shiftwire.onnx.ops.affine import factors_of
from shiftwire.onnx.ops.pool import averaging
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.pool import AveragePool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.threshold import MOST_LOOKUP_BITS
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.scaling import (
    EXACT_BITS,
    MOST_BITS,
    Step,
    affine_steps,
    coarser,
    finest_step,
    is_far_below,
    near_branches,
    near_format,
)

FOR_FLOAT32 = "24 bits, for float32"
"""What the report says of an output that was rounded."""


def global_average(view: View, draft: NetworkDraft) -> None:
    """GlobalAveragePool: the window is the whole image."""
    spatial = draft.graph.tensor(view.inputs[0]).shape[:-1]
    zeros = (0,) * len(spatial)
    _average(view, draft, Window(spatial, (1,) * len(spatial), zeros, zeros))


def average_pool(view: View, draft: NetworkDraft) -> None:
    """AveragePool with the file's own window, pads counted or not."""
    op = averaging(view, draft.graph)
    if isinstance(op, Window):
        _average(view, draft, op)
        return
    _divide(view, draft, op, op.odd_divisor(draft.graph.tensor(view.inputs[0]).shape))


def falling(view: View, draft: NetworkDraft) -> None:
    """An activation that falls and rises, one operation or several: a table of the codes of what it reads."""
    spelled = draft.curves.get(view.output)
    source = view.inputs[0] if spelled is None else spelled.source
    if draft.graph.is_raw(source):
        draft.enter_as(source, source, draft.truth(source))
    _narrow(draft, source)
    for node in () if spelled is None else spelled.nodes[:-1]:
        inner = View(node, draft.graph.constants)
        draft.read(inner)
        inner.finish()
    draft.read(view)
    if view.output in draft.graph.tabulated:
        draft.step(view.output)


def rising(view: View, draft: NetworkDraft) -> None:
    """An activation that waits for the next layer's format; the host has none of them."""
    draft.read(view)
    if draft.places.is_last(view.output):
        draft.step(view.output)


def product(view: View, draft: NetworkDraft) -> None:
    """Two computed tensors in as few bits as activations have, such as an image and its gate."""
    for name in view.inputs:
        draft.activation(factors_of(draft.graph, name))
    draft.read(view)
    if view.output in draft.graph.tabulated:
        draft.step(view.output)


def join(view: View, draft: NetworkDraft) -> None:
    """Branches side by side or added; one far finer than what is kept of the join is first cut, for this join alone.

    So is one whose bits would not fit beside those of the widest range, or would be more than float32 repeats at an
    end.
    """
    finest = finest_step(draft.truth(view.output), draft.options, draft.places.is_last(view.output))
    whole = {name: draft.source(name) for name in view.inputs}
    near = {name: draft.format(source) for name, source in whole.items()}
    if draft.places.most_bits(view.output) == EXACT_BITS and not draft.exact.issuperset(whole.values()):
        near = near_branches({name: draft.at(source) for name, source in whole.items()}, finest)
    room = MOST_BITS - max(format.signed_bits - format.frac for format in near.values())
    for name, source in whole.items():
        format = near[name]
        frac = min(finest if is_far_below(format, finest) else format.frac, room)
        cut = format if frac == format.frac else coarser(format, frac)
        if cut != draft.format(source):
            draft.graph.known[name] = draft.requantize(source, cut, f"{view.output}_of_{source}")
    draft.read(view)
    draft.graph.known.update(whole)


def enter_ends(draft: NetworkDraft) -> None:
    """Quantize outputs that are the host's still, which no layer made."""
    for name in draft.graph.outputs:
        if draft.graph.is_raw(name):
            draft.enter_as(name, name, draft.truth(name))


def narrow_end(draft: NetworkDraft, onnx_name: str) -> None:
    """Round an output of more bits than float32 repeats; beyond MARGIN times the range seen it saturates."""
    if not draft.places.is_last(onnx_name) or onnx_name not in draft.graph.known:
        return
    source = draft.graph.known[onnx_name]
    if source not in draft.exact and draft.format(source).bits > EXACT_BITS:
        finest = finest_step(draft.truth(onnx_name), draft.options, is_last=True)
        near = near_format(draft.at(source), finest, EXACT_BITS)
        draft.graph.known[onnx_name] = draft.requantize(source, near, f"{onnx_name}_rounded", FOR_FLOAT32)


def extreme(view: View, draft: NetworkDraft) -> None:
    """The larger of two tensors, a + relu(b - a), or the smaller, a - relu(a - b): exactly, on the finer grid."""
    kind = view.key[1]
    if len(view.inputs) != 2 or any(view.is_constant(at) for at in (0, 1)):
        raise InputError(
            f"{kind} reads two computed tensors, or one and one number; found {list(view.inputs)}; export it so"
        )
    a, b = (draft.source(name) for name in view.inputs)
    left, right = (a, b) if kind == "Min" else (b, a)
    apart = draft.append(Add(), (left, draft.append(mirror(draft, right, 0), right, f"{view.output}_negative")),
                         f"{view.output}_apart")  # fmt: skip
    above = draft.append(Relu(), apart, f"{view.output}_above")
    if kind == "Min":
        above = draft.append(mirror(draft, above, 0), above, f"{view.output}_below")
    draft.graph.known[view.output] = draft.append(Add(), (a, above), view.output)


def mirror(draft: NetworkDraft, source: str, cap: int) -> Affine:
    """cap - x, cap in codes of x."""
    x = draft.tensor(source)
    sign = -np.ones((1, x.shape[-1]), np.int8)
    return Affine(ShiftWeights(sign, 0 * sign), Bias(np.full(x.shape[-1], cap), x.format.frac))


def _narrow(draft: NetworkDraft, onnx_name: str) -> None:
    """A tensor in so few bits that a table of its codes is built."""
    source = draft.activation(onnx_name)
    if draft.format(source).bits > MOST_LOOKUP_BITS:
        bits = min(draft.options.act_bits, MOST_LOOKUP_BITS)
        format = draft.choose(onnx_name, draft.truth(onnx_name), bits)
        draft.graph.known[onnx_name] = draft.requantize(source, format, f"{onnx_name}_codes")


def _average(view: View, draft: NetworkDraft, window: Window) -> None:
    """The exact sum over a window, and 1/area as an Affine where it is no power of two."""
    area = prod(window.kernel)
    is_power = area & (area - 1) == 0
    _divide(view, draft, AveragePool(window) if is_power else SumPool(window), 1 if is_power else area)


def _divide(view: View, draft: NetworkDraft, op: Op, divisor: int) -> None:
    """What a pool makes, and 1/divisor behind it as an Affine."""
    source = draft.source(view.inputs[0])
    if divisor == 1:
        draft.carry(op, source, view.output)
        return
    step = Step.after(op, draft.at(source))
    scale = np.full(draft.tensor(source).shape[-1], 1 / divisor)
    places = draft.places
    steps = affine_steps(
        step.output,
        draft.truth(view.output),
        scale,
        draft.options,
        places.is_last(view.output),
        most_bits=places.most_bits(view.output),
    )
    draft.emit((step, *steps), source, view.output)
