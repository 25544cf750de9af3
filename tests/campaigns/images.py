"""The runtime under Pythons, numpys and pynqs as old as PYNQ's images, on simulated boards; run by `make images`.

Each runs a layer, every step in front of the logic and behind it, and labelled digits with such steps. Each stack takes
an environment of its own; one whose Python is not found is left out, in words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from image_cases import lay_down

ROOT = Path(__file__).resolve().parents[2]


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


def run(stack: Stack, base: Path) -> bool:
    """Whether all is right, or nothing could be tried; `base` has a folder for each board."""
    python = interpreter(stack.python)
    if python is None:
        print(f"pynq {stack.pynq}: found no Python {stack.python}, so it was not tried; pyenv installs one", flush=True)
        return True
    folder = base / stack.board
    if not folder.exists():
        lay_down(folder, stack.board)
    command = [environment(stack, python), ROOT / "tests" / "support" / "image_board.py", folder]
    paths = {**os.environ, "PYTHONPATH": str(ROOT / "boards")}
    return subprocess.run(command, env=paths, check=False, timeout=900).returncode == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="shiftwire-images-") as base:
        right = [run(stack, Path(base)) for stack in STACKS]
    sys.exit(0 if all(right) else 1)
