"""What quantization without retraining costs on trained networks; `make campaign-quantize NETS=<folder>` prints it.

The folder holds float files and their samples: addernet_float.onnx with patches.npz (x), lenet_float.onnx with
lenet_test.npz, resnet20_float.onnx with resnet20_test.npz (x and y). What is missing is skipped with a sentence.
A missed target ends the study with exit code 1.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from campaign import Results
from results import Cell, Column, Result, save, table
from shiftwire.ir.host import channels_first
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.file import write_model
from shiftwire.onnx.importer import import_onnx
from shiftwire.onnx.runtime import run_onnx
from shiftwire.quantize.drafts import draft_network
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model
from shiftwire.tools.resources import Evidence


@dataclass(frozen=True)
class Case:
    """A network, its samples, how it is quantized and the least that must come out, in percent or points."""

    model: str
    samples: str
    options: Options
    clear_agreement: float | None = None
    points_lost: float | None = None


COLUMNS = (
    Column("float network"),
    Column("method"),
    Column("terms"),
    Column("activations", "bits"),
    Column("samples"),
    Column("same answer", "%", 2),
    Column("samples with a float margin of 1"),
    Column("same answer of those", "%", 2),
    Column("accuracy, float", "%", 2),
    Column("accuracy, exact", "%", 2),
)

FEW = 48
CASES = (
    Case("addernet_float.onnx", "patches.npz", Options(act_bits=8, samples=FEW), clear_agreement=97.0),
    Case("addernet_float.onnx", "patches.npz", Options(act_bits=9, samples=FEW), clear_agreement=99.5),
    Case("lenet_float.onnx", "lenet_test.npz", Options(method=Method.LIGHTNN, terms=2), points_lost=1.0),
    Case("resnet20_float.onnx", "resnet20_test.npz", Options(method=Method.LIGHTNN, terms=2), points_lost=1.0),
)


def main(folder: Path) -> int:
    tools = {"numpy": np.__version__, "onnxruntime": onnxruntime.__version__}
    print(f"study quantize: simulated, {', '.join(f'{tool} {version}' for tool, version in tools.items())}")
    missed, results = 0, Results.opened("quantize")
    for case in CASES:
        name = f"{folder / case.model}, {case.options.method.value}, {case.options.act_bits} bits"
        lacking = [name for name in (case.model, case.samples) if not (folder / name).is_file()]
        if lacking:
            print(f"{case.model}: skipped, no {', '.join(lacking)} in {folder}")
            continue
        if results.entries.get(name):
            print(f"{name}: met before at {results.commit}")
            continue
        made, is_met = _studied(case, folder)
        said = "make campaign-quantize"
        save("quantize", Result(said, Evidence.SIMULATED, tools, COLUMNS, table(_cells(case, made))), keys=4)
        results.add(**{name: is_met})
        missed += not is_met
    return int(missed > 0)


def _cells(case: Case, made: Quantized) -> tuple[Cell, ...]:
    """A row of the table; without labels there is no accuracy."""
    found, options = made.report.answers, case.options
    terms = options.terms if options.method in (Method.LINEAR, Method.LIGHTNN) else None
    agreement = (
        round(found.agreement, 2),
        found.clear_answers,
        found.clear_agreement and round(found.clear_agreement, 2),
    )
    accuracies = (value and round(value, 2) for value in (found.accuracy_float, found.accuracy_exact))
    name = case.model.removesuffix("_float.onnx")
    return name, options.method.value, terms, options.act_bits, found.samples, *agreement, *accuracies


def _studied(case: Case, folder: Path) -> tuple[Quantized, bool]:
    """Quantize twice, compare the files, let onnxruntime run one, and print what it cost."""
    arrays = np.load(folder / case.samples)
    samples = Samples(arrays["x"], arrays.get("y"))
    start = time.perf_counter()
    made = quantize_model(folder / case.model, samples, case.options, lambda *_: None)
    seconds = time.perf_counter() - start
    again = to_onnx(draft_network(folder / case.model, samples, case.options, lambda *_: None).network)
    is_same = made.model.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    different = _runtime_differs(made, samples.values[:128], folder / f".{case.model}.exact")
    _print(case, made, seconds)
    print(f"  a second run: {'the same bytes' if is_same else 'OTHER BYTES'}; onnxruntime: {different} codes differ")
    return made, is_same and not different and _is_met(case, made)


def _runtime_differs(made: Quantized, values: np.ndarray, path: Path) -> int:
    try:
        write_model(made.model, path)
        network = import_onnx(path)
        found = run_onnx(path, values)
    finally:
        path.unlink(missing_ok=True)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    return int(np.count_nonzero(channels_first(network.output.format.decode(codes)) != found))


def _is_met(case: Case, made: Quantized) -> bool:
    found = made.report.answers
    clear, lost = case.clear_agreement, case.points_lost
    is_clear = clear is None or (found.clear_agreement or 0.0) >= clear
    is_kept = lost is None or (found.accuracy_float or 0.0) - (found.accuracy_exact or 0.0) <= lost
    if not (is_clear and is_kept):
        print("  TARGET MISSED")
    return is_clear and is_kept


def _print(case: Case, made: Quantized, seconds: float) -> None:
    found, options = made.report.answers, case.options
    print(
        f"{case.model}: {options.method.value}, {options.terms} terms, {options.act_bits} bits, "
        f"{made.report.calibrated} of {found.samples} samples calibrate, {seconds:.0f} s"
    )
    print(
        f"  agreement: {found.agreement:.2f} % of all, {found.held_out_agreement or 0:.2f} % of those held out, "
        f"{found.clear_agreement or 0:.2f} % of the {found.clear_answers} with a float margin of 1 or more"
    )
    print(f"  logits: rms error {found.error.rms_error:.4f}, {found.error.relative_error:.2%} of their spread")
    if found.accuracy_float is not None and found.accuracy_exact is not None:
        before, after = found.accuracy_float, found.accuracy_exact
        print(f"  accuracy: {before:.2f} % float, {after:.2f} % exact, {before - after:.2f} points lost")
    widest = max(tensor.format.bits for tensor in made.network.tensors.values())
    print(f"  widest tensor {widest} bits; {made.report.advice}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/zoo")))
