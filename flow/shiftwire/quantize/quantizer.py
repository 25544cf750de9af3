"""Float ONNX to an exact network: layer by layer, each against the float truth on the calibration samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.scores import relative_error
from shiftwire.quantize.advice import Attempt, Ground, try_options
from shiftwire.quantize.drafts import Drafted, StageProgress, attempted, prepared, require_buildable
from shiftwire.quantize.floats.float_run import Calibration, FloatModel, Outputs, Samples, samples_of
from shiftwire.quantize.methods.binary import with_units
from shiftwire.quantize.methods.narrower import narrower
from shiftwire.quantize.options import Options
from shiftwire.quantize.report import QuantizeReport, Trials, answers


@dataclass(frozen=True)
class Quantized:
    """The exact network, the file of it, and what it cost."""

    network: Network
    model: onnx.ModelProto
    report: QuantizeReport
    remark: str | None = None
    """What the judge, a run of the file itself, had to change in it."""
    ground: Ground | None = None
    """For trials of other options; none where the file was quantized throughout."""


def quantize_model(path: Path, samples: Samples, options: Options, progress: StageProgress) -> Quantized:
    """Quantize the float model; some of the samples calibrate, all are scored.

    Raises InputError for a model or samples that will not do.
    """
    ready = prepared(path, samples, options.samples, progress)
    drafted = ready.drafted(options, progress)
    model = ready.exact_file(drafted.network)
    outputs = _scored(drafted, progress)
    scores = {
        head.name: answers(own.exact, own.right, head.labels, drafted.calibrated.tolist())
        for head, own in zip(drafted.heads, outputs, strict=True)
    }
    costs = with_units(drafted.costs, drafted.network)
    options_of = narrower(drafted.network, drafted.wide)
    report = QuantizeReport(
        len(drafted.calibrated), costs, scores, wide=drafted.wide, narrower=options_of, pooled=drafted.pooled
    )
    ground = None if drafted.few is None else _ground(drafted, drafted.few, options, outputs)
    return Quantized(drafted.network, model, report, drafted.file.remark, ground)


def with_trials(quantized: Quantized, progress: StageProgress) -> Quantized:
    """The same network, its report with what other options would make of it."""
    if quantized.ground is None:
        return quantized
    trials = try_options(quantized.ground, partial(progress, "trying options"))
    return replace(quantized, report=replace(quantized.report, trials=trials))


def _ground(drafted: Drafted, few: Calibration, options: Options, outputs: Sequence[Outputs]) -> Ground:
    """Few samples that calibrate once more, and as many of all to be scored by; several outputs by the worst."""
    at = Samples(drafted.values).spread(len(few.chosen))
    values = {name: each[at] for name, each in drafted.values.items()}
    right = [own.right[at] for own in outputs]

    def attempt(other: Options) -> Attempt | None:
        try:
            anew = attempted(few, other)
            require_buildable(anew.network)
        except InputError:
            return None
        network = anew.network
        exact = exact_outputs(network, [network.evaluate(network.encode(values))])
        return Attempt(_worst(exact, right), anew.costs)

    again = None if len(few.chosen) == len(drafted.calibrated) else attempt(options)
    before = _worst([own.exact[at] for own in outputs], right) if again is None else again.error
    return Ground(options, drafted.costs, drafted.finer, Trials(len(at), before, ()), attempt)


def _worst(exact: Sequence[npt.NDArray[Any]], right: Sequence[npt.NDArray[Any]]) -> float:
    """The largest relative error of an output."""
    return max(relative_error(own.reshape(wanted.shape), wanted) for own, wanted in zip(exact, right, strict=True))


def exact_outputs(network: Network, batches: Sequence[Codes]) -> list[npt.NDArray[Any]]:
    """Values that answer, of each output, of batches of output codes."""
    codes = network.exit_codes(np.concatenate(batches))
    return [part.scores(own) for part, own in zip(network.exits, codes, strict=True)]


def _scored(drafted: Drafted, progress: StageProgress) -> list[Outputs]:
    """Values of each output of the exact and of the float network, (N, ...)."""
    network, values = drafted.network, drafted.values
    truths = list(dict.fromkeys(head.truth for head in drafted.heads))
    run = FloatModel(drafted.file.model, truths)
    of_each = dict(zip(truths, run.outputs(values, partial(progress, "float network")), strict=True))
    parts, done = [], 0
    for batch in network.batches(network.encode(values)):
        parts.append(network.evaluate(batch))
        done += len(batch)
        progress("exact network", done, samples_of(values))
    rights = [of_each[head.truth] for head in drafted.heads]
    return [
        Outputs(exact.reshape(right.shape).astype(np.float64), right.astype(np.float64))
        for exact, right in zip(exact_outputs(network, parts), rights, strict=True)
    ]
