"""Every board of the catalog: its overlay loads through pynq and its frames are right; PYNQ 4 lost a family."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import HAS_PYNQ, HAS_ZYNQ_7000, needs_pynq, on_board, random_frames, small_project
from shiftwire.board.simulated import simulated_board
from shiftwire_boards.catalog import board_names
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.errors import HardwareError
from shiftwire_boards.runtime.family import Family, family_of

pytestmark = [needs_pynq, pytest.mark.filterwarnings("ignore::UserWarning")]


OFTEN = ("zcu104",)
"""The others are built by `make fuzz` and `make pynq4`; most tests of boards run on a pynq-z2."""


@pytest.mark.whole
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in board_names()]
)
def test_an_overlay_loads_and_frames_are_right(name: str, tmp_path: Path, programs: Path, count: Any) -> None:
    project = small_project(tmp_path / "project", programs, name)
    network = project.design.network
    codes = random_frames(network, 70)
    if family_of(project.design.board.part) is Family.ZYNQ_7000 and not HAS_ZYNQ_7000:
        words = rf"found pynq {version('pynq')}, which has no Zynq-7000 .*; pip install pynq==3"
        with simulated_board(project, tmp_path / "overlay") as board, pytest.raises(HardwareError, match=words):
            Accelerator(board.bitfile)
        return
    with on_board(project, tmp_path / "overlay", batch=64) as (board, accelerator):
        made = accelerator.predict_codes(codes)
        assert accelerator.manifest.board == name
        assert board.device.clocks.mhz[0] > 0
    assert np.array_equal(made, network.evaluate(codes)) and len(np.unique(made)) > 1
    count(board_codes=made.size)


def test_the_pynq_of_this_environment_is_one_of_the_two_lines() -> None:
    assert HAS_PYNQ and version("pynq").startswith(("3.1", "4."))
