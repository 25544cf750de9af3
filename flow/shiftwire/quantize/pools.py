"""Averages of float networks: exact sums, and 1 / area as an Affine where it is no power of two."""

from __future__ import annotations

from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.window import Window
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.windows import read_window
from shiftwire.ops.pool import AveragePool, SumPool
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.scaling import Step, affine_steps


def global_average(view: View, draft: NetworkDraft) -> None:
    """GlobalAveragePool: the window is the whole image."""
    spatial = draft.graph.tensor(view.inputs[0]).shape[:-1]
    zeros = (0,) * len(spatial)
    _average(view, draft, Window(spatial, (1,) * len(spatial), zeros, zeros))


def average_pool(view: View, draft: NetworkDraft) -> None:
    """AveragePool with the file's own window; raises InputError for padding that is not counted."""
    axes = len(draft.graph.tensor(view.inputs[0]).shape) - 1
    _average(view, draft, read_window(view, view.wholes("kernel_shape", axes)))


def _average(view: View, draft: NetworkDraft, window: Window) -> None:
    """The exact sum over a window, and 1/area as an Affine where it is no power of two."""
    view.insist("ceil_mode", 0, default=0)
    if not view.flag("count_include_pad", 0) and any(window.begin + window.end):
        raise InputError("padding without count_include_pad = 1 divides by a varying number; include the pads")
    source, area = draft.source(view.inputs[0]), prod(window.kernel)
    if area & (area - 1) == 0:
        draft.carry(AveragePool(window), source, view.output)
        return
    step = Step.after(SumPool(window), draft.at(source))
    scale = np.full(draft.tensor(source).shape[-1], 1 / area)
    steps = affine_steps(step.output, draft.truth(view.output), scale, draft.options, draft.is_last(view.output))
    draft.emit((step, *steps), source, view.output)
