"""What a model may know of a unit, against hand-worked constants and the project's own parameters."""

from __future__ import annotations

import numpy as np
import pytest

from netlib import some_folds
from shiftwire.costs.facts import facts, leaves
from shiftwire.ir.module import Memory
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from single_layers import single_layers


@pytest.mark.parametrize(
    ("words", "bits", "wanted", "why"),
    [
        ([0, 0, 0, 0], 2, 0, "bits that never change"),
        ([3, 3, 3, 3], 2, 0, "ones are constants too"),
        ([0, 1, 2, 3], 2, 0, "bits of the address"),
        ([0, 1, 1, 0], 1, 1, "one function"),
        ([0, 3, 3, 0], 2, 1, "two bits that are alike"),
        ([0, 2, 1, 3], 2, 0, "bits of the address, the other way round"),
    ],
)
def test_leaves_of_small_memories(words: list[int], bits: int, wanted: int, why: str) -> None:
    assert leaves(Memory("m", np.array(words)[:, None], bits)) == wanted, why


def test_leaves_of_deep_memories() -> None:
    """A function of 130 words is made of three parts, of which those that are constant take no LUT."""
    words = np.zeros((130, 1), np.int64)
    words[[1, 70]] = 1
    assert leaves(Memory("m", words, 1)) == 2


def test_parameters_streams_buffers_and_constants() -> None:
    network = single_layers()["shift_conv"]
    rtl = rtl_network(pipeline(network, some_folds(network, 1)))
    unit = next(unit for unit in rtl.units if unit.module.name == "sw_mvu")
    known = facts(rtl, unit)
    assert {name: known[name] for name in unit.module.parameters if name in known} == {
        name: value for name, value in unit.module.parameters.items() if isinstance(value, int)
    }
    (rom,) = unit.module.memories
    assert (known["WEIGHTS_WORDS"], known["WEIGHTS_BITS"]) == (rom.words, rom.word_bits)
    assert known["IN0_WIDTH"] == rtl.streams[unit.inputs[0]].width
    assert known["OUT0_WIDTH"] == rtl.streams[unit.outputs[0]].width
    assert known["DEPTH"] == rtl.depths[unit.outputs[0]]
