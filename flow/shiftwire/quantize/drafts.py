"""A float model made ready once, and drafts of exact networks of it by any options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt

import onnx
from shiftwire.errors import InputError, noted
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.context.graph import Graph
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
from shiftwire.quantize.advice import FINER
from shiftwire.quantize.floats.float_run import Calibration, Samples, calibrated, check_samples
from shiftwire.quantize.floats.virtual_pooling import Pooled, pooled
from shiftwire.quantize.handlers import KNOWN, handler_of
from shiftwire.quantize.methods.table import require_layers
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.places import ranked, require_apart
from shiftwire.quantize.report import LayerCost
from shiftwire.quantize.unweighted import enter_ends, narrow_end
from shiftwire.schedule.checks import HLS_MAX_BITS
from shiftwire_boards.runtime.host_ends import unranked
from shiftwire_boards.runtime.host_steps import HostStep

StageProgress = Callable[[str, int, int], None]
"""Told what is done, how many of how many."""

TRIAL_NUMBERS, TRIAL_SAMPLES = 1 << 21, 8
"""Numbers in the tensors of samples on which other options are tried, and the fewest samples."""


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
    wide: tuple[str, ...] = ()
    pooled: Pooled | None = None

    @property
    def truth(self) -> str:
        """That of the first output."""
        return self.heads[0].truth


def require_buildable(network: Network) -> None:
    """Raise InputError for a network that convert would refuse, whatever the board."""
    built = run_pipeline(network)
    for name, tensor in built.tensors.items():
        if tensor.format.bits > HLS_MAX_BITS:
            raise InputError(
                f"tensor '{name}' would need {tensor.format.bits} bits, more than the {HLS_MAX_BITS} that a project "
                "carries; take fewer --act-bits, --exponents or --affine-exponents"
            )


@dataclass(frozen=True)
class Prepared:
    """A float model of which networks are drafted; `calibration` is of `values` of each input by its name."""

    path: Path
    file: Runnable
    model: onnx.ModelProto
    graph: Graph
    values: Mapping[str, npt.NDArray[Any]]
    labels: Mapping[str, Labels]
    calibration: Calibration
    already: Network | None
    """The network of a file that is quantized throughout."""

    def drafted(self, options: Options, progress: StageProgress) -> Drafted:
        """The exact network that options make, not scored; raises InputError for what they cannot do here."""
        with noted(f"in {self.path}"):
            return self._quantized(options, progress) if self.already is None else self._as_it_is(self.already, options)

    def network(self, options: Options) -> Network:
        """The exact network alone; raises InputError where options make none."""
        with noted(f"in {self.path}"):
            return attempted(self.calibration, options).network

    def exact_file(self, network: Network) -> onnx.ModelProto:
        """A network as a file, constant outputs among its outputs; raises InputError for one that convert refuses."""
        model = to_onnx(network)
        with noted(f"in {self.path}"):
            require_buildable(network_from_model(model))
            return with_constant_outputs(model, self.fixed, [value.name for value in self.file.model.graph.output])

    def heads(self, network: Network) -> tuple[Head, ...]:
        """The file's outputs, as a network of it has them."""
        each = zip(self.graph.outputs, network.exits, strict=True)
        return tuple(_head(name, self.file.model, part.host.steps, self.labels.get(name)) for name, part in each)

    @property
    def fixed(self) -> dict[str, npt.NDArray[Any]]:
        """Outputs that are constants."""
        names = [value.name for value in self.model.graph.output]
        return {name: self.graph.constants[name] for name in names if name in self.graph.constants}

    def _as_it_is(self, network: Network, options: Options) -> Drafted:
        if options.pooling is not None:
            raise InputError("it is quantized already, and --vip replaces float layers; give the float network")
        chosen = self.calibration.chosen
        return Drafted(self.file, self.values, self.heads(network), network, (), chosen, {}, None)

    def _quantized(self, options: Options, progress: StageProgress) -> Drafted:
        calibration, halved = self.calibration, None
        if options.pooling is not None:
            answering = [ranked(self.model, name) for name in self.graph.outputs]
            halved = pooled(
                calibration, options.pooling, list(self.graph.inputs), answering, partial(progress, "pooling")
            )
            calibration = halved.calibration
        draft, few = walked(calibration, options, progress), calibration.thinned(TRIAL_NUMBERS, TRIAL_SAMPLES)
        draft.require_used()
        require_layers(options, draft.costs)
        network = _finished(draft)
        finer, wide = draft.finer(FINER), tuple(sorted(draft.wide & set(network.tensors)))
        return Drafted(
            self.file,
            self.values,
            self.heads(network),
            network,
            tuple(draft.costs),
            calibration.chosen,
            finer,
            few,
            wide,
            halved,
        )


def prepared(path: Path, samples: Samples, count: int, progress: StageProgress) -> Prepared:
    """A float model, and what `count` of the samples calibrate; raises InputError for those that will not do."""
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
        chosen = samples.spread(count)
        calibration = calibrated(model, next(iter(graph.inputs)), values, chosen, partial(progress, "calibrating"))
    shapes = {name: calibration.floats[ranked(model, name)].shape[1:] for name in graph.outputs}
    labels = samples.labels_of(shapes, beside)
    return Prepared(path, file, model, graph, values, labels, calibration, _quantized_already(original))


def draft_network(path: Path, samples: Samples, options: Options, progress: StageProgress) -> Drafted:
    """The exact network of a float model, not scored."""
    return prepared(path, samples, options.samples, progress).drafted(options, progress)


@dataclass(frozen=True)
class Attempted:
    """A network and what each layer cost."""

    network: Network
    costs: tuple[LayerCost, ...]
    tensors: tuple[str, ...]
    """Those that got a format, by their names in the file."""


def attempted(calibration: Calibration, options: Options) -> Attempted:
    """What options make of what calibrates; raises InputError where they make nothing."""
    draft = walked(calibration, options, lambda *_: None)
    return Attempted(_finished(draft), tuple(draft.costs), tuple(sorted(draft.chosen)))


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


def walked(calibration: Calibration, options: Options, progress: StageProgress) -> NetworkDraft:
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
