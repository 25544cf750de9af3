"""shiftwire quantize: a float ONNX file becomes an exact one, and says what it cost."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from shiftwire.cli.network_options import float_files
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, quoted, say, show, stage_bars
from shiftwire.errors import ExitCode, InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.file import write_model
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.floats.virtual_pooling import Pooling
from shiftwire.quantize.methods.rules import WITH_TERMS, Method
from shiftwire.quantize.methods.words import bits, chosen
from shiftwire.quantize.options import Options, Ranging
from shiftwire.quantize.quantizer import Quantized, quantize_model, with_trials
from shiftwire.quantize.report import Answers, LayerCost
from shiftwire.reports.inspection import forms_tables, pooled_json, pooled_notes, pooled_tables, spelled_tables
from shiftwire.reports.text import answer_lines
from shiftwire.tools.atomic import check_outputs

COLUMNS = ("layer", "kind", "format", "k mean", "k max", "weight error %", "own error %", "error %", "SQNR dB", "how")
DEFAULTS = Options()
FEW_SAMPLES = 16
BUDGET_TERMS = 6
"""Most terms where an error budget chooses their number."""


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `quantize` and its options."""
    parser = add_verb(
        verbs,
        "quantize",
        "turn a float ONNX file into an exact one: weights as k powers of two, formats from calibration data",
        "shiftwire quantize model.onnx --calibrate x.npz --terms 3 -o exact.onnx",
    )
    parser.add_argument("model", type=Path, help="float or partly quantized ONNX file")
    parser.add_argument(
        "--calibrate", type=Path, required=True, help=".npz with x (N, ...) in the model's layout and y (N,), or .npy"
    )
    parser.add_argument("--labels", type=Path, help=".npz with y (N,), or .npy (default: y of the calibration file)")
    parser.add_argument("-o", "--output", type=Path, help="exact ONNX file (default: <name of the model>_exact.onnx)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-trials", action="store_true", help="do not try what other options would make of it")
    pooling = parser.add_mutually_exclusive_group()
    pooling.add_argument(
        "--vip", type=int, metavar="K", help="compute the K least sensitive 3x3 convolutions at a quarter of the places"
    )
    pooling.add_argument("--vip-within", type=float, metavar="SHARE", help="so many that the outputs lose no more")
    _add_weights(parser)
    _add_activations(parser)
    return parser


