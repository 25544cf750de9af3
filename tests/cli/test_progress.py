"""How far a simulation is: a bar on a terminal, plain lines elsewhere, nothing beside JSON."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shiftwire.project.project import Backend, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from test_tiny import tiny
from verbs import run_verb

SAMPLES = 2000


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """A command on a project that has been simulated."""
    folder = tmp_path_factory.mktemp("progress")
    write_project(schedule(tiny(), load_board("pynq-z2"), target=Target(fps=1_000_000)), folder / "tiny", Backend.RTL)
    np.save(folder / "x.npy", np.random.default_rng(0).integers(-8, 8, (SAMPLES, 2)) / 4)
    return "csim", folder / "tiny", "--data", folder / "x.npy", "--native"


def test_plain_lines(words: tuple[object, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run_verb(capsys, *words)
    first, *lines = err.splitlines()
    done = [int(line.removeprefix("C-simulating: ").removesuffix(f" of {SAMPLES}")) for line in lines]
    assert status == 0 and "0 of 128 codes differ" in out and first.startswith("compiling ")
    assert len(done) > 2 and done == sorted(done) and done[-1] == SAMPLES


def test_nothing_beside_json(words: tuple[object, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run_verb(capsys, *words, "--json")
    assert status == 0 and err == "" and json.loads(out)["samples"] == SAMPLES


def test_a_bar_on_a_terminal(words: tuple[object, ...], tmp_path: Path) -> None:
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "shiftwire", *map(str, words)]
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=its, env=environment) as process:
            os.close(its)
            shown = b""
            try:
                while part := terminal.read(4096):
                    shown += part
            except OSError:  # how Linux tells that nobody writes any more
                pass
        assert process.returncode == 0
    assert "\u2501".encode() in shown and b"C-simulating" in shown and b"C-simulating: " not in shown
