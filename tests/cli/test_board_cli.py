"""measure, build, package and deploy as a user meets them; the board is simulated, the ssh server a real one."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from board_bench import USUAL_BOARD, needs_pynq, random_frames, small_project
from projects import conv_net
from python_there import python_there
from shiftwire.board.build import write_script
from shiftwire.board.doctor import runtime_command
from shiftwire.board.package import folder_of, package
from shiftwire.board.simulated import accelerator_design, simulated_board, write_overlay
from shiftwire.project.project import Backend, Project, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.record import Badge
from shiftwire_boards.runtime.record_json import read_record
from ssh_host import SSHD, Server, server
from verbs import run_verb

pytestmark = [needs_pynq, pytest.mark.filterwarnings("ignore::UserWarning")]
needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="found no tclsh; apt-get install tcl")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("board") / "small", programs)


@pytest.fixture(scope="module")
def data(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = project.design.network
    codes = random_frames(network, 90)
    path = tmp_path_factory.mktemp("data") / "test.npz"
    labels = network.evaluate(codes).argmax(-1)
    np.savez(path, x=np.moveaxis(network.input.format.decode(codes), -1, 1), y=labels)
    return path


def test_a_simulated_measurement(
    project: Project, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "record.html"
    status, out, err = run_verb(capsys, "measure", project.path, "--sim", "--data", data, "--html", page, "--batch", 32)
    assert status == 0, err
    assert f"SIMULATED, no {USUAL_BOARD} was used" in out and "none differs" in out
    record = read_record(project.reports_dir / "record.json")
    network = project.design.network
    assert record.identity.badge is Badge.SIMULATED and record.identity.version_hash == project.version_hash
    assert (record.exactness.compared, record.exactness.different) == (90 * network.output.size, 0)
    assert record.cycles.frame_counted == record.cycles.frame_predicted
    assert record.latency is not None and record.cycles.latency_counted is not None
    lone_us = record.cycles.latency_counted * project.design.clock_ns / 1000
    assert lone_us < record.latency.percentile_us(50) < lone_us + 5, "single frames: the fabric and some registers"
    ideal = 1e9 / project.design.clock_ns / record.cycles.frame_predicted
    assert 0.5 * ideal < record.speed.fps <= ideal * 1.01
    assert "SIMULATED" in page.read_text()


def test_records_are_objects_too(project: Project, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """More frames than samples, which are taken in turn then."""
    status, out, _ = run_verb(capsys, "measure", project.path, "--sim", "--data", data, "--frames", 203, "--json")
    told = json.loads(out)
    assert status == 0
    assert told["identity"]["badge"] == "simulated"
    assert told["exactness"]["compared"] == 203 * project.design.network.output.size


def test_two_records_side_by_side(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_verb(capsys, "measure", project.path, "--sim", "--frames", 4)
    copy = shutil.copy(project.reports_dir / "record.json", tmp_path / "other.json")
    status, out, _ = run_verb(capsys, "report", project.path, copy, "--html", tmp_path / "both.html")
    assert status == 0 and "frames/s" in out and "ratio" in out
    assert (tmp_path / "both.html").read_text().count("SIMULATED") >= 2
    status, _, err = run_verb(capsys, "report", project.path, tmp_path / "none.json")
    assert status == 2 and "which 'shiftwire measure' writes; measure it first" in err
    (tmp_path / "bad.json").write_text("{}")
    status, _, err = run_verb(capsys, "report", project.path, tmp_path / "bad.json")
    assert status == 2 and "this is no record" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give --host user@board, or --sim"),
        (["--sim", "--host", "a@b"], "found both --sim and --host a@b, wanted one of them"),
        (["--host", "b", "--ssh-config", "none"], "found no file none; name ssh's own configuration"),
        (["--sim", "--marker", "x"], "--marker is for a board"),
        (["--sim", "--seconds", "3"], "--seconds is for a board"),
        (["--host", "b", "--seconds", "-1"], "found --seconds -1, wanted 0 to 86,400"),
        (["--host", "b", "--seconds", "nan"], "found --seconds nan"),
        (["--host", "-oProxyCommand=touch x"], "wanted such as xilinx@pynq"),
        (["--sim", "--frames", "0"], "--frames 0 would measure nothing"),
        (["--sim", "--batch", "-1"], "--batch -1 would measure nothing"),
        (["--sim", "--batch", "99999999"], "give a smaller batch"),
        (["--sim", "--data", "/nowhere.npz"], "found no file"),
    ],
)
def test_measurements_that_are_refused(
    words: list[str], sentence: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run_verb(capsys, "measure", project.path, *words)
    assert status == 2 and sentence in err


@pytest.mark.parametrize(
    "option",
    [("--seconds", "3"), ("--marker", "x"), ("--sudo",), ("--python", "python3.9"), ("--doctor", "--marker", "x")],
)
def test_what_runs_nothing_takes_no_options_for_it(
    option: tuple[str, ...], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run_verb(capsys, "deploy", project.path, "--host", "a@b", *option)
    assert status == 2 and "is for a measurement on the board; add --measure" in err


@needs_tclsh
def test_the_script_is_written_and_checked(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "build", project.path, "--script")
    assert status == 0 and "checked: OK 9 cells" in out
    first = write_script(project).read_bytes()
    assert write_script(project).read_bytes() == first
    assert b"../../rtl" in first and str(project.path).encode() not in first


def test_without_vivado_the_script_stays(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = run_verb(capsys, "build", project.path)
    assert status == 3 and "found no 'vivado' on PATH" in err and "build.tcl" in err
    status, _, err = run_verb(capsys, "package", project.path)
    assert status == 2 and "run 'shiftwire build' first, on a machine with Vivado" in err


@pytest.fixture(scope="module")
def archive(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the simulated board's overlay."""
    folder = tmp_path_factory.mktemp("overlay")
    bit = write_overlay(project, accelerator_design(project), folder)
    first = package(project, bit, bit.with_suffix(".hwh"), folder / "small.tar.gz").read_bytes()
    again = package(project, bit, bit.with_suffix(".hwh"), folder / "small.tar.gz")
    assert again.read_bytes() == first, "the same bytes again"
    return again


