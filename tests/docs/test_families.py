"""docs/families.md is what families_page.py makes of the results, and its sentences say what the figures do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "campaigns"))

import families_page as page  # noqa: E402

RESULTS, EXCHANGE = page.read("families"), page.read("exchange")
FOUND = page.families(RESULTS)


def found(name: str, *accuracies: float, bits: int = 100, lut: int | None = 10, like: str | None = None) -> page.Found:
    return page.Found(name, accuracies, 50, bits, 50, page.Hardware(1300, 9, 2, lut, 2.0, 1.0), 7, 0, like)


def test_the_page_is_what_the_results_make_of_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(RESULTS, EXCHANGE), "run make families-page"


def test_every_family_is_there_and_no_code_differs() -> None:
    """But for the float net each was compared with onnxruntime and simulated; its net has fewer than 25,000 weights."""
    assert {each.name for each in FOUND} == set(page.WHAT)
    assert FOUND[0].weights < 25_000
    for each in FOUND[1:]:
        assert each.like or (each.different == 0 and each.compared), each.name
        assert each.hardware.lut and each.hardware.bram36 and each.hardware.ratio, each.name
        assert each.dense == FOUND[0].weights
    failed = [key for key, entry in RESULTS["entries"].items() if "failed" in json.dumps(entry)]
    assert not failed


def test_all_are_trained_alike() -> None:
    """One set of choices, from three seeds."""
    entries = {key: entry for key, entry in RESULTS["entries"].items() if key != "choices"}
    assert len({entry["choices"].partition(") ")[0] for entry in entries.values()}) == 1
    assert all(len(each.accuracies) == 3 for each in FOUND)


def test_an_accuracy_within_the_spread_of_the_best_wins_too() -> None:
    every = [
        found("float", 99.0),
        found("lightnn-1", 70.0, 72.0),
        found("int4", 73.0, 75.0),
        found("vip", 72.9, 72.9),
        found(page.LONGER, 90.0, 92.0),
    ]
    won = page.winners(every)
    assert won["accuracy"] == ["int4", "vip"], "71 is 3 below 74, whose spread is 1.41"
    assert won["LUT"] == ["lightnn-1", "int4", "vip", page.LONGER]
    first, *_, last = page.verdicts(every)
    assert first == (
        "* **accuracy**: int4 wins with 74.0 % (within its spread of it: vip); lightnn-1 comes last with 71.0 %."
    )
    assert last.endswith(
        "no slower than half of LightNN-1's speed: lightnn-1, int4, vip, smartexchange-retrained; slower: none."
    )


def test_what_wins_and_loses_beside_lightnn() -> None:
    every = [
        found("lightnn-1", 70.0, 72.0),
        found("int4", 76.0, 75.0, bits=80, lut=15),
        found("vip", 71.5, 71.6),
        found("binary-distribution", 60.0, bits=25, lut=5, like="binary"),
    ]
    int4, vip, binary = page.families_one_by_one(every)
    assert int4.endswith("wins 4.5 points of accuracy, stored bits (0.80 x); loses LUT (1.50 x).")
    assert vip.endswith("wins nothing; loses nothing."), "half a point is within a spread of 1.4"
    assert binary.endswith("wins stored bits (0.25 x), LUT (0.50 x); loses 11.0 points of accuracy.")
    assert "binary-distribution" not in page.figures(every, page.LUT), "its netlist is another's"


def test_smartexchange_loses_at_most_a_point_where_it_is_trained_on() -> None:
    entries = EXCHANGE["entries"]
    assert entries["float"]["accuracy"] - entries["retrained"]["accuracy of the exact file"] <= 1.0
    forms = {name: entry for name, entry in entries.items() if isinstance(entry, dict) and "error" in entry}
    assert list(forms) == [*(f"SmartExchange, theta {theta}" for theta in ("0.001", "0.004", "0.01", "0.02")),
                           "LightNN-1", "LightNN-2", "int4"]  # fmt: skip
    for entry in forms.values():
        assert entry["x fp32"] == pytest.approx(32 * entry["weights"] / entry["bits"], abs=0.01)
