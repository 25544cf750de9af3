"""shiftwire verify: every engine that can run the network, side by side."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from shiftwire.api import engine
from shiftwire.cli.csim import counted, first_json, say_first, score_json, warn_of_vacuous
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, progress, say
from shiftwire.errors import ExitCode, InputError
from shiftwire.onnx.runtime import remark_on
from shiftwire.project.data import Data, load_data
from shiftwire.project.engine import EngineName
from shiftwire.project.project import Project, load_project
from shiftwire.project.scores import Score, of_what
from shiftwire.verify.comparison import Comparison, all_pairs, compared
from shiftwire.verify.csim import Csim
from shiftwire.verify.native import CHECKED
from shiftwire.verify.values import (
    EngineResult,
    engine_result,
    expected_values,
    onnx_result,
    reference_result,
    values_result,
)

MIN_ENGINES = 2


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `verify` and its options."""
    parser = add_verb(
        verbs,
        "verify",
        "run reference, C-simulation and onnxruntime, or any two engines, on the same data and count differing codes",
        "shiftwire verify build/digits --data build/digits_test.npz --onnx build/digits.onnx",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument(
        "--data", type=Path, required=True, help=".npz with x (N, ...) and, where there are some, labels y"
    )
    parser.add_argument("--onnx", type=Path, help="the model itself, run by onnxruntime")
    parser.add_argument(
        "--engines",
        metavar="A,B[,...]",
        help=f"compare every pair of these, layer by layer: {', '.join(name.value for name in EngineName)}",
    )
    parser.add_argument(
        "--check", type=int, default=CHECKED, metavar="N", help=f"with --engines: at most so many samples ({CHECKED})"
    )
    parser.add_argument(
        "--expect", action="append", default=[], metavar="NAME=FILE", help="outputs of another engine, as .npz"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where any two engines disagree on a code."""
    project = load_project(arguments.project)
    data = load_data(arguments.data, project.design.network)
    if arguments.engines is not None:
        return _pairs(project, data, arguments)
    expected = [_named(text) for text in arguments.expect]
    results, report = compare_engines(project, data, arguments.onnx, expected)
    if arguments.json:
        print_json({"samples": len(data.codes), "engines": [_result_json(result) for result in results]})
    else:
        print_engines(results)
        different, total = totals(results)
        say(f"verify: {counted(len(data.codes), 'sample')}, {different} of {total} codes differ")
    warn_of_vacuous([report])
    return ExitCode.FAILED_CHECK if totals(results)[0] else ExitCode.OK


def _pairs(project: Project, data: Data, arguments: argparse.Namespace) -> int:
    """Every pair of the engines that are named."""
    if arguments.expect:
        raise InputError("--expect brings outputs, and --engines compares what runs here; leave one out")
    if arguments.check < 1:
        raise InputError(f"--check {arguments.check} would compare nothing; give at least 1")
    names = _engine_names(arguments.engines)
    engines = [engine(name, project, arguments.onnx, data) for name in names]
    codes = data.codes[: arguments.check]
    with progress("running") as report_progress:
        pairs = all_pairs(engines, codes, report_progress)
    if arguments.json:
        print_json({"samples": len(codes), "pairs": [_pair_json(pair) for pair in pairs]})
    else:
        rows = [
            (pair.against.value, pair.engine.value, len(pair.layers), pair.compared, pair.different) for pair in pairs
        ]
        print_table(("engine", "beside", "layers", "codes compared", "different"), rows)
        for pair in pairs:
            say_first(pair.first_difference, f"{pair.against.value} beside {pair.engine.value}")
        different, total = sum(pair.different for pair in pairs), sum(pair.compared for pair in pairs)
        numbers = f"{counted(len(codes), 'sample')}, {counted(len(pairs), 'pair')}"
        say(f"verify: {numbers}, {different} of {total} codes differ")
    warn_of_vacuous(pairs)
    return ExitCode.FAILED_CHECK if any(pair.different for pair in pairs) else ExitCode.OK


def _engine_names(text: str) -> list[EngineName]:
    known = {name.value: name for name in EngineName}
    wanted = [word.strip() for word in text.split(",")]
    unknown = [word for word in wanted if word not in known]
    if unknown:
        raise InputError(f"found no engine '{unknown[0]}'; name two or more of {', '.join(known)}")
    if len(set(wanted)) < len(wanted) or len(wanted) < MIN_ENGINES:
        raise InputError(f"--engines {text} makes no pair of two engines; name two or more of {', '.join(known)}")
    return [known[word] for word in wanted]


def _pair_json(pair: Comparison) -> dict[str, object]:
    return {
        "engines": [pair.against.value, pair.engine.value],
        "compared": pair.compared,
        "different": pair.different,
        "layers": [dataclasses.asdict(layer) for layer in pair.layers],
        **first_json(pair.first_difference),
    }


def _result_json(result: EngineResult) -> dict[str, object]:
    counts = {"engine": result.engine, "compared": result.compared, "different": result.different}
    return counts | {"accuracy": None} | score_json(result.scores) | first_json(result.first_difference)


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
    """The table of engines, and the first difference of each."""
    rows = [
        (
            result.engine,
            *_cells(result.score),
            result.compared or "specification",
            result.different if result.compared else "-",
        )
        for result in results
    ]
    score = results[0].score
    print_table(("engine", *_columns(score), "codes compared", "different"), rows)
    for result in results:
        for name, of_output in result.scores.items() if len(result.scores) > 1 else ():
            say(f"{result.engine}, {name}: {of_output.sentence}")
        say_first(result.first_difference, f"reference beside {result.engine}")


def _columns(score: Score | None) -> tuple[str, ...]:
    """Heads of what the labels allow to say."""
    if score is None or score.nearness is None:
        return (f"accuracy %{'' if score is None else of_what(score.task, score.threshold)}",)
    return "rms error", "% of labels' spread", "correlation"


def _cells(score: Score | None) -> tuple[object, ...]:
    if score is None:
        return ("-",)
    if score.nearness is None:
        return (score.accuracy,)
    near = score.nearness
    alike = "-" if near.correlation is None else f"{near.correlation:.4f}"
    return f"{near.rms_error:.4g}", 100 * near.relative_error, alike


def totals(results: list[EngineResult]) -> tuple[int, int]:
    """Codes that differ and codes compared, over all engines."""
    return sum(result.different for result in results), sum(result.compared for result in results)


def _named(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise InputError(f"--expect {text} names no engine and file; write --expect torch=outputs.npz")
    return name, Path(file)
