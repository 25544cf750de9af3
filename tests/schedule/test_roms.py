"""Which weights move into spare block RAM: those that save most, and none that saves less than a block is worth."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.ir.module import Memory, Module
from shiftwire.ir.nest import each_beat
from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit
from shiftwire.schedule.roms import moved


def network(**roms: tuple[int, int]) -> RtlNetwork:
    """A unit of each name with weights of so many words and bits."""
    units = [
        RtlUnit(
            name,
            Module("m", {}, each_beat(1), memories=(Memory("w", np.zeros((words, 1), int), bits),), is_movable=True),
            ("x",),
            ("y",),
            name,
        )
        for name, (words, bits) in roms.items()
    ]
    return RtlNetwork("net", ("x",), ("y",), tuple(units), {})


@pytest.mark.parametrize(
    ("words", "bits", "bram36"),
    [
        (64, 32, 0.5),  # 32 LUTs in half of one
        (64, 31, None),
        (65, 16, 0.5),  # two LUTs a bit
        (65, 15, None),
        (64, 73, 1.5),  # 73 LUTs in three halves
        (64, 36, 0.5),
        (64, 37, 1),
        (512, 72, 1),
        (1, 72, None),  # one word is no memory
    ],
)
def test_a_block_must_be_worth_it(words: int, bits: int, bram36: float | None) -> None:
    assert moved(network(w=(words, bits)), 9) == ({} if bram36 is None else {"w": bram36})


def test_those_that_save_most_come_first_as_far_as_there_is_room() -> None:
    roms = {"small": (64, 33), "large": (64, 72), "wide": (64, 144), "same": (64, 72), "idle": (64, 8)}
    assert moved(network(**roms), 0) == {}
    assert moved(network(**roms), 1) == {"large": 1}
    assert moved(network(**roms), 3) == {"large": 1, "same": 1, "small": 0.5}  # no room for the two of `wide`
    assert moved(network(**roms), 4) == {"large": 1, "same": 1, "wide": 2}
    assert moved(network(**roms), 99) == {"large": 1, "same": 1, "wide": 2, "small": 0.5}
