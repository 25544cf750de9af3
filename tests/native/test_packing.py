"""Packed codes of native simulations: every set of instructions, every code of every layer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instruction_sets import SETS, differing, forced
from one_layer import codes, frames, of_one, shift
from pruned import blocks, pruned
from random_networks import random_codes, random_network
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network
from shiftwire.ir.window import Window
from shiftwire.native.host import MOST_PE, MOST_SIMD, host_pipeline
from shiftwire.native.packing import packing
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.tools.host_cpp import Processor, native_flags
from shiftwire.units.sums.matrix import MatrixUnit
from tiers import part

S8, U8, S7 = Fixed(8, 4, signed=True), Fixed(8, 4, signed=False), Fixed(7, 4, signed=True)
WIDE, WIDER = Fixed(16, 4, signed=True), Fixed(16, 4, signed=False)
S26, S31, S32, U24 = *(Fixed(bits, 4, signed=True) for bits in (26, 31, 32)), Fixed(24, 4, signed=False)
THREE = Window((3, 3), (1, 1), (1, 1), (1, 1))
ONCE = np.eye(4, 40, dtype=np.int64) * [[1], [-1], [1], [-1]]
LARGEST, HIGHEST = np.full((4, 40), -128), np.full((4, 40), 127)


def rows(*weights: int) -> np.ndarray:
    """Four filters of forty taps."""
    return np.resize(weights, (4, 40))


def dense(weights: Int | Adder, x: Fixed) -> Network:
    return of_one(Dense(weights, Bias(codes((4,), -40, 40), 4)), (40,), x)


def image(x: Fixed, channels: int, weights: Adder | Int) -> Network:
    return of_one(Conv(weights, Bias.none(len(weights.codes)), THREE), (4, 5, channels), x)


def blocky(weights: Int | Shift, x: Fixed) -> Network:
    """Pruned in folds of a processor's registers."""
    stay = blocks(weights.shape, (MOST_PE, MOST_SIMD), 0.4, np.random.default_rng(2))
    return of_one(Dense(pruned(weights, stay), Bias.none(len(stay))), (64,), x)


NETWORKS = {
    "bytes with a sign": dense(Int(rows(-128, 127, 5), 4), S8),
    "bytes without one": dense(Int(rows(-128, 127, -1), 4), U8),
    "the largest sums": dense(Int(HIGHEST, 4), U8),
    "the lowest sums": dense(Int(LARGEST, 4), S8),
    "a weight beyond bytes": dense(Int(rows(128, -3), 4), U8),
    "wide codes": dense(Int(rows(300, -299, 7), 4), WIDE),
    "sums of more than 32 bits": dense(Int(rows(32767, -32768), 4), WIDE),
    "codes that no pair takes": dense(Int(rows(3, -7), 4), WIDER),
    "codes in halves": dense(Int(rows(1, -1, 0), 4), S26),
    "halves of one code each": dense(Int(ONCE, 4), S31),
    "halves and large weights": dense(Int(ONCE * 16384 - (ONCE > 0), 4), Fixed(17, 4, signed=True)),
    "halves without a sign": dense(Int(rows(1, -1, 0, -1, 1), 4), U24),
    "windows of halves": image(Fixed(20, 4, signed=True), 6, Int(codes((5, 3, 3, 6), -3, 3), 4)),
    "an uneven number in halves": image(Fixed(18, 4, signed=True), 3, Int(codes((4, 3, 3, 3), -1, 1), 4)),
    "codes beyond halves": dense(Int(ONCE, 4), S32),
    "distances": dense(Adder(codes((4, 40), -128, 127), 4), S8),
    "distances to what no code reaches": dense(Adder(codes((4, 40), -700, 900), 4), S8),
    "distances without a sign": dense(Adder(codes((4, 40), -300, 300), 4), U8),
    "distances of few bits": dense(Adder(codes((4, 40), -80, 80), 4), S7),
    "distances of many bits": dense(Adder(codes((4, 40), -300, 300), 4), WIDE),
    "windows of bytes": image(S8, 8, Int(codes((6, 3, 3, 8), -128, 127), 4)),
    "windows of distances": image(U8, 16, Adder(codes((5, 3, 3, 16), -300, 300), 4)),
    "three channels": image(S8, 3, Int(codes((4, 3, 3, 3), -100, 100), 4)),
    "distances of three channels": image(S8, 3, Adder(codes((4, 3, 3, 3), -128, 127), 4)),
    "two terms": of_one(Conv(shift((6, 3, 3, 8), 2, -3, 3), Bias.none(6), THREE), (4, 5, 8), S8),
    "folds of zeros": blocky(Int(codes((48, 64), -128, 127), 4), S8),
    "folds of zeros behind wide codes": blocky(Int(codes((48, 64), -300, 300), 4), WIDE),
    "folds of zeros in two terms": blocky(shift((48, 64), 2, -3, 2), U8),
    "one input": of_one(Dense(Int(codes((3, 1), -9, 9), 4), Bias.none(3)), (1,), S8),
}
HOW = {
    "all": Counter({"packed<4>": 10, "packed<2>": 3, "halves": 7, "octets": 6}),
    "avx2": Counter({"packed<2>": 13, "halves": 7, "octets": 6}),
    "vectors": Counter(),
}


@pytest.mark.parametrize("name", SETS)
def test_every_code_of_every_layer(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: object) -> None:
    """Extreme and random codes; the reference is numpy's."""
    forced(monkeypatch, name)
    processor = Processor.of(native_flags())
    ways: Counter[str] = Counter()
    for what, network in NETWORKS.items():
        differs, live = differing(network, frames(network), tmp_path / what)
        assert not differs, what
        assert live, what
        units = host_pipeline(network, processor)
        ways.update(how.type for how in set(packing(units, processor).fifos.values()))
    if name != "all" or processor.has_byte_products:
        assert ways == (HOW[name] if processor.has_avx2 else Counter())
    count(**{f"native_networks_{name}": len(NETWORKS)})  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "seed"), part([(name, seed) for name in SETS for seed in range(60)], (), [(name, 7) for name in SETS])
)
def test_random_networks(name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: object) -> None:
    forced(monkeypatch, name)
    network = random_network(seed)
    differs, live = differing(network, random_codes(network, seed), tmp_path)
    assert not differs
    count(**{f"native_live_outputs_{name}": live})  # type: ignore[operator]


@pytest.mark.parametrize("name", [name for name in NETWORKS if name.startswith("folds of zeros")])
def test_folds_of_zeros_are_left_out(name: str) -> None:
    units = host_pipeline(NETWORKS[name], Processor.of(native_flags()))
    (unit,) = (each.unit for each in units.instances if isinstance(each.unit, MatrixUnit))
    assert unit.cycles_a_position < unit.whole_cycles


def test_an_unknown_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIFTWIRE_SIMD", "mmx")
    with pytest.raises(InputError, match=r"found SHIFTWIRE_SIMD=mmx; set it to one of 'avx2', 'vectors', or unset it"):
        native_flags()
