"""Trials are what quantize makes, their front is that of all candidates, and neither kills nor workers change it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shiftwire import api
from shiftwire.explore.front import Plan, Point
from shiftwire.explore.trials import sensitivity
from shiftwire.explore.trials.chosen import Chosen, Forecast, best_places, rates_of, unbeaten_as_shown
from shiftwire.explore.trials.ground import Ground, Spec
from shiftwire.explore.trials.result import Result
from shiftwire.explore.trials.search import Trial
from shiftwire.explore.trials.space import Axis, Kind, Space
from shiftwire.ir.cost import Cost
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.project import Backend, load_project
from shiftwire.quantize.methods.words import own_of
from shiftwire.quantize.options import Options
from trials_bench import FAST, FEW, TRIALS, explore
from verbs import run_verb


def test_each_point_is_what_quantize_makes(front: Path, work: Path, tmp_path: Path, capsys) -> None:
    """Its exact file byte for byte, its loss from quantize's own score, and its energy and network from the file."""
    data = json.loads(front.read_text())
    assert data["samples"] == 200 and data["trials"] == TRIALS and len(data["tried"]) == TRIALS
    assert len({point["model"] for point in data["points"]}) > 1
    for point in data["points"]:
        words = point["quantize"].replace("'", "").split()
        status, out, err = run_verb(
            capsys, "quantize", work / "float.onnx", "--calibrate", work / "x.npz", *words, "--json", "--no-trials",
            "-o", tmp_path / "exact.onnx",
        )  # fmt: skip
        assert status == 0, err
        assert (tmp_path / "exact.onnx").read_bytes() == (front.parent / point["model"]).read_bytes()
        assert 100 - json.loads(out)["answers"]["accuracy_exact"] == pytest.approx(point["loss"])


def test_a_point_becomes_a_project(front: Path, work: Path, tmp_path: Path, capsys) -> None:
    """Its cycles and LUTs are those of the table, and no code differs in C-simulation."""
    point = json.loads(front.read_text())["points"][-1]
    words = ("--from", front, "--pick", point["name"], "-o", tmp_path / "net", "--json")
    status, out, err = run_verb(capsys, "convert", *words)
    assert status == 0, err
    design = load_project(tmp_path / "net").design
    assert design.timing.interval == point["cycles"] and design.timing.latency == point["latency_cycles"]
    assert design.resources.lut == point["lut"] + point["fifo_lut"]
    status, out, err = run_verb(capsys, "csim", tmp_path / "net", "--data", work / "x.npz", "--native")
    assert status == 0 and " 0 of " in out, out + err


def test_the_front_is_that_of_all_candidates(every: Mapping[str, Any]) -> None:
    """With as many trials as there are candidates no other one, each tried by itself, beats a point at its rate."""
    data = every
    assert data["trials"] == data["candidates"] <= 1000
    whole = [each for each in data["tried"] if each["samples"] == data["samples"] and each["lut"] is not None]
    at = [point for point in data["points"] if point["cycles"] <= data["cycles"]]
    best = {(each["lut"], each["loss"]) for each in whole if not any(beats(other, each) for other in whole)}
    assert best <= {(point["lut"], point["loss"]) for point in at}


