"""What python3 is on a board behind ssh, for the verbs that measure there."""

from __future__ import annotations

import sys
from pathlib import Path

import shiftwire
import shiftwire_boards
import shiftwire_hls
from shiftwire.project.project import Project

BOARD = """#!{python}
# what python3 is on the board: its runtime is that of the package, its logic is simulated
import runpy, sys
from pathlib import Path
sys.path[:0] = [str(Path.cwd()), *{sources!r}]
import shiftwire_boards
shiftwire_boards.__path__.append({boards!r})
from shiftwire.board.simulated import simulated_board
from shiftwire.project.project import load_project
from shiftwire_boards.runtime import accelerator
real = accelerator.Accelerator
with simulated_board(load_project(Path({project!r})), Path({overlay!r})) as board:
    accelerator.Accelerator = lambda *a, **k: real(*a, **k)
    sys.argv = sys.argv[3:]  # -B -m name
    runpy.run_module("shiftwire_boards.runtime", run_name="__main__")
"""


def python_there(project: Project, folder: Path) -> Path:
    """A program that takes a package's runtime and simulates the board it runs on."""
    python, boards = folder / "python3", str(Path(shiftwire_boards.__path__[0]))
    sources = [str(Path(package.__path__[0]).parent) for package in (shiftwire, shiftwire_hls)]
    names = {"project": str(project.path), "overlay": str(folder / "o")}
    python.write_text(BOARD.format(python=sys.executable, boards=boards, sources=sources, **names))
    python.chmod(0o755)
    return python
