"""The float network under onnxruntime, without fusions and with every tensor exposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

import onnx
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.runtime import REFUSALS, batch_size

Floats = npt.NDArray[np.float32]
BATCH = 16
THREADS = 2
"""Fixed, so that sums are cut into the same parts on every machine."""
MOST_BYTES = 1 << 30
"""Most that the tensors of all calibration samples may take."""


class FloatModel:
    """One session; `names` are the tensors it gives, in the model's own layout."""

    def __init__(self, model: onnx.ModelProto, names: list[str]) -> None:
        self.names = names
        self._session = _session(model, names)

    def batches(self, values: npt.NDArray[Any]) -> Iterator[list[npt.NDArray[Any]]]:
        """Tensors of each batch of samples, in the order of `names`."""
        info = self._session.get_inputs()[0]
        size = batch_size(info.shape, BATCH)
        for at in range(0, len(values), size):
            part = values[at : at + size].astype(np.float32)
            missing = size - len(part) if isinstance(info.shape[0], int) else 0
            padded = np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.float32)])
            yield [tensor[: len(part)] for tensor in self._tensors({info.name: padded})]

    def _tensors(self, feeds: dict[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        try:
            outputs: list[npt.NDArray[Any]] = self._session.run(self.names, feeds)
        except REFUSALS as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"onnxruntime cannot run the network on a batch of samples ({reason}); export it with a dynamic batch"
            ) from None
        return outputs

    def output(self, values: npt.NDArray[Any], report: Callable[[int, int], None]) -> Floats:
        """The one exposed tensor for all samples."""
        parts, done = [], 0
        for (tensor,) in self.batches(values):
            parts.append(tensor)
            done += len(tensor)
            report(done, len(values))
        return np.concatenate(parts)


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
    model: onnx.ModelProto, names: list[str], values: npt.NDArray[Any], report: Callable[[int, int], None]
) -> dict[str, Floats]:
    """Tensors by ONNX name for as many of the samples as fit in memory."""
    run = FloatModel(model, names)
    batches: list[list[Floats]] = []
    done, size_bytes = 0, 0
    for batch in run.batches(values):
        batches.append(batch)
        done += len(batch[0])
        size_bytes += sum(tensor.nbytes for tensor in batch)
        report(done, len(values))
        if size_bytes > MOST_BYTES:
            break
    joined = {name: np.concatenate([batch[at] for batch in batches]) for at, name in enumerate(run.names)}
    return joined | {model.graph.input[0].name: values[:done].astype(np.float32)}


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


def _session(model: onnx.ModelProto, names: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    shown = _exposing(model, names).SerializeToString()
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