def test_a_project_without_systemverilog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(schedule(conv_net(), load_board("pynq-z2"), target=Target(fps=1.0)), tmp_path / "hls", Backend.HLS)
    for verb in (("measure", tmp_path / "hls", "--sim"), ("build", tmp_path / "hls", "--script")):
        status, _, err = run_verb(capsys, *verb, "--inner", "rtl")
        assert status == 2 and "holds no rtl/; convert the model again with --backend both" in err


def test_a_package_holds_what_a_board_needs(archive: Path, project: Project) -> None:
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert {"small.bit", "small.hwh", "small.manifest.json", "golden.npz", "start.ipynb"} < names
    assert {"shiftwire_boards/__init__.py", "shiftwire_boards/runtime/accelerator.py"} < names
    assert not [name for name in names if "catalog" in name or "vivado" in name or "sim/" in name]
    assert load_project(project.path).version_hash == project.version_hash, "nothing in the project changed"


def test_the_notebook_runs_from_top_to_bottom(
    archive: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In IPython, in the folder that the archive unpacks into, on a simulated board."""
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415 - pynq brings it

    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)  # as on the board
    (folder,) = tmp_path.iterdir()
    monkeypatch.chdir(folder)
    saved = (folder / "start.ipynb").read_text()
    (folder / "start.ipynb").write_text(saved + "\n")  # Jupyter saves it with what its cells said
    shell = InteractiveShell()
    with simulated_board(project, tmp_path / "overlay"):
        for cell in json.loads(saved)["cells"]:
            if cell["cell_type"] == "code":
                shell.run_cell("".join(cell["source"])).raise_error()
    assert shell.user_ns["different"] == 0
    assert read_record(folder / "record.json").exactness.exact


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("ssh") / "sshd") as running:
        yield running


def test_the_board_is_asked_in_a_login_shell() -> None:
    """Nothing else has pynq's Python in its PATH and XILINX_XRT in its environment on PYNQ's images."""
    words = ("bash", "-lc", "python3 -B -m shiftwire_boards.runtime doctor 'a b.bit'")
    assert runtime_command("python3", False, "doctor", "a b.bit") == words
    assert runtime_command("python3", True, "doctor", "a b.bit") == ("sudo", "-n", *words)


@pytest.mark.whole
@needs_sshd
def test_deploy_and_measure_over_ssh(
    host: Server, project: Project, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run replaces the first; the line breaks in between."""
    python = python_there(project, tmp_path)
    words = ("deploy", project.path, "--archive", archive, "--host", "board", "--ssh-config", host.config)
    for _ in range(2):
        status, out, err = run_verb(capsys, *words, "--measure", "--seconds", "0", "--python", python)
        assert status == 0, err
        assert "none differs" in out
    record = read_record(project.reports_dir / "record.json")
    assert record.exactness.exact and record.identity.model == "small"
    status, out, err = run_verb(capsys, *words, "--doctor", "--measure", "--python", python)
    lines = {line.split()[1]: line for line in out.splitlines() if line.startswith(("ok ", "error ", "warning "))}
    assert status == 1, "this machine is no board, and nothing is measured on it"
    assert lines["package"].startswith("ok ") and "found no Zynq" in lines["board"] and "frames/s" not in out
    for secret in ("PRIVATE KEY", "password"):
        assert secret not in (host.folder / "log").read_text()
    assert [path.name for path in (host.home / "shiftwire").iterdir()] == [folder_of(project)], "nothing half-made"


@needs_sshd
def test_what_cannot_be_deployed(
    host: Server, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b broken")
    cases = (
        ("/nowhere.tar.gz", "board", 2, "run 'shiftwire package' first"),
        (str(tmp_path / "broken.tar.gz"), "board", 2, "is no package, or cut short"),
        (str(tmp_path / "broken.tar.gz"), "a b", 2, "wanted such as xilinx@pynq"),
    )
    for archive, address, wanted, words in cases:
        command = ("deploy", project.path, "--archive", archive, "--host", address, "--ssh-config", host.config)
        status, _, err = run_verb(capsys, *command)
        assert status == wanted and words in err
