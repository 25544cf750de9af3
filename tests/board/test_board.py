"""The runtime on a simulated board: unmodified pynq over a project's own RTL, every batch compared with the network."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import needs_pynq, on_board, random_frames, small_project
from shiftwire.board.simulated import SimulatedBoard
from shiftwire.project.project import Project
from shiftwire.rtl.registers import IDENTITY, INTERFACE, REGISTERS
from shiftwire_boards.runtime import registers
from shiftwire_boards.runtime.accelerator import Accelerator

pytestmark = needs_pynq


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("board") / "small", programs)


@pytest.fixture(scope="module")
def opened(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedBoard, Accelerator]]:
    with on_board(project, tmp_path_factory.mktemp("overlay"), batch=64) as both:
        yield both


def test_registers_are_those_of_the_shell() -> None:
    assert {register.name: register.offset for register in REGISTERS} == registers.OFFSETS
    assert (registers.IDENTITY, registers.INTERFACE) == (IDENTITY, INTERFACE)


@pytest.mark.parametrize("frames", [1, 2, 64, 65, 130])
def test_batches_of_any_length(project: Project, opened: Any, frames: int, count: Any) -> None:
    """One, two, a whole transfer, and partial ones at the end."""
    _, accelerator = opened
    network = project.design.network
    codes = random_frames(network, frames, seed=frames)
    made = accelerator.predict_codes(codes)
    assert np.array_equal(made, network.evaluate(codes))
    assert len(np.unique(made)) > 1
    count(board_codes=made.size)


def test_values_go_in_and_come_out_as_the_model_has_them(project: Project, opened: Any) -> None:
    _, accelerator = opened
    network = project.design.network
    codes = random_frames(network, 5)
    x = np.moveaxis(network.input.format.decode(codes), -1, 1)
    wanted = network.host_output.decode(network.evaluate(codes), network.output.format)
    assert np.array_equal(accelerator.predict(x), wanted)
    assert np.array_equal(accelerator.submit(x).result(), wanted)
    assert np.array_equal(accelerator.classes(x), wanted.reshape(5, -1).argmax(1))


def test_cycles_are_those_predicted(opened: Any, project: Project) -> None:
    board, accelerator = opened
    accelerator.predict_codes(random_frames(project.design.network, 64))
    assert accelerator.shell.read("interval") == accelerator.manifest.interval_cycles
    before = board.device.logic.step(0).cycle - accelerator.shell.cycles()
    board.clock.sleep(1e-5)
    after = board.device.logic.step(0).cycle - accelerator.shell.cycles()
    assert abs(after - before) < 50, "the counter runs with the clock"


@pytest.mark.parametrize("percent", [30, 70])
def test_stalls_change_nothing(project: Project, opened: Any, percent: int) -> None:
    board, accelerator = opened
    codes = random_frames(project.design.network, 20, seed=percent)
    board.device.logic.stall(percent, seed=percent)
    try:
        assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))
    finally:
        board.device.logic.stall(0)


def test_nothing_leaks(project: Project, opened: Any) -> None:
    """Neither memory of the processor nor contiguous memory grows from batch to batch."""
    board, accelerator = opened
    codes = random_frames(project.design.network, 64)
    accelerator.predict_codes(codes)
    pages = dict(board.device.memory.blocks)
    tracemalloc.start()
    try:
        accelerator.predict_codes(codes)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            accelerator.predict_codes(codes)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < codes.nbytes // 4, grown
    assert board.device.memory.blocks == pages


def test_a_reset_keeps_the_overlay(project: Project, opened: Any) -> None:
    board, accelerator = opened
    downloads = board.device.downloads
    accelerator.reset()
    codes = random_frames(project.design.network, 3)
    assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))
    assert board.device.downloads == downloads


def test_without_a_flush_the_network_sees_old_data(project: Project, opened: Any, monkeypatch: Any) -> None:
    """The simulated board would show a driver that forgets it."""
    board, accelerator = opened
    codes = random_frames(project.design.network, 2)
    wanted = project.design.network.evaluate(codes)
    for forgotten in ("flush", "invalidate"):
        accelerator.predict_codes(random_frames(project.design.network, 2, seed=9))
        with monkeypatch.context() as patch:
            patch.setattr(type(board.device), forgotten, lambda *_: None)
            assert not np.array_equal(accelerator.predict_codes(codes), wanted), forgotten
        assert np.array_equal(accelerator.predict_codes(codes), wanted)
