"""docs/families.md, written by `make families-page` from results/families.json and results/exchange.json.

Every figure and every sentence that says who wins is made of those results; --take copies newer ones from
build/campaigns first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from family_nets import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
TEMPLATE = Path(__file__).with_name("families.md.in")
PAGE = ROOT / "docs" / "families.md"
LONGER = "smartexchange-retrained"
"""It was trained for twice the epochs, so that it wins no accuracy."""
BESIDE = "lightnn-1"
"""The family that the others are compared with."""

WHAT = {
    "float": "32-bit floats, ordinary convolutions and batch norms; no hardware",
    "lightnn-1": "one power of two a weight",
    "lightnn-2": "two powers of two a weight",
    "int4": "4-bit integers in multipliers of LUTs (`convert --integer-weights multiply`)",
    "escalate": "six basis kernels of 8 bits a layer, then ternary sums; 1x1 convolutions and ends LightNN-1",
    "circulant-4": "circulant blocks of 4 of LightNN-1's weights; ends LightNN-1",
    "circulant-8": "circulant blocks of 8",
    "binary": "weights and activations of one bit; ends LightNN-1",
    "binary-distribution": "the same, trained with the distribution loss",
    "vip": "LightNN-1, 3x3 convolutions of stride 1 and seconds of a block at a quarter of their places",
    "smartexchange": "the float net's weights as Ce B, theta 4e-3, by `shiftwire quantize`, not retrained",
    "smartexchange-retrained": "the same after as many epochs more, a projection after each",
}

LIKE = {family.name: family.like for family in FAMILIES if family.like}


@dataclass(frozen=True)
class Measure:
    """What families are judged by; `digits` of a printed figure; `matters`  a ratio that is worth a word."""

    name: str
    is_more_better: bool
    digits: int = 0
    matters: float = 1.02

    def best(self, found: Mapping[str, float]) -> float:
        return max(found.values()) if self.is_more_better else min(found.values())

    def worst(self, found: Mapping[str, float]) -> float:
        return min(found.values()) if self.is_more_better else max(found.values())

    def shown(self, figure: float) -> str:
        return f"{figure:,.{self.digits}f}"


ACCURACY = Measure("accuracy", is_more_better=True, digits=1)
BITS = Measure("stored bits", is_more_better=False)
LUT = Measure("LUT", is_more_better=False)
BRAM = Measure("BRAM36", is_more_better=False, digits=1)
SPEED = Measure("native speed", is_more_better=True, matters=1.25)
COUNTED = (ACCURACY, BITS, LUT, BRAM)
TWICE = 2.0
"""A family whose native simulation takes longer than so many times LightNN-1's is slow."""


@dataclass(frozen=True)
class Hardware:
    """What is built of a family; None where it was not taken. `foreseen` LUT and BRAM36 are the scheduler's."""

    frames: int | None = None
    foreseen_lut: int | None = None
    foreseen_bram36: float | None = None
    lut: int | None = None
    bram36: float | None = None
    ratio: float | None = None


def spread(seeds: Sequence[float]) -> float:
    """Standard deviation of a sample; 0 of a single seed."""
    return statistics.stdev(seeds) if len(seeds) > 1 else 0.0


@dataclass(frozen=True)
class Found:
    """What a family came to; `like` is the family that it is built as."""

    name: str
    accuracies: tuple[float, ...]
    weights: int
    bits: int
    dense: int
    hardware: Hardware = Hardware()
    compared: int | None = None
    different: int | None = None
    like: str | None = None

    @property
    def mean(self) -> float:
        return statistics.fmean(self.accuracies)

    @property
    def spread(self) -> float:
        """Standard deviation of a sample; 0 of a single seed."""
        return spread(self.accuracies)

    def figure(self, measure: Measure) -> float | None:
        own = self.hardware
        found = {ACCURACY: self.mean, BITS: self.bits, LUT: own.lut, BRAM: own.bram36, SPEED: own.ratio}
        return found[measure]


