"""shiftwire measure --host: over a real ssh server, with lines that break; what runs on the board is a stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from board_bench import random_frames, small_project
from board_host import Bench, packed, until
from interrupts import started
from shiftwire.board import measure as board_measure
from shiftwire.board.deploy import deploy
from shiftwire.tools import ssh
from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.manifest import load_manifest
from shiftwire_boards.runtime.record import Exactness
from shiftwire_boards.runtime.record_json import read_record
from shiftwire_boards.runtime.samples import samples_of
from ssh_host import SSHD, server
from tiers import some
from verbs import run_verb

pytestmark = pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server")
SLOWLY = 'sleep 1.5; cp "$here/record" "$out"\n'


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Deployed already."""
    folder = tmp_path_factory.mktemp("measure")
    project = small_project(folder / "small")
    archive = packed(project, folder / "made")
    with server(folder / "ssh") as host:
        deploy(archive, host.remote)
        yield Bench(host, project, archive)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "PAUSE_S", 0.1)
    monkeypatch.setattr(board_measure, "ENERGY_S", 0.0)


def words(bench: Bench, *more: object) -> tuple[object, ...]:
    return ("measure", bench.project.path, "--host", "board", "--ssh-config", bench.host.config, *more)


def in_the_midst(bench: Bench, act: Callable[[], object]) -> threading.Thread:
    """Something that happens as soon as the board measures."""

    def wait() -> None:
        until(lambda: bench.starts > 0)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_record_comes_home(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = bench.tells('echo "some warning" >&2; cp "$here/record" "$out"\n')
    status, out, err = run_verb(capsys, *words(bench, "--seconds", 3, "--html", tmp_path / "page.html"))
    assert status == 0, err
    assert "MEASURED on pynq-z2" in out and "none differs" in out and "frames/s" in out
    assert "measuring on board for 3 s and more" in err
    assert read_record(bench.project.reports_dir / "record.json") == record
    assert "MEASURED" in (tmp_path / "page.html").read_text()
    arguments = (bench.host.programs / "arguments").read_text().split("\n")[:-1]
    assert arguments == [
        "-B", "-m", "shiftwire_boards.runtime", "./small.bit", "--batch", "64", "--seconds", "3", "-o",
        ".run/record.json",
    ]  # fmt: skip
    status, out, _ = run_verb(capsys, *words(bench, "--json"))
    assert json.loads(out)["identity"]["version_hash"] == bench.project.version_hash
    assert (bench.project.reports_dir / "record.html").is_file()
    assert not (bench.folder / ".run").exists()


@pytest.mark.whole
def test_data_go_there_with_the_codes_they_become(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = bench.project.design.network
    codes = random_frames(network, 12)
    values = np.moveaxis(network.input.format.decode(codes), -1, 1)
    labels = network.evaluate(codes).argmax(axis=-1)
    np.savez(tmp_path / "a test's.npz", x=values, y=labels)
    bench.tells('cp .run/data.npz "$here/sent"; cp "$here/record" "$out"\n')
    status, _, err = run_verb(capsys, *words(bench, "--data", tmp_path / "a test's.npz", "--frames", 10))
    assert status == 0, err
    manifest = load_manifest(bench.folder / "small.manifest.json")
    samples = samples_of(manifest, bench.folder, bench.host.programs / "sent")
    assert np.array_equal(samples.codes, codes[:10]) and np.array_equal(samples.labels, labels[:10])
    assert np.array_equal(samples.wanted, network.evaluate(codes[:10]))
    np.savez(tmp_path / "odd.npz", x=values, wanted=labels[:, 0, 0])
    with pytest.raises(DataError, match=r"found wanted codes of shape \(12,\) in .*, wanted \(12, "):
        samples_of(manifest, bench.folder, tmp_path / "odd.npz")
    assert "--data\n.run/data.npz\n" in (bench.host.programs / "arguments").read_text()
    assert not (bench.folder / ".run").exists()
    status, _, err = run_verb(capsys, *words(bench, "--data", tmp_path / "none.npz"))
    assert status == 2 and "found no file" in err and not (bench.folder / ".run").exists()


def test_codes_that_differ_are_a_failed_check(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.tells('cp "$here/record" "$out"; exit 1\n', exactness=Exactness(1000, 3))
    status, out, _ = run_verb(capsys, *words(bench))
    assert status == 1 and "3 of 1,000" in out


def test_a_board_without_this_version(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.tells()
    other = small_project(tmp_path / "other")
    mine = (other.path, "--host", "board", "--ssh-config", bench.host.config)
    status, _, err = run_verb(capsys, "measure", *mine)
    assert status == 2 and "found nothing of other on board, wanted other-" in err
    assert "run 'shiftwire deploy' first" in err
    manifest = bench.folder / "small.manifest.json"
    text, moved = manifest.read_text(), bench.folder.with_name("small-00000000")
    manifest.write_text(text.replace(bench.project.version_hash, bench.project.version_hash[:8] + "0" * 56))
    status, _, err = run_verb(capsys, *words(bench))
    assert status == 2 and f"found version {bench.project.version_hash[:8]}000" in err
    manifest.write_text("damaged")
    status, _, err = run_verb(capsys, *words(bench))
    assert status == 2 and "found version a damaged manifest on board" in err
    manifest.write_text(text)
    folder = bench.folder
    folder.rename(moved)
    status, _, err = run_verb(capsys, *words(bench))
    assert status == 2 and "found small-00000000 on board, wanted small-" in err and bench.starts == 0
    moved.rename(folder)


def test_a_measurement_outlives_its_line(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    record = bench.tells(SLOWLY)
    cut = in_the_midst(bench, bench.host.kill_sessions)
    status, _, err = run_verb(capsys, *words(bench))
    cut.join()
    assert status == 0, err
    assert read_record(bench.project.reports_dir / "record.json") == record
    assert bench.starts == 1, "measured once"
    assert not (bench.folder / ".run").exists()


def test_who_waits_on_a_dead_line_ends_with_the_run(tmp_path: Path) -> None:
    """Its files were taken away by whoever came back."""
    (tmp_path / ".run").mkdir()
    command = ["sh", "-c", board_measure._RUN, "sh", str(tmp_path), "sleep", "598"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        pid, errors = tmp_path / ".run" / "pid", tmp_path / ".run" / "err"
        until(lambda: errors.is_file() and pid.is_file() and bool(pid.read_text()))  # the run holds its files open
        group = int(pid.read_text())
        shutil.rmtree(tmp_path / ".run")
        try:
            assert process.wait(timeout=20) == board_measure.DIED
        finally:
            process.kill()
            os.killpg(group, signal.SIGKILL)


@pytest.mark.whole
def test_lines_that_break_at_any_time(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever command is under way."""
    bench.tells(SLOWLY)
    is_over = threading.Event()

    def cut() -> None:
        for _ in range(3):
            if not is_over.wait(0.4):
                bench.host.kill_sessions()

    thread = threading.Thread(target=cut)
    thread.start()
    status, _, err = run_verb(capsys, *words(bench))
    is_over.set()
    thread.join()
    assert status == 0, err
    assert bench.starts == 1 and not (bench.folder / ".run").exists()


@pytest.mark.whole
def test_a_line_that_does_not_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence tells where the record waits, and there it is."""
    project = small_project(tmp_path / "small")
    monkeypatch.setattr(board_measure, "START_S", 3.0)
    with server(tmp_path / "ssh") as host:
        bench = Bench(host, project, packed(project, tmp_path / "made"))
        deploy(bench.archive, host.remote)
        record = bench.tells(SLOWLY)

        cut = in_the_midst(bench, host.end)
        status, _, err = run_verb(capsys, *words(bench, "--seconds", 0))
        cut.join()
        name = f"shiftwire/{bench.folder.name}/.run/record.json"
        assert status == 3 and f"went on there: fetch its record with scp board:{name} record.json" in err
        assert read_record(host.home / name) == record


@pytest.mark.whole
def test_one_measurement_at_a_time(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """One that has ended, or whose board was switched off, stands in nobody's way."""
    bench.tells(SLOWLY)
    run = bench.folder / ".run"
    run.mkdir()
    (run / "token").write_text("another")
    with subprocess.Popen(["sh", "-c", "sleep 60; : shiftwire_boards"]) as other:
        (run / "pid").write_text(str(other.pid))
        status, _, err = run_verb(capsys, *words(bench))
        assert status == 3 and "another measurement of this version runs on board; wait until it has ended" in err
        other.kill()
    assert run_verb(capsys, *words(bench))[0] == 0 and bench.starts == 1


FAILURES = [
    ('echo before; echo "found no board; look" >&2; exit 2\n', "on board: found no board; look"),
    ("exit 3\n", "on board: the measurement ended with status 3"),
    ("kill -9 $PPID; sleep 0.1\n", "the measurement on board was killed; look whether its memory ran out"),
    ('echo "{}" >"$out"\n', "board sent no record that can be read (this is no record"),
    ("exit 0\n", "board sent no record that can be read ("),
    ('sed s/"$(cat hash)"/ffff/ "$here/record" >"$out"\n', "board sent no record that can be read"),
    ("sleep 600\n", "did not end within 1 s and was stopped; look at the board"),
]


@pytest.mark.parametrize(
    ("script", "sentence"),
    some(FAILURES, *FAILURES[:2]),
)
def test_what_fails_there_is_one_sentence(
    script: str, sentence: str, bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_measure, "START_S", 1.0 if "600" in script else 20.0)
    bench.tells(script.replace("$(cat hash)", bench.project.version_hash[:8]) + "echo $$ >/dev/null\n")
    status, out, err = run_verb(capsys, *words(bench, "--seconds", 0))
    assert (status, out, len(err.splitlines())) == (3, "", 2), err
    assert sentence in err
    assert not (bench.folder / ".run").exists()
    if "600" in script:  # that of another process of the tests may still sleep
        assert not running("sleep 600")


@pytest.mark.whole
def test_ctrl_c_stops_the_board(bench: Bench) -> None:
    bench.tells("sleep 599\n")
    with started(words(bench)) as process:
        until(lambda: bench.starts > 0 and running("sleep 599"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    until(lambda: not running("sleep 599"))
    assert not (bench.folder / ".run").exists()


def running(text: str) -> bool:
    """Whether a process with these words lives."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words_of = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words_of == text and int(process.name) != os.getpid():
            return True
    return False
