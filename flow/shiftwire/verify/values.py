"""Output values that others made of the same samples, and how near they come to labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError, noted
from shiftwire.ir.frames import OutputPart, Samples
from shiftwire.ir.host import HostOutput, channels_last
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, NarrowCodes
from shiftwire.onnx.importer import exact_tensors
from shiftwire.onnx.runtime import run_outputs
from shiftwire.project.arrays import read_arrays
from shiftwire.project.data import Data
from shiftwire.project.labels import Labels
from shiftwire.project.scores import Score, scored
from shiftwire.verify.comparison import Comparison
from shiftwire.verify.onnx import OnnxRuntime, require_same_ends
from shiftwire.verify.tally import Difference
from shiftwire_boards.runtime.shapes import mend, with_batch


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """The first output value that is not the specification's; `index` is that of its code, channels last."""

    layer: str
    kind: str
    sample: int
    index: tuple[int, ...]
    expected: float
    actual: float

    def sentence(self) -> str:
        """The place and both values, with every digit that float32 has."""
        return (
            f"layer '{self.layer}' ({self.kind}), sample {self.sample}, index {list(self.index)}: "
            f"expected value {self.expected:.9g}, found {self.actual:.9g}"
        )


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine's agreement with the specification, and with the labels where there are some.

    The first difference is in values where an engine gave values alone.
    """

    engine: str
    compared: int
    different: int
    scores: Mapping[str, Score]
    """Of each output that has labels, by its name."""
    first_difference: Difference | ValueDifference | None = None

    @property
    def score(self) -> Score | None:
        """Of the first output that has labels."""
        return next(iter(self.scores.values()), None)

    @property
    def accuracy(self) -> float | None:
        """In percent; none without labels, nor where they are values."""
        return None if self.score is None else self.score.accuracy


def reference_result(network: Network, data: Data) -> tuple[EngineResult, Codes]:
    """The specification itself, and its output codes (N, ...)."""
    codes = np.concatenate([network.evaluate(batch) for batch in network.batches(data.codes)])
    return EngineResult("reference", 0, 0, scores_of(network, codes, data.labels)), codes


def values_result(
    engine: str,
    network: Network,
    data: Data,
    values: Samples,
    reference: Codes,
    *,
    in_front: Mapping[str, Codes] | None = None,
) -> EngineResult:
    """An engine that gave output values in the model's own layout, such as torch; a value off the grid differs.

    `values` are those of each output by its name; an only output may have any. `in_front` are the codes in front of
    what the host computes, of outputs whose values hide them.
    """
    exits = network.exits
    outputs = list(values.values()) if len(exits) == len(values) == 1 else _of_every(engine, values, exits)
    compared, different, first = 0, 0, None
    scores: dict[str, Score] = {}
    for part, own, codes in zip(exits, outputs, network.exit_codes(reference), strict=True):
        _check_outputs(engine, own, part, len(reference))
        actual = own.astype(np.float64)
        known = (in_front or {}).get(part.name)
        bare = part if known is None else replace(part, host=HostOutput())
        compared_values = actual if known is None else bare.decode(known)
        is_wrong = _differing(bare, compared_values, codes)
        first = first or _first_wrong(network, bare, is_wrong, compared_values, codes)
        compared, different = compared + codes.size, different + int(np.count_nonzero(is_wrong))
        if part.name in data.labels:
            scores[part.name] = scored(actual, data.labels[part.name])
    return EngineResult(engine, compared, different, scores, first)


def _of_every(engine: str, values: Samples, exits: Sequence[OutputPart]) -> list[npt.NDArray[Any]]:
    names = [part.name for part in exits]
    if sorted(values) != sorted(names):
        raise InputError(
            f"{engine} gave the outputs {', '.join(values)}, wanted {', '.join(names)}; save an array under each name"
        )
    return [values[name] for name in names]


def _check_outputs(engine: str, values: npt.NDArray[Any], part: OutputPart, samples: int) -> None:
    wanted = (samples, *part.host.output_shape(part.shape))
    if values.shape[:1] != wanted[:1]:
        raise InputError(
            f"{engine} gave outputs of shape {values.shape}, wanted {wanted}; use the same samples for both"
        )
    if values.shape != wanted:
        raise InputError(
            f"{engine} gave outputs of shape {values.shape}, wanted {with_batch(wanted[1:])}"
            f"{mend(values.shape, wanted[1:], 'outputs')}"
        )


def _differing(part: OutputPart, values: npt.NDArray[Any], reference: Codes) -> npt.NDArray[np.bool_]:
    """Values off ours, channels last; behind a scale that is no power of two, those nearer to another code."""
    host, format = part.host, part.format
    if host.is_scaled or host.steps:
        return np.not_equal(host.nearest(values, format), reference)
    return channels_last(np.not_equal(values, host.decode(reference, format)))


def _first_wrong(
    network: Network, part: OutputPart, is_wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], reference: Codes
) -> ValueDifference | None:
    if not is_wrong.any():
        return None
    sample, *rest = (int(at) for at in np.argwhere(is_wrong)[0])
    at = (sample, *rest)
    expected, actual = (float(channels_last(each)[at]) for each in (part.decode(reference), values))
    kind = next((node.kind for node in network.nodes if node.name == part.tensor), "Input")
    return ValueDifference(part.tensor, kind, sample, tuple(rest), expected, actual)


def onnx_result(model: Path, network: Network, data: Data, reference: Codes) -> EngineResult:
    """The ONNX file itself under onnxruntime; raises InputError for a file that is not the network's.

    Where the host rounds the input and the file does not, the file is run on what the host rounds to. Outputs behind a
    soft maximum, a curve or a ranking are compared in front of it, where the file has their codes.
    """
    read = exact_tensors(model, network.entries)
    require_same_ends(model, read.network, network)
    values = network.values_of(data.codes) if read.is_given else data.values
    outputs, in_front = run_outputs(model, values), {}
    if any(part.host.hides_codes for part in network.exits):
        layers = OnnxRuntime(model, network, data).run(data.codes, all_layers=False).layers
        in_front = {part.name: layers[part.tensor] for part in network.exits if part.host.hides_codes}
    return values_result("onnxruntime", network, data, outputs, reference, in_front=in_front)


def engine_result(network: Network, comparison: Comparison, data: Data) -> EngineResult:
    """An engine of ours, every layer counted."""
    scores = scores_of(network, comparison.output, data.labels)
    first = comparison.first_difference
    return EngineResult(comparison.engine.value, comparison.compared, comparison.different, scores, first)


def expected_values(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz or .npy file of outputs, such as torch's logits: one, or one by each output's name."""
    with noted(f"in {path}"):
        arrays = read_arrays(path)
        if not arrays:
            raise InputError("it holds no array, wanted one; save the outputs alone")
        for values in arrays.values():
            if values.dtype.kind not in "fiu":
                raise InputError(f"its outputs have type {values.dtype}, wanted numbers; save them as float32")
        return arrays


def scores_of(network: Network, codes: NarrowCodes, labels: Mapping[str, Labels]) -> dict[str, Score]:
    """Output codes (N, ...) against the labels that each output has, by the figure that fits their task."""
    if not labels:
        return {}
    parts = zip(network.exits, network.exit_codes(codes.astype(np.int64)), strict=True)
    return {part.name: scored(part.scores(own), labels[part.name]) for part, own in parts if part.name in labels}