def families(results: Mapping[str, Any]) -> list[Found]:
    """In the order of WHAT."""
    found: dict[str, Found] = {}
    for name in WHAT:
        seeds = [entry for key, entry in results["entries"].items() if key.startswith(f"{name}, seed ")]
        found[name] = _found(name, seeds, found.get(LIKE.get(name, "")))
    return list(found.values())


def _found(name: str, seeds: Sequence[Mapping[str, Any]], twin: Found | None) -> Found:
    """Of the first seed, but for the accuracies."""
    store, verify = seeds[0]["store"], seeds[0].get("verify", {})
    hardware = _hardware(seeds[0]) if twin is None else twin.hardware
    counts = (store["weights"], store["bits"], store["dense"])
    codes = (verify.get("compared"), verify.get("different"))
    step = "write" if name.startswith("smartexchange") else "train"
    accuracies = tuple(seed[step]["accuracy"] for seed in seeds if step in seed)
    return Found(name, accuracies, *counts, hardware, *codes, None if twin is None else twin.name)


def _hardware(first: Mapping[str, Any]) -> Hardware:
    convert, synth, speed = (first.get(step, {}) for step in ("convert", "synth", "speed"))
    foreseen = (convert.get(name) for name in ("frames_per_second", "lut", "bram36"))
    return Hardware(*foreseen, synth.get("lut"), synth.get("bram36"), speed.get("ratio"))


def table(found: Sequence[Found]) -> Iterator[str]:
    heads = (
        "family", "accuracy %", "seeds", "weights", "stored bits", "x fp32", "x int8", "frames/s", "LUT (modelled)",
        "BRAM36 (modelled)", "LUT", "BRAM36", "native speed to LightNN-1's", "codes compared", "differ",
    )  # fmt: skip
    yield row(heads)
    yield row(["---"] * len(heads))
    for each in found:
        accuracy = f"{each.mean:.1f} ± {each.spread:.1f}" if len(each.accuracies) > 1 else f"{each.mean:.1f}"
        smaller = (32 * each.dense / each.bits, 8 * each.dense / each.bits)
        counts = [*astuple(each.hardware), each.compared, each.different]
        yield row([
            each.name, accuracy, str(len(each.accuracies)), f"{each.weights:,}", f"{each.bits:,}",
            *(f"{times:.1f}" for times in smaller), *("" if count is None else f"{count:,}" for count in counts),
        ])  # fmt: skip


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def figures(found: Sequence[Found], measure: Measure) -> dict[str, float]:
    """By family, of those that are exact; one that is built as another is stands behind it."""
    shared = measure in (LUT, BRAM, SPEED)
    out = {"float", LONGER} if measure is ACCURACY else {"float"}
    kept = [each for each in found if each.name not in out and not (shared and each.like)]
    every = {each.name: each.figure(measure) for each in kept}
    return {name: figure for name, figure in every.items() if figure is not None}


def winners(found: Sequence[Found]) -> dict[str, list[str]]:
    """By measure, every family with the best figure; in accuracy those within the best one's spread behind it."""
    won = {}
    for measure in COUNTED:
        every = figures(found, measure)
        best, reach = measure.best(every), 0.0
        if measure is ACCURACY:
            reach = next(each.spread for each in found if each.name in every and each.mean == best)
        near = [name for name, figure in every.items() if abs(best - figure) <= reach]
        won[measure.name] = sorted(near, key=lambda name: abs(best - every[name]))
    return won


