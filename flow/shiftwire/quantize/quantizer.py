"""Float ONNX to an exact network: layer by layer, each against the float truth on the calibration samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.errors import InputError, noted
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, Fixed, Values
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.view import View
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.file import load
from shiftwire.onnx.importer import check_contract, network_from_model, opened
from shiftwire.onnx.operators import FORMS
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runnable import Runnable, runnable
from shiftwire.onnx.strangers import require_known
from shiftwire.passes.drop_unread import drop_unread
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.labels import Labels, check_tail, read_labels
from shiftwire.project.scores import relative_error
from shiftwire.project.shapes import check_samples_shape
from shiftwire.quantize.advice import FINER, Attempt, Ground, try_options
from shiftwire.quantize.float_run import Calibration, FloatModel, constant_tensors, tensors
from shiftwire.quantize.handlers import KNOWN, handler_of
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.report import LayerCost, QuantizeReport, Trials, answers
from shiftwire.schedule.design import HLS_MAX_BITS
from shiftwire_boards.runtime.host_ends import unranked

StageProgress = Callable[[str, int, int], None]
"""Told what is done, how many of how many."""

TRIAL_NUMBERS, TRIAL_SAMPLES = 1 << 21, 8
"""Numbers in the tensors of samples on which other options are tried, and the fewest samples."""
RANKINGS = ("ArgMax", "TopK")
"""Operations that are left to the host at a network's end."""


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


@dataclass(frozen=True)
class Samples:
    """Values (N, ...) in the model's own layout, labels as people have them or None."""

    values: npt.NDArray[Any]
    labels: npt.NDArray[Any] | None = None

    def spread(self, count: int) -> Codes:
        """Indices of `count` samples, evenly spread."""
        return np.unique(np.linspace(0, len(self.values) - 1, min(count, len(self.values))).astype(np.int64))


@dataclass(frozen=True)
class Drafted:
    """An exact network before it is scored; `truth` is the tensor of the file itself that its output stands for.

    `finer` names the tensor and a finer format of each layer that rounds to one; `few` are samples to try options on,
    none where the file is quantized throughout.
    """

    file: Runnable
    truth: str
    network: Network
    costs: tuple[LayerCost, ...]
    calibrated: Codes
    labels: Labels | None
    finer: Mapping[str, tuple[str, Fixed]]
    few: Calibration | None


@dataclass(frozen=True, eq=False)
class Outputs:
    """Values (N, C, ...) of the exact and of the float network, in the model's own layout."""

    exact: Values
    right: Values


def quantize_model(path: Path, samples: Samples, options: Options, progress: StageProgress) -> Quantized:
    """Quantize the float model; some of the samples calibrate, all are scored.

    Raises InputError for a model or samples that will not do.
    """
    drafted = draft_network(path, samples, options, progress)
    model = to_onnx(drafted.network)
    with noted(f"in {path}"):
        require_buildable(network_from_model(model))
    outputs = _scored(drafted, samples, progress)
    score = answers(outputs.exact, outputs.right, drafted.labels, drafted.calibrated.tolist())
    report = QuantizeReport(len(drafted.calibrated), drafted.costs, score)
    ground = None if drafted.few is None else _ground(drafted, drafted.few, samples, options, outputs)
    return Quantized(drafted.network, model, report, drafted.file.remark, ground)


def with_trials(quantized: Quantized, progress: StageProgress) -> Quantized:
    """The same network, its report with what other options would make of it."""
    if quantized.ground is None:
        return quantized
    trials = try_options(quantized.ground, partial(progress, "trying options"))
    return replace(quantized, report=replace(quantized.report, trials=trials))


def _ground(drafted: Drafted, few: Calibration, samples: Samples, options: Options, outputs: Outputs) -> Ground:
    """Few samples that calibrate once more, and as many of all to be scored by."""
    at = samples.spread(len(few.chosen))
    right = outputs.right[at]

    def attempt(other: Options) -> Attempt | None:
        try:
            draft = _walked(few, other, lambda *_: None)
            network = _finished(draft)
            require_buildable(network)
        except InputError:
            return None
        codes = network.evaluate(network.host_input.encode(samples.values[at], network.input.format))
        exact = network.host_output.scores(codes, network.output.format).reshape(right.shape)
        return Attempt(relative_error(exact, right), tuple(draft.costs))

    again = None if len(few.chosen) == len(drafted.calibrated) else attempt(options)
    before = relative_error(outputs.exact[at], right) if again is None else again.error
    return Ground(options, drafted.costs, drafted.finer, Trials(len(at), before, ()), attempt)


def require_buildable(network: Network) -> None:
    """Raise InputError for a network that convert would refuse, whatever the board."""
    built = run_pipeline(network)
    for name, tensor in built.tensors.items():
        if tensor.format.bits > HLS_MAX_BITS:
            raise InputError(
                f"tensor '{name}' would need {tensor.format.bits} bits, more than the {HLS_MAX_BITS} that a project "
                "carries; take fewer --act-bits, --exponents or --affine-exponents"
            )


