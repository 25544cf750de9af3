"""Folders whose writers were killed in the midst: the next one loses nothing and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import onnx
from projects import files_of, small_net
from shiftwire.errors import InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.tools.atomic import replaced
from verbs import run_verb

WRITER = """
import os, shutil, signal, sys
from pathlib import Path

from shiftwire.tools import atomic

def dies_before(owner, name, turn):
    real, calls = getattr(owner, name), []
    def call(*args, **options):
        calls.append(args)
        if len(calls) == turn:
            os.kill(os.getpid(), getattr(signal, sys.argv[4]))
        return real(*args, **options)
    setattr(owner, name, call)

def keep(old, new):
    (old / "report").rename(new / "report")

def write():
    with atomic.replaced(Path(sys.argv[1]), lambda path: (path / "ours").is_file(), keep) as work:
        for name in ("a", "b", "c"):
            (work / name).write_text("new")
        (work / "ours").write_text("new")

name, turn = sys.argv[2], int(sys.argv[3])
dies_before(*{"begin": (Path, "write_text"), "rename": (Path, "rename"), "remove": (os, "unlink")}[name], turn)
"""
"""Writes a folder, and dies before the call of a kind and number: FOLDER KIND NUMBER SIGNAL."""

MOMENTS = [
    ("begin", 3, "old"),
    ("rename", 1, "old"),
    ("rename", 2, "old"),
    ("rename", 3, "new"),
    ("rename", 4, "new"),
    ("remove", 1, "new"),
    ("remove", 3, "new"),
]
"""Where a writer dies, and which folder is whole then: two files of four; both folders; the old one away; the new one
there, its report not, the report too; at the first and third of the old files."""


def started(folder: Path, kind: str, turn: int, signal_name: str = "SIGKILL") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER + "write()\n", folder, kind, turn, signal_name]
    return subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL)


def written(folder: Path, word: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in ("a", "b", "c", "ours"):
        (folder / name).write_text(word)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def keep(old: Path, new: Path) -> None:
    if (old / "report").exists():
        (old / "report").rename(new / "report")


@contextmanager
def rewritten(folder: Path) -> Iterator[Path]:
    """As the writers do, here."""
    with replaced(folder, lambda path: (path / "ours").is_file(), keep) as work:
        yield work


def mended(folder: Path) -> None:
    """By a writer that fails."""
    with pytest.raises(InputError, match="a bad model"), rewritten(folder):
        raise InputError("a bad model")


@pytest.mark.parametrize(("kind", "turn", "word"), MOMENTS)
def test_a_killed_writer_loses_nothing(kind: str, turn: int, word: str, tmp_path: Path) -> None:
    """The old folder is whole until the new one is; the report outlives both."""
    folder = tmp_path / "model"
    written(folder, "old")
    (folder / "report").write_text("hours")
    assert started(folder, kind, turn).wait() == -signal.SIGKILL
    beside = {path.name for path in tmp_path.iterdir()} - {"model"}
    assert beside, "it left something"
    assert folder.exists() is ((kind, turn) != ("rename", 2))
    mended(folder)
    assert contents(folder) == {**dict.fromkeys(("a", "b", "c", "ours"), word), "report": "hours"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    with rewritten(folder) as work:
        written(work, "newest")
    assert contents(folder) == {**dict.fromkeys(("a", "b", "c", "ours"), "newest"), "report": "hours"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_writer_that_lives_is_left_alone(tmp_path: Path) -> None:
    """It stands still between the two renames; its old folder is nobody's until it has died."""
    folder = tmp_path / "model"
    written(folder, "old")
    writer = started(folder, "rename", 2, "SIGSTOP")
    try:
        os.waitid(os.P_PID, writer.pid, os.WSTOPPED)
        beside = sorted(tmp_path.iterdir())
        assert len(beside) == 2 and not folder.exists()
        mended(folder)
        assert sorted(tmp_path.iterdir()) == beside
    finally:
        writer.kill()
        writer.wait()
    mended(folder)
    assert contents(folder)["a"] == "old" and list(tmp_path.iterdir()) == [folder]


def test_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    """Folders of names that are nearly ours, of ours that somebody put a file in, and of another output."""
    folder = tmp_path / "model"
    written(folder, "old")
    names = ("model.old.notes", "model.new", "model.backup01", "model.v2.old.abcdefgh", "model.old.zzzzzzzz")
    kept = [tmp_path / f".{name}" for name in names]
    for each in kept:
        written(each, "mine")
    mine = tmp_path / ".model.old.abcdefgh"
    (mine / "project").mkdir(parents=True)
    (mine / "project" / "thesis").write_text("years")
    mended(folder)
    assert (mine / "project" / "thesis").read_text() == "years"
    assert all(contents(each)["a"] == "mine" for each in kept)


def test_the_last_of_several_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for at, name in enumerate(("aaaaaaaa", "bbbbbbbb", "cccccccc")):
        left = tmp_path / f".model.old.{name}"
        left.mkdir()
        written(left / "project", name)
        os.utime(left, ns=(at * 10**9,) * 2)
    mended(folder)
    assert contents(folder)["a"] == "cccccccc" and list(tmp_path.iterdir()) == [folder]


def test_an_interrupted_swap_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the two renames."""
    folder = tmp_path / "model"
    written(folder, "old")
    real, calls = Path.rename, []

    def rename(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KeyboardInterrupt), rewritten(folder) as work:
        written(work, "new")
    assert contents(folder)["a"] == "old" and list(tmp_path.iterdir()) == [folder]


def test_a_killed_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The project of before is back with its reports, and the next convert leaves it alone in its folder."""
    model, folder = tmp_path / "small.onnx", tmp_path / "build" / "small"
    onnx.save(to_onnx(small_net()), model)
    words = ["convert", model, "--backend", "rtl", "-o", folder]
    assert run_verb(capsys, *words)[0] == 0
    (folder / "reports").mkdir()
    (folder / "reports" / "record.json").write_text("hours")
    before = files_of(folder)
    program = WRITER + "from shiftwire.cli import main\nmain(sys.argv[5:])\n"
    done = subprocess.run(
        [sys.executable, "-c", program, "-", "rename", "2", "SIGKILL", *map(str, words)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL and not folder.exists(), done.stderr
    assert len(list(folder.parent.iterdir())) == 2
    status, _, err = run_verb(capsys, *words)
    assert status == 0, err
    assert files_of(folder) == before and [path.name for path in folder.parent.iterdir()] == ["small"]
