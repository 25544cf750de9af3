"""The runtime under Pythons, numpys and pynqs as old as PYNQ's images, on the simulated board; run by `make images`.

Each stack takes an environment of its own; one whose Python is not found is left out, in words.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from board_bench import random_frames
from shiftwire.board.program import board_program
from shiftwire.board.simulated import accelerator_design, slave_bases, write_overlay
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from single_layers import single_layers

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 133
"""Two whole transfers and a partial one."""


@dataclass(frozen=True)
class Stack:
    """What an image of its time may carry; `also` are packages whose newest releases no longer fit it."""

    python: str
    pynq: str
    numpy: str
    board: str
    also: tuple[str, ...] = ()

    @property
    def needs(self) -> list[str]:
        return [f"pynq=={self.pynq}", f"numpy=={self.numpy}", *self.also]


STACKS = (
    Stack("3.8", "2.7.0", "1.17.4", "pynq-z2", ("pandas<1.4", "setuptools<60")),
    Stack("3.10", "3.0.1", "1.21.6", "pynq-z2", ("pycparser<3", "setuptools<60")),
    Stack("3.12", "4.0.0", "1.26.4", "zcu104", ("pycparser<3", "setuptools<81")),
)


def interpreter(version: str) -> Path | None:
    """A Python that works, from PATH or from pyenv."""
    found = shutil.which(f"python{version}")
    installed = Path(os.environ.get("PYENV_ROOT", Path("~/.pyenv").expanduser())) / "versions"
    for choice in [*([Path(found)] if found else []), *sorted(installed.glob(f"{version}.*/bin/python"))]:
        said = subprocess.run([choice, "-c", "import venv, ensurepip"], capture_output=True, check=False)
        if said.returncode == 0:
            return choice
    return None


def environment(stack: Stack, python: Path) -> Path:
    """Its interpreter in an environment that holds the stack; made once."""
    folder = ROOT / f".venv-pynq-{stack.pynq}"
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != repr(stack):
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *stack.needs], check=True)
        ready.write_text(repr(stack))
    return folder / "bin" / "python"


def lay_down(folder: Path, board: str) -> None:
    """A simulated board, frames and answers; output codes take 16 bits, and frames of them are no whole words."""
    network = single_layers()["adder_conv"]
    write_project(schedule(network, load_board(board), target=Target(fps=10_000)), folder / "project", Backend.RTL)
    project = load_project(folder / "project")
    design = accelerator_design(project)
    write_overlay(project, design, folder)
    program = board_program(project).path
    case = {"program": str(program), "rtl": str(project.rtl_dir), "mhz": 1000 / project.design.clock_ns}
    (folder / "case.json").write_text(json.dumps({**case, "bases": asdict(slave_bases(design))}))
    codes = random_frames(network, FRAMES)
    wanted = network.evaluate(codes)
    assert len(np.unique(wanted)) > FRAMES, "found too few different codes"
    x = np.moveaxis(network.input.format.decode(codes), -1, 1)
    values = network.host_output.decode(wanted, network.output.format)
    np.savez(folder / "frames.npz", codes=codes, wanted=wanted, x=x, values=values)


def run(stack: Stack) -> bool:
    """Whether all is right, or nothing could be tried."""
    python = interpreter(stack.python)
    if python is None:
        print(f"pynq {stack.pynq}: found no Python {stack.python}, so it was not tried; pyenv installs one")
        return True
    with tempfile.TemporaryDirectory(prefix="shiftwire-image-") as folder:
        lay_down(Path(folder), stack.board)
        command = [environment(stack, python), ROOT / "tests" / "support" / "image_board.py", folder]
        paths = {**os.environ, "PYTHONPATH": str(ROOT / "boards")}
        return subprocess.run(command, env=paths, check=False, timeout=600).returncode == 0


if __name__ == "__main__":
    right = [run(stack) for stack in STACKS]
    sys.exit(0 if all(right) else 1)
