"""Output values that others made of the same samples, and how near they come to labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError, noted
from shiftwire.ir.host import channels_last, step_name
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.onnx.importer import exact_tensors
from shiftwire.onnx.runtime import run_onnx
from shiftwire.project.data import Data, read_arrays
from shiftwire.project.scores import Score, scored
from shiftwire.verify.comparison import Comparison
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
    score: Score | None
    first_difference: Difference | ValueDifference | None = None

    @property
    def accuracy(self) -> float | None:
        """In percent; none without labels, nor where they are values."""
        return None if self.score is None else self.score.accuracy


def reference_result(network: Network, data: Data) -> tuple[EngineResult, Codes]:
    """The specification itself, and its output codes (N, ...)."""
    codes = np.concatenate([network.evaluate(batch) for batch in network.batches(data.codes)])
    return EngineResult("reference", 0, 0, score_of(network, codes, data)), codes


def values_result(
    engine: str, network: Network, data: Data, values: npt.NDArray[Any], reference: Codes
) -> EngineResult:
    """An engine that gave output values in the model's own layout, such as torch; a value off the grid differs."""
    wanted = data_shape(network, len(reference))
    if values.shape[:1] != wanted[:1]:
        raise InputError(
            f"{engine} gave outputs of shape {values.shape}, wanted {wanted}; use the same samples for both"
        )
    if values.shape != wanted:
        raise InputError(
            f"{engine} gave outputs of shape {values.shape}, wanted {with_batch(wanted[1:])}"
            f"{mend(values.shape, wanted[1:], 'outputs')}"
        )
    actual = values.astype(np.float64)
    is_wrong = _differing(network, actual, reference)
    first = _first_wrong(network, is_wrong, actual, reference)
    return EngineResult(engine, reference.size, int(np.count_nonzero(is_wrong)), _score(actual, data), first)


def _differing(network: Network, values: npt.NDArray[Any], reference: Codes) -> npt.NDArray[np.bool_]:
    """Values off ours, channels last; behind a scale that is no power of two, those nearer to another code."""
    host, format = network.host_output, network.output.format
    if host.is_scaled or host.steps:
        return np.not_equal(host.nearest(values, format), reference)
    return channels_last(np.not_equal(values, host.decode(reference, format)))


def _first_wrong(
    network: Network, is_wrong: npt.NDArray[np.bool_], values: npt.NDArray[Any], reference: Codes
) -> ValueDifference | None:
    if not is_wrong.any():
        return None
    sample, *rest = (int(at) for at in np.argwhere(is_wrong)[0])
    at = (sample, *rest)
    wanted = network.host_output.decode(reference, network.output.format)
    expected, actual = (float(channels_last(each)[at]) for each in (wanted, values))
    name = network.output_name
    kind = next((node.kind for node in network.nodes if node.name == name), "Input")
    return ValueDifference(name, kind, sample, tuple(rest), expected, actual)


def data_shape(network: Network, samples: int) -> tuple[int, ...]:
    """Shape of output values in the model's own layout."""
    return (samples, *network.host_output.output_shape(network.output.shape))


def onnx_result(model: Path, network: Network, data: Data, reference: Codes) -> EngineResult:
    """The ONNX file itself under onnxruntime; raises InputError for a file that is not the network's.

    Where the host rounds the input and the file does not, the file is run on what the host rounds to.
    """
    read = exact_tensors(model, network.inputs[0])
    own = read.network
    if (own.input, own.output) != (network.input, network.output):
        raise InputError(
            f"{model} turns {own.input} into {own.output}, the project {network.input} into {network.output}; "
            "name the model that the project was converted from"
        )
    if network.host_output.hides_codes:
        last = step_name(network.host_output.steps[-1])
        raise InputError(
            f"{model} ends in {last}, which hides the codes; --engines reference,onnxruntime compares them in "
            "front of it"
        )
    values = network.host_input.values_of(data.codes, network.input.format) if read.is_given else data.values
    return values_result("onnxruntime", network, data, run_onnx(model, values), reference)


def engine_result(network: Network, comparison: Comparison, data: Data) -> EngineResult:
    """An engine of ours, every layer counted."""
    score = score_of(network, comparison.output, data)
    first = comparison.first_difference
    return EngineResult(comparison.engine.value, comparison.compared, comparison.different, score, first)


def expected_values(path: Path) -> npt.NDArray[Any]:
    """The one array of an .npz or .npy file of outputs, such as torch's logits."""
    with noted(f"in {path}"):
        arrays = read_arrays(path)
        if len(arrays) != 1:
            raise InputError(f"it holds the arrays {', '.join(arrays)}, wanted one; save the outputs alone")
        values = next(iter(arrays.values()))
        if values.dtype.kind not in "fiu":
            raise InputError(f"its outputs have type {values.dtype}, wanted numbers; save them as float32")
        return values


def score_of(network: Network, codes: Codes, data: Data) -> Score | None:
    """Output codes (N, ...) against the labels, by the figure that fits their task."""
    return _score(network.host_output.scores(codes, network.output.format), data)


def _score(values: Values, data: Data) -> Score | None:
    return None if data.labels is None else scored(values, data.labels)
