"""Float ONNX to an exact network: layer by layer, each against the float truth on the calibration samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.errors import InputError, noted
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.context.view import View
from shiftwire.onnx.exporter import to_onnx, with_constant_outputs
from shiftwire.onnx.file import load
from shiftwire.onnx.importer import check_contract, network_from_model, opened
from shiftwire.onnx.operators import FORMS
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runnable import Runnable, runnable
from shiftwire.onnx.strangers import require_known
from shiftwire.passes.drop_idle import drop_unread
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.labels import Labels, check_tail
from shiftwire.project.scores import relative_error
from shiftwire.quantize.advice import FINER, Attempt, Ground, try_options
from shiftwire.quantize.floats.float_run import (
    Calibration,
    FloatModel,
    Outputs,
    Samples,
    calibrated,
    check_samples,
    samples_of,
)
from shiftwire.quantize.floats.virtual_pooling import Pooled, pooled
from shiftwire.quantize.handlers import KNOWN, handler_of
from shiftwire.quantize.methods.binary import with_units
from shiftwire.quantize.methods.narrower import narrower
from shiftwire.quantize.methods.table import require_layers
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.places import ranked, require_apart
from shiftwire.quantize.report import LayerCost, QuantizeReport, Trials, answers
from shiftwire.quantize.unweighted import enter_ends, narrow_end
from shiftwire.schedule.checks import HLS_MAX_BITS
from shiftwire_boards.runtime.host_ends import unranked
from shiftwire_boards.runtime.host_steps import HostStep

StageProgress = Callable[[str, int, int], None]
"""Told what is done, how many of how many."""

TRIAL_NUMBERS, TRIAL_SAMPLES = 1 << 21, 8
"""Numbers in the tensors of samples on which other options are tried, and the fewest samples."""


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
class Head:
    """An output of the file: `truth` is the tensor that the exact one stands for, in front of a ranking."""

    name: str
    truth: str
    labels: Labels | None


@dataclass(frozen=True)
class Drafted:
    """An exact network before it is scored, on values of each input by its name.

    `finer` names the tensor and a finer format of each layer that rounds to one; `few` are samples to try options on,
    none where the file is quantized throughout.
    """

    file: Runnable
    values: Mapping[str, npt.NDArray[Any]]
    heads: tuple[Head, ...]
    network: Network
    costs: tuple[LayerCost, ...]
    calibrated: Codes
    finer: Mapping[str, tuple[str, Fixed]]
    few: Calibration | None
    fixed: Mapping[str, npt.NDArray[Any]]
    """Outputs of the file that are constants."""
    wide: tuple[str, ...] = ()
    pooled: Pooled | None = None

    @property
    def truth(self) -> str:
        """That of the first output."""
        return self.heads[0].truth


def quantize_model(path: Path, samples: Samples, options: Options, progress: StageProgress) -> Quantized:
    """Quantize the float model; some of the samples calibrate, all are scored.

    Raises InputError for a model or samples that will not do.
    """
    drafted = draft_network(path, samples, options, progress)
    model = to_onnx(drafted.network)
    with noted(f"in {path}"):
        require_buildable(network_from_model(model))
        model = with_constant_outputs(model, drafted.fixed, [value.name for value in drafted.file.model.graph.output])
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
            draft = _walked(few, other, lambda *_: None)
            network = _finished(draft)
            require_buildable(network)
        except InputError:
            return None
        exact = _exact_outputs(network, [network.evaluate(network.encode(values))])
        return Attempt(_worst(exact, right), tuple(draft.costs))

    again = None if len(few.chosen) == len(drafted.calibrated) else attempt(options)
    before = _worst([own.exact[at] for own in outputs], right) if again is None else again.error
    return Ground(options, drafted.costs, drafted.finer, Trials(len(at), before, ()), attempt)


def _worst(exact: Sequence[npt.NDArray[Any]], right: Sequence[npt.NDArray[Any]]) -> float:
    """The largest relative error of an output."""
    return max(relative_error(own.reshape(wanted.shape), wanted) for own, wanted in zip(exact, right, strict=True))


def _exact_outputs(network: Network, batches: Sequence[Codes]) -> list[npt.NDArray[Any]]:
    """Values that answer, of each output, of batches of output codes."""
    codes = network.exit_codes(np.concatenate(batches))
    return [part.scores(own) for part, own in zip(network.exits, codes, strict=True)]


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
        require_apart(original)
        check_contract(original)
        file = runnable(original)
        model = runnable(canonical(original)).model
        graph = opened(model)
        require_known(model, KNOWN, graph.constants, FORMS)
    values = samples.named(graph.inputs, graph.outputs)
    check_samples(values)
    beside = list(graph.inputs) if samples.labels is samples.values else []
    samples = replace(samples, values=values)
    with noted(f"in {path}"):
        chosen = samples.spread(options.samples)
        calibration = calibrated(model, next(iter(graph.inputs)), values, chosen, partial(progress, "calibrating"))
    fixed = {value.name: graph.constants[value.name] for value in model.graph.output if value.name in graph.constants}
    shapes = {name: calibration.floats[ranked(model, name)].shape[1:] for name in graph.outputs}
    labels = samples.labels_of(shapes, beside)
    with noted(f"in {path}"):
        draft, few, halved = None, None, None
        network = _quantized_already(original)
        if network is not None and options.pooling is not None:
            raise InputError("it is quantized already, and --vip replaces float layers; give the float network")
        if network is None:
            if options.pooling is not None:
                answering = [ranked(model, name) for name in graph.outputs]
                halved = pooled(
                    calibration, options.pooling, list(graph.inputs), answering, partial(progress, "pooling")
                )
                calibration = halved.calibration
            draft, few = _walked(calibration, options, progress), calibration.thinned(TRIAL_NUMBERS, TRIAL_SAMPLES)
            draft.require_used()
            require_layers(options, draft.costs)
            network = _finished(draft)
    heads = tuple(
        _head(name, file.model, part.host.steps, labels.get(name))
        for name, part in zip(graph.outputs, network.exits, strict=True)
    )
    if draft is None:
        return Drafted(file, values, heads, network, (), calibration.chosen, {}, few, fixed)
    finer, wide = draft.finer(FINER), tuple(sorted(draft.wide & set(network.tensors)))
    return Drafted(
        file, values, heads, network, tuple(draft.costs), calibration.chosen, finer, few, fixed, wide, halved
    )


def _head(name: str, model: onnx.ModelProto, steps: tuple[HostStep, ...], labels: Labels | None) -> Head:
    if labels is not None:
        check_tail(labels, steps)
    return Head(name, ranked(model, name) if unranked(steps) != steps else name, labels)


def _finished(draft: NetworkDraft) -> Network:
    with noted("at the graph output"):
        network = drop_unread(draft.graph.finished())
        if not network.nodes:
            raise InputError(
                "all of the graph is what the host does to its input; give a network of one layer at least"
            )
        return network


def _quantized_already(model: onnx.ModelProto) -> Network | None:
    """The network of a file that convert takes as it is; its layers keep every code."""
    try:
        return network_from_model(model)
    except InputError:
        return None


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
        narrow_end(draft, node.output[0])
        draft.keep(name for later in draft.nodes[at + 1 :] for name in later.input)
        progress("quantizing", at + 1, len(draft.nodes))
    enter_ends(draft)
    return draft


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
        for exact, right in zip(_exact_outputs(network, parts), rights, strict=True)
    ]
