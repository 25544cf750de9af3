"""A small project on a simulated board, for the tests of the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from projects import conv_net
from shiftwire.board.simulated import SimulatedBoard, simulated_board
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import Backend, Project, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.board import PYNQ_WITHOUT_ZYNQ_7000
from shiftwire_boards.sim.fabric import Fabric

HAS_PYNQ = find_spec("pynq") is not None
needs_pynq = pytest.mark.skipif(not HAS_PYNQ, reason="found no pynq; pip install 'shiftwire[board]'")
HAS_ZYNQ_7000 = not HAS_PYNQ or int(version("pynq").partition(".")[0]) < PYNQ_WITHOUT_ZYNQ_7000
USUAL_BOARD = "pynq-z2" if HAS_ZYNQ_7000 else "zcu104"
"""One that this pynq can load an overlay on: these tests also run in an environment with PYNQ 4."""

TIMEOUT_S = 0.002
"""Of the simulated clock: 200,000 cycles, dozens of times what these batches take."""


def small_project(folder: Path, programs: Path | None = None, board: str = USUAL_BOARD, fps: float = 10_000) -> Project:
    """A project of a convolution; its simulated board is built once among all that name the same `programs`."""
    write_project(schedule(conv_net(), load_board(board), target=Target(fps=fps)), folder, Backend.RTL)
    if programs is not None:
        programs.mkdir(exist_ok=True)
        (folder / "reports").mkdir()
        (folder / "reports" / "board").symlink_to(programs)
    return load_project(folder)


def random_frames(network: Network, count: int, seed: int = 0) -> Codes:
    held = network.input.format
    return np.random.default_rng(seed).integers(held.lo, held.hi + 1, (count, *network.input.shape))


@contextmanager
def on_board(
    project: Project, folder: Path, fabric: Fabric | None = None, **options: Any
) -> Iterator[tuple[SimulatedBoard, Accelerator]]:
    with (
        simulated_board(project, folder, fabric=fabric) as board,
        Accelerator(board.bitfile, timeout_s=TIMEOUT_S, **options) as accelerator,
    ):
        yield board, accelerator