def _add_weights(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_argument_group("weights")
    chosen.add_argument(
        "--method",
        choices=[method.value for method in Method],
        help="the rule (default: linear, the nearest power of two and again for the rest; binary wants to train)",
    )
    chosen.add_argument(
        "--layers",
        metavar="'stage3.*=smartexchange,conv1=lightnn:terms=1:exponents=4,rest=linear'",
        help="methods and numbers of single layers, by expressions that their whole names match; the first that does "
        "counts",
    )
    chosen.add_argument(
        "--terms", type=int, help="most terms a weight has, for linear and lightnn (default: 3, with an error budget 6)"
    )
    chosen.add_argument(
        "--error-budget",
        type=float,
        metavar="SHARE",
        help="relative error of a filter; it takes the fewest terms within",
    )
    chosen.add_argument(
        "--theta", action="append", metavar="4e-3", help="smartexchange's, or LAYER=4e-3 of a layer; may be repeated"
    )
    chosen.add_argument("--threshold-row", action="store_true", help="smartexchange also empties rows below 5 thetas")
    for method in Method:
        for number in method.rule.numbers:
            words = f"{method.value}'s {number.what} (default: {number.usual})"
            chosen.add_argument(f"--{number.name}", type=int, help=words)
    chosen.add_argument("--escalate-first", action="store_true", help="escalate takes the first layer too")
    chosen.add_argument("--budget-on", choices=("weights", "outputs"), default="weights", help="(default: weights)")
    chosen.add_argument(
        "--exponents", type=int, default=DEFAULTS.exponents, help="exponents a layer may use (default: 8)"
    )
    chosen.add_argument(
        "--affine-terms", type=int, default=DEFAULTS.affine_terms, help="terms of a batch norm's scale (default: 6)"
    )
    chosen.add_argument(
        "--affine-exponents",
        type=int,
        default=DEFAULTS.affine_exponents,
        help="exponents of such scales (default: 12)",
    )


def _add_activations(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_argument_group("activations")
    chosen.add_argument(
        "--act-bits",
        action="append",
        metavar="8",
        help="bits between layers, or TENSOR=6 of one; may be repeated, the last of all counts (default: 8)",
    )
    chosen.add_argument("--input-bits", type=int, default=DEFAULTS.input_bits, help="bits of the input (default: 10)")
    ranging = chosen.add_mutually_exclusive_group()
    ranging.add_argument("--mse", action="store_true", help="formats of least mean square error (default)")
    ranging.add_argument("--percentile", type=float, metavar="P", help="formats that hold P percent of the values")
    ranging.add_argument("--minmax", action="store_true", help="formats that hold every value")
    chosen.add_argument(
        "--format", action="append", default=[], metavar="TENSOR=u8.4", help="a tensor's format; may be repeated"
    )
    chosen.add_argument(
        "--samples", type=int, default=DEFAULTS.samples, help="samples that calibrate, evenly spread (default: 64)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write an exact file and tell what that cost; raises InputError rather than overwrite the float model."""
    options = _options(arguments)
    output = arguments.output or arguments.model.with_name(f"{arguments.model.stem}_exact.onnx")
    check_outputs({"-o": output}, float_files(arguments))
    samples = Samples.read(arguments.calibrate, arguments.labels)
    note(f"quantizing {arguments.model}")
    with stage_bars() as report_progress:
        quantized = quantize_model(arguments.model, samples, options, report_progress)
        write_model(quantized.model, output)
        quantized = quantized if arguments.no_trials else with_trials(quantized, report_progress)
    for remark in (quantized.remark, quantized.report.remark, quantized.report.bits_remark if arguments.json else None):
        if remark is not None:
            note(f"warning: {remark}")
    for layer in quantized.report.layers:
        if layer.left_alone is not None and layer.method is not None:
            note(f"note: {layer.method.title} leaves '{layer.name}' alone, for {layer.left_alone}; it is {layer.kind}")
    for line in pooled_notes(quantized.report.pooled):
        note(line)
    if quantized.report.calibrated < FEW_SAMPLES:
        note(f"warning: {quantized.report.calibrated} samples choose formats and biases poorly; give some dozens")
    if arguments.json:
        print_json(as_json(quantized, output))
    else:
        _print(quantized, output)
    return ExitCode.OK


def _options(arguments: argparse.Namespace) -> Options:
    terms = arguments.terms
    methods = chosen(arguments)
    used = [methods["method"], *(own.method for own in methods["layers"])]
    if terms is not None and not any(method.takes_terms for method in used):
        raise InputError(
            f"--method {used[0].value} fixes how many terms a weight has, so --terms {terms} says nothing; leave it "
            f"out, or take --method {WITH_TERMS}"
        )
    if terms is None:
        terms = DEFAULTS.terms if arguments.error_budget is None else BUDGET_TERMS
    pooling = arguments.vip, arguments.vip_within
    ranging = Ranging.MINMAX if arguments.minmax else Ranging.MSE
    return Options(
        terms=terms,
        input_bits=arguments.input_bits,
        exponents=arguments.exponents,
        affine_terms=arguments.affine_terms,
        affine_exponents=arguments.affine_exponents,
        ranging=ranging if arguments.percentile is None else Ranging.PERCENTILE,
        percentile=DEFAULTS.percentile if arguments.percentile is None else arguments.percentile,
        error_budget=arguments.error_budget,
        budget_on_outputs=arguments.budget_on == "outputs",
        samples=arguments.samples,
        formats=dict(_format(text) for text in arguments.format),
        pooling=None if pooling == (None, None) else Pooling(*pooling),
        **methods,
        **bits(arguments),
    )


def _format(text: str) -> tuple[str, Fixed]:
    name, equals, format = text.rpartition("=")
    if not equals or not name:
        raise InputError(f"'{text}' names no tensor; write --format relu1=u8.4")
    return name, Fixed.parse(format)


def answers_json(answers: Answers) -> dict[str, object]:
    """The member `answers`; null where the task has no such figure, or no labels came along."""
    members = dataclasses.asdict(answers) | {"task": answers.task.value}
    labels = {"labels_float": answers.labels_float, "labels_exact": answers.labels_exact}
    errors = {name: None if score is None else score.to_json()["error"] for name, score in labels.items()}
    return members | errors | {"accuracy_float": answers.accuracy_float, "accuracy_exact": answers.accuracy_exact}


def as_json(quantized: Quantized, output: Path) -> dict[str, object]:
    """The object that --json prints."""
    report = quantized.report
    layers = [_layer_json(layer) for layer in report.layers]
    members = {"layers": layers, "answers": answers_json(report.answers), "advice": report.advice}
    if len(report.heads) > 1:
        members["outputs"] = {name: answers_json(of_head) for name, of_head in report.heads.items()}
    trials = None if report.trials is None else dataclasses.asdict(report.trials)
    if report.pooled is not None:
        members["pooled"] = pooled_json(report.pooled)
    if report.bits_remark is not None:
        members["warning"] = report.bits_remark
    return {"model": str(output), "calibrated": report.calibrated, **members, "trials": trials}


def _layer_json(layer: LayerCost) -> dict[str, object]:
    return (
        dataclasses.asdict(layer)
        | {"sqnr_db": layer.sqnr_db, "knob": layer.knob.value}
        | {"method": layer.method and layer.method.value}
    )


def _print(quantized: Quantized, output: Path) -> None:
    report = quantized.report
    print_table(COLUMNS, [_row(layer) for layer in report.layers])
    for name, of_head in report.heads.items():
        for line in answer_lines(of_head):
            say(line if len(report.heads) == 1 else f"{name}: {line}")
    show(forms_tables(report.exchanges))
    show(spelled_tables(report.spellings))
    show(pooled_tables(report.pooled))
    say(report.advice)
    if report.bits_remark is not None:
        say(f"WARNING: {report.bits_remark}")
    say(f"{output}: calibrated on {report.calibrated} of {report.answers.samples} samples, scored on all")
    say(f"next: shiftwire convert {quoted(output)}")


def _row(layer: LayerCost) -> tuple[object, ...]:
    shares = (None if share is None else 100 * share for share in (layer.weight_error, layer.own_error, layer.error))
    cells = (layer.terms_mean, layer.terms_max, *shares, layer.sqnr_db)
    return (layer.name, layer.kind, layer.format, *("-" if cell is None else cell for cell in cells), layer.how or "-")
