"""The runtime on another computer: pynq's unmodified RemoteDevice over gRPC, a simulated board at the other end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import needs_pynq, random_frames, small_project
from shiftwire.board.simulated import SimulatedBoard, simulated_board
from shiftwire.project.project import Project
from shiftwire_boards.runtime.record import Badge, Record
from shiftwire_boards.runtime.record_json import read_record

pytestmark = [needs_pynq, pytest.mark.slow]
CLIENT = Path(__file__).resolve().parents[1] / "support" / "remote_client.py"
BATCHES = (1, 2, 64, 65, 130)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("remote") / "small", programs, "zcu104", fps=1_000_000)


@pytest.fixture(scope="module")
def simulated(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    with simulated_board(project, tmp_path_factory.mktemp("overlay")) as board:
        yield board


@pytest.fixture
def remote(simulated: SimulatedBoard) -> Iterator[Any]:
    from remote_board import remote_board  # noqa: PLC0415 - pynq is an extra

    with remote_board(simulated.device) as board:
        if board is None:
            pytest.skip("another program has port 7967, the only one that pynq's client knows")
        yield board


def run_client(bitfile: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """pynq looks for remote boards when it is imported: so each client is a process of its own."""
    command = [sys.executable, CLIENT, bitfile, folder / "frames.npz", folder / "made.npz"]
    environment = {**os.environ, "PYNQ_REMOTE_DEVICES": "127.0.0.1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)


@pytest.fixture
def frames(project: Project, tmp_path: Path) -> None:
    """Random batches and the ends of the range, as codes and as values, in files of tmp_path."""
    network = project.design.network
    held = {f"random_{size}": random_frames(network, size, seed=size) for size in BATCHES}
    ends = np.array([network.input.format.lo, network.input.format.hi])
    held["extreme"] = np.random.default_rng(1).choice(ends, (7, *network.input.shape))
    np.savez(tmp_path / "frames.npz", **held)
    values = network.input.format.decode(held["random_65"])
    np.savez(tmp_path / "values.npz", x=np.moveaxis(values, -1, 1))


@pytest.mark.usefixtures("frames")
def test_batches_over_the_network(
    project: Project, simulated: SimulatedBoard, remote: Any, tmp_path: Path, count: Any
) -> None:
    """Whole and partial batches, though the board holds something else under the overlay's own name."""
    stale = "/lib/firmware/simulated.bin"
    remote.files.held[stale] = b"of yesterday"
    done = run_client(simulated.bitfile, tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "frames.npz") as frames, np.load(tmp_path / "made.npz") as made:
        assert len(frames.files) == len(BATCHES) + 1
        network = project.design.network
        values = network.host_output.decode(network.evaluate(frames["random_65"]), network.output.format)
        assert np.array_equal(made["values"], values)
        for name in frames.files:
            assert np.array_equal(made[name], network.evaluate(frames[name])), name
            assert len(np.unique(made[name])) > 1
            count(remote_codes=made[name].size)
    assert len(remote.files.loaded) == 1 and remote.files.held[stale] == b"of yesterday"
    assert remote.registers.accesses > 100
    assert remote.buffers.held == {}, "the client gave its buffers back"
    record = read_record(tmp_path / "made.npz.json")
    assert isinstance(record, Record) and record.identity.badge is Badge.MEASURED
    assert ("connection", "PYNQ.remote: speed and latency are those of the network") in record.software


@pytest.mark.usefixtures("frames")
def test_logic_that_does_not_answer(simulated: SimulatedBoard, remote: Any, tmp_path: Path) -> None:
    """What gRPC says in many lines becomes a sentence of ours."""
    remote.registers.refusal = "the cable is out"
    done = run_client(simulated.bitfile, tmp_path)
    assert done.returncode == 1
    assert "HardwareError: the remote board gave up (the cable is out); look at its network" in done.stderr
