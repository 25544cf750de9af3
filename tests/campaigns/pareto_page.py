"""docs/does_it_pay.md and its pictures, written by `make pareto-page` from results/pareto.json.

Every figure and every sentence about winners and losers is made of those results; --take copies newer ones from
build/campaigns first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from families_page import ROOT, read, row, source
from pareto_found import DATA, IN_LUTS, KINDS, Accuracy, Design, Study, study
from pareto_pictures import pictures
from results import FOLDER
from shiftwire_boards.catalog import load_board

RESULTS = Path(__file__).parent / "results"
TEMPLATE = Path(__file__).with_name("does_it_pay.md.in")
PAGE = ROOT / "docs" / "does_it_pay.md"
ENOUGH = 2
"""Seeds of which a spread says something."""
RIVALS = ("int8", "int4")


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
        for each in sorted((own for own in found.designs if own.speed == speed), key=lambda own: own.lut):
            yield row([
                each.family, each.form, f"{each.lut:,}", f"{100 * each.lut / board.lut:.0f} %", str(each.dsp),
                f"{100 * each.dsp / board.dsp:.0f} %", f"{each.ff:,}", f"{each.bram36:g}",
                f"{each.frames_per_second:,}", f"{each.latency_cycles / 100:,.0f}",
                f"{found.accuracies[each.family, first]}",
            ])  # fmt: skip
        large = [each.name for each in found.designs if each.speed == speed and not each.fits]
        if large:
            yield f"\nThe part does not hold these, which count nowhere below: {'; '.join(large)}."
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
        for speed in found.speeds if own.keys() >= {*built(found)} else ():
            best = front([each for each in found.at(speed) if each.family in own], own)
            listed = "; ".join(f"{each.name} ({own[each.family].mean:.1f} %, {each.counted})" for each in best)
            if listed:
                yield f"* **{title}, {speed:,} frames/s**: {listed}."


def built(found: Study) -> set[str]:
    """Families that hardware was counted of."""
    return {each.family for each in found.designs}


def loss_lines(found: Study) -> Iterator[str]:
    """A line for each family and set of pictures: where a rival beats it, and where it beats rivals."""
    for data, title in DATA.items():
        own = {family: each for (family, of), each in found.accuracies.items() if of == data}
        if not own.keys() >= set(RIVALS) or min(len(own[rival].seeds) for rival in RIVALS) < ENOUGH:
            continue
        yield f"### {title}\n"
        for family in found.families():
            if family in (built(found) & own.keys()) - {*RIVALS}:
                yield f"* **{family}** {_verdict(found, family, own)}."
        yield ""


def _verdict(found: Study, family: str, accuracies: Mapping[str, Accuracy]) -> str:
    loses, wins = [], []
    for mine in (each for each in found.designs if each.family == family and each.form == IN_LUTS and each.fits):
        for rival in (each for each in found.at(mine.speed) if each.family in RIVALS):
            ratio, said = mine.lut / rival.lut, f"{rival.name} at {mine.speed:,}"
            counted = f"{said} ({ratio:.2f} x its LUT{f', {rival.dsp} DSP there' if rival.dsp else ''})"
            if rival.lut < mine.lut and accuracies[rival.family].reaches(accuracies[family]):
                loses.append(counted)
            if mine.lut < rival.lut and accuracies[family].reaches(accuracies[rival.family]):
                wins.append(counted)
    return f"loses to {'; '.join(loses) or 'none'}. It wins over {'; '.join(wins) or 'none'}"


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
