"""What the study of what pays found, out of its results; part of pareto_page.py."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from families_page import WHAT, spread
from shiftwire_boards.catalog import load_board

DATA = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}
BOARD = "pynq-z2"
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
    def fits(self) -> bool:
        """Whether the part has as many LUTs and DSP blocks."""
        board = load_board(BOARD)
        return self.lut <= board.lut and self.dsp <= board.dsp

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
        return spread(self.seeds)

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
        """Those that the part holds."""
        return [each for each in self.designs if each.speed == speed and each.fits]

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
