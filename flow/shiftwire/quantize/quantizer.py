"""Float ONNX to an exact network: layer by layer, each against the float truth on the calibration samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from shiftwire.errors import InputError, noted
from shiftwire.fixed import Codes
from shiftwire.network import Network
from shiftwire.onnx_export import to_onnx
from shiftwire.onnx_import.file import load
from shiftwire.onnx_import.importer import opened
from shiftwire.onnx_import.view import View
from shiftwire.passes.drop_unread import drop_unread
from shiftwire.quantize.draft import Draft
from shiftwire.quantize.float_run import FloatModel, tensors
from shiftwire.quantize.handlers import handler_of
from shiftwire.quantize.options import Options
from shiftwire.quantize.report import QuantizeReport, answers

Progress = Callable[[str, int, int], None]
"""Told what is done, how many of how many."""


@dataclass(frozen=True)
class Quantized:
    """The exact network, the file of it, and what it cost."""

    network: Network
    model: onnx.ModelProto
    report: QuantizeReport


def quantize_model(
    path: Path, values: npt.NDArray[Any], labels: Codes | None, options: Options, progress: Progress
) -> Quantized:
    """Quantise the float model for samples (N, ...) in its own layout; every `N / samples`-th of them calibrates.

    Raises InputError for a model or samples that will not do.
    """
    with noted(f"in {path}"):
        model = load(path)
        chosen = np.unique(np.linspace(0, len(values) - 1, min(options.samples, len(values))).astype(np.int64))
        floats = tensors(model, values[chosen], lambda done, total: progress("calibrating", done, total))
        used = len(next(iter(floats.values())))
        draft = Draft(opened(model), list(model.graph.node), floats, options)
        _walk(draft, progress)
        with noted("at the graph output"):
            network = drop_unread(draft.graph.finished())
    report = _report(model, network, values, labels, chosen[:used], draft, progress)
    return Quantized(network, to_onnx(network), report)


def _walk(draft: Draft, progress: Progress) -> None:
    draft.enter()
    for at, node in enumerate(draft.nodes):
        if node.output[0] not in draft.graph.constants and node.output[0] not in draft.absorbed:
            view = View(node, draft.graph.constants)
            with noted(view.place):
                handler_of(node)(view, draft)
                view.finish()
                draft.settle(node.output[0])
        draft.keep(name for later in draft.nodes[at + 1 :] for name in later.input)
        progress("quantising", at + 1, len(draft.nodes))


def _report(
    model: onnx.ModelProto,
    network: Network,
    values: npt.NDArray[Any],
    labels: Codes | None,
    calibrated: Codes,
    draft: Draft,
    progress: Progress,
) -> QuantizeReport:
    run = FloatModel(model, [draft.graph.onnx_output])
    right = run.output(values, lambda done, total: progress("float network", done, total))
    parts, done = [], 0
    for batch in network.batches(network.host_input.encode(values, network.input.format)):
        parts.append(network.evaluate(batch))
        done += len(batch)
        progress("exact network", done, len(values))
    exact = network.host_output.decode(np.concatenate(parts), network.output.format)
    found = answers(exact, right.astype(np.float64), labels, calibrated.tolist())
    return QuantizeReport(len(calibrated), tuple(draft.costs), found)


def check_samples(values: npt.NDArray[Any], wanted: tuple[int, ...]) -> None:
    """Raise InputError for calibration samples that say nothing about the network."""
    if values.dtype.kind not in "fiub":
        raise InputError(f"'x' has type {values.dtype}, wanted numbers; save it as float32")
    if values.ndim == 0 or values.shape[1:] != wanted:
        raise InputError(f"'x' has shape {values.shape}, wanted (N, {', '.join(map(str, wanted))}) as in the model")
    if not len(values):
        raise InputError("'x' holds no samples; give some dozens")
    if not np.isfinite(values).all():
        raise InputError(f"'x' holds {np.size(values) - np.isfinite(values).sum()} NaN or infinite values; remove them")
    if not np.any(values):
        raise InputError("'x' is 0 throughout, which tells no tensor's range; give real samples")
