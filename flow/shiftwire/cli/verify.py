"""shiftwire verify: every engine that can run the network, side by side."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, progress, say
from shiftwire.errors import InputError
from shiftwire.onnx.runtime import remark_on
from shiftwire.project.data import Data, load_data
from shiftwire.project.project import Project, load_project
from shiftwire.verify.comparison import Comparison, compared
from shiftwire.verify.csim import Csim
from shiftwire.verify.values import (
    EngineResult,
    engine_result,
    expected_values,
    onnx_result,
    reference_result,
    values_result,
)


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "verify",
        "run reference, C-simulation and onnxruntime on the same data and count differing codes",
        "shiftwire verify build/digits --data build/digits_test.npz --onnx build/digits.onnx",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument("--data", type=Path, required=True, help=".npz with x (N, ...) and, for accuracy, y (N,)")
    parser.add_argument("--onnx", type=Path, help="the model itself, run by onnxruntime")
    parser.add_argument(
        "--expect", action="append", default=[], metavar="NAME=FILE", help="outputs of another engine, as .npz"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    project = load_project(arguments.project)
    data = load_data(arguments.data, project.design.network)
    expected = [_named(text) for text in arguments.expect]
    results, _ = compare_engines(project, data, arguments.onnx, expected)
    if arguments.json:
        print_json({"samples": len(data.codes), "engines": [dataclasses.asdict(result) for result in results]})
    else:
        print_engines(results)
        different, compared = totals(results)
        say(f"verify: {len(data.codes)} samples, {different} of {compared} codes differ")
    return 1 if totals(results)[0] else 0


def compare_engines(
    project: Project, data: Data, onnx: Path | None, expected: list[tuple[str, Path]]
) -> tuple[list[EngineResult], Comparison]:
    """Results of the engines at hand, the specification first, and the C-simulation's report of every layer."""
    network = project.design.network
    reference, codes = reference_result(network, data)
    results = [reference]
    results += [values_result(name, network, data, expected_values(path), codes) for name, path in expected]
    if onnx is not None:
        results.append(onnx_result(onnx, network, data, codes))
        if (remark := remark_on(onnx)) is not None:
            note(f"warning: {remark}")
    note(f"compiling {project.hls_dir}")
    with progress("C-simulating") as report_progress:
        report = compared(Csim(project), data.codes, progress=report_progress)
    return [*results, engine_result(network, report, data)], report


def print_engines(results: list[EngineResult]) -> None:
    """The table of engines."""
    rows = [
        (
            result.engine,
            "-" if result.accuracy is None else result.accuracy,
            result.compared or "specification",
            result.different if result.compared else "-",
        )
        for result in results
    ]
    print_table(("engine", "accuracy %", "codes compared", "different"), rows)


def totals(results: list[EngineResult]) -> tuple[int, int]:
    """Codes that differ and codes compared, over all engines."""
    return sum(result.different for result in results), sum(result.compared for result in results)


def _named(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise InputError(f"--expect {text} names no engine and file; write --expect torch=outputs.npz")
    return name, Path(file)
