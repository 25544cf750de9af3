"""shiftwire convert: an exact or QONNX file becomes an HLS project."""

from __future__ import annotations

import argparse
from pathlib import Path

from shiftwire import api
from shiftwire.cli.terminal import Verbs, add_verb, note, print_json, say
from shiftwire.onnx_import import IntegerWeights
from shiftwire_boards.catalog import board_names


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(
        verbs,
        "convert",
        "turn an exact ONNX or QONNX file into an HLS project",
        "shiftwire convert model.onnx --board pynq-z2 -o build/model",
    )
    parser.add_argument("model", type=Path, help="ONNX file whose weights and activations are all quantised")
    parser.add_argument("--board", default="pynq-z2", help=f"one of {', '.join(board_names())} (default: pynq-z2)")
    parser.add_argument("--clock-ns", type=float, help="clock period (default: the board's)")
    parser.add_argument("-o", "--output", type=Path, help="project folder (default: build/<name of the model>)")
    parser.add_argument(
        "--integer-weights",
        choices=[choice.value for choice in IntegerWeights],
        default=IntegerWeights.TERMS.value,
        help="weights that are no powers of two become exact sums of such terms, or multiply (default: terms)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    note(f"converting {arguments.model} for {arguments.board}")
    network = api.load_network(arguments.model, IntegerWeights(arguments.integer_weights))
    output = arguments.output or api.default_folder(arguments.model)
    project = api.convert(network, arguments.board, output, arguments.clock_ns)
    design = project.design
    if arguments.json:
        print_json(
            {
                "project": str(project.path),
                "board": design.board.name,
                "part": design.board.part,
                "clock_ns": design.clock_ns,
                "layers": len(design.stages),
                "version_hash": project.version_hash,
            }
        )
    else:
        say(f"{project.path}: {len(design.stages)} layers for {design.board.part} at {design.clock_ns} ns")
        say(f"next: shiftwire csim {project.path} --data test.npz")
    return 0
