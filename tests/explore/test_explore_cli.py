"""`shiftwire explore` and `convert --from`: the table, both files, the project of a point, and every refusal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
from explored_nets import small
from qonnx_nets import int8_cnn
from shiftwire import api
from shiftwire.cli.explore import _patient
from shiftwire.explore.front import Objectives
from shiftwire.explore.front_file import front_json, read_front
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.engine import EngineName
from shiftwire.project.project import load_project
from verbs import run_verb

THREE = Objectives.THREE.value
SEED = 16
"""Of a chain whose memories may lie in either place."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explored") / "small net.onnx"
    onnx.save(to_onnx(small(SEED)), path)
    return path


@pytest.fixture(scope="module")
def front(model: Path) -> Path:
    path = model.with_name("front.json")
    explored = api.explore(model, objectives=Objectives.THREE)
    path.write_text(json.dumps(front_json(explored)))
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one sentence of a refusal."""
    status, out, err = run_verb(capsys, *words)
    assert (status, out) == (2, "")
    return err.splitlines()[-1]


def changed(front: Path, to: Path, **members: Any) -> Path:
    to.write_text(json.dumps(json.loads(front.read_text()) | members))
    return to


def test_table_csv_and_json_tell_the_same(model: Path, tmp_path: Path, capsys) -> None:
    files = "--csv", tmp_path / "f.csv", "-o", tmp_path / "new" / "front.json"
    status, out, err = run_verb(capsys, "explore", model, "--board", "pynq-z2", *files)
    assert status == 0 and f"wrote {tmp_path / 'f.csv'}" in err
    rows = list(csv.DictReader((tmp_path / "f.csv").open()))
    front = json.loads((tmp_path / "new" / "front.json").read_text())
    assert [row["pick"] for row in rows] == [point["name"] for point in front["points"]]
    assert [int(row["lut"]) for row in rows] == [point["lut"] for point in front["points"]]
    assert front["shiftwire"]["front_schema"] == 2 and len(front["network_sha256"]) == 64
    first = front["points"][0]
    assert f"{first['cycles']:,}" in out and f"{first['lut']:,}" in out
    assert "within 134 BRAM36: at as few cycles no other folds take fewer LUTs of layers" in out
    assert out.splitlines()[-1].endswith(f"--from '{tmp_path / 'new' / 'front.json'}' --pick 1".replace("'", ""))
    assert json.loads(run_verb(capsys, "explore", model, "--json")[1]) == front


def test_a_front_is_the_same_again(model: Path, front: Path, capsys) -> None:
    status, out, _ = run_verb(capsys, "explore", model, "--objectives", THREE, "--json")
    assert status == 0 and json.loads(out) == json.loads(front.read_text())
    assert front_json(read_front(front)) == json.loads(front.read_text())


def test_limits_and_fixed_folds(model: Path, capsys) -> None:
    words = "explore", model, "--bram36", 0, "--fold", "y=1,1", "--backend", "rtl", "--json"
    explored = json.loads(run_verb(capsys, *words)[1])
    assert explored["most_bram36"] == 0 and explored["for_hls"] is False
    assert {point["bram36"] for point in explored["points"]} == {0}
    assert all(point["folds"]["y"] == {"pe": 1, "simd": 1} for point in explored["points"])


def test_a_project_is_its_point(model: Path, front: Path, tmp_path: Path, capsys) -> None:
    """Folds, places of memories, cycles and figures, read back from the folder too."""
    moved = next(point for point in read_front(front).points if point.plan.memories)
    words = "convert", model, "--from", front, "--pick", moved.name, "-o", tmp_path / "net", "--json"
    status, out, _ = run_verb(capsys, *words)
    told = json.loads(out)["modelled"]
    design = load_project(tmp_path / "net").design
    assert status == 0 and (told["lut"], told["bram36"]) == (moved.total.lut, moved.total.bram36)
    assert told["interval_cycles"] == moved.cycles and told["hls_latency_cycles"] == moved.latency_cycles
    assert design.folds == moved.plan.folds and design.memories == moved.plan.memories
    assert design.resources == moved.total and moved.cost.bram36 == 0
    assert not any(unit.module.set_up.get("ROM_BLOCK") for unit in design.rtl.units)


@pytest.mark.parametrize("is_moved", [False, True])
def test_codes_of_a_point(is_moved: bool, model: Path, front: Path, tmp_path: Path) -> None:
    """SystemVerilog whose weights lie in block RAM, and whose do not although they are as many."""
    explored = read_front(front)
    of_kind = (p for p in explored.points if (p.plan.memories if is_moved else p.cost.bram36))
    project = api.convert_point(model, explored, next(of_kind).name, tmp_path / "net")
    codes = np.random.default_rng(0).integers(-128, 128, (3, *project.design.network.input.shape))
    ran, wanted = api.engine(EngineName.VERILATOR, project), api.engine(EngineName.REFERENCE, project)
    ends = [engine.run(codes, all_layers=False).layers[project.design.network.output_name] for engine in (ran, wanted)]
    assert np.array_equal(*ends) and len(np.unique(ends[1])) > 1


def test_forms_are_those_of_convert(tmp_path: Path, capsys) -> None:
    """Of a network whose float scales have several."""
    path, file = tmp_path / "int8.onnx", tmp_path / "front.json"
    onnx.save(int8_cnn().model(), path)
    assert run_verb(capsys, "explore", path, "-o", file, "--rescale", "threshold")[0] == 0
    words = "convert", path, "--from", file, "--pick", 2, "--backend", "rtl", "-o", tmp_path / "net"
    assert run_verb(capsys, *words, "--rescale", "threshold")[0] == 0
    assert {node.kind for node in load_project(tmp_path / "net").design.network.nodes} >= {"Threshold"}
    assert "of another network, or of this one read by other options" in refused(
        capsys, *words, "--rescale", "multiply"
    )


class TestRefused:
    def test_a_front_of_another_network(self, front: Path, tmp_path: Path, capsys) -> None:
        onnx.save(to_onnx(small(SEED + 2)), tmp_path / "other.onnx")
        sentence = refused(capsys, "convert", tmp_path / "other.onnx", "--from", front, "--pick", 1)
        assert "the front is of another network, or of this one read by other options; name the model that" in sentence

    @pytest.mark.parametrize("pick", ["0", "10000", "-1", "x"])
    def test_a_point_that_is_not_there(self, pick: str, model: Path, front: Path, capsys) -> None:
        count = len(read_front(front).points)
        sentence = refused(capsys, "convert", model, "--from", front, f"--pick={pick}")
        assert f"found no point '{pick}' in the front, which has 1 to {count}; pick one of these" in sentence

    def test_another_version(self, model: Path, front: Path, tmp_path: Path, capsys) -> None:
        other = changed(front, tmp_path / "f.json", shiftwire={"front_schema": 2, "version": "0.0.7"})
        assert f"{other} is of shiftwire 0.0.7, this is" in refused(
            capsys, "convert", model, "--from", other, "--pick", 1
        )
        other = changed(front, tmp_path / "f.json", shiftwire={"front_schema": 1, "version": "0.0.7"})
        assert f"{other} has schema 1, this shiftwire reads 2" in refused(
            capsys, "convert", model, "--from", other, "--pick", 1
        )

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"shiftwire": 3}', "[" * 100_000])
    def test_a_file_that_is_no_front(self, text: str, model: Path, tmp_path: Path, capsys) -> None:
        (tmp_path / "f.json").write_text(text)
        sentence = refused(capsys, "convert", model, "--from", tmp_path / "f.json", "--pick", 1)
        assert f"{tmp_path / 'f.json'} is no front that 'shiftwire explore' wrote" in sentence

    @pytest.mark.parametrize("member", ["points", "board", "clock_ns", "fixed", "objectives"])
    def test_a_damaged_front(self, member: str, model: Path, front: Path, tmp_path: Path, capsys) -> None:
        other = changed(front, tmp_path / "f.json", **{member: [{"name": 1}]})
        sentence = refused(capsys, "convert", model, "--from", other, "--pick", 1)
        assert f"{other} is damaged (" in sentence and sentence.endswith("run 'shiftwire explore' again")

    def test_a_front_whose_figures_changed(self, model: Path, front: Path, tmp_path: Path, capsys) -> None:
        points = json.loads(front.read_text())["points"]
        other = changed(front, tmp_path / "f.json", points=[points[0] | {"lut": 1}])
        sentence = refused(capsys, "convert", model, "--from", other, "--pick", 1)
        assert "point '1' no longer takes what the front says, for the model of costs changed" in sentence

    def test_no_file(self, model: Path, tmp_path: Path, capsys) -> None:
        sentence = refused(capsys, "convert", model, "--from", tmp_path / "none.json", "--pick", 1)
        assert f"found no file {tmp_path / 'none.json'}, wanted a front; write one by 'shiftwire explore" in sentence

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--fps", 100), "--from brings the folds of every layer, so --fps has nothing to say"),
            (("--luts", "50%"), "so --luts has nothing to say"),
            (("--fold", "fc=1,1"), "so --fold has nothing to say"),
            (("--board", "kv260"), "is of pynq-z2, found --board kv260; leave it out"),
            (("--clock-ns", 5), "is of 10 ns, found another --clock-ns; leave it out"),
        ],
    )
    def test_options_beside_it(
        self, words: tuple[object, ...], sentence: str, model: Path, front: Path, capsys
    ) -> None:
        assert sentence in refused(capsys, "convert", model, "--from", front, "--pick", 1, *words)

    def test_one_without_the_other(self, model: Path, front: Path, capsys) -> None:
        for words in (("--from", front), ("--pick", 1)):
            assert "give both, or neither" in refused(capsys, "convert", model, *words)

    def test_words_that_hls_has_not(self, model: Path, front: Path, tmp_path: Path, capsys) -> None:
        other = changed(front, tmp_path / "f.json", for_hls=False)
        sentence = refused(capsys, "convert", model, "--from", other, "--pick", 1)
        assert "is of SystemVerilog alone, with words that HLS has not; give --backend rtl" in sentence

    def test_what_cannot_be_explored(self, model: Path, capsys) -> None:
        assert "found a limit of 500 BRAM36" in refused(capsys, "explore", model, "--bram36", 500)
        assert "found two folds for 'fc'" in refused(capsys, "explore", model, "--fold", "fc=1,1", "--fold", "fc=1,1")


def test_progress_waits_until_somebody_wonders() -> None:
    told: list[tuple[int, int]] = []
    times = iter([10.0, 11.9, 12.1])
    report = _patient(lambda done, total: told.append((done, total)), lambda: next(times))
    report(1, 9)
    report(2, 9)
    assert told == [(2, 9)]


def test_progress_is_one_way(model: Path) -> None:
    """Half of it for the choice and half for the designs, never back."""
    told: list[float] = []
    api.explore(model, report=lambda done, total: told.append(done / total))
    assert told == sorted(told) and min(told) == 0 and 0.5 in told and max(told) < 1
