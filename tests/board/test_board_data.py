"""Data, cached programs, paths and overlays that are not what they should be: a sentence each, no wrong figure."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import needs_pynq, random_frames, small_project
from projects import conv_net
from records import measured
from shiftwire.board.manifest import board_manifest
from shiftwire.board.package import package
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire.errors import InputError
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.manifest import load_manifest
from shiftwire_boards.runtime.measure import MeasurementPlan
from shiftwire_boards.runtime.record_json import read_record, write_record
from shiftwire_boards.runtime.samples import samples_of
from single_layers import single_layers
from verbs import run_verb

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
FRAMES = 5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("data") / "small", programs)


@pytest.fixture
def manifest(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "a.manifest.json"
    path.write_text(json.dumps(board_manifest(project, "a", {})))
    return path


def values(project: Project) -> np.ndarray[Any, Any]:
    network = project.design.network
    return np.moveaxis(network.input.format.decode(random_frames(network, FRAMES)), -1, 1)


Y = np.zeros((FRAMES, 3, 5), np.int64)
BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "a column of labels": (
        {"y": Y[:, None]},
        r"found labels of shape \(5, 1, 3, 5\) and type int64, wanted \(5, 3, 5\)",
    ),
    "a class of each frame": ({"y": Y[:, 0, 0]}, r"found labels of shape \(5,\) and type int64, wanted \(5, 3, 5\)"),
    "labels of floats": (
        {"y": Y.astype(float)},
        r"and type float64, wanted \(5, 6, 3, 5\)",
    ),
    "labels of words": ({"y": Y.astype(str)}, r"and type <U21, wanted"),
    "one label": ({"y": np.int64(3)}, "found no list of labels for 5 frames"),
    "a label beyond the classes": ({"y": Y + 999_999}, "found labels from 999999 to 999999, the network answers 0 to"),
    "a label below": ({"y": Y - 1}, "found labels from -1 to -1"),
    "four labels": ({"y": Y[:4]}, "found 4 labels for 5 frames"),
    "x that is one number": ({"x": np.float32(1)}, r"found data of shape \(\)"),
    "no x": ({"x": None}, "wanted 'x'"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_arrays_that_would_tell_a_wrong_accuracy(name: str, project: Project, manifest: Path) -> None:
    given, words = BAD_ARRAYS[name]
    file = manifest.parent / "data.npz"
    arrays = {"x": values(project), **given}
    np.savez(file, **{key: array for key, array in arrays.items() if array is not None})
    with pytest.raises(DataError, match=words):
        samples_of(load_manifest(manifest), manifest.parent, file)


@pytest.mark.parametrize("kind", [np.float32, np.bool_, str])
def test_wanted_codes_are_integers(kind: type, project: Project, manifest: Path) -> None:
    network, file = project.design.network, manifest.parent / "data.npz"
    np.savez(file, x=values(project), wanted=np.zeros((FRAMES, *network.output.shape)).astype(kind))
    with pytest.raises(DataError, match=r"found wanted codes of type .*, wanted integers"):
        samples_of(load_manifest(manifest), manifest.parent, file)


def spoilt(edit: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(edit(file.read_bytes())) and None


def _no_npy(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", b"hello")


BAD_NPZ: dict[str, Callable[[Path], Any]] = {
    "empty": spoilt(lambda data: b""),
    "truncated": spoilt(lambda data: data[:200]),
    "flipped": spoilt(lambda data: data[:300] + bytes([data[300] ^ 0xFF]) + data[301:]),
    "no arrays": _no_npy,
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("name", BAD_NPZ)
def test_files_that_hold_no_frames(name: str, project: Project, manifest: Path, capsys: Any) -> None:
    file = manifest.parent / "data.npz"
    np.savez(file, x=values(project))
    BAD_NPZ[name](file)
    with pytest.raises(DataError):
        samples_of(load_manifest(manifest), manifest.parent, file)
    status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--data", file)
    assert status == 2 and str(file) in err


def test_the_array_of_an_npy(project: Project, manifest: Path) -> None:
    file = manifest.parent / "data.npy"
    np.save(file, values(project))
    assert len(samples_of(load_manifest(manifest), manifest.parent, file).codes) == FRAMES


BAD_MANIFESTS: list[tuple[tuple[str | int, ...], Any]] = [
    (("version_hash",), "x"),
    (("version_hash",), 5),
    (("clock_ns",), 10**400),
    (("clock_ns",), 0),
    (("inputs", 0, "shape"), "x"),
    (("inputs", 0, "shape"), [None]),
    (("inputs", 0, "shape"), [1.5]),
    (("outputs", 0, "decode", "scale"), None),
    (("outputs", 0, "decode", "scale"), []),
    (("outputs", 0, "decode", "offset"), "x"),
    (("outputs", 0, "decode", "offset"), {}),
    (("foreseen", "latency_cycles"), "x"),
    (("foreseen", "interval_cycles"), 10**30),
    (("inputs",), []),
    (("outputs",), [{}, {}]),
    (("golden",), 0),
    (("files",), 3),
]


@pytest.mark.parametrize(("where", "value"), BAD_MANIFESTS)
def test_manifests_with_a_wrong_value(where: tuple[str | int, ...], value: Any, manifest: Path) -> None:
    said_ = inner = json.loads(manifest.read_text())
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    manifest.write_text(json.dumps(said_))
    with pytest.raises(PackageError, match="package the project again"):
        load_manifest(manifest)


@pytest.mark.whole
@needs_pynq
def test_a_program_that_ends_or_is_none(tmp_path: Path, capsys: Any) -> None:
    project = small_project(tmp_path / "small")
    cache = project.reports_dir / "board"
    status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--frames", 2)
    assert status == 0, err
    (program,) = cache.iterdir()
    for content in ("#!/bin/sh\nexit 3\n", "#!/bin/sh\nhead -c 1 >/dev/null; kill -9 $$\n", "junk"):
        program.write_text(content)
        status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--frames", 2)
        assert status == 3 and "the simulated logic" in err and f"remove {cache}, which is built anew" in err


@pytest.mark.whole
@needs_pynq
def test_paths_that_make_cannot_read(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "my dig$it;s #1 'o\"k"
    write_project(schedule(conv_net(), load_board("zcu104"), target=Target(fps=10_000)), path, Backend.RTL)
    status, out, err = run_verb(capsys, "cosim", path, "--frames", 2)
    assert status == 0 and " 0 of " in out, err


def test_frames_beyond_all_measure(project: Project, capsys: Any) -> None:
    status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--frames", 10**20)
    assert status == 2 and "wanted at most 1,000,000,000; give fewer" in err


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "3"])
def test_times_that_are_none(seconds: Any) -> None:
    with pytest.raises(DataError, match="wanted 0 or more"):
        MeasurementPlan(seconds)


@pytest.mark.parametrize(
    ("suffix", "edit", "words"),
    [
        (".bit", lambda data: b"", "holds no configuration of an FPGA; name a whole bitstream"),
        (".bit", lambda data: data[:60], "holds no configuration"),
        (".hwh", lambda data: data[:2000], "is no whole description of a block design"),
        (".hwh", lambda data: b"<EDKSYSTEM/>", "describes no shiftwire network"),
    ],
)
def test_overlays_that_cannot_be_right(
    suffix: str, edit: Callable[[bytes], bytes], words: str, project: Project, tmp_path: Path
) -> None:
    bit = write_overlay(project, accelerator_design(project), tmp_path / "overlay")
    file = bit.with_suffix(suffix)
    file.write_bytes(edit(file.read_bytes()))
    with pytest.raises(InputError, match=words):
        package(project, bit, bit.with_suffix(".hwh"), tmp_path / "a.tar.gz")
    assert not (tmp_path / "a.tar.gz").exists()


def test_records_written_at_once(tmp_path: Path) -> None:
    path, faults = tmp_path / "record.json", []

    def write() -> None:
        try:
            for _ in range(20):
                write_record(measured(), path)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults and read_record(path) == measured()
    assert list(tmp_path.iterdir()) == [path]


@needs_pynq
def test_a_project_converted_while_it_is_measured(tmp_path: Path, programs: Path, capsys: Any) -> None:
    from shiftwire.cli.boards.measure import keep_record  # noqa: PLC0415 - the verb's own end

    project = small_project(tmp_path / "small", programs)
    status, _, err = run_verb(capsys, "measure", project.path, "--sim", "--frames", 2)
    assert status == 0, err
    record = read_record(project.reports_dir / "record.json")
    other = schedule(single_layers()["relu"], load_board("zcu104"), target=Target(fps=10_000))
    write_project(other, project.path, Backend.RTL)
    with pytest.raises(InputError, match="was converted anew while it was measured"):
        keep_record(project, record)
    assert not (project.reports_dir / "record.json").exists()
    project.reports_dir.mkdir(exist_ok=True)
    write_record(record, project.reports_dir / "record.json")
    status, _, err = run_verb(capsys, "report", project.path, project.path)
    assert status == 2 and "is of another version of" in err
