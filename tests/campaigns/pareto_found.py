"""What the study of what pays found, out of its results; part of pareto_page.py."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from families_page import WHAT, spread
from shiftwire_boards.catalog import load_board

DATA = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}
BOARD = "pynq-z2"
IN_LUTS, IN_BLOCKS = "in LUTs", "products in DSP blocks"
RIVALS = ("int8", "int4")
ENOUGH = 2
"""Seeds of which a spread says something."""
ABOUT = 0.1
"""LUTs of two netlists that are no further apart are about as many: each is that of one seed."""
KINDS = {
    **WHAT,
    "int4": "4-bit integer weights in multipliers of LUTs (`convert --integer-weights multiply`) or of DSP blocks",
    "int8": "8-bit integer weights, as int4",
    "escalate": "six basis kernels of 8 bits a layer, which multiply, then ternary sums; 1x1 convolutions, first and "
    "last layer LightNN-1",
    "circulant-4": "circulant blocks of 4 of LightNN-1's weights; first and last layer LightNN-1",
    "binary": "weights and activations of one bit; first and last layer LightNN-1",
    "vip": "LightNN-1, 3x3 convolutions of stride 1 and second ones of a block at a quarter of their places",
    "smartexchange": "the float net's weights as sparse powers of two times a basis of 8 bits, which multiplies (theta "
    "4e-3), by `shiftwire quantize`, not retrained",
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

    by_seed: Mapping[str, float]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.by_seed.values())

    @property
    def spread(self) -> float:
        return spread(tuple(self.by_seed.values()))

    def is_above(self, other: Accuracy) -> bool:
        """Whether it is higher for every seed of both, at least two, and on average by more than either's spread."""
        pairs = [(own, other.by_seed[seed]) for seed, own in self.by_seed.items() if seed in other.by_seed]
        is_clear = self.mean - other.mean > max(self.spread, other.spread)
        return len(pairs) >= ENOUGH and is_clear and all(own > theirs for own, theirs in pairs)

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.spread:.1f}" if len(self.by_seed) > 1 else f"{self.mean:.1f}"


class Outcome(Enum):
    """What one design is beside another."""

    WINS = "wins over"
    LOSES = "loses to"
    LARGER = "is more accurate than, and larger than,"
    SMALLER = "is smaller than, and less accurate than,"
    EVEN = "is like"


def outcome(mine: Design, rival: Design, own: Accuracy, theirs: Accuracy) -> Outcome:
    """By accuracy and LUTs, which are as many within a tenth; blocks are not judged."""
    higher = own.is_above(theirs) - theirs.is_above(own)
    smaller = (mine.lut < (1 - ABOUT) * rival.lut) - (mine.lut > (1 + ABOUT) * rival.lut)
    if higher * smaller < 0:
        return Outcome.LARGER if higher > 0 else Outcome.SMALLER
    if not higher and not smaller:
        return Outcome.EVEN
    return Outcome.WINS if higher + smaller > 0 else Outcome.LOSES


@dataclass(frozen=True)
class Study:
    """All that was found; `refused` says of families and speeds that no design on the part reaches why."""

    accuracies: Mapping[tuple[str, str], Accuracy]
    designs: tuple[Design, ...]
    refused: Mapping[tuple[str, int], str]

    @property
    def multiplying(self) -> list[str]:
        """Families that multiply and are no rivals."""
        blocks = {each.family for each in self.designs if each.form == IN_BLOCKS}
        return [family for family in self.families() if family in blocks - {*RIVALS}]

    @property
    def speeds(self) -> list[int]:
        return sorted({each.speed for each in self.designs})

    def at(self, speed: int) -> list[Design]:
        """Those that the part holds."""
        return [each for each in self.designs if each.speed == speed and each.fits]

    def families(self) -> list[str]:
        return [name for name in KINDS if any(family == name for family, _ in self.accuracies)]


def study(results: Mapping[str, Any]) -> Study:
    seeds: dict[tuple[str, str], dict[str, float]] = {}
    designs, refused = [], {}
    for key, entry in results["entries"].items():
        if key in ("choices", "speeds"):
            continue
        data, family, seed = key.split(", ")
        step = "write" if family.startswith("smartexchange") else "train"
        if "accuracy" in entry.get(step, {}):
            seeds.setdefault((family, data), {})[seed] = entry[step]["accuracy"]
        for speed in results["entries"]["speeds"]:
            counted = entry.get(f"{speed} frames/s", {})
            if "refused" in counted:
                refused[family, speed] = counted["refused"]
            for form, took in counted.get("forms", {}).items():
                own = {name: value for name, value in took.items() if name != "cycles"}
                designs.append(Design(family, IN_LUTS if form == "trained" else form, speed, **own))
    return Study({key: Accuracy(each) for key, each in seeds.items()}, tuple(designs), refused)
