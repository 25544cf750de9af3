"""Samples, and the float network on them under onnxruntime, without fusions and with every tensor exposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

import onnx
from shiftwire.errors import InputError, noted
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.onnx.pieces.adders import in_pieces
from shiftwire.onnx.runtime import INPUT_TYPES, REFUSALS, Given, batch_size, feeds_of
from shiftwire.project.arrays import read_arrays
from shiftwire.project.data import labels_of, samples_in
from shiftwire.project.labels import Labels

Floats = npt.NDArray[np.float32]
BATCH = 16
THREADS = 2
"""Fixed, so that sums are cut into the same parts on every machine."""
MOST_BYTES = 1 << 30
"""Most that the tensors of all calibration samples may take."""


@dataclass(frozen=True)
class Samples:
    """Values (N, ...) in the model's own layout, of several inputs each by its name; labels as people have them.

    Of several outputs labels stand by the name of theirs, or as `y` for the first that they fit.
    """

    values: Given
    labels: Given | None = None

    @classmethod
    def read(cls, path: Path, labels: Path | None) -> Samples:
        """Of a file, and labels of the same one or of another; raises InputError for files that hold none."""
        with noted(f"in {path}"):
            arrays = read_arrays(path)
        if labels is None:
            return cls(arrays, arrays)
        with noted(f"in {labels}"):
            others = read_arrays(labels)
            return cls(arrays, {"y": others["x"]} if list(others) == ["x"] else others)

    @property
    def count(self) -> int:
        """How many there are."""
        return samples_of(self.values)

    def spread(self, count: int) -> Codes:
        """Indices of `count` samples, evenly spread."""
        return np.unique(np.linspace(0, self.count - 1, min(count, self.count)).astype(np.int64))

    def named(self, inputs: Mapping[str, tuple[int, ...]], outputs: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """Those of each graph input, of these shapes; raises InputError for a file's arrays that are others."""
        arrays = self.values if isinstance(self.values, Mapping) else {"x": self.values}
        return samples_in(arrays, inputs, outputs)

    def labels_of(self, shapes: Mapping[str, tuple[int, ...]], beside: Sequence[str]) -> dict[str, Labels]:
        """Labels of outputs (C, ...), by the names of those that have some; `beside` are inputs in the same file."""
        if self.labels is None:
            return {}
        arrays = self.labels if isinstance(self.labels, Mapping) else {"y": self.labels}
        return labels_of(arrays, shapes, self.count, beside)


