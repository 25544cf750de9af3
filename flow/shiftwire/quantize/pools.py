"""Averages of float networks: exact sums, and 1 / area as an Affine where it is no power of two."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.ir.network import Op
from shiftwire.ir.window import Window
from shiftwire.onnx.context.view import View
from shiftwire.onnx.ops.pool import averaging
from shiftwire.ops.pool import AveragePool, SumPool
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.scaling import Step, affine_steps


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
    steps = affine_steps(step.output, draft.truth(view.output), scale, draft.options, draft.is_last(view.output))
    draft.emit((step, *steps), source, view.output)
