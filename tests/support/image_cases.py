"""What `image_board.py` finds in a folder: a layer, both ends of a host, and digits, with the answers to each.

The layer's answers are the specification's; all others are those of onnxruntime, its optimiser off.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

import onnx
from board_bench import random_frames
from digits_files import FILES, digits_data, digits_file
from heads_nets import small_agent, small_samples
from host_ends_cases import cases
from host_ends_files import referred
from shiftwire import convert
from shiftwire.board.program import board_program
from shiftwire.board.simulated import accelerator_design, slave_bases, write_overlay
from shiftwire.ir.frames import FramedOutput
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.runtime import run_tensors
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.project import Backend, Project, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

FRAMES = 133
"""Two whole transfers and a partial one."""

FAST = Target(fps=50_000)


def lay_down(folder: Path, board: str) -> None:
    """Boards, frames and answers."""
    folder.mkdir()
    lay_down_layer(folder / "layer", board)
    lay_down_heads(folder / "heads", board)
    lay_down_ends(folder)
    for at, name in enumerate(FILES):
        lay_down_digits(folder / f"digits{at}", board, name)


def lay_down_board(project: Project, folder: Path, title: str) -> None:
    """The simulated board of a project: what pynq loads, and where its logic is."""
    design = accelerator_design(project)
    write_overlay(project, design, folder)
    program = board_program(project).path
    case = {"title": title, "program": str(program), "rtl": str(project.rtl_dir), "mhz": 1000 / project.design.clock_ns}
    (folder / "case.json").write_text(json.dumps({**case, "bases": asdict(slave_bases(design))}))


def lay_down_layer(folder: Path, board: str) -> None:
    """Output codes take 16 bits, and frames of them are no whole words."""
    network = single_layers()["adder_conv"]
    write_project(schedule(network, load_board(board), target=Target(fps=10_000)), folder / "project", Backend.RTL)
    project = load_project(folder / "project")
    lay_down_board(project, folder, "an adder layer")
    codes = random_frames(network, FRAMES)
    wanted = network.evaluate(codes)
    assert len(np.unique(wanted)) > FRAMES, "found too few different codes"
    x = np.moveaxis(network.input.format.decode(codes), -1, 1)
    values = network.host_output.decode(wanted, network.output.format)
    np.savez(folder / "frames.npz", codes=codes, wanted=wanted, x=x, values=values)


def lay_down_heads(folder: Path, board: str) -> None:
    """Two inputs and two outputs, by their names."""
    folder.mkdir()
    network = run_pipeline(small_agent())
    write_project(schedule(network, load_board(board)), folder / "project", Backend.RTL)
    project = load_project(folder / "project")
    lay_down_board(project, folder, "two inputs and two outputs")
    x = small_samples(FRAMES)
    wanted = network.evaluate(network.encode(x))
    values = FramedOutput(network.exits).decode(wanted, network.output.format)
    np.savez(folder / "data.npz", wanted=wanted, **x)
    np.savez(folder / "values.npz", **values)


def lay_down_ends(folder: Path) -> None:
    """Values and what they become in front of the logic, codes and what they become behind it."""
    ends = cases()
    references = [referred(case) for case in ends]
    (folder / "ends.json").write_text(json.dumps([case.said for case in ends]))
    arrays = {}
    for at, (case, reference) in enumerate(zip(ends, references, strict=True)):
        arrays |= {f"x{at}": case.x, f"front{at}": reference.codes}
        arrays |= {f"codes{at}": case.codes, f"behind{at}": reference.values}
    np.savez(folder / "ends.npz", **arrays)


def lay_down_digits(folder: Path, board: str, name: str) -> None:
    """A converted classifier, pictures and labels; what the original file makes of the pictures."""
    folder.mkdir()
    model, (x, y) = digits_file(name), digits_data(name)
    onnx.save(model, folder / "digits.onnx")
    project = convert(folder / "digits.onnx", board, folder / "project", target=FAST, backend=Backend.RTL)
    lay_down_board(project, folder, name)
    scores = [node.output[0] for node in model.graph.node if node.op_type == "Add"][-1]
    outputs, scored = run_tensors(model, x, [scores])
    wanted = codes_of_scores(project.design.network, scored)
    np.savez(folder / "data.npz", x=x, y=y, wanted=wanted)
    np.savez(folder / "answers.npz", outputs=outputs, classes=scored.argmax(axis=1))


def codes_of_scores(network: Network, scores: np.ndarray) -> Codes:
    """Those whose values are nearest to a file's own scores, in front of its last steps."""
    return replace(network.host_output, steps=()).nearest(scores.astype(np.float64), network.output.format)
