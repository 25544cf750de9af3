"""What goes wrong on a board: each fault ends in its own sentence, and the batch after it is right."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import TIMEOUT_S, needs_pynq, on_board, random_frames, small_project
from shiftwire.board.simulated import SimulatedBoard
from shiftwire.project.project import Project
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.errors import BoardError, DataError, HardwareError, TransferError
from shiftwire_boards.runtime.lock import lock_of
from shiftwire_boards.runtime.registers import OFFSETS
from shiftwire_boards.runtime.transfers import RECEIVE_LENGTH
from shiftwire_boards.sim.program import Fault

pytestmark = [needs_pynq, pytest.mark.filterwarnings("ignore::UserWarning")]
Opened = tuple[SimulatedBoard, Accelerator]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("faults") / "small", programs)


@pytest.fixture(scope="module")
def opened(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with on_board(project, tmp_path_factory.mktemp("overlay"), batch=8) as both:
        yield both


@dataclass(frozen=True)
class Broken:
    """A fault of the hardware while a batch runs; `mend` takes it away."""

    error: type[BoardError]
    words: str
    cause: Callable[[SimulatedBoard, Any], None]
    mend: Callable[[SimulatedBoard], None] = lambda board: board.device.logic.inject(Fault.NONE)


def injected(fault: Fault) -> Callable[[SimulatedBoard, Any], None]:
    return lambda board, _: board.device.logic.inject(fault)


def bus(is_broken: bool) -> Callable[..., None]:
    def switch(board: SimulatedBoard, _: Any = None) -> None:
        board.device.dma.is_bus_broken = is_broken

    return switch


def after(step: int, act: Callable[[SimulatedBoard], None]) -> Callable[[SimulatedBoard, Any], None]:
    """Somebody acts between two looks of the runtime at its clock."""

    def cause(board: SimulatedBoard, patch: Any) -> None:
        poll, looks = board.device.dma.poll, []

        def counted() -> None:
            looks.append(1)
            if len(looks) == step:
                act(board)
            poll()

        patch.setattr(board.device.dma, "poll", counted)

    return cause


def within(frame: int, act: Callable[[SimulatedBoard], None]) -> Callable[[SimulatedBoard, Any], None]:
    """Somebody acts as soon as so many frames have gone in."""

    def cause(board: SimulatedBoard, patch: Any) -> None:
        poll, acted = board.device.dma.poll, []

        def watched() -> None:
            poll()
            if not acted and board.device.logic.read(OFFSETS["frames_in"]) >= frame:
                acted.append(1)
                act(board)

        patch.setattr("shiftwire_boards.sim.dma.MOST_CYCLES", 16)
        patch.setattr(board.device.dma, "poll", watched)

    return cause


def write(name: str, value: int) -> Callable[[SimulatedBoard], None]:
    return lambda board: board.device.logic.write(OFFSETS[name], value)


def nothing(board: SimulatedBoard) -> None:
    del board


def pulse_reset(board: SimulatedBoard) -> None:
    write("control", 1)(board)
    write("control", 0)(board)


def shorter_transfers(board: SimulatedBoard, patch: Any) -> None:
    real = board.device.logic.write
    length = OFFSETS["frames_per_transfer"]
    patch.setattr(board.device.logic, "write", lambda offset, value: real(offset, 3 if offset == length else value))


def shorter_buffer(board: SimulatedBoard, patch: Any) -> None:
    """The DMA is told of half the buffer, so that more comes than it may store."""
    real = board.device.dma.write
    patch.setattr(
        board.device.dma,
        "write",
        lambda offset, value: real(offset, value // 2 if offset == RECEIVE_LENGTH else value),
    )


def unmap(board: SimulatedBoard, patch: Any) -> None:
    patch.setattr(board.device.memory, "blocks", {})


FAULTS = {
    "the DMA reads nothing": Broken(
        TransferError, "0 went in, 0 came out.*no whole frame went in", injected(Fault.SEND_STUCK)
    ),
    "the DMA writes nothing": Broken(
        TransferError, "the network (keeps frames back|stopped taking)", injected(Fault.RECEIVE_STUCK)
    ),
    "no TLAST": Broken(TransferError, "8 went in, 8 came out.*the DMA saw no TLAST", injected(Fault.NO_TLAST)),
    "TLAST too early": Broken(TransferError, "TLAST came before the last word", injected(Fault.EARLY_TLAST)),
    "registers that do not answer": Broken(
        HardwareError, "register frames_per_transfer does not answer", injected(Fault.LITE_STUCK)
    ),
    "a broken memory port": Broken(TransferError, "slave error: the memory port", bus(True), bus(False)),
    "an address without memory": Broken(TransferError, "decode error: the address is no memory", unmap, nothing),
    "a buffer too small": Broken(
        TransferError, "internal error: more words came than the buffer holds", shorter_buffer, nothing
    ),
    "somebody resets the DMA": Broken(
        TransferError,
        "halted; somebody reset it|takes no transfer .*not started",
        after(2, lambda board: board.device.dma.reset()),
        nothing,
    ),
    "somebody holds the network in reset": Broken(
        TransferError, "held in reset; look at register control", after(1, write("control", 1)), nothing
    ),
    "somebody resets the network in between": Broken(
        TransferError, "somebody reset the network in the midst", within(12, pulse_reset), nothing
    ),
    "somebody asks for other transfers": Broken(
        TransferError, "bytes from the network, wanted", shorter_transfers, nothing
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_hardware_faults(name: str, project: Project, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    board, accelerator = opened
    fault = FAULTS[name]
    network = project.design.network
    codes = random_frames(network, 20)
    accelerator.reset()
    start = board.clock.now()
    with monkeypatch.context() as patch:
        fault.cause(board, patch)
        with pytest.raises(fault.error, match=fault.words) as caught:
            accelerator.predict_codes(codes)
    assert "\n" not in str(caught.value)
    assert board.clock.now() - start < 4 * TIMEOUT_S + 1.0, "within its time-out"
    fault.mend(board)
    accelerator.reset()
    assert np.array_equal(accelerator.predict_codes(codes), network.evaluate(codes))


@pytest.mark.whole
def test_a_dma_that_stays_in_reset(project: Project, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    board, accelerator = opened
    read = board.device.dma.read
    with monkeypatch.context() as patch:
        patch.setattr(board.device.dma, "read", lambda offset: read(offset) | (4 if offset == 0 else 0))
        with pytest.raises(HardwareError, match="the DMA does not come out of reset; load the overlay again"):
            accelerator.reset()
    accelerator.reset()
    codes = random_frames(project.design.network, 2)
    assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


def test_a_flipped_bit_is_seen_by_comparison(project: Project, opened: Opened) -> None:
    """No sentence can tell it; the golden frames do."""
    board, accelerator = opened
    codes = random_frames(project.design.network, 3)
    board.device.logic.inject(Fault.FLIP_BIT)
    assert not np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))
    board.device.logic.inject(Fault.NONE)
    assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


def test_ctrl_c_in_a_transfer(project: Project, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    board, accelerator = opened
    codes = random_frames(project.design.network, 20)

    def interrupt(_: SimulatedBoard) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        after(3, interrupt)(board, patch)
        with pytest.raises(KeyboardInterrupt):
            accelerator.predict_codes(codes)
    assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


def high(codes: Any) -> Any:
    codes = codes.copy()
    codes.flat[0] = 4000
    return codes


BAD_CODES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "floats": (lambda codes: codes / 2, "codes of type float64, wanted integers"),
    "a wrong shape": (lambda codes: codes[:, :-1], r"codes of shape \(2, .*wanted \(N, "),
    "no frames": (lambda codes: codes[:0], "a batch of 0 frames"),
    "off the range": (high, "to 4000, wanted -?[0-9]+ to [0-9]+ "),
    "one frame without a batch axis": (lambda codes: codes[0], r"wanted \(N, "),
}


@pytest.mark.parametrize("name", BAD_CODES)
def test_codes_that_will_not_do(name: str, project: Project, opened: Opened) -> None:
    _, accelerator = opened
    spoil, words = BAD_CODES[name]
    codes = random_frames(project.design.network, 2)
    with pytest.raises(DataError, match=words):
        accelerator.predict_codes(spoil(codes))
    assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


BAD_VALUES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "text": (lambda x: x.astype(str), "wanted numbers; give float32"),
    "not a number": (lambda x: x * np.nan, "NaN or infinite values; remove them"),
    "channels last": (
        lambda x: np.moveaxis(x, 1, -1),
        r"wanted \(N, .*as in the model: the data are channels last, the model takes channels first; transpose",
    ),
    "one frame": (lambda x: x[0], r"as in the model; it is one sample without its batch axis: give x\[None\]"),
    "off the grid": (lambda x: x + 0.3, "that are no codes of"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_values_that_will_not_do(name: str, project: Project, opened: Opened) -> None:
    _, accelerator = opened
    spoil, words = BAD_VALUES[name]
    network = project.design.network
    x = np.moveaxis(network.input.format.decode(random_frames(network, 2)), -1, 1)
    with pytest.raises(DataError, match=words):
        accelerator.predict(spoil(x))
    accelerator.predict(x)


def test_two_processes_on_one_board(opened: Opened) -> None:
    board, accelerator = opened
    with pytest.raises(BoardError, match="this process uses the board already; close"):
        Accelerator(accelerator.bitfile)
    lock = lock_of(board.device)
    held = lock.read_text()
    lock.write_text("123")
    with pytest.raises(BoardError, match=r"another process uses the board \(123\); end it first"):
        Accelerator(accelerator.bitfile)
    lock.write_text(held)
    script = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", script, str(lock_of(board.device))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BlockingIOError" in done.stderr


def test_a_clock_that_is_real_sleeps(project: Project, opened: Opened) -> None:
    """On a board the processor naps between looks at the DMA."""
    board, accelerator = opened
    naps: list[float] = []
    real = replace(board.clock, is_simulated=False, sleep=lambda s: (naps.append(s), board.clock.sleep(s))[0])
    assert isinstance(real, Clock)
    board.device.logic.stall(99)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("shiftwire_boards.sim.dma.MOST_CYCLES", 20)
            patch.setattr(accelerator, "clock", real)
            patch.setattr(accelerator._transfers, "_clock", real)
            accelerator.predict_codes(random_frames(project.design.network, 2))
    finally:
        board.device.logic.stall(0)
    assert naps
