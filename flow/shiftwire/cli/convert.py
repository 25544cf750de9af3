"""shiftwire convert: an exact or QONNX file becomes a project of HLS C++ and SystemVerilog."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from shiftwire import api
from shiftwire.cli.csim import counted
from shiftwire.cli.network_options import (
    BOARD,
    add_dsp,
    add_network,
    add_target,
    dsp_of,
    folds_of,
    read_network,
    target_of,
)
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, quoted, say, show
from shiftwire.errors import ExitCode, InputError
from shiftwire.explore.front_file import Front, front_data, read_front
from shiftwire.explore.trials.explored import is_explored, read_point
from shiftwire.ir.frames import InputPart, OutputPart
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
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
from shiftwire.schedule.adder_blocks import DspUse, saved
from shiftwire.schedule.design import Design, Target


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `convert` and its options."""
    parser = add_verb(
        verbs,
        "convert",
        "turn an exact ONNX or QONNX file into a project of HLS C++ and SystemVerilog",
        "shiftwire convert model.onnx --board pynq-z2 --fps 1000 -o build/model",
    )
    add_network(parser, is_optional=True)
    add_target(parser)
    parser.add_argument(
        "--from",
        dest="front",
        type=Path,
        metavar="FRONT.json",
        help="take folds, board and clock from a front that 'shiftwire explore' wrote, of the same options",
    )
    parser.add_argument("--pick", metavar="N", help="which point of that front")
    parser.add_argument(
        "--unroll",
        action="store_true",
        help="SystemVerilog: layers whose fold is whole become logic, their weights wires",
    )
    add_dsp(parser, "adders of adder layers lie in DSP blocks")
    parser.add_argument(
        "-o", "--output", type=Path, help="project folder (default: build/<name of the model>, or <front>_<pick>)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Write the project and tell its modelled speed; raises InputError for options that contradict each other."""
    front = _front(arguments)
    if arguments.model is None:
        raise InputError(
            "found no file to convert; name an exact ONNX file, or the point of a front by --from and --pick"
        )
    note(f"converting {arguments.model} for {front.board.name if front else arguments.board or BOARD}")
    network = read_network(arguments)
    for sentence in _roundings(arguments.input_format):
        note(sentence)
    for name in constant_outputs(arguments.model, network):
        note(f"note: the graph output '{name}' is constant and no part of the project; take its values from the file")
    project = _converted(arguments, network, front)
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


def _front(arguments: argparse.Namespace) -> Front | None:
    """That of --from; raises InputError for options beside it that say otherwise."""
    if (arguments.front is None) != (arguments.pick is None):
        raise InputError("--from names a front and --pick one of its points; give both, or neither")
    if arguments.front is None:
        return None
    beside = {"--fps": arguments.fps, "--luts": arguments.luts, "--fold": arguments.fold or None}
    twice = [name for name, value in beside.items() if value is not None]
    if twice:
        raise InputError(
            f"--from brings the folds of every layer, so {twice[0]} has nothing to say; leave one of them out"
        )
    front = _of_file(arguments)
    if arguments.board not in (None, front.board.name):
        raise InputError(f"{arguments.front} is of {front.board.name}, found --board {arguments.board}; leave it out")
    if arguments.clock_ns not in (None, front.clock_ns):
        raise InputError(f"{arguments.front} is of {front.clock_ns:g} ns, found another --clock-ns; leave it out")
    if not front.for_hls and Backend(arguments.backend) is not Backend.RTL:
        raise InputError(
            f"{arguments.front} is of SystemVerilog alone, with words that HLS has not; give --backend rtl"
        )
    return front


def _of_file(arguments: argparse.Namespace) -> Front:
    """Sets the model to the exact file of the point where the front is that of a search."""
    data = front_data(arguments.front)
    if not is_explored(data):
        return read_front(arguments.front)
    front, model = read_point(arguments.front, data, arguments.pick)
    if arguments.model is not None:
        raise InputError(
            f"{arguments.front} names the exact file of each point, {model} of this one; leave {arguments.model} out"
        )
    arguments.model = model
    return front


def _converted(arguments: argparse.Namespace, network: Network, front: Front | None) -> Project:
    """For the point of a front, or a target."""
    backend, output = Backend(arguments.backend), arguments.output or _folder(arguments)
    if arguments.unroll and backend is Backend.HLS:
        raise InputError("--unroll is for SystemVerilog; leave it out, or give --backend rtl or both")
    dsp = dsp_of(arguments)
    rescale, factors = Rescale(arguments.rescale), FactorForm(arguments.factors)
    if front is not None:
        if dsp is not DspUse.NONE:
            raise InputError(
                f"the point of a front says itself what DSP blocks do, so --dsp {dsp.value} has nothing to say; leave "
                "it out, or explore with it"
            )
        return api.convert_point(
            network,
            front,
            arguments.pick,
            output,
            backend=backend,
            unroll=arguments.unroll,
            rescale=rescale,
            factors=factors,
        )
    return api.convert(
        network,
        arguments.board or BOARD,
        output,
        arguments.clock_ns,
        target=target_of(arguments),
        folds=folds_of(arguments),
        backend=backend,
        unroll=arguments.unroll,
        rescale=rescale,
        factors=factors,
        dsp=dsp,
    )


def _folder(arguments: argparse.Namespace) -> Path:
    """Named by the model, or by the front and the point."""
    if arguments.front is None:
        return api.default_folder(arguments.model)
    return api.default_folder(arguments.front.with_name(f"{arguments.front.stem}_{arguments.pick}"))


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
    if design.dsp is not DspUse.NONE:
        spared = saved(design.rtl)
        say(f"rtl: {spared.blocks:,} of {design.board.dsp:,} DSP blocks add, which saves {spared.lut:,} LUT (modelled)")
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
