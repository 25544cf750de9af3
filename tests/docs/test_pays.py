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
        "mnist, lightnn-1, seed 1": {"train": {"accuracy": 90.0}},
        "mnist, adder, seed 1": {"train": {"accuracy": 70.0}},
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
    """One of 90 and one of 92 are no further from 90 than each other; 80 is, for both seeds."""
    found = page.study(HAND)
    assert dict(found.refused) == {("vip", 1000): "found 70,000 LUT"}
    title, lightnn, adder, in_blocks, _ = page.loss_lines(found)
    assert title == "### MNIST\n"
    assert lightnn.split(". It ") == [
        "* **lightnn-1** wins over int8 at 1,000 (0.67 x its LUT, -1.0 points)",
        "loses to int8, products in DSP blocks at 1,000 (2.00 x its LUT, -1.0 points, 40 DSP blocks fewer)",
        "is more accurate than, and larger than, int4 at 1,000 (1.20 x its LUT, +10.0 points); "
        "int4, products in DSP blocks at 1,000 (1.88 x its LUT, +10.0 points, 40 DSP blocks fewer).",
    ]
    assert "loses to int8, products in DSP blocks" in adder and "int4 at 1,000 (1.40 x its LUT, -10.0 points)" in adder
    assert in_blocks.startswith("* **adder, adders in DSP blocks** loses to ") and "30 DSP blocks more" in in_blocks


def test_outcomes() -> None:
    """Higher for every seed and by more than a spread; LUTs within a tenth are as many."""
    few, many, some = (page.Design("a", page.IN_LUTS, 1, lut, 1, 1.0, 0, 1, 1) for lut in (100, 200, 105))
    low, high, mixed = (
        page.Accuracy(dict(zip(("0", "1"), own, strict=True))) for own in ((50.0, 51.0), (60.0, 62.0), (50.5, 62.0))
    )
    assert high.is_above(low) and not low.is_above(high) and not mixed.is_above(high)
    assert not page.Accuracy({"0": 99.0}).is_above(page.Accuracy({"0": 1.0})), "of one seed nothing is known"
    assert not page.Accuracy({"0": 49.0, "1": 90.0}).is_above(low), "not for every seed"
    for mine, rival, own, theirs, kind in (
        (few, many, high, low, "WINS"),
        (few, many, low, high, "SMALLER"),
        (many, few, high, low, "LARGER"),
        (many, few, low, low, "LOSES"),
        (few, some, low, low, "EVEN"),
        (few, some, low, high, "LOSES"),
    ):
        assert page.outcome(mine, rival, own, theirs).name == kind


def test_what_takes_fewer_luts_than_products_in_blocks() -> None:
    assert list(page.block_lines(page.study(HAND))) == [
        "* At 1,000 frames/s int8 with products in DSP blocks takes 300 LUT, 40 DSP; no family takes fewer LUTs.",
        "* At 1,000 frames/s int4 with products in DSP blocks takes 320 LUT, 40 DSP; no family takes fewer LUTs.",
    ]
