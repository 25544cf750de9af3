"""A native simulation on a poor machine: it runs all the same, or says in a sentence what is missing."""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from instruction_sets import differing
from one_layer import frames
from shiftwire.errors import InputError, ToolError
from shiftwire.native.program import native_program, simulate
from shiftwire.project import data
from shiftwire.project.project import Backend, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire.tools.host_cpp import Processor, native_flags
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from small_disk import small_disk
from test_tiny import tiny
from verbs import run_verb

CASE = single_layers()["shift_conv_grouped"]

WITHOUT_AVX = 'exec g++ "$@" -mno-avx'
REFUSES = """for word in "$@"; do case "$word" in %s) echo "g++: error: unrecognized '$word'" >&2; exit 1
esac; done; exec g++ "$@"
"""
OLD, OLDER, UNALIGNED = REFUSES % "-march=*|-mno-*", REFUSES % "-mno-avxvnni", REFUSES % "-faligned-new"
LITTLE_MEMORY = """case " $* " in
*" -E "*|*" -c "*|*--version*) exec g++ "$@";;
*) g++ "$@" || exit 1
   file="$(echo "$*" | sed 's/.* -o //')"; mv "$file" "$0.program"
   printf '#!/bin/sh\\nulimit -v 60000\\nexec %s "$@"\\n' "$0.program" >"$file"; chmod +x "$file";;
esac
"""


def compiler(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands for g++."""
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "tiny"
    write_project(schedule(tiny(), load_board("pynq-z2"), target=Target(fps=1_000_000)), path, Backend.RTL)
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(-8, 8, (40, 2)) / 4)
    return path


def refusal(project: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status, and the one sentence that follows what was begun."""
    status, out, err = run_verb(capsys, "csim", project, "--data", project.parent / "x.npy", "--native")
    *begun, sentence = err.splitlines()
    assert not out and all(line.startswith(("compiling", "C-simulating")) for line in begun), err
    assert sentence.startswith("shiftwire csim: ")
    return status, sentence


@pytest.mark.parametrize(
    ("script", "simd"),
    [(WITHOUT_AVX, ""), (OLD, ""), (OLDER, "vectors")],
    ids=["without AVX", "old compiler", "less old"],
)
def test_less_of_a_processor_simulates_the_same(
    script: str, simd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler(script, tmp_path, monkeypatch)
    monkeypatch.setenv("SHIFTWIRE_SIMD", simd)
    assert Processor.of(native_flags()) == Processor()
    wrong, live = differing(CASE, frames(CASE), tmp_path)
    assert not wrong and live


def test_a_compiler_that_knows_no_avxvnni_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIFTWIRE_SIMD", "vectors")
    if not Processor.of(("-march=native",)).has_avx2:
        pytest.skip("the processor has no AVX2")
    compiler(OLDER, tmp_path, monkeypatch)
    monkeypatch.setenv("SHIFTWIRE_SIMD", "avx2")
    assert "-mno-avxvnni" not in native_flags() and Processor.of(native_flags()) == Processor(has_avx2=True)


@pytest.mark.parametrize("script", [WITHOUT_AVX, OLD])
def test_instructions_that_are_not_there_are_refused(
    script: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler(script, project.parent, monkeypatch)
    monkeypatch.setenv("SHIFTWIRE_SIMD", "avx2")
    status, sentence = refusal(project, capsys)
    assert status == 2 and "found SHIFTWIRE_SIMD=avx2, and no AVX2 in what the compiler knows" in sentence
    assert sentence.endswith("set it to 'vectors', or unset it for the instructions that are there")


def test_instructions_of_no_name_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIFTWIRE_SIMD", "sse9")
    status, sentence = refusal(project, capsys)
    assert status == 2 and sentence.endswith(
        "found SHIFTWIRE_SIMD=sse9; set it to one of 'avx2', 'vectors', or unset it for all instructions"
    )


def test_a_compiler_that_cannot_align_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(UNALIGNED, tmp_path, monkeypatch)
    with pytest.raises(ToolError, match=r"compiler failed with status 1 to .*\n.*unrecognized '-faligned-new'"):
        native_program(tiny(), tmp_path)


def test_a_program_without_memory_is_told_from_a_broken_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler(LITTLE_MEMORY, project.parent, monkeypatch)
    status, sentence = refusal(project, capsys)
    assert status == 3 and "while it was to simulate; " in sentence
    assert "free some, or raise the limit that `ulimit -v` shows" in sentence


def test_too_little_memory_for_the_data(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def encoded(*_: object) -> None:
        raise MemoryError("Unable to allocate 9.0 GiB")

    monkeypatch.setattr(data, "_encoded", encoded)
    assert refusal(project, capsys) == (
        2,
        "shiftwire csim: out of memory (Unable to allocate 9.0 GiB); give a smaller model or data, or free some, or "
        "raise the limit that `ulimit -v` shows",
    )


def test_too_little_memory_for_a_thread(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    status, sentence = refusal(project, capsys)
    assert status == 2 and "out of memory (can't start new thread); give a smaller model" in sentence


@pytest.mark.parametrize("place", ["reports", "reports/native", "reports/native/built"])
@pytest.mark.parametrize("what", ["file", "nowhere"])
def test_a_project_that_cannot_be_written(
    place: str, what: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / place).parent.mkdir(parents=True, exist_ok=True)
    if what == "file":
        (project / place).touch()
    else:
        (project / place).symlink_to("/proc/self/none")
    status, sentence = refusal(project, capsys)
    assert status == 2 and f"cannot write {project / 'reports/native'}" in sentence
    assert re.search(r" \(.* .*\); free space,? or (name|work on)", sentence)


def test_no_folder_for_codes(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    native_program(tiny(), project / "reports")
    monkeypatch.setattr(tempfile, "tempdir", "/proc/self/none")
    status, sentence = refusal(project, capsys)
    assert (
        status == 2 and "cannot write codes (No such file or directory); free space there, or name another" in sentence
    )


@pytest.mark.parametrize(("kilobytes", "sentence"), [
    (64, r"cannot write codes \(No space left on device\); free space there, or name another folder by TMPDIR"),
    (400, r"found room for \d+ KiB of codes in .*, wanted 782 KiB; free space there, or name another folder by TMPDIR"),
])  # fmt: skip
def test_a_disk_without_room_for_codes(
    kilobytes: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 KB of input codes and 800 KB of output codes."""
    program = native_program(tiny(), tmp_path)
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, kilobytes):
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(InputError, match=sentence):
            simulate(program, np.zeros((100_000, 2), np.int64))
        assert not list(disk.iterdir())
