"""A small project on a simulated board, for the tests of the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shiftwire.board_sim import SimulatedBoard, simulated_board
from shiftwire.fixed import Codes
from shiftwire.network import Network
from shiftwire.project import Backend, Project, load_project, write_project
from shiftwire.schedule import Target, schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.accelerator import Accelerator
from test_synth import conv_net

needs_pynq = pytest.mark.skipif(find_spec("pynq") is None, reason="found no pynq; pip install 'shiftwire[board]'")
TIMEOUT_S = 0.002
"""Of the simulated clock: 200,000 cycles, dozens of times what these batches take."""


def small_project(folder: Path, programs: Path | None = None, board: str = "pynq-z2") -> Project:
    """A project of a convolution; its simulated board is built once among all that name the same `programs`."""
    write_project(schedule(conv_net(), load_board(board), target=Target(fps=10_000)), folder, Backend.RTL)
    if programs is not None:
        programs.mkdir(exist_ok=True)
        (folder / "reports").mkdir()
        (folder / "reports" / "board").symlink_to(programs)
    return load_project(folder)


def random_frames(network: Network, count: int, seed: int = 0) -> Codes:
    held = network.input.format
    return np.random.default_rng(seed).integers(held.lo, held.hi + 1, (count, *network.input.shape))


@contextmanager
def on_board(project: Project, folder: Path, **options: Any) -> Iterator[tuple[SimulatedBoard, Accelerator]]:
    with (
        simulated_board(project, folder) as board,
        Accelerator(board.bitfile, timeout_s=TIMEOUT_S, **options) as accelerator,
    ):
        yield board, accelerator
