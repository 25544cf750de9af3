"""Block RAM that HLS may take for each unit: arrays as the headers declare them, constants as they are bound."""

from __future__ import annotations

import re

import numpy as np
import pytest

import shiftwire_hls
from shiftwire.ir.cost import Array, half_blocks
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.unit import Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.threshold import ThresholdUnit
from shiftwire.ops.upsample import UpsampleUnit
from shiftwire.units.reorder import Reorder
from shiftwire.units.window import Taps, WindowUnit
from single_layers import single_layers

S8 = Fixed(8, 4, signed=True)
DECLARED = {
    "window": r"Code line\[C::rows\]\[C::banks\]\[C::bank_words\]\[C::tap_channels\]",
    "mvu": r"code_t held\[C::synapse_folds\]\[C::simd\]",
    "restore": r"code_t held\[C::lanes\]\[C::words\]",
    "reorder": r"code_t held\[C::lanes\]\[C::words\]\[C::lanes\]",
    "multiply": r"code_t kept\[C::folds\]\[C::lanes\]",
    "upsample": r"code_t row\[C::words\]\[C::lanes\]",
}
"""Arrays with places, by kernel; all else that kernels keep is partitioned into registers."""


@pytest.mark.parametrize(("words", "bits", "blocks"), [(1024, 18, 1), (1025, 18, 2), (512, 36, 2), (16384, 2, 2)])
def test_blocks_of_eighteen_kilobits(words: int, bits: int, blocks: int) -> None:
    assert half_blocks(words, bits) == blocks
    assert Array(words, bits, copies=3).half_blocks == 3 * blocks


def test_small_arrays_take_none() -> None:
    assert Array(64, 16).half_blocks == 0 and Array(65, 16).half_blocks == 1


@pytest.mark.parametrize("function", DECLARED)
def test_arrays_are_declared_so(function: str) -> None:
    assert re.search(DECLARED[function], (shiftwire_hls.INCLUDE_DIR / f"sw_{function}.h").read_text())


def test_a_line_buffer_by_hand() -> None:
    """3 x 3 windows of two taps a beat on 40 x 40 x 16: three rows and one that comes in, two banks of 20 columns."""
    window = Window((3, 2), (1, 1), (0, 0), (0, 0))
    unit = WindowUnit(window, (40, 40, 16), S8, 16, Taps(2, 16, 16))
    members = {member.name: member.value for member in unit.cfg.members}
    (lines,) = unit.hls_arrays
    assert (lines.words, lines.bits) == (20, 16 * 8) == (members["bank_words"], 8 * members["tap_channels"])
    assert lines.copies == members["rows"] * members["banks"]
    assert unit.hls_half_blocks == lines.copies * 8  # 2,560 bits in words of 128: eight blocks of 18 bits


def test_other_arrays_by_hand() -> None:
    reorder = Reorder(Port(4, 16), np.arange(64), S8, 1)
    assert reorder.hls_arrays == (Array(16, 32, copies=4),) and reorder.hls_half_blocks == 0
    upsample = UpsampleUnit(S8, (3, 200), 2, 4, (2, 2))
    assert upsample.hls_arrays == (Array(400, 32),) and upsample.hls_half_blocks == 2


def test_constants_lie_where_they_are_bound() -> None:
    """255 bounds of 20 bits for 64 channels of a lane: tables of 64 and more words of a lane's bounds."""
    wide = Fixed(20, 0, signed=True)
    rows = np.sort(np.random.default_rng(0).integers(-500000, 500000, (64, 255)), axis=1)
    one = np.ones(64, np.int64)
    unit = ThresholdUnit(Port(1, 64), wide, Fixed(8, 0, signed=False), rows, 0 * one, one, lane_lut=1)
    tables = [table.memory for table in unit.cfg.tables]
    expected = sum(half_blocks(words, bits) for words, bits in tables if words > 64 and words * bits > 2048)
    assert unit.hls_half_blocks == expected > 0


@pytest.mark.parametrize("name", single_layers())
def test_every_unit_tells(name: str) -> None:
    network = single_layers()[name]
    (node,) = network.nodes[-1:]
    inputs, output = network.sources(node), network.tensors[node.name]
    units: list[Unit] = [*node.op.units(inputs, output, max(node.op.folds(inputs, output), default=Fold(1)))]
    for unit in units:
        assert (unit.function in DECLARED) == bool(unit.hls_arrays), unit.function
        assert unit.hls_half_blocks >= 0
