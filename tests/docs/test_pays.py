"""docs/does_it_pay.md is what pareto_page.py makes of the results, and its sentences say what the figures do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "campaigns"))

import pareto_page as page  # noqa: E402
from family_nets import Made  # noqa: E402
from study_nets import STUDIED  # noqa: E402

RESULTS = page.read("pareto")
FOUND = page.study(RESULTS)


def entry(accuracy: float, **lut: tuple[int, int]) -> dict[str, object]:
    """Of one seed: LUT and DSP by form, at 1,000 frames a second."""
    own = {"ff": 1, "bram36": 1.0, "cycles": 100_000, "frames_per_second": 1000, "latency_cycles": 9}
    forms = {form.replace("_", " "): {"lut": count[0], "dsp": count[1], **own} for form, count in lut.items()}
    return {"train": {"accuracy": accuracy}, "1000 frames/s": {"forms": forms}}


HAND = {
    "entries": {
        "choices": {},
        "speeds": [1000],
        "mnist, int8, seed 0": entry(90.0, trained=(900, 0), products_in_DSP_blocks=(300, 40)),
        "mnist, int8, seed 1": {"train": {"accuracy": 92.0}},
        "mnist, int4, seed 1": {"train": {"accuracy": 80.0}},
        "mnist, int4, seed 0": entry(80.0, trained=(500, 0), products_in_DSP_blocks=(320, 40)),
        "mnist, lightnn-1, seed 0": entry(90.0, trained=(600, 0)),
        "mnist, adder, seed 0": entry(70.0, trained=(700, 0), adders_in_DSP_blocks=(650, 30)),
        "mnist, vip, seed 0": {
            "train": {"accuracy": 95.0},
            "1000 frames/s": {"forms": {}, "refused": "found 70,000 LUT"},
        },
    }
}


def test_the_page_is_what_the_results_make_of_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(RESULTS), "run make pareto-page"
    for name in page.pictures(FOUND):
        ElementTree.parse(page.PAGE.parent / name)


def test_what_was_taken() -> None:
    """Every family, trained alike; no code differs, and what the page says of all of them is there."""
    entries = {key: each for key, each in RESULTS["entries"].items() if key not in ("choices", "speeds")}
    assert "failed" not in json.dumps(entries)
    for family in STUDIED:
        first = entries[f"fashion-mnist, {family.name}, seed 0"]
        assert family.is_float or (first["verify"]["different"] == 0 and first["verify"]["compared"]), family.name
        assert (family.name, "fashion-mnist") in FOUND.accuracies
        assert family.made is not Made.TRAINED or family.name in page.KINDS
    for data in page.DATA:
        own = [each["choices"] for key, each in entries.items() if key.startswith(data)]
        assert len({choices.partition(") ")[0] for choices in own}) == 1


def test_nothing_beats_what_is_on_the_front() -> None:
    found = page.study(HAND)
    accuracies = {family: each for (family, _), each in found.accuracies.items()}
    best = page.front(found.designs, accuracies)
    assert [each.name for each in best] == ["int8, products in DSP blocks", "int4", "lightnn-1", "int8"]
    (line,) = page.front_lines(found)
    assert line.startswith(
        "* **MNIST, 1,000 frames/s**: int8, products in DSP blocks (91.0 %, 300 LUT, 40 DSP); int4 ("
    )


def test_who_loses_and_wins() -> None:
    """91 and 1.4 of a spread are no more than 90; 80 is."""
    found = page.study(HAND)
    assert found.refused == (("vip", 1000),)
    title, lightnn, adder, _ = page.loss_lines(found)
    assert title == "### MNIST\n"
    assert lightnn == (
        "* **lightnn-1** loses to int8, products in DSP blocks at 1,000 (2.00 x its LUT, 40 DSP there). "
        "It wins over int8 at 1,000 (0.67 x its LUT)."
    )
    assert "loses to int8, products in DSP blocks" in adder and "int4 at 1,000 (1.40 x its LUT)" in adder
    assert adder.endswith("It wins over none.")