def draft_network(path: Path, samples: Samples, options: Options, progress: StageProgress) -> Drafted:
    """The exact network of a float model, not scored."""
    with noted(f"in {path}"):
        original = load(path)
        check_contract(original)
        file = runnable(original)
        model = runnable(canonical(original)).model
        graph = opened(model)
        require_known(model, KNOWN, graph.constants, FORMS)
    check_samples(samples, graph)
    with noted(f"in {path}"):
        calibration = _calibrated(model, graph, samples, options, progress)
    labels = _labels(samples, calibration.floats[_ranked(model, graph.onnx_output)].shape[1:])
    with noted(f"in {path}"):
        draft, few = None, None
        network = _quantized_already(original)
        if network is None:
            draft, few = _walked(calibration, options, progress), calibration.thinned(TRIAL_NUMBERS, TRIAL_SAMPLES)
            draft.require_used()
            network = _finished(draft)
    steps = network.host_output.steps
    if labels is not None:
        check_tail(labels, steps)
    is_ranked = unranked(steps) != steps
    truth = _ranked(file.model, graph.onnx_output) if is_ranked else graph.onnx_output
    costs, finer = ((), {}) if draft is None else (tuple(draft.costs), draft.finer(FINER))
    return Drafted(file, truth, network, costs, calibration.chosen, labels, finer, few)


def _finished(draft: NetworkDraft) -> Network:
    with noted("at the graph output"):
        return drop_unread(draft.graph.finished())


def _labels(samples: Samples, shape: tuple[int, ...]) -> Labels | None:
    """Labels of outputs (C, ...)."""
    return None if samples.labels is None else read_labels(samples.labels, len(samples.values), shape)


def _ranked(model: onnx.ModelProto, name: str) -> str:
    """What a ranking at the end of a file reads, behind which stand at most nodes that change nothing; else `name`."""
    makers = {output: node for node in model.graph.node for output in node.output}
    at = name
    while at in makers:
        at, kind = str(makers[at].input[0]), makers[at].op_type
        if kind in RANKINGS:
            return at
    return name


def _quantized_already(model: onnx.ModelProto) -> Network | None:
    """The network of a file that convert takes as it is; its layers keep every code."""
    try:
        return network_from_model(model)
    except InputError:
        return None


def _calibrated(
    model: onnx.ModelProto, graph: Graph, samples: Samples, options: Options, progress: StageProgress
) -> Calibration:
    """The float truth of the samples that calibrate."""
    constants = constant_tensors(model)
    nodes = tuple(node for node in model.graph.node if node.output[0] not in constants)
    chosen = samples.spread(options.samples)
    names = [node.output[0] for node in nodes]
    floats = tensors(model, names, samples.values[chosen], partial(progress, "calibrating"))
    return Calibration(model, nodes, constants, floats, chosen[: len(floats[graph.onnx_input])])


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """The file whole or not at all; the same model gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(f".{path.name}.part")
    try:
        work.write_bytes(model.SerializeToString(deterministic=True))
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)


def _walked(calibration: Calibration, options: Options, progress: StageProgress) -> NetworkDraft:
    """Every node quantized in its turn."""
    graph = opened(calibration.model)
    graph.constants = {**graph.constants, **calibration.constants}
    draft = NetworkDraft(graph, list(calibration.nodes), calibration.floats, options)
    for at, node in enumerate(draft.nodes):
        if node.output[0] not in draft.graph.constants and node.output[0] not in draft.absorbed:
            view = View(node, draft.graph.constants)
            with noted(view.place):
                draft.enter(view)
                if draft.is_hosts(view):
                    draft.read(view)
                else:
                    handler_of(view, draft)(view, draft)
                view.finish()
                draft.narrow_for_readers(node.output[0])
        draft.keep(name for later in draft.nodes[at + 1 :] for name in later.input)
        progress("quantizing", at + 1, len(draft.nodes))
    return draft


def _scored(drafted: Drafted, samples: Samples, progress: StageProgress) -> Outputs:
    """Output values of the exact and of the float network, (N, ...)."""
    network = drafted.network
    run = FloatModel(drafted.file.model, [drafted.truth])
    right = run.output(samples.values, partial(progress, "float network"))
    parts, done = [], 0
    for batch in network.batches(network.host_input.encode(samples.values, network.input.format)):
        parts.append(network.evaluate(batch))
        done += len(batch)
        progress("exact network", done, len(samples.values))
    exact = network.host_output.scores(np.concatenate(parts), network.output.format)
    return Outputs(exact.reshape(right.shape).astype(np.float64), right.astype(np.float64))


def check_samples(samples: Samples, graph: Graph) -> None:
    """Raise InputError for samples that say nothing about the network."""
    values = samples.values
    check_samples_shape(values, graph.input_shape)
    if not len(values):
        raise InputError("'x' holds no samples; give some dozens")
    if not np.isfinite(values).all():
        bad = np.size(values) - int(np.isfinite(values).sum())
        raise InputError(f"'x' holds {bad} NaN or infinite values; remove them")
    if not np.any(values):
        raise InputError("'x' is 0 throughout, which tells no tensor's range; give real samples")
