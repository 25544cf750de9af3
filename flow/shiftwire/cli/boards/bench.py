"""shiftwire bench: a design layer by layer, block by block or whole, beside what the board could do, modelled."""

from __future__ import annotations

import argparse

from shiftwire.cli.network_options import add_network, add_target, noted_model
from shiftwire.cli.predict import design_of
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, print_table, say
from shiftwire.costs.model import predicted
from shiftwire.errors import ExitCode
from shiftwire.explore.levels import Level, level_rows
from shiftwire.reports.cost_text import level_columns, level_json, level_row, stand_in_note


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `bench` and its options."""
    parser = add_verb(
        verbs,
        "bench",
        "model a design by layer, by block of hardware or whole: cycles, frames/s, LUT, BRAM36, DSP, share of its roof",
        "shiftwire bench model.onnx --level layer --board pynq-z2 --fps 3000",
    )
    add_network(parser)
    add_target(parser)
    parser.add_argument(
        "--level",
        choices=[level.value for level in Level],
        default=Level.LAYER.value,
        help="a row a layer, a row a kind of hardware, or one for the network (default: layer)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Tell what models say of each part of a design; nothing is written."""
    design, level = design_of(arguments), Level(arguments.level)
    model = noted_model(design.board)
    prediction = predicted(model, design.rtl)
    rows = level_rows(design, model, prediction, level)
    if arguments.json:
        print_json(level_json(design, model, level, rows))
    else:
        print_table(level_columns(level), [level_row(row, level) for row in rows])
        say(
            f"modelled for {design.board.title} ({design.board.part}) at {design.clock_ns:g} ns, each row as if no "
            f"other were slow; nine in ten netlists have least to most LUTs, as {model.tool} counts them"
        )
    sentence = stand_in_note(prediction)
    if sentence is not None:
        note(sentence)
    return ExitCode.OK