def beats(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    both = (one["lut"], one["loss"]), (other["lut"], other["loss"])
    return both[0] != both[1] and one["lut"] <= other["lut"] and one["loss"] <= other["loss"]


@pytest.mark.parametrize("for_hls", [True, False])
def test_single_choices_count_what_trials_count(for_hls: bool, work: Path, tmp_path: Path, capsys) -> None:
    """At the rate that is chosen for a user, each choice has LUTs, those of the exact front of its network."""
    words = (
        "--calibrate",
        work / "x.npz",
        "--samples",
        24,
        "--score",
        8,
        "--trials",
        1,
        "-o",
        tmp_path / "f.json",
        "--json",
    )
    status, out, err = run_verb(
        capsys, "explore", work / "float.onnx", *words, "--backend", "both" if for_hls else "rtl"
    )
    assert status == 0, err
    data, lines = json.loads(out), (tmp_path / "f.json.journal").read_text().splitlines()
    choices = next(json.loads(line)["choices"] for line in lines if "choices" in line)
    assert data["candidates"] > 20 and all(np.isfinite(lut) for each in choices.values() for _, lut in each.values())
    ground = Ground.of(Spec(work / "float.onnx", work / "x.npz", None, 24, "pynq-z2", None, for_hls, 8))
    for layer, scheme in (("c1", FEW[0]), ("c2", FEW[1]), ("logits", FEW[2])):
        options = replace(sensitivity.BASE, samples=24, layers=(own_of(f"{layer}={scheme}"),))
        front = api.explore(run_pipeline(ground.exact(options)), backend=Backend.BOTH if for_hls else Backend.RTL)
        luts = [point.cost.lut for point in front.points if point.cycles <= data["cycles"]]
        assert min(luts) == choices[f"weights of {layer}"][scheme][1]


def test_what_is_given_up_is_beaten(every: Mapping[str, Any]) -> None:
    """A trial that was scored in part is worse than a whole one that takes no more LUTs."""
    whole = [each for each in every["tried"] if each["samples"] == every["samples"]]
    for each in (each for each in every["tried"] if each not in whole and each["loss"] is not None):
        assert any(other["lut"] <= each["lut"] and other["loss"] < each["loss"] for other in whole)


@pytest.mark.parametrize(
    ("loss", "lut", "samples"),
    [(-1e3, -1, 50), (-1e3, 1, 200), (1e3, -1, 200), (0.0, 0, 200)],
    ids=["far better, smaller", "far better, larger", "worse, smaller", "as good"],
)
def test_who_is_given_up(loss: float, lut: int, samples: int, work: Path) -> None:
    """One that a rival of no more LUTs beats by far on a quarter of the samples; any other is scored on all of them."""
    ground = Ground.of(Spec(work / "float.onnx", work / "x.npz", None, 24, "pynq-z2", None, for_hls=True))
    alone = ground.tried(Options(samples=24), cycles=400)
    own = min(corner[1] for corner in alone.front if corner[0] <= 400)
    beside = ground.tried(Options(samples=24), ((alone.loss + loss, own + lut),), cycles=400)
    assert alone.samples == 200 and beside.samples == samples and beside.front == alone.front
    assert (beside.loss == alone.loss) or samples == 50


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_other_samplers(sampler: str, front: Path, work: Path, tmp_path: Path, capsys) -> None:
    """Behind the same first trials others, and the same ones again."""
    words, before = ("--sampler", sampler, "--trials", 16), json.loads(front.read_text())
    data = explore(capsys, work, tmp_path / "one.json", *words)
    assert data["tried"][:TRIALS] == before["tried"] and len(data["tried"]) == 16
    again = explore(capsys, work, tmp_path / "two.json", *words)
    assert again["tried"] == data["tried"]


def test_one_sample_and_a_large_seed(work: Path, tmp_path: Path, capsys) -> None:
    words = ("--score", 1, "--trials", 4, "--seed", 99_999_999_999_999)
    data = explore(capsys, work, tmp_path / "front.json", *words)
    assert data["samples"] == 1 and all(each["samples"] == 1 for each in data["tried"])


def test_the_next_command_works(work: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """Of a front for SystemVerilog alone; a project has the names of the front and the point."""
    monkeypatch.chdir(tmp_path)
    words = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", 2, "--score", 8, "--backend", "rtl")
    status, out, err = run_verb(capsys, "explore", work / "float.onnx", *words, "-o", "mine.json")
    assert status == 0, err
    (following,) = (line for line in out.splitlines() if line.startswith("next: shiftwire "))
    assert following == "next: shiftwire convert --from mine.json --pick 1 --backend rtl"
    status, _, err = run_verb(capsys, *following.split()[2:])
    assert status == 0, err
    assert load_project(tmp_path / "build" / "mine_1").design.timing.interval > 0


def test_nothing_shown_is_beaten_by_the_fitted_models_either() -> None:
    """Cycles, loss and fitted LUTs; of equal points one is shown, and names count on."""
    figures = [(10, 3.0, 50), (10, 4.0, 50), (20, 3.0, 50), (20, 1.0, 60), (20, 1.0, 60), (30, 5.0, 40), (30, 0.5, 90)]
    point = Point("", Plan({}, {}), 0, 0, 0, 1.0, Cost(), Cost(), 0, fits=True)
    every = [
        Chosen({}, Options(), loss, "", replace(point, name=str(at), cycles=cycles), Forecast(lut, 0, 0), 0.0)
        for at, (cycles, loss, lut) in enumerate(figures, 1)
    ]
    shown = [(each.point.name, each.point.cycles, each.loss, each.forecast.lut) for each in unbeaten_as_shown(every)]
    assert shown == [("1", 10, 3.0, 50), ("2", 20, 1.0, 60), ("3", 30, 5.0, 40), ("4", 30, 0.5, 90)]


def test_page_and_table_tell_what_the_file_tells(front: Path) -> None:
    points, page = json.loads(front.read_text())["points"], front.with_name("f.html").read_text()
    rows = list(csv.DictReader(front.with_name("f.csv").open()))
    assert [row["pick"] for row in rows] == [point["name"] for point in points]
    for row, point in zip(rows, points, strict=True):
        assert int(row["lut"]) == point["predicted_lut"]["lut"] and row["quantize"] == point["quantize"]
        assert f"{point['predicted_lut']['least']:,} to {point['predicted_lut']['most']:,}" in page
    assert page.count("<svg") == 2 and "http" not in page.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("https://matplotlib.org", "").replace("http://creativecommons.org", "")


def test_its_keys_are_explained(front: Path) -> None:
    text = Path(__file__).parents[3].joinpath("docs/files.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text[text.index("With `--calibrate`") : text.index("## Records")], re.MULTILINE)
    explained = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert explained | {"shiftwire"} == set(json.loads(front.read_text()))


def test_best_places_are_what_a_plain_loop_gives() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        trials = []
        for name in range(12):
            cycles = sorted(int(c) for c in rng.choice(np.arange(10, 400), 5, replace=False))
            luts = sorted((int(lut) for lut in rng.choice(np.arange(100, 130), 5, replace=False)), reverse=True)
            samples = int(rng.choice([50, 200], p=[0.2, 0.8]))
            corners = tuple((c, lut, 0) for c, lut in zip(cycles, luts, strict=True))
            trials.append(Trial({"axis": name}, Result(float(rng.integers(0, 9)), samples, corners)))
        wanted = set()
        for most in rates_of(40):
            fast = {
                at: min(corner[1] for corner in trial.result.front if corner[0] <= most)
                for at, trial in enumerate(trials)
                if trial.result.samples == 200 and trial.result.front[0][0] <= most
            }
            for at, lut in fast.items():
                loss = trials[at].result.loss
                pairs = [(fast[other], trials[other].result.loss) for other in fast if other != at]
                if not any(a <= lut and b <= loss and (a, b) != (lut, loss) for a, b in pairs):
                    wanted.add((lut, loss))
        assert {(place.corner[1], place.trial.result.loss) for place in best_places(trials, 200, 40)} == wanted


def test_no_labels_means_agreement(work: Path, tmp_path: Path, capsys) -> None:
    np.savez(tmp_path / "x.npz", x=np.load(work / "x.npz")["x"][:60])
    (tmp_path / "float.onnx").write_bytes((work / "float.onnx").read_bytes())
    data = explore(capsys, tmp_path, tmp_path / "front.json", "--trials", 3)
    assert data["measure"] == "answers unlike the float network's, %"


def test_candidates_of_a_space(work: Path) -> None:
    """Every candidate says what its choices say."""
    axes = (Axis(Kind.WEIGHTS, "c1", FEW[:2]), Axis(Kind.BITS, "r1", ("4", "8")), Axis(Kind.INPUT_BITS, "", ("6", "8")))
    space = Space(axes, Options())
    assert space.size == 8
    for places in product(range(2), repeat=3):
        options = space.options(dict(zip((axis.name for axis in axes), places, strict=True)))
        assert (options.of("c1").terms, options.bits_of("r1"), options.input_bits) == (
            (1, 2)[places[0]], (4, 8)[places[1]], (6, 8)[places[2]],
        )  # fmt: skip
        assert options.of("c1x").terms == options.of("x").terms == 3 and options.bits_of("r") == 8
