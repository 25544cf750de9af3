"""shiftwire predict: what a network will take of a board and how fast it will be, before anything is built."""

from __future__ import annotations

import argparse
from dataclasses import replace

from shiftwire import api
from shiftwire.cli.network_options import BOARD, add_network, add_target, folds_of, noted_model, read_network, target_of
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, say, show
from shiftwire.costs.model import predicted
from shiftwire.errors import ExitCode, InputError
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.project.project import Backend, is_project, load_project
from shiftwire.reports.cost_text import prediction_json, prediction_tables, stand_in_note
from shiftwire.schedule.design import Design


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `predict` and its options."""
    parser = add_verb(
        verbs,
        "predict",
        "model what a network takes of a board: LUT, FF, BRAM36, DSP with an interval, frames/s",
        "shiftwire predict model.onnx --fps 3000 --board kv260",
    )
    add_network(parser)
    add_target(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Tell what models say of a design; nothing is written."""
    design = design_of(arguments)
    model = noted_model(design.board)
    prediction = predicted(model, design.rtl)
    if arguments.json:
        print_json(prediction_json(design, model, prediction))
    else:
        say(f"{arguments.model}: {design.board.part} at {design.clock_ns:g} ns")
        show(prediction_tables(design, model, prediction))
    sentence = stand_in_note(prediction)
    if sentence is not None:
        note(sentence)
    return ExitCode.OK


def design_of(arguments: argparse.Namespace) -> Design:
    """Of a file, or that of a project as it stands."""
    if is_project(arguments.model):
        beside = {"--board": arguments.board, "--clock-ns": arguments.clock_ns, "--fps": arguments.fps}
        beside |= {"--luts": arguments.luts, "--fold": arguments.fold or None, "--input-format": arguments.input_format}
        twice = [name for name, value in beside.items() if value is not None]
        if twice:
            raise InputError(
                f"{arguments.model} is a project, which is folded already, so {twice[0]} has nothing to say; leave it "
                "out, or name the ONNX file"
            )
        return load_project(arguments.model).design
    return api.design(
        read_network(arguments),
        arguments.board or BOARD,
        arguments.clock_ns,
        replace(target_of(arguments), for_hls=Backend(arguments.backend) is not Backend.RTL),
        folds_of(arguments),
        rescale=Rescale(arguments.rescale),
        factors=FactorForm(arguments.factors),
    )