def verdicts(found: Sequence[Found]) -> Iterator[str]:
    """Who wins what, and who comes last."""
    won = winners(found)
    for measure in COUNTED:
        every = figures(found, measure)
        (first, *others), unit = won[measure.name], " %" if measure is ACCURACY else ""
        near = "within its spread of it" if measure is ACCURACY else "equal"
        beside = f" ({near}: {', '.join(others)})" if others else ""
        last = next(name for name, figure in every.items() if figure == measure.worst(every))
        yield (
            f"* **{measure.name}**: {first} wins with {measure.shown(every[first])}{unit}{beside}; "
            f"{last} comes last with {measure.shown(every[last])}{unit}."
        )
    for each in found:
        if each.name == LONGER:
            yield f"* {LONGER} reaches {each.mean:.1f} %, with twice the epochs."
    speeds = figures(found, SPEED)
    slow = [f"{name} ({ratio:.2f} x)" for name, ratio in speeds.items() if ratio < 1 / TWICE]
    fast = [name for name, ratio in speeds.items() if ratio >= 1 / TWICE]
    yield (
        f"* **native simulation**: no slower than half of LightNN-1's speed: {', '.join(fast)}; "
        f"slower: {', '.join(slow) or 'none'}."
    )


def families_one_by_one(found: Sequence[Found]) -> Iterator[str]:
    """Where each wins and loses beside LightNN-1."""
    beside = next(each for each in found if each.name == BESIDE)
    for each in found:
        if each.name not in ("float", BESIDE):
            wins, loses = _beside(each, beside)
            yield (
                f"* **{each.name}** ({WHAT[each.name]}) wins {', '.join(wins) or 'nothing'}; "
                f"loses {', '.join(loses) or 'nothing'}."
            )


def _beside(each: Found, beside: Found) -> tuple[list[str], list[str]]:
    sides: tuple[list[str], list[str]] = ([], [])
    points = each.mean - beside.mean
    if abs(points) > max(each.spread, beside.spread):
        sides[points < 0].append(f"{abs(points):.1f} points of accuracy")
    for measure in (BITS, LUT, BRAM, SPEED):
        own, other = each.figure(measure), beside.figure(measure)
        if own is None or other is None:
            continue
        ratio = own if measure is SPEED else own / other
        if max(ratio, 1 / ratio) >= measure.matters:
            sides[(ratio < 1) is measure.is_more_better].append(f"{measure.name} ({ratio:.2f} x)")
    return sides


def exchange_table(results: Mapping[str, Any]) -> Iterator[str]:
    heads = ("weights as", "bits", "x fp32", "x int8", "relative error %", "accuracy %")
    yield row(heads)
    yield row(["---"] * len(heads))
    for name, entry in results["entries"].items():
        if isinstance(entry, dict) and "error" in entry:
            cells = (f"{entry['bits']:,}", f"{entry['x fp32']:.2f}", f"{entry['x int8']:.2f}")
            yield row([name, *cells, f"{100 * entry['error']:.1f}", f"{entry['accuracy']:.1f}"])


def source(results: Mapping[str, Any], *tools: str) -> str:
    versions = ", ".join(f"{tool} {results['tools'][tool]}" for tool in tools)
    return f"Commit {results['commit'][:7]}, {versions}"


def page(results: Mapping[str, Any], exchange: Mapping[str, Any]) -> str:
    """The template with every figure in its place."""
    found, other = families(results), exchange["entries"]
    whole, exact = other["float"]["accuracy"], other["retrained"]["accuracy of the exact file"]
    return TEMPLATE.read_text(encoding="utf-8").format(
        weights=found[0].weights,
        choices=results["entries"]["choices"],
        synth=results["entries"][f"{BESIDE}, seed 0"]["synth"],
        source=source(results, "torch", "onnxruntime"),
        table="\n".join(table(found)),
        verdicts="\n".join(verdicts(found)),
        beside="\n".join(families_one_by_one(found)),
        other=other["choices"],
        float=whole,
        exchange_source=source(exchange, "torch"),
        exchange="\n".join(exchange_table(exchange)),
        factors=other["retrained"]["accuracy of factors"],
        exact=exact,
        lost=abs(whole - exact),
        side="below" if exact < whole else "above",
    )


def read(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--take", action="store_true", help="copy newer results from build/campaigns first")
    if parser.parse_args().take:
        for name in ("families", "exchange"):
            built = ROOT / "build" / "campaigns" / f"{name}.json"
            if built.is_file():
                shutil.copy(built, RESULTS / built.name)
    PAGE.write_text(page(read("families"), read("exchange")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
