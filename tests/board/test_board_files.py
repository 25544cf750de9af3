"""Packages and sizes that will not do: each ends in its own sentence, and the board is free again afterwards."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from board_bench import needs_pynq, on_board, random_frames, small_project
from shiftwire.board.simulated import SimulatedBoard, simulated_board
from shiftwire.project.project import Project
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.errors import BoardError, DataError, HardwareError, PackageError
from shiftwire_boards.runtime.registers import OFFSETS
from shiftwire_boards.sim.fabric import BusError
from shiftwire_boards.sim.program import Logic

pytestmark = [needs_pynq, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("files") / "small", programs)


def changed(old: str, new: str) -> Callable[[Path], None]:
    def spoil(manifest: Path) -> None:
        text = manifest.read_text()
        assert re.search(old, text)
        manifest.write_text(re.sub(old, new, text, count=1))

    return spoil


BAD_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no manifest": (lambda m: m.unlink(), "found no .*manifest.json, which 'shiftwire package' writes"),
    "half a manifest": (lambda m: m.write_text(m.read_text()[:200]), "manifest.json is damaged"),
    "a newer manifest": (changed('_package": 3', '_package": 9'), "has schema 9, this runtime reads 2 and 3"),
    "a manifest without an input": (changed('"inputs"', '"input"'), "is damaged"),
    "no .hwh": (lambda m: (m.parent / "simulated.hwh").unlink(), "found no .*simulated.hwh; copy the whole package"),
    "no .bit": (lambda m: (m.parent / "simulated.bit").unlink(), "found no .*simulated.bit; copy the whole package"),
    "a .bit cut short": (
        lambda m: (m.parent / "simulated.bit").write_bytes((m.parent / "simulated.bit").read_bytes()[:40]),
        "simulated.bit does not match its checksum",
    ),
    "another .hwh": (
        lambda m: (m.parent / "simulated.hwh").write_text((m.parent / "simulated.hwh").read_text() + " "),
        "simulated.hwh does not match its checksum",
    ),
    "containers too small": (changed('container_bits": 8', 'container_bits": 4'), "wanted 8, 16 or 32 that hold them"),
    "a format that is none": (changed('"format": "[us]', '"format": "q'), "wanted such as u8.4"),
    "another project's manifest": (
        changed('"version_hash": ".{8}', '"version_hash": "00000000'),
        "bitstream and manifest are of different projects",
    ),
    "another frame size": (changed('"shape": .[^]]*.', '"shape": [99, 5, 4]'), "bitstream and manifest disagree"),
}  # fmt: skip


@contextmanager
def spoilt(project: Project, folder: Path, spoil: Callable[[Path], None]) -> Iterator[SimulatedBoard]:
    with simulated_board(project, folder) as board:
        spoil(board.bitfile.with_name("simulated.manifest.json"))
        yield board


@pytest.mark.parametrize("name", BAD_FILES)
def test_packages_that_will_not_do(name: str, project: Project, tmp_path: Path) -> None:
    """The board is free again afterwards."""
    spoil, words = BAD_FILES[name]
    with spoilt(project, tmp_path / "bad", spoil) as board, pytest.raises(BoardError, match=words):
        Accelerator(board.bitfile)
    with on_board(project, tmp_path / "good") as (_, accelerator):
        codes = random_frames(project.design.network, 1)
        assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


def test_a_bitstream_without_configuration(project: Project, tmp_path: Path) -> None:
    """Its checksum is right: it was packaged like that."""
    with simulated_board(project, tmp_path) as board:
        board.bitfile.write_bytes(b"not a bitstream")
        manifest = board.bitfile.with_name("simulated.manifest.json")
        told = json.loads(manifest.read_text())
        del told["files"]["simulated.bit"]
        manifest.write_text(json.dumps(told))
        with pytest.raises(PackageError, match=r"pynq cannot load .*simulated.bit"):
            Accelerator(board.bitfile)


OTHER_LOGIC = {
    "a DMA that only sends": ('(NAME="c_include_s2mm" VALUE)="1"', r'\1="0"', "has one direction only; build"),
    "no DMA": (":axi_dma:7.1", ":axi_cdma:4.1", "found no AXI DMA in the overlay; build it again"),
    "a network of another maker": (
        "shiftwire:network:shiftwire:", "somebody:network:net:", "no shiftwire network in the overlay, only .*axi_dma"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_LOGIC)
def test_an_overlay_of_other_logic(name: str, project: Project, tmp_path: Path) -> None:
    """Its checksum is right: it was packaged like that."""
    old, new, words = OTHER_LOGIC[name]
    with simulated_board(project, tmp_path) as board:
        hwh, manifest = (board.bitfile.with_name(f"simulated{end}") for end in (".hwh", ".manifest.json"))
        text = hwh.read_text()
        assert re.search(old, text)
        hwh.write_text(re.sub(old, new, text))
        told = json.loads(manifest.read_text())
        del told["files"][hwh.name]
        manifest.write_text(json.dumps(told))
        with pytest.raises(HardwareError, match=words):
            Accelerator(board.bitfile)


def test_logic_of_somebody_else(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Logic.read
    monkeypatch.setattr(Logic, "read", lambda self, offset: 7 if offset == OFFSETS["identity"] else read(self, offset))
    words = "no shiftwire network answers at this address"
    with simulated_board(project, tmp_path) as board, pytest.raises(HardwareError, match=words):
        Accelerator(board.bitfile)


@pytest.mark.parametrize(
    ("batch", "dram", "words"),
    [
        (0, 1 << 20, "a batch of 0 frames"),
        (1 << 22, 1 << 20, "the DMA moves 67108863 bytes at once; give a smaller batch"),
        (1 << 16, 1 << 20, "bytes of contiguous memory for a batch of 65536 frames .*give a smaller batch"),
    ],
)
def test_batches_that_do_not_fit(batch: int, dram: int, words: str, project: Project, tmp_path: Path) -> None:
    with simulated_board(project, tmp_path, dram) as board:
        with pytest.raises(DataError, match=words):
            Accelerator(board.bitfile, batch=batch)
        with Accelerator(board.bitfile, batch=2) as accelerator:
            accelerator.predict_codes(random_frames(project.design.network, 3))


def test_a_closed_accelerator(project: Project, tmp_path: Path) -> None:
    with on_board(project, tmp_path) as (_, accelerator):
        accelerator.close()
        accelerator.close()
        with pytest.raises(BoardError, match="this accelerator is closed"):
            accelerator.predict_codes(random_frames(project.design.network, 1))


@pytest.mark.timeout(120)
def test_what_was_submitted_ends_before_it_closes(project: Project, tmp_path: Path) -> None:
    network = project.design.network
    codes = random_frames(network, 30)
    x = np.moveaxis(network.input.format.decode(codes), -1, 1)
    with on_board(project, tmp_path, batch=4) as (_, accelerator):
        futures = [accelerator.submit(x) for _ in range(3)]
        closing = threading.Thread(target=accelerator.close, daemon=True)
        closing.start()
        closing.join(30)
        assert not closing.is_alive(), "close() waits for ever"
        wanted = network.host_output.decode(network.evaluate(codes), network.output.format)
        assert all(np.array_equal(future.result(), wanted) for future in futures)


def test_logic_that_has_ended_answers_so(project: Project, tmp_path: Path) -> None:
    with simulated_board(project, tmp_path) as board:
        logic = board.device.logic
    for _ in range(2):
        with pytest.raises(BusError, match="the simulated logic has ended"):
            logic.step(1)


def test_an_interruption_at_any_time(project: Project, tmp_path: Path) -> None:
    """As Ctrl-C is one: by a timer, wherever it falls; the next call is right."""
    network = project.design.network
    codes = random_frames(network, 600)
    wanted = network.evaluate(codes)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with on_board(project, tmp_path, batch=8) as (_, accelerator):
            caught = 0
            for milliseconds in (3, 8, 15, 21, 34, 55):
                signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
                try:
                    accelerator.predict_codes(codes)
                except KeyboardInterrupt:
                    caught += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
                assert np.array_equal(accelerator.predict_codes(codes[:9]), wanted[:9])
            assert caught
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("batch", ["8", None, 1.5, True])
def test_batches_that_are_no_number(batch: object, project: Project, tmp_path: Path) -> None:
    with simulated_board(project, tmp_path) as board, pytest.raises(DataError, match="wanted a whole number from 1"):
        Accelerator(board.bitfile, batch=batch)


def test_lists_and_ragged_ones(project: Project, tmp_path: Path) -> None:
    network = project.design.network
    codes = random_frames(network, 2)
    with on_board(project, tmp_path) as (_, accelerator):
        assert np.array_equal(accelerator.predict_codes(codes.tolist()), network.evaluate(codes))
        with pytest.raises(DataError, match=r"found no array .*; give numbers of one shape"):
            accelerator.predict([[1], [1, 2]])
