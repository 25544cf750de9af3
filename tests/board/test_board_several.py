"""Several inputs and outputs on a simulated board: values by name, records of each output, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from board_bench import USUAL_BOARD, needs_pynq
from heads_nets import small_agent, small_samples
from shiftwire.board.manifest import About, board_manifest
from shiftwire.board.simulated import accelerator_design, simulated_board, write_overlay
from shiftwire.cli import main
from shiftwire.errors import InputError
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.project import Backend, Project, load_project, write_project
from shiftwire.schedule.design import schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.frames import classes_of, decoded, encoded, on_grid, parted
from shiftwire_boards.runtime.manifest import Manifest, load_manifest, manifest_of
from shiftwire_boards.runtime.preprocessing import Preprocessing
from shiftwire_boards.runtime.record_json import read_record

pytestmark = [needs_pynq, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("heads") / "agent"
    write_project(schedule(run_pipeline(small_agent()), load_board(USUAL_BOARD)), folder, Backend.RTL)
    return load_project(folder)


@pytest.fixture(scope="module")
def manifest(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(manifest_of(write_overlay(project, accelerator_design(project), tmp_path_factory.mktemp("m"))))


def test_the_host_ends_are_those_of_the_flow(project: Project, manifest: Manifest) -> None:
    network, x = project.design.network, small_samples(40)
    codes = encoded(manifest.entries, x)
    assert np.array_equal(codes, network.encode(x))
    made = network.evaluate(codes)
    right = network.host_output.decode(made, network.output.format)
    values = decoded(manifest.exits, made)
    assert list(values) == list(right) == ["act/policy", "active"]
    assert all(np.array_equal(values[name], right[name]) for name in right)
    classes = classes_of(manifest.exits, made)
    assert np.array_equal(classes["act/policy"], right["act/policy"].argmax(axis=1))
    assert np.array_equal(encoded(manifest.entries, on_grid(manifest.entries, codes)), codes)
    assert [each.shape for each in parted(codes, [entry.shape for entry in manifest.entries])] == [
        (40, 2, 2, 2),
        (40, 2),
    ]


def test_values_through_the_board(project: Project, tmp_path: Path) -> None:
    network, x = project.design.network, small_samples(70)
    right = network.host_output.decode(network.evaluate(network.encode(x)), network.output.format)
    with simulated_board(project, tmp_path) as board, Accelerator(board.bitfile, batch=32) as accelerator:
        values = accelerator.predict(x)
        assert list(values) == ["act/policy", "active"]
        for name, wanted in right.items():
            assert np.array_equal(values[name], wanted), name
        assert np.array_equal(accelerator.classes(x)["act/policy"], right["act/policy"].argmax(axis=1))
        assert np.array_equal(accelerator.submit(x).result()["active"], right["active"])
        with pytest.raises(DataError, match="found an array 'reward', which is no input, wanted 'image', 'vector'"):
            accelerator.predict({**x, "reward": x["vector"]})


def test_a_record_tells_of_each_output(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, count = small_samples(12), 12
    classes, values = np.arange(count) % 3, np.full((count, 4), 0.5)
    np.savez(tmp_path / "x.npz", **x, **{"act/policy": classes, "active": values})
    assert main(["measure", str(project.path), "--sim", "--data", str(tmp_path / "x.npz")]) == 0
    out = capsys.readouterr().out
    assert "accuracy of 'act/policy': " in out and "bit-exactness of 'active': bit-exact: 48 codes compared" in out
    record = read_record(project.reports_dir / "record.json")
    assert [(each.name, each.exactness.compared, each.exactness.different) for each in record.outputs] == [
        ("act/policy", 36, 0), ("active", 48, 0),
    ]  # fmt: skip
    network = project.design.network
    right = network.host_output.decode(network.evaluate(network.encode(x)), network.output.format)
    policy, active = record.outputs
    assert policy.accuracy is not None and policy.accuracy == record.accuracy and policy.label_error is None
    assert policy.accuracy.correct == int((right["act/policy"].argmax(axis=1) == classes).sum())
    assert active.label_error is not None
    assert active.label_error.rms == pytest.approx(np.sqrt(np.mean((right["active"] - values) ** 2)))


X = small_samples(3)
REFUSED = {
    "array": (X["image"], "found one array for 2 inputs, wanted a dict of 'image', 'vector'"),
    "missing": ({"image": X["image"]}, "found no array for the input 'vector', wanted 'image', 'vector'"),
    "unequal": ({**X, "vector": X["vector"][:2]}, "found 3 of 'image', 2 of 'vector', wanted as many of each"),
    "shape": ({**X, "vector": X["image"]}, r"found data of shape \(3, 2, 2, 2\), wanted \(N, 2\) as in the model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_runtime_refuses(case: str, manifest: Manifest) -> None:
    values, words = REFUSED[case]
    with pytest.raises(DataError, match=words):
        encoded(manifest.entries, values)


def test_labels_of_the_runtime(manifest: Manifest) -> None:
    assert manifest.labelled(None) == {} and list(manifest.labelled(np.arange(3))) == ["act/policy"]
    assert list(manifest.labelled(np.ones((5, 4)))) == ["active"]
    with pytest.raises(DataError, match="found labels 'reward', wanted those of an output, act/policy, active"):
        manifest.labelled({"reward": np.arange(3)})
    with pytest.raises(DataError, match="found labels of shape"):
        manifest.labelled(np.ones((5, 9)))


def test_an_older_runtime_would_not_read_it(project: Project, tmp_path: Path) -> None:
    """And a part that does not fill its frames is a damaged package."""
    content = board_manifest(project, "agent", {})
    assert content["shiftwire_package"] == 4
    assert [part["name"] for part in content["inputs"][0]["parts"]] == ["image", "vector"]
    content["inputs"][0]["parts"].pop()
    (tmp_path / "agent.manifest.json").write_text(json.dumps(content))
    with pytest.raises(PackageError, match=r"found parts of \[8\] codes in frames of 10; package again"):
        load_manifest(tmp_path / "agent.manifest.json")


def test_what_a_package_may_say(project: Project) -> None:
    network = project.design.network
    About(labels=("a", "b", "c")).check(network)
    with pytest.raises(InputError, match="found 2 labels, and the network gives 3 and 4 numbers; name each class"):
        About(labels=("a", "b")).check(network)
    with pytest.raises(InputError, match="values for the inputs image, vector; leave --scale"):
        About(preprocessing=Preprocessing(255.0, (0.0,), (1.0,))).check(network)
