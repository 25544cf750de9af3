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

from families_page import ROOT, read, row
from pareto_found import (
    DATA,
    ENOUGH,
    IN_BLOCKS,
    IN_LUTS,
    KINDS,
    RIVALS,
    Accuracy,
    Design,
    Outcome,
    Study,
    outcome,
    study,
)
from pareto_pictures import pictures
from results import FOLDER
from shiftwire_boards.catalog import load_board

RESULTS = Path(__file__).parent / "results"
TEMPLATE = Path(__file__).with_name("does_it_pay.md.in")
PAGE = ROOT / "docs" / "does_it_pay.md"


def accuracy_table(found: Study) -> Iterator[str]:
    yield row(["family", "what", *(f"{name} %" for name in DATA.values()), "seeds"])
    yield row(["---"] * (len(DATA) + 3))
    for family in found.families():
        own = [found.accuracies.get((family, data)) for data in DATA]
        count = ", ".join(str(len(each.by_seed)) if each else "0" for each in own)
        yield row([family, KINDS[family], *(str(each) if each else "" for each in own), count])


def hardware_tables(found: Study) -> Iterator[str]:
    board, first = load_board("pynq-z2"), next(iter(DATA))
    heads = (
        "family",
        "form",
        "LUT",
        "of the part's LUTs",
        "DSP",
        "of its blocks",
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
        for (family, refused), why in found.refused.items():
            if refused == speed:
                yield f"\n{family} has no design of this speed, as the scheduler says: {why}."
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
    """A line for each design and set of pictures: what it is beside every rival of its speed."""
    for data, title in DATA.items():
        own = {family: each for (family, of), each in found.accuracies.items() if of == data}
        if not own.keys() >= set(RIVALS) or min(len(own[rival].by_seed) for rival in RIVALS) < ENOUGH:
            continue
        yield f"### {title}\n"
        for family in found.families():
            if family in (built(found) & own.keys()) - {*RIVALS}:
                for name in dict.fromkeys(each.name for each in found.designs if each.family == family):
                    mine = [each for each in found.designs if each.name == name and each.fits]
                    also = " (it multiplies too)" if family in found.multiplying else ""
                    yield f"* **{name}**{also} {_verdict(found, mine, own)}."
        yield ""


def _verdict(found: Study, designs: Iterable[Design], accuracies: Mapping[str, Accuracy]) -> str:
    beside: dict[Outcome, list[str]] = {}
    for mine in designs:
        for rival in (each for each in found.at(mine.speed) if each.family in RIVALS):
            own, theirs = accuracies[mine.family], accuracies[rival.family]
            figures = [f"{mine.lut / rival.lut:.2f} x its LUT", f"{own.mean - theirs.mean:+.1f} points"]
            blocks = mine.dsp - rival.dsp
            figures += [f"{abs(blocks)} DSP blocks {'more' if blocks > 0 else 'fewer'}"] if blocks else []
            listed = beside.setdefault(outcome(mine, rival, own, theirs), [])
            listed.append(f"{rival.name} at {mine.speed:,} ({', '.join(figures)})")
    return ". It ".join(f"{kind.value} {'; '.join(beside[kind])}" for kind in Outcome if kind in beside)


def block_lines(found: Study) -> Iterator[str]:
    """Who takes fewer LUTs than integers whose products lie in DSP blocks."""
    for speed in found.speeds:
        at = found.at(speed)
        rivals = [each for each in at if each.family in RIVALS and each.form == IN_BLOCKS]
        for rival in rivals:
            fewer = sorted({each.family for each in at if each.family not in RIVALS and each.lut < rival.lut})
            yield (
                f"* At {speed:,} frames/s {rival.family} with products in DSP blocks takes {rival.counted}; "
                f"{', '.join(fewer) or 'no family'} take{'' if len(fewer) > 1 else 's'} fewer LUTs."
            )


def fewer_sums(found: Study) -> str:
    """What virtual pooling's sums that are left out are worth."""
    luts = {(each.family, each.speed): each.lut for each in found.designs if each.form == IN_LUTS}
    speeds = [speed for speed in found.speeds if {("vip", speed), ("lightnn-1", speed)} <= luts.keys()]
    ratios = [f"{luts['vip', speed] / luts['lightnn-1', speed]:.2f} x its LUT at {speed:,}" for speed in speeds]
    return f"{' and '.join(ratios)} frames/s"


def compared(results: Mapping[str, Any]) -> str:
    """What was simulated, and how much of it differs."""
    every = [entry["verify"] for entry in results["entries"].values() if isinstance(entry, dict) and "verify" in entry]
    different, codes = (sum(each[name] for each in every) for name in ("different", "compared"))
    return f"{different} of {codes:,} codes of {len(every)} nets differ"


def source(results: Mapping[str, Any]) -> str:
    commit, _, changed = results["commit"].partition("+")
    versions = ", ".join(f"{tool} {results['tools'][tool]}" for tool in ("torch", "onnxruntime"))
    return f"Commit {commit[:7]}{' with changes that were not committed' if changed else ''}, {versions}"


def adder_table() -> Iterator[str]:
    result, board = json.loads((FOLDER / "networks.json").read_text(encoding="utf-8")), load_board("pynq-z2")
    heads = [f"{each['name']}{', ' + each['unit'] if 'unit' in each else ''}" for each in result["columns"]]
    yield row([*heads, "fits the part", "commit"])
    yield row(["---"] * (len(heads) + 2))
    for each in result["rows"]:
        if each["cells"][0] == "resnet20-adder-trained":
            need = dict(zip(heads, each["cells"], strict=True))
            fits = need["LUT"] <= board.lut and need["DSP"] <= board.dsp
            cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in each["cells"]]
            yield row([*cells, "yes" if fits else "no", each.get("commit", result["commit"])[:7]])


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
        source=source(results),
        compared=compared(results),
        fewer_sums=fewer_sums(found),
        blocks="\n".join(block_lines(found)),
        multiplying=" and ".join(found.multiplying),
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
