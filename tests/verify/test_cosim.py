"""shiftwire cosim: what it compares, what it refuses, what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from interrupts import started
from shiftwire.errors import InputError
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.reports.summary import page
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from test_tiny import tiny
from verbs import run_verb

Z2 = load_board("pynq-z2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cosim") / "tiny"
    write_project(schedule(tiny(), Z2, target=Target(fps=1_000_000)), path, Backend.RTL)
    return path


@pytest.mark.parametrize("conditions", [(), ("--reset-every", 1), ("--reset-every", 3), ("--stall", 0.4, "--seed", 7)])
def test_a_right_project_passes(
    project: Path, conditions: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run_verb(capsys, "cosim", project, "--frames", 5, "--layers", *conditions)
    assert status == 0 and "5 frames, 0 of " in out and "buffer" in out
    assert ("(predicted" in out) is (not conditions), "cycles are predicted for free runs alone"
    # the last gap spans a reset where one comes after each frame
    assert re.search(r"latency: [\d,]+ cycles of the SystemVerilog", out)
    assert ("between frames" in out) is (conditions != ("--reset-every", 1))


def test_one_object_tells_codes_cycles_and_buffers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "cosim", project, "--frames", 3, "--json")
    told = json.loads(out)
    assert status == 0 and told["kind"] == "simulated" and told["frames"] == 3
    assert told["latency"] == told["latency_predicted"] and told["interval"] == told["interval_predicted"]
    assert all(layer["different"] == 0 for layer in told["layers"])
    assert all(use["most"] == use["predicted"] <= use["depth"] for use in told["buffers"])


def test_a_reset_that_never_comes_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run_verb(capsys, "cosim", project, "--frames", 2, "--reset-at", 10**8)
    assert status == 0 and "before --reset-at 100000000" in err


@pytest.mark.whole
def test_waves_go_where_they_are_asked_for(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.vcd", "b.VCD"):
        status, _, err = run_verb(capsys, "cosim", project, "--frames", 1, "--wave", tmp_path / name)
        assert status == 0 and f"wrote {tmp_path / name}" in err
        assert "$enddefinitions" in (tmp_path / name).read_text()
    programs = list((project / "reports" / "cosim").iterdir())
    assert all(os.access(path, os.X_OK) for path in programs), "no file that two runs at once would share"
    assert len(programs) == 2, "one with waves and one without, whatever their file is called"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--stall", 1), "--stall 1 would never end or means nothing; give 0 to 0.99"),
        (("--frames", 0), "--frames 0 would simulate nothing; give at least 1"),
        (("--reset-every", -1), "a reset before the first cycle resets nothing"),
        (("--frames", 2, "--reset-every", 2), "--reset-every 2 never comes in 2 frames"),
        (("--wave", "waves.txt"), "wanted one that ends in .fst or .vcd"),
        (("--wave", "/no/such/folder/x.vcd"), "cannot write the wave file /no/such/folder/x.vcd"),
        (("--data", "none.npz"), "none.npz"),
    ],
)
def test_what_is_refused(
    project: Path, arguments: tuple[object, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run_verb(capsys, "cosim", project, *arguments)
    assert status == 2 and not out
    assert err.startswith("shiftwire cosim: ") and sentence in err and err.count("\n") == 1


def test_a_folder_is_no_wave_file(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "waves.vcd").mkdir()
    status, _, err = run_verb(capsys, "cosim", project, "--wave", tmp_path / "waves.vcd")
    assert status == 2 and "Is a directory" in err


def test_a_memory_changed_by_hand_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny"
    write_project(schedule(tiny(), Z2, target=Target(fps=1_000_000)), path, Backend.RTL)
    memory = next(file for file in sorted((path / "rtl").glob("*bias.mem")))
    changed = memory.read_text().splitlines()
    memory.write_text("\n".join([f"{int(changed[0], 16) ^ 1:0{len(changed[0])}x}", *changed[1:]]) + "\n")
    status, _, err = run_verb(capsys, "cosim", path)
    assert status == 2 and memory.name in err and "changed by hand" in err
    with pytest.raises(InputError, match=memory.name):
        page(load_project(path))


def test_reports_outlive_the_same_conversion(tmp_path: Path) -> None:
    path, design = tmp_path / "tiny", schedule(tiny(), Z2, target=Target(fps=1_000_000))
    write_project(design, path, Backend.RTL)
    (path / "reports").mkdir()
    (path / "reports" / "cosim.json").write_text("{}")
    write_project(design, path, Backend.RTL)
    assert (path / "reports" / "cosim.json").is_file()
    write_project(schedule(tiny(), load_board("zcu104"), target=Target(fps=1_000_000)), path, Backend.RTL)
    assert not (path / "reports").exists(), "of another design"


def running() -> str:
    """The command lines of every process."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            found.append((process / "cmdline").read_text(errors="replace"))
    return "\n".join(found)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    path = tmp_path / "tiny"
    write_project(schedule(tiny(), Z2, target=Target(fps=1_000_000)), path, Backend.RTL)
    left = path / "reports" / "cosim" / "0123.999999999"
    left.mkdir(parents=True)
    with started(("cosim", path), how) as process:
        folder = path / "reports" / "cosim"
        while not list(folder.glob(f"*.{process.pid}/obj/*.cpp")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(how)
        _, err = process.communicate()
    assert process.returncode == 130 and "interrupted; nothing half-written is left" in err, err
    assert not [item for item in folder.iterdir() if item.is_dir()], "also what another run left"
    assert str(folder) not in running()


def test_data_are_read_as_the_model_reads_them(project: Path, tmp_path: Path) -> None:
    network = load_project(project).design.network
    x = np.zeros((3, *network.input.shape))
    np.savez(tmp_path / "x.npz", x=x)
    done = subprocess.run(
        [sys.executable, "-m", "shiftwire", "cosim", str(project), "--data", str(tmp_path / "x.npz")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        done.returncode == 0 and "cosim (Verilator" in done.stdout and "so its agreement proves nothing" in done.stderr
    )