def check_samples(samples: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise InputError for samples of an input that say nothing about the network."""
    for name, values in samples.items():
        key = "x" if len(samples) == 1 else name
        if not len(values):
            raise InputError(f"'{key}' holds no samples; give some dozens")
        if not np.isfinite(values).all():
            bad = np.size(values) - int(np.isfinite(values).sum())
            raise InputError(f"'{key}' holds {bad} NaN or infinite values; remove them")
        if not np.any(values):
            raise InputError(f"'{key}' is 0 throughout, which tells no tensor's range; give real samples")


class FloatModel:
    """One session; `names` are the tensors it gives, in the model's own layout."""

    def __init__(self, model: onnx.ModelProto, names: list[str]) -> None:
        self.names = names
        self.session = _session(model, names)

    def batches(self, values: Given) -> Iterator[list[npt.NDArray[Any]]]:
        """Tensors of each batch of samples, in the order of `names`."""
        infos, feeds = self.session.get_inputs(), feeds_of(self.session, values)
        size = batch_size(infos[0].shape, BATCH)
        kinds = {info.name: INPUT_TYPES.get(info.type, np.float32) for info in infos}
        for at in range(0, len(feeds[infos[0].name]), size):
            parts = {name: each[at : at + size].astype(kinds[name]) for name, each in feeds.items()}
            count = len(parts[infos[0].name])
            missing = size - count if isinstance(infos[0].shape[0], int) else 0
            padded = {
                name: np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)])
                for name, part in parts.items()
            }
            yield [tensor[:count] for tensor in self._tensors(padded)]

    def _tensors(self, feeds: dict[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        try:
            outputs: list[npt.NDArray[Any]] = self.session.run(self.names, feeds)
        except REFUSALS as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"onnxruntime cannot run the network on a batch of samples ({reason}); export it with a dynamic batch"
            ) from None
        return outputs

    def output(self, values: Given, report: Callable[[int, int], None]) -> Floats:
        """The one exposed tensor for all samples."""
        (only,) = self.outputs(values, report)
        return only

    def outputs(self, values: Given, report: Callable[[int, int], None]) -> list[Floats]:
        """All exposed tensors for all samples."""
        parts, done, total = [], 0, samples_of(values)
        for batch in self.batches(values):
            parts.append(batch)
            done += len(batch[0])
            report(done, total)
        return [np.concatenate(of_one) for of_one in zip(*parts, strict=True)]


def samples_of(values: Given) -> int:
    """How many there are."""
    return len(next(iter(values.values())) if isinstance(values, Mapping) else values)


def constant_tensors(model: onnx.ModelProto) -> dict[str, Floats]:
    """What nodes of constants alone make, such as quantized weights."""
    known = {tensor.name for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if all(name in known for name in node.input if name):
            nodes.append(node)
            known.update(node.output)
    if not nodes:
        return {}
    alone = onnx.ModelProto()
    alone.CopyFrom(model)
    del alone.graph.node[:], alone.graph.input[:], alone.graph.value_info[:]
    alone.graph.node.extend(nodes)
    names = [node.output[0] for node in nodes]
    values = _session(alone, names).run(names, {})
    return dict(zip(names, values, strict=True))


def tensors(
    model: onnx.ModelProto, names: list[str], values: Given, report: Callable[[int, int], None]
) -> dict[str, Floats]:
    """Tensors by ONNX name for as many of the samples as fit in memory."""
    run = FloatModel(model, names)
    batches: list[list[Floats]] = []
    done, size_bytes = 0, 0
    for batch in run.batches(values):
        batches.append(batch)
        done += len(batch[0])
        size_bytes += sum(tensor.nbytes for tensor in batch)
        report(done, samples_of(values))
        if size_bytes > MOST_BYTES:
            break
    joined = {name: np.concatenate([batch[at] for batch in batches]) for at, name in enumerate(run.names)}
    feeds = feeds_of(run.session, values)
    return joined | {name: each[:done].astype(np.float32) for name, each in feeds.items()}


@dataclass(frozen=True)
class Calibration:
    """What quantization begins with: the model's nodes, what its constants make, and float tensors (N, C, ...) by name.

    Those are of the samples `chosen`, by their indices among all.
    """

    model: onnx.ModelProto
    nodes: tuple[onnx.NodeProto, ...]
    constants: Mapping[str, Floats]
    floats: Mapping[str, Floats]
    chosen: Codes

    def thinned(self, numbers: int, fewest: int) -> Calibration:
        """A copy of so few samples, evenly spread, that their tensors hold `numbers`, but of `fewest` at least."""
        of_a_sample = sum(tensor[0].size for tensor in self.floats.values())
        count = min(max(numbers // of_a_sample, fewest), len(self.chosen))
        kept = np.unique(np.linspace(0, len(self.chosen) - 1, count).astype(np.int64))
        floats = {name: tensor[kept] for name, tensor in self.floats.items()}
        return replace(self, floats=floats, chosen=self.chosen[kept])


def calibrated(
    model: onnx.ModelProto,
    first: str,
    values: Mapping[str, npt.NDArray[Any]],
    chosen: Codes,
    report: Callable[[int, int], None],
) -> Calibration:
    """The float truth of the samples that calibrate; `first` is an input of the graph."""
    constants = constant_tensors(model)
    nodes = tuple(node for node in model.graph.node if node.output[0] not in constants)
    names = [node.output[0] for node in nodes]
    floats = tensors(model, names, {name: each[chosen] for name, each in values.items()}, report)
    return Calibration(model, nodes, constants, floats, chosen[: len(floats[first])])


@dataclass(frozen=True, eq=False)
class Outputs:
    """Values (N, C, ...) of an output of the exact and of the float network, in the model's own layout."""

    exact: Values
    right: Values


def _session(model: onnx.ModelProto, names: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would take a core
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    shown = _exposing(in_pieces(model), names).SerializeToString()
    try:
        return onnxruntime.InferenceSession(shown, options, providers=["CPUExecutionProvider"])
    except REFUSALS as error:
        raise InputError(f"onnxruntime cannot run the float model: {str(error).splitlines()[0]}") from None


def _exposing(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return shown
