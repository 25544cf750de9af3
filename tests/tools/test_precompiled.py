"""Fixed headers are read once a machine: the second program finds them, and nothing that stands in the way matters."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shiftwire.tools import precompiled
from shiftwire.tools.host_cpp import NATIVE, Build, compiled, find_compiler
from shiftwire.tools.process import run

THREE = "#pragma once\n#include <cassert>\ninline int three() {{ assert(GIVEN); return {}; }}\n"
SOURCE = '#include "three.h"\n#include <cstdio>\nint main() { return printf("%d", three() + GIVEN) == 0; }\n'


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A program whose first include is its prefix; its cache and that of headers are empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "three.h").write_text(THREE.format(3))
    (tmp_path / "main.cpp").write_text(SOURCE)
    return Build(tmp_path / "main.cpp", (tmp_path,), flags=("-O1", "-DGIVEN=1"), prefix='#include "three.h"\n')


def arguments(build: Build) -> list[str | Path]:
    compiler = find_compiler()
    return precompiled.precompiled([compiler, *build.options], build.identity(compiler), build.prefix)


def test_headers_are_precompiled_when_they_are_wanted_again(build: Build, tmp_path: Path) -> None:
    assert arguments(build) == []
    said = arguments(build)
    assert [said[0], Path(said[1]).name] == ["-include", "prefix.h"]
    finished = Path(f"{said[1]}.gch")
    stamp = finished.stat().st_mtime_ns
    assert arguments(build) == said
    assert finished.stat().st_mtime_ns == stamp
    words = [find_compiler(), *build.options, *said, "-H", build.source, "-o", tmp_path / "x"]
    log = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stderr
    assert f"! {finished}" in log  # what g++ says where it takes one


def test_a_program_is_the_same_with_them(build: Build, tmp_path: Path) -> None:
    assert {run([compiled(build, tmp_path / f"cache{at}")], "run") for at in range(3)} == {"4"}


def test_changed_headers_flags_and_compilers_are_others(build: Build, tmp_path: Path) -> None:
    arguments(build), arguments(build)
    other = Build(build.source, build.include_dirs, flags=("-O2", "-DGIVEN=1"), prefix=build.prefix)
    assert arguments(other) == []
    (tmp_path / "three.h").write_text(THREE.format(5))
    assert arguments(build) == []
    assert run([compiled(build, tmp_path / "cache")], "run") == "6"
    assert run([compiled(build, tmp_path / "other")], "run") == "6"


def test_projects_in_other_folders_share_them(build: Build, tmp_path: Path) -> None:
    arguments(build)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "three.h").write_text((tmp_path / "three.h").read_text())
    assert arguments(Build(build.source, (elsewhere,), flags=build.flags, prefix=build.prefix)) != []


def test_what_stands_in_the_way_is_no_error(build: Build, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    assert arguments(build) == []
    assert run([compiled(build, tmp_path / "cache")], "run") == "4"


@pytest.mark.parametrize("damage", ["zeros", "cut", "flipped", "gone"])
def test_damaged_ones_are_forgotten(damage: str, build: Build, tmp_path: Path) -> None:
    arguments(build)
    finished = Path(f"{arguments(build)[1]}.gch")
    content = bytearray(finished.read_bytes())
    match damage:
        case "zeros":
            finished.write_bytes(bytes(2_000_000))
        case "cut":
            finished.write_bytes(content[:-100_000])
        case "flipped":
            middle = len(content) // 2
            finished.write_bytes(content[:middle] + bytes(b ^ 0x55 for b in content[middle:]))
        case "gone":
            finished.with_suffix("").unlink()
    assert run([compiled(build, tmp_path / "cache")], "run") == "4"
    assert damage in ("gone", "zeros") or not finished.exists(), "it would stand in the way again"
    arguments(build)
    assert run([compiled(build, tmp_path / "other")], "run") == "4"


def test_nobodys_home(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert arguments(build) == arguments(build) == []


def test_a_relative_cache_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert precompiled.user_folder() == tmp_path / ".cache/shiftwire/headers"


@pytest.mark.skipif(shutil.which("clang++") is None, reason="found no clang++; apt-get install clang")
def test_another_compiler_goes_without(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "clang++")
    native = Build(build.source, build.include_dirs, flags=(*build.flags, NATIVE), prefix=build.prefix)
    for at in range(3):
        assert run([compiled(native, tmp_path / f"cache{at}")], "run") == "4"
    assert arguments(build) == []


def test_headers_that_do_not_compile_are_left_to_the_program(build: Build, tmp_path: Path) -> None:
    broken = Build(build.source, build.include_dirs, flags=build.flags, prefix="#error no\n")
    assert arguments(broken) == arguments(broken) == []


def test_those_that_nobody_used_lately_go(build: Build, tmp_path: Path) -> None:
    parent = precompiled.user_folder()
    for at in range(9):
        (parent / f"old{at}").mkdir(parents=True)
        os.utime(parent / f"old{at}", (at, at))
    arguments(build)
    left = {folder.name for folder in parent.iterdir()}
    assert {name for name in left if name.startswith("old")} == {f"old{at}" for at in range(4, 9)}
    assert len(left) == precompiled.KEPT
