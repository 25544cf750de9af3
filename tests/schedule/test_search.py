"""Of the designs that fit, the search takes the fastest: compared with all of them, built one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from one_layer import shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.reports.design_text import slow_warning
from shiftwire.schedule.design import Design, Target, folded, schedule
from shiftwire.schedule.fold_choice import intervals, picked
from shiftwire_boards.catalog import load_board
from usual_folds import choices

BOARD, CLOCK_NS = load_board("pynq-z2"), 10.0
LUTS = (29_000, 16_000, 10_100, 8_200, 5_300, 3_700, 1_900)
"""At each, the layers of some design fit and its buffers no longer do, so that the first guess is wrong."""


def network() -> Network:
    same, eight = Window((3, 3), (1, 1), (1, 1), (1, 1)), Fixed(8, 4, signed=False)
    nodes = (
        Node("conv1", Conv(shift((8, 3, 3, 4), 1, -3, 0), Bias.none(8), same), ("x",)),
        Node("quant", Requantize(eight, Rounding.FLOOR, Overflow.SATURATE), ("conv1",)),
        Node("conv2", Conv(shift((12, 3, 3, 8), 2, -3, 0), Bias.none(12), same), ("quant",)),
    )
    return Network.of("x", Tensor((8, 8, 4), Fixed(8, 4, signed=True)), nodes, "conv2")


def uneven() -> Network:
    """Lanes of 2, 3, 5 and 7 beside each other: what changes widths goes by single lanes."""
    same, point = (Window((side, side), (1, 1), (pad, pad), (pad, pad)) for side, pad in ((3, 1), (1, 0)))
    nodes, x, eight = [], "x", Fixed(8, 4, signed=False)
    for at, (inputs, outputs) in enumerate(pairwise((6, 10, 9, 14, 15))):
        window = point if at % 2 else same
        conv = Conv(shift((outputs, *window.kernel, inputs), 1, -3, 0), Bias.none(outputs), window)
        nodes += [
            Node(f"conv{at}", conv, (x,)),
            Node(f"quant{at}", Requantize(eight, Rounding.FLOOR, Overflow.SATURATE), (f"conv{at}",)),
        ]
        x = f"quant{at}"
    return Network.of("x", Tensor((8, 8, 6), Fixed(8, 4, signed=True)), tuple(nodes), x)


@pytest.mark.parametrize("for_hls", [False, True])
def test_speeds_that_are_asked_for_are_reached(for_hls: bool) -> None:
    """Where converters between lanes are slower than layers too; two of these would not be otherwise."""
    built = uneven()
    for fps in np.geomspace(2_000, 200_000, 24):
        target = Target(float(fps), for_hls=for_hls)
        design = schedule(built, BOARD, CLOCK_NS, target)
        assert target.speed(design) >= fps, fps


def test_a_speed_that_is_missed_is_told() -> None:
    """Where a design reaches less than was asked for, and nowhere else."""
    design = schedule(uneven(), BOARD, CLOCK_NS, Target(5_000.0))
    assert slow_warning(design, Target(5_000.0)) is None and slow_warning(design, Target()) is None
    told = slow_warning(design, Target(1e6)) or ""
    assert told.startswith("1e+06 frames/s were asked for and ") and f"{design.frames_per_second:,.0f} are" in told


def test_a_larger_share_is_no_slower() -> None:
    speeds = [
        schedule(uneven(), BOARD, CLOCK_NS, Target(lut_percent=share)).frames_per_second
        for share in (8, 10, 13, 17, 22, 28, 35, 45, 60, 80)
    ]
    assert speeds == sorted(speeds) and speeds[-1] > 5 * speeds[0]


@pytest.fixture(scope="module")
def every() -> list[tuple[int, Design]]:
    """LUTs of the layers alone and the whole design, for each number of cycles a frame, fastest first."""
    built, among = network(), choices(network(), {})
    found = []
    for interval in intervals(among):
        chosen = picked(among, interval)
        layers = sum(choice.cost.lut for choice in chosen.values())
        folds = {name: choice.fold for name, choice in chosen.items()}
        found.append((layers, folded(built, BOARD, CLOCK_NS, folds)))
    return found


@pytest.mark.parametrize("lut", LUTS)
def test_the_fastest_design_that_fits_is_found(lut: int, every: list[tuple[int, Design]]) -> None:
    first_guess = next(design for layers, design in every if layers <= lut)
    fastest = next(design for _, design in every if design.resources.lut <= lut)
    assert first_guess.resources.lut > lut, "the case asks nothing of the search"
    planned = schedule(network(), BOARD, CLOCK_NS, Target(lut_percent=100 * lut / BOARD.lut))
    assert planned.timing.interval == fastest.timing.interval
    assert planned.resources == fastest.resources


def test_a_first_guess_that_fits_is_taken(every: list[tuple[int, Design]]) -> None:
    planned = schedule(network(), BOARD, CLOCK_NS, Target(lut_percent=70))
    assert planned.timing.interval == every[0][1].timing.interval


def test_the_cheapest_design_of_a_speed_is_taken(every: list[tuple[int, Design]]) -> None:
    for _, design in every:
        fps = 1e9 / CLOCK_NS / design.timing.interval
        assert schedule(network(), BOARD, CLOCK_NS, Target(fps=fps)).resources == design.resources
