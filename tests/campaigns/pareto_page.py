"""docs/does_it_pay.md and its pictures, written by `make pareto-page` from results/pareto.json.

Every figure and every sentence about winners and losers is made of those results; --take copies newer ones from
build/campaigns first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from families_page import ROOT, WHAT, read, row, source
from results import FOLDER
from shiftwire.reports.plots import axes, svg
from shiftwire_boards.catalog import load_board

RESULTS = Path(__file__).parent / "results"
TEMPLATE = Path(__file__).with_name("does_it_pay.md.in")
PAGE = ROOT / "docs" / "does_it_pay.md"
DATA = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}
IN_LUTS = "in LUTs"
KINDS = {
    **WHAT,
    "int8": "8-bit integers, as int4",
    "deepshift-q": "DeepShift-Q: a rounded power of two a weight",
    "deepshift-ps": "DeepShift-PS: sign and exponent are trained",
    "flightnn": "FLightNN: one or two powers of two by the filter",
    "apot": "APoT: sums of powers of two from 4 bits",
    "adder": "AdderNet: sums of absolute differences",
    "shiftadd": "ShiftAddNet: a shift layer, then an adder layer, of every convolution",
}
RIVALS = ("int8", "int4")
COLOURS = {"int8": "#b3261e", "int4": "#e07b39", "adder": "#2e7d32", "shiftadd": "#66a35c"}
"""Of families of their own kind; all others are powers of two."""
POWERS = "#2962a8"


@dataclass(frozen=True)
class Design:
    """A netlist of a family at a speed, in one form of hardware."""

    family: str
    form: str
    speed: int
    lut: int
    ff: int
    bram36: float
    dsp: int
    frames_per_second: int
    latency_cycles: int

    @property
    def name(self) -> str:
        return self.family if self.form == IN_LUTS else f"{self.family}, {self.form}"

    @property
    def counted(self) -> str:
        return f"{self.lut:,} LUT{f', {self.dsp} DSP' if self.dsp else ''}"


@dataclass(frozen=True)
class Accuracy:
    """Percent, by the seed."""

    seeds: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seeds)

    @property
    def spread(self) -> float:
        return statistics.stdev(self.seeds) if len(self.seeds) > 1 else 0.0

    def reaches(self, other: Accuracy) -> bool:
        """Whether it is not lower by more than both spreads."""
        return self.mean >= other.mean - max(self.spread, other.spread)

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.spread:.1f}" if len(self.seeds) > 1 else f"{self.mean:.1f}"


@dataclass(frozen=True)
class Study:
    """All that was found; `refused` holds families and speeds that no design on the part reaches."""

    accuracies: Mapping[tuple[str, str], Accuracy]
    designs: tuple[Design, ...]
    refused: tuple[tuple[str, int], ...]

    @property
    def speeds(self) -> list[int]:
        return sorted({each.speed for each in self.designs})

    def at(self, speed: int) -> list[Design]:
        return [each for each in self.designs if each.speed == speed]

    def families(self) -> list[str]:
        return [name for name in KINDS if any(family == name for family, _ in self.accuracies)]


def study(results: Mapping[str, Any]) -> Study:
    seeds: dict[tuple[str, str], list[float]] = {}
    designs, refused = [], []
    for key, entry in results["entries"].items():
        if key in ("choices", "speeds"):
            continue
        data, family, _ = key.split(", ")
        step = "write" if family.startswith("smartexchange") else "train"
        if "accuracy" in entry.get(step, {}):
            seeds.setdefault((family, data), []).append(entry[step]["accuracy"])
        for speed in results["entries"]["speeds"]:
            counted = entry.get(f"{speed} frames/s", {})
            if "refused" in counted:
                refused.append((family, speed))
            for form, took in counted.get("forms", {}).items():
                own = {name: value for name, value in took.items() if name != "cycles"}
                designs.append(Design(family, IN_LUTS if form == "trained" else form, speed, **own))
    return Study({key: Accuracy(tuple(each)) for key, each in seeds.items()}, tuple(designs), tuple(refused))


def accuracy_table(found: Study) -> Iterator[str]:
    yield row(["family", "what", *(f"{name} %" for name in DATA.values()), "seeds"])
    yield row(["---"] * (len(DATA) + 3))
    for family in found.families():
        own = [found.accuracies.get((family, data)) for data in DATA]
        count = ", ".join(str(len(each.seeds)) if each else "0" for each in own)
        yield row([family, KINDS[family], *(str(each) if each else "" for each in own), count])


def hardware_tables(found: Study) -> Iterator[str]:
    board, first = load_board("pynq-z2"), next(iter(DATA))
    heads = (
        "family",
        "form",
        "LUT",
        "of the part's",
        "DSP",
        "of the part's",
        "FF",
        "BRAM36",
        "frames/s",
        "latency, us",
    )
    for speed in found.speeds:
        yield f"### {speed:,} frames/s\n"
        yield row([*heads, f"{DATA[first]} %"])
        yield row(["---"] * (len(heads) + 1))
        for each in sorted(found.at(speed), key=lambda each: each.lut):
            yield row([
                each.family, each.form, f"{each.lut:,}", f"{100 * each.lut / board.lut:.0f} %", str(each.dsp),
                f"{100 * each.dsp / board.dsp:.0f} %", f"{each.ff:,}", f"{each.bram36:g}",
                f"{each.frames_per_second:,}", f"{each.latency_cycles / 100:,.0f}",
                f"{found.accuracies[each.family, first]}",
            ])  # fmt: skip
        slow = [family for family, refused in found.refused if refused == speed]
        if slow:
            yield f"\nNo design of these is so fast on the part: {', '.join(slow)}."
        yield ""


def front(designs: Iterable[Design], accuracies: Mapping[str, Accuracy]) -> list[Design]:
    """Those that no other is as good as in accuracy, LUTs and DSP blocks, and better in one; by LUTs."""
    points = {each: (-accuracies[each.family].mean, each.lut, each.dsp) for each in designs}

    def is_beaten(own: tuple[float, ...]) -> bool:
        return any(other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in points.values())

    return sorted((each for each, point in points.items() if not is_beaten(point)), key=lambda each: each.lut)


def front_lines(found: Study) -> Iterator[str]:
    for data, title in DATA.items():
        own = {family: each for (family, of), each in found.accuracies.items() if of == data}
        for speed in found.speeds:
            best = front([each for each in found.at(speed) if each.family in own], own)
            listed = "; ".join(f"{each.name} ({own[each.family].mean:.1f} %, {each.counted})" for each in best)
            if listed:
                yield f"* **{title}, {speed:,} frames/s**: {listed}."


def loss_lines(found: Study) -> Iterator[str]:
    """A line for each family and set of pictures: where a rival beats it, and where it beats rivals."""
    for data, title in DATA.items():
        own = {family: each for (family, of), each in found.accuracies.items() if of == data}
        if not own.keys() >= set(RIVALS):
            continue
        yield f"### {title}\n"
        built = {each.family for each in found.designs if each.family in own}
        for family in found.families():
            if family in built - {*RIVALS}:
                yield f"* **{family}** {_verdict(found, family, own)}."
        yield ""


def _verdict(found: Study, family: str, accuracies: Mapping[str, Accuracy]) -> str:
    loses, wins = [], []
    for mine in (each for each in found.designs if each.family == family and each.form == IN_LUTS):
        for rival in (each for each in found.at(mine.speed) if each.family in RIVALS):
            ratio, said = mine.lut / rival.lut, f"{rival.name} at {mine.speed:,}"
            counted = f"{said} ({ratio:.2f} x its LUT{f', {rival.dsp} DSP there' if rival.dsp else ''})"
            if rival.lut < mine.lut and accuracies[rival.family].reaches(accuracies[family]):
                loses.append(counted)
            if mine.lut < rival.lut and accuracies[family].reaches(accuracies[rival.family]):
                wins.append(counted)
    return f"loses to {'; '.join(loses) or 'none'}. It wins over {'; '.join(wins) or 'none'}"


def picture(found: Study, data: str, speed: int) -> str:
    """Accuracy against LUTs; hollow where DSP blocks are in use."""
    figure, plot = axes("LUT of the netlist (synthesised)", f"{DATA[data]}, % right")
    for each in found.at(speed):
        accuracy = found.accuracies.get((each.family, data))
        if accuracy is None:
            continue
        colour = COLOURS.get(each.family, POWERS)
        face = "white" if each.dsp else colour
        plot.errorbar(each.lut, accuracy.mean, accuracy.spread, color=colour, mfc=face, marker="o", capsize=2)
        plot.annotate(
            f"{each.family}{f', {each.dsp} DSP' if each.dsp else ''}",
            (each.lut, accuracy.mean), (5, 4), textcoords="offset points", fontsize=7,
        )  # fmt: skip
    return svg(figure, f"{DATA[data]}: accuracy against LUT at {speed:,} frames/s")


def speed_picture(found: Study) -> str:
    """Frames a second against LUTs, a line a family and form."""
    figure, plot = axes("frames/s (modelled)", "LUT of the netlist (synthesised)")
    for name in dict.fromkeys(each.name for each in found.designs):
        own = sorted((each for each in found.designs if each.name == name), key=lambda each: each.speed)
        colour = COLOURS.get(own[0].family, POWERS)
        style = {"ls": "--", "mfc": "white"} if own[0].form != IN_LUTS else {}
        plot.plot([e.frames_per_second for e in own], [e.lut for e in own], marker="o", ms=3, color=colour, **style)
        plot.annotate(name, (own[-1].frames_per_second, own[-1].lut), (4, 0), textcoords="offset points", fontsize=7)
    plot.set_xscale("log")
    plot.set_yscale("log")
    return svg(figure, "LUT against frames/s")


def pictures(found: Study) -> dict[str, tuple[str, str]]:
    """File names, each with what is said of it and the drawing."""
    every = {
        f"pays_{data}_{speed}.svg": (
            f"{title}: accuracy against LUT at {speed:,} frames/s; hollow: DSP blocks in use; lines: spread over seeds",
            picture(found, data, speed),
        )
        for data, title in DATA.items()
        if any(of == data for _, of in found.accuracies)
        for speed in found.speeds
    }
    return {**every, "pays_speed.svg": ("LUT against frames/s; dashed: DSP blocks in use", speed_picture(found))}


def adder_table() -> Iterator[str]:
    result = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8"))
    yield row([column["name"] for column in result["columns"]])
    yield row(["---"] * len(result["columns"]))
    for each in result["rows"]:
        if each["cells"][0] == "resnet20-adder-trained":
            yield row([f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in each["cells"]])


def page(results: Mapping[str, Any]) -> str:
    """The template with every figure in its place."""
    found, board = study(results), load_board("pynq-z2")
    first = next(iter(results["entries"]["choices"].values()))
    counted = [
        counts
        for entry in results["entries"].values()
        if isinstance(entry, dict)
        for counts in entry.values()
        if isinstance(counts, dict) and "forms" in counts
    ]
    return TEMPLATE.read_text(encoding="utf-8").format(
        choices=first,
        synth=f"{counted[0]['tool']} for {counted[0]['part']}",
        clock=counted[0]["clock_ns"],
        lut=board.lut,
        dsp=board.dsp,
        worth=board.lut / board.dsp,
        source=source(results, "torch", "onnxruntime"),
        accuracy="\n".join(accuracy_table(found)),
        hardware="\n".join(hardware_tables(found)).rstrip(),
        fronts="\n".join(front_lines(found)),
        losses="\n".join(loss_lines(found)).rstrip(),
        pictures="\n\n".join(f"![{said}]({name})\n\n{said}." for name, (said, _) in pictures(found).items()),
        adder="\n".join(adder_table()),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--take", action="store_true", help="copy newer results from build/campaigns first")
    if parser.parse_args().take:
        shutil.copy(ROOT / "build" / "campaigns" / "pareto.json", RESULTS / "pareto.json")
    results = read("pareto")
    PAGE.write_text(page(results), encoding="utf-8")
    for name, (_, drawn) in pictures(study(results)).items():
        (PAGE.parent / name).write_text(drawn + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
