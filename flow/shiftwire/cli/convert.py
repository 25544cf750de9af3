"""shiftwire convert: an exact or QONNX file becomes a project of HLS C++ and SystemVerilog."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from shiftwire import api
from shiftwire.cli.csim import counted
from shiftwire.cli.target import add_target_options, folds_of, target_of
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, quoted, say, show
from shiftwire.errors import ExitCode, InputError
from shiftwire.ir.frames import InputPart, OutputPart
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.importer import constant_outputs
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.rescale_choice import Rescale, rescalings
from shiftwire.passes.forms.weight_choice import weight_choices
from shiftwire.project.project import Backend, Project
from shiftwire.reports.design_text import (
    bases_note,
    modelled,
    room_warning,
    slow_warning,
    speed,
    wide_ends_warning,
)
from shiftwire.reports.rescale_text import (
    rescale_json,
    rescale_notes,
    rescale_tables,
    weight_json,
    weight_notes,
    weight_tables,
)
from shiftwire.schedule.design import Design, Target


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `convert` and its options."""
    parser = add_verb(
        verbs,
        "convert",
        "turn an exact ONNX or QONNX file into a project of HLS C++ and SystemVerilog",
        "shiftwire convert model.onnx --board pynq-z2 --fps 1000 -o build/model",
    )
    parser.add_argument("model", type=Path, help="ONNX file whose weights and activations are all quantized")
    add_target_options(parser)
    parser.add_argument(
        "--backend",
        choices=[choice.value for choice in Backend],
        default=Backend.BOTH.value,
        help="HLS C++, SystemVerilog, or both from one design (default: both)",
    )
    parser.add_argument(
        "--unroll",
        action="store_true",
        help="SystemVerilog: layers whose fold is whole become logic, their weights wires",
    )
    parser.add_argument("-o", "--output", type=Path, help="project folder (default: build/<name of the model>)")
    parser.add_argument(
        "--integer-weights",
        choices=[choice.value for choice in IntegerWeights],
        default=IntegerWeights.TERMS.value,
        help="weights that are no powers of two become exact sums of such terms, or multiply (default: terms)",
    )
    parser.add_argument(
        "--input-format",
        type=_formats,
        metavar="FORMAT",
        help="that of an input which the file does not quantize, such as u8.8 or s16.10: sign, bits, fraction bits; of "
        "several NAME=FORMAT,NAME=FORMAT",
    )
    parser.add_argument(
        "--rescale",
        choices=[choice.value for choice in Rescale],
        default=Rescale.AUTO.value,
        help="float scale, bias, Relu and quantizer behind a sum become thresholds, a sum of powers of two (affine) "
        "or one product (multiply); auto takes the cheaper of the first two, layer by layer (default: auto)",
    )
    parser.add_argument(
        "--factors",
        choices=[choice.value for choice in FactorForm],
        default=FactorForm.AUTO.value,
        help="3x3 convolutions of SmartExchange's factors have whole weights, or are two layers, sums by coefficients "
        "and products with bases; auto takes the smaller, layer by layer (default: auto)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Write the project and tell its modelled speed; raises InputError for options that contradict each other."""
    note(f"converting {arguments.model} for {arguments.board}")
    network = api.load_network(arguments.model, IntegerWeights(arguments.integer_weights), arguments.input_format)
    for sentence in _roundings(arguments.input_format):
        note(sentence)
    for name in constant_outputs(arguments.model, network):
        note(f"note: the graph output '{name}' is constant and no part of the project; take its values from the file")
    project = _converted(arguments, network)
    if arguments.json:
        print_json(_as_json(project))
    else:
        _print(project, Backend(arguments.backend))
    for sentence in _notes(project.design, arguments):
        note(sentence)
    return ExitCode.OK


def _roundings(format: Fixed | dict[str, Fixed] | None) -> Iterator[str]:
    """What the host does to inputs whose format was asked for."""
    if isinstance(format, dict):
        for name, each in format.items():
            yield f"the host rounds the input '{name}' to {each}; the file itself rounds nothing there"
    elif format is not None:
        yield f"the host rounds the input to {format}; the file itself rounds nothing there"


def _converted(arguments: argparse.Namespace, network: Network) -> Project:
    target, folds, backend = target_of(arguments), folds_of(arguments), Backend(arguments.backend)
    if arguments.unroll and backend is Backend.HLS:
        raise InputError("--unroll is for SystemVerilog; leave it out, or give --backend rtl or both")
    return api.convert(
        network,
        arguments.board,
        arguments.output or api.default_folder(arguments.model),
        arguments.clock_ns,
        target=target,
        folds=folds,
        backend=backend,
        unroll=arguments.unroll,
        rescale=Rescale(arguments.rescale),
        factors=FactorForm(arguments.factors),
    )


def _as_json(project: Project) -> dict[str, object]:
    """The object that --json prints."""
    design = project.design
    return {
        "project": str(project.path),
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "layers": len(design.network.nodes),
        "inputs": _ends_json(design.network.entries),
        "outputs": _ends_json(design.network.exits),
        **modelled(design),
        "rescaled": rescale_json(rescalings(design)),
        "weights": weight_json(weight_choices(design)),
        "version_hash": project.version_hash,
    }


def _print(project: Project, backend: Backend) -> None:
    design = project.design
    number = counted(len(design.network.nodes), "layer")
    say(f"{project.path}: {number} for {design.board.part} at {design.clock_ns} ns")
    say(f"from {_told(design.network.entries)} to {_told(design.network.exits)}")
    say(f"modelled: {speed(design)}")
    if backend is not Backend.HLS and design.rtl.moved_bram36:
        say(f"rtl: {design.rtl.moved_bram36:g} BRAM36 more hold weights that would crowd the LUTs")
    show(weight_tables(weight_choices(design)))
    show(rescale_tables(rescalings(design)))
    say(f"next: shiftwire {'cosim' if backend is Backend.RTL else 'csim'} {quoted(project.path)} --data test.npz")


def _notes(design: Design, arguments: argparse.Namespace) -> Iterator[str]:
    """What a user should know of the forms of layers, and warnings."""
    wanted = Target(arguments.fps, for_hls=Backend(arguments.backend) is not Backend.RTL)
    yield from weight_notes(weight_choices(design))
    yield from rescale_notes(rescalings(design), Rescale(arguments.rescale))
    every = bases_note(design), slow_warning(design, wanted), room_warning(design), wide_ends_warning(design)
    yield from (sentence for sentence in every if sentence is not None)


def _told(parts: Sequence[InputPart | OutputPart]) -> str:
    """Names, each with format and shape."""
    return ", ".join(f"'{part.name}' {part}" for part in parts)


def _ends_json(parts: Sequence[InputPart | OutputPart]) -> list[dict[str, object]]:
    return [{"name": part.name, "format": str(part.format), "shape": list(part.shape)} for part in parts]


def _formats(text: str) -> Fixed | dict[str, Fixed]:
    """FORMAT, or NAME=FORMAT of one input or more with commas between them."""
    if "=" not in text:
        return _format(text)
    formats: dict[str, Fixed] = {}
    for part in text.split(","):
        name, _, format = part.rpartition("=")
        if not name or name in formats:
            raise argparse.ArgumentTypeError(f"found '{part}', wanted NAME=FORMAT once an input, such as image=u8.0")
        formats[name] = _format(format)
    return formats


def _format(text: str) -> Fixed:
    try:
        return Fixed.parse(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
