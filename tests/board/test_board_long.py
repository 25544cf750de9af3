"""Whole networks on a simulated board for long: trained digits for 10,000 frames, a streaming CNN in every transfer."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import USUAL_BOARD, needs_pynq
from shiftwire.api import convert
from shiftwire.board.simulated import simulated_board
from shiftwire.project.data import load_data
from shiftwire.project.project import Backend, Project
from shiftwire.schedule.design import Target
from shiftwire.schedule.tokens import simulate
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.samples import Samples

pytestmark = [
    pytest.mark.slow,
    needs_pynq,
    pytest.mark.skipif(find_spec("torch") is None, reason="found no torch; pip install 'shiftwire[train]'"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
FRAMES = 10_000
STREAMED = 100
PAGE = 4096
MOST_GROWTH = 8 << 20
"""Bytes that a process may gain over 9,000 frames: less than 1 KB a frame."""


def trained(folder: Path, net: str, epochs: int) -> tuple[Path, Path]:
    """Model and test split, by the program that users call."""
    model, data = folder / f"{net}.onnx", folder / f"{net}.npz"
    words = (
        ("train", "--net", net, "--epochs", epochs, "-o", folder / net),
        ("export", folder / net, "-o", model, "--data-out", data),
    )
    for each in words:
        subprocess.run([sys.executable, "-m", "shiftwire_models", *map(str, each)], check=True, capture_output=True)
    return model, data


def drawn(folder: Path, net: str) -> tuple[Path, Path]:
    """A net of the zoo with random weights and settled statistics."""
    model, data = folder / f"{net}.onnx", folder / f"{net}.npz"
    words = ("zoo", net, "-o", model, "--data-out", data)
    subprocess.run([sys.executable, "-m", "shiftwire_models", *map(str, words)], check=True, capture_output=True)
    return model, data


def samples(project: Project, file: Path, frames: int) -> Samples:
    """So many frames in turn, extremes among them."""
    network = project.design.network
    codes = load_data(file, network).codes[:500].copy()
    codes[1], codes[2] = network.input.format.lo, network.input.format.hi
    wanted = network.evaluate(codes)
    order = np.arange(frames) % len(codes)
    return Samples(codes[order], wanted[order])


def held_by(process: int | str) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE


def test_ten_thousand_frames_and_no_leak(tmp_path: Path, count: Any) -> None:
    model, file = trained(tmp_path, "digits-shiftadd", 3)
    project = convert(model, USUAL_BOARD, tmp_path / "digits", backend=Backend.RTL, target=Target(fps=20_000))
    given = samples(project, file, FRAMES)
    assert (given.wanted.reshape(FRAMES, -1).std(axis=0) > 0).all(), "an output says nothing"
    with (
        simulated_board(project, tmp_path / "overlay") as board,
        Accelerator(board.bitfile, batch=64) as accelerator,
    ):
        logic = board.device.logic._process.pid
        first, size = 1024, 512
        assert np.array_equal(accelerator.predict_codes(given.codes[:first]), given.wanted[:first])
        pages = dict(board.device.memory.blocks)
        before = held_by("self") + held_by(logic)
        for at in range(first, FRAMES, size):
            assert np.array_equal(accelerator.predict_codes(given.codes[at : at + size]), given.wanted[at : at + size])
        grown = held_by("self") + held_by(logic) - before
        assert grown < MOST_GROWTH, f"{grown:,} bytes more after {FRAMES} frames"
        assert board.device.memory.blocks == pages
        assert accelerator.shell.read("frames_out") == FRAMES
        assert accelerator.shell.read("interval") == accelerator.manifest.interval_cycles
    count(board_codes=given.wanted.size)


def test_a_streaming_cnn_in_transfers_of_every_length(tmp_path: Path, count: Any) -> None:
    """1, 2 and 64 frames a transfer; 100 frames end in a transfer of 36, 2 by 3 in a transfer of 1."""
    model, file = drawn(tmp_path, "lenet5")
    project = convert(model, USUAL_BOARD, tmp_path / "lenet5", backend=Backend.RTL, target=Target(fps=5_000))
    given = samples(project, file, STREAMED)
    assert (given.wanted.reshape(STREAMED, -1).std(axis=0) > 0).all(), "an output says nothing"
    with simulated_board(project, tmp_path / "overlay") as board:
        for batch in (1, 2, 64):
            with Accelerator(board.bitfile, batch=batch) as accelerator:
                record = measure(accelerator, given, MeasurementPlan(0.0, 3))
                made = accelerator.predict_codes(given.codes[:3])
            assert record.exactness.exact and np.array_equal(made, given.wanted[:3])
            predicted = record.cycles.frame_predicted
            assert record.cycles.frame_counted == (None if batch == 1 else predicted)
            assert record.cycles.latency_counted is not None
            ports = record.cycles.latency_counted - simulate(project.design.rtl, 1).latency
            assert 0 <= ports <= accelerator.manifest.input.words, "the AXI ports take what their words take at most"
            count(board_codes=given.wanted.size)
