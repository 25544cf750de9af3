"""shiftwire predict: what a network will take of a board and how fast it will be, before anything is built."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire import api
from shiftwire.cli.target import add_target_options, folds_of, target_of
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, say, show
from shiftwire.costs.model import families, family_model, predicted
from shiftwire.errors import ExitCode
from shiftwire.project.project import is_project, load_project
from shiftwire.reports.cost_text import prediction_json, prediction_tables, stand_in_note
from shiftwire.schedule.design import Design
from shiftwire.synth.counts import family


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `predict` and its options."""
    parser = add_verb(
        verbs,
        "predict",
        "model what a network takes of a board: LUT, FF, BRAM36, DSP with an interval, frames/s",
        "shiftwire predict model.onnx --fps 3000 --board kv260",
    )
    parser.add_argument("model", type=Path, help="exact ONNX file, or a folder that 'shiftwire convert' wrote")
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Tell what models say of a design; nothing is written."""
    design = _design(arguments)
    own = family(design.board).value
    known = families()
    if own not in known:
        note(f"note: no unit of the family {own} was characterised; the model of {known[0]} stands in")
    model = family_model(own if own in known else known[0])
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


def _design(arguments: argparse.Namespace) -> Design:
    if is_project(arguments.model):
        return load_project(arguments.model).design
    network = api.load_network(arguments.model)
    return api.design(network, arguments.board, arguments.clock_ns, target_of(arguments), folds_of(arguments))
