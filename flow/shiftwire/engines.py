"""Several executions of one network on one data set, each against the specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.csim import CsimReport
from shiftwire.data import Data
from shiftwire.errors import InputError
from shiftwire.fixed import Codes
from shiftwire.host import Tail
from shiftwire.network import Network
from shiftwire.onnx_import import import_onnx
from shiftwire.onnx_run import codes_of, run_onnx


@dataclass(frozen=True, slots=True)
class EngineResult:
    """One engine's agreement with the specification; accuracy in percent, None without labels."""

    engine: str
    compared: int
    different: int
    accuracy: float | None


def reference_result(network: Network, data: Data) -> tuple[EngineResult, Codes]:
    """The specification itself, and its output codes (N, ...)."""
    codes = np.concatenate([network.evaluate(batch) for batch in network.batches(data.codes)])
    return EngineResult("reference", 0, 0, accuracy(network, codes, data)), codes


def values_result(
    engine: str, network: Network, data: Data, values: npt.NDArray[Any], reference: Codes
) -> EngineResult:
    """An engine that gave output values in the model's own layout, such as torch or onnxruntime."""
    if values.shape[0] != len(reference) or values[0].size != network.output.size:
        raise InputError(
            f"{engine} gave outputs of shape {values.shape}, wanted {reference.shape}; use the same samples for both"
        )
    codes = codes_of(values, network.output.format)
    different = int(np.count_nonzero(codes.reshape(reference.shape) != reference))
    return EngineResult(engine, reference.size, different, accuracy(network, codes, data))


def onnx_result(model: Path, network: Network, data: Data, reference: Codes) -> EngineResult:
    """The ONNX file itself under onnxruntime; raises InputError for a file that is not the network's."""
    own = import_onnx(model)
    if (own.input, own.output) != (network.input, network.output):
        raise InputError(
            f"{model} turns {own.input} into {own.output}, the project {network.input} into {network.output}; "
            "name the model that the project was converted from"
        )
    if network.host_output.tail is not Tail.NONE:
        raise InputError(
            f"{model} ends in {network.host_output.tail.value}, which hides the codes; compare a model without it"
        )
    return values_result("onnxruntime", network, data, run_onnx(model, data.values), reference)


def csim_result(network: Network, report: CsimReport, data: Data) -> EngineResult:
    """A C-simulation, every layer counted."""
    return EngineResult("csim", report.compared, report.different, accuracy(network, report.output, data))


def expected_values(path: Path) -> npt.NDArray[Any]:
    """The one array of an .npz file of outputs, such as torch's logits."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found: Mapping[str, npt.NDArray[Any]] = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError):
        raise InputError(f"{path} is no .npz file; save the outputs by np.savez(logits=...)") from None
    if len(found) != 1:
        raise InputError(f"{path} holds the arrays {', '.join(found)}, wanted one; save the outputs alone")
    return next(iter(found.values()))


def accuracy(network: Network, codes: Codes, data: Data) -> float | None:
    """Percent of samples whose largest output is at the label; ties take the lowest index."""
    if data.labels is None:
        return None
    values = network.host_output.decode(codes, network.output.format).reshape(len(codes), -1)
    return float(100 * np.mean(values.argmax(axis=1) == data.labels))
