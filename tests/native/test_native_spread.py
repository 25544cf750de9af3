"""Several filters for each channel in native simulations: every set of instructions, every code of every layer."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from instruction_sets import SETS, differing, forced
from one_layer import codes, of_one, shift
from random_networks import random_codes
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.native.host import host_pipeline
from shiftwire.native.packing import packing
from shiftwire.native.spread import MOST_SPREAD, SpreadUnit
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.tools.host_cpp import Processor, native_flags

S8, U8, S9 = Fixed(8, 4, signed=True), Fixed(8, 4, signed=False), Fixed(9, 4, signed=True)
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))
DOWN = Window((5, 3), (2, 2), (2, 1), (1, 1))
BARE = Window((3, 3), (1, 1), (0, 0), (0, 0))
LINE = Window((3,), (2,), (1,), (1,))
POINT = Window((1, 1), (1, 1), (0, 0), (0, 0))


def drawn(channels: int, filters: int, window: Window, lo: int = -128, hi: int = 127) -> Int:
    """Weights of a layer of so many filters a channel."""
    return Int(codes((channels * filters, *window.kernel, 1), lo, hi), 4)


def conv(weights: Int | Adder, channels: int, window: Window = SAME, *, bias: int = 40) -> Conv:
    rows = weights.shape[0]
    return Conv(weights, Bias(codes((rows,), -bias, bias), 4) if bias else Bias.none(rows), window, channels)


def bases(channels: int, filters: int) -> Conv:
    """The same filters for each channel."""
    once = codes((filters, 3, 3, 1), -128, 127)
    return conv(Int(np.tile(once, (channels, 1, 1, 1)), 4), channels, bias=0)


def decomposed(x: Fixed, between: Fixed | None) -> Network:
    """Eight channels by six bases, in another format or none, and sums by signs."""
    nodes = [Node("bases", bases(8, 6), ("x",))]
    if between is not None:
        nodes.append(Node("between", Requantize(between, Rounding.HALF_EVEN, Overflow.SATURATE), ("bases",)))
    sums = Conv(shift((16, 1, 1, 48), 1, 0, 0), Bias.none(16), POINT)
    nodes.append(Node("sums", sums, (nodes[-1].name,)))
    return Network.of("x", Tensor((7, 6, 8), x), tuple(nodes), "sums")


SPREAD = {
    "bases": of_one(bases(8, 6), (9, 7, 8), U8),
    "bases of codes with a sign": of_one(bases(16, 4), (5, 6, 16), S8),
    "filters of its own for each": of_one(conv(drawn(6, 5, DOWN), 6, DOWN), (13, 9, 6), S8),
    "one channel a beat": of_one(conv(drawn(3, MOST_SPREAD, SAME, -9, 9), 3), (4, 5, 3), U8),
    "one window": of_one(conv(drawn(4, 6, BARE), 4, BARE), (3, 3, 4), S8),
    "one axis": of_one(conv(drawn(8, 3, LINE), 8, LINE), (31, 8), U8),
    "powers of two": of_one(Conv(shift((24, 3, 3, 1), 1, -3, 3), Bias.none(24), SAME, 8), (6, 5, 8), S8),
    "two terms": of_one(Conv(shift((24, 3, 3, 1), 2, -2, 3), Bias.none(24), SAME, 8), (6, 5, 8), S8),
    "bases and sums": decomposed(U8, S8),
    "bases and wide sums": decomposed(S8, None),
}
OTHERS = {
    "codes beyond bytes": of_one(bases(8, 6), (6, 7, 8), S9),
    "weights beyond bytes": of_one(conv(drawn(4, 6, SAME, -300, 300), 4), (5, 4, 4), U8),
    "more filters than lanes": of_one(conv(drawn(2, MOST_SPREAD + 1, SAME), 2), (4, 3, 2), U8),
    "distances": of_one(conv(Adder(codes((24, 3, 3, 1), -128, 127), 4), 4), (5, 4, 4), U8),
    "two channels a group": of_one(Conv(Int(codes((24, 3, 3, 2), -99, 99), 4), Bias.none(24), SAME, 4), (5, 4, 8), U8),
}


def spread_units(network: Network) -> list[SpreadUnit]:
    units = host_pipeline(network, Processor.of(native_flags()))
    return [each.unit for each in units.instances if isinstance(each.unit, SpreadUnit)]


@pytest.mark.parametrize("name", SETS)
def test_every_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: object) -> None:
    forced(monkeypatch, name)
    processor = Processor.of(native_flags())
    for what, network in (SPREAD | OTHERS).items():
        differs, live = differing(network, random_codes(network, 3), tmp_path / what)
        assert not differs, what
        assert live > network.output.size // 2, what
        assert len(spread_units(network)) == (processor.has_byte_products and what in SPREAD), what
    count(**{f"networks_of_filters_a_channel_{name}": len(SPREAD | OTHERS)})  # type: ignore[operator]


@pytest.mark.skipif(not Processor.of(native_flags()).has_byte_products, reason="no products of bytes")
def test_what_it_saves() -> None:
    """A beat has all taps of eight channels, which stand where they are; nothing is narrowed or widened."""
    units = host_pipeline(SPREAD["bases and sums"], Processor.of(native_flags()))
    assert [each.unit.function for each in units.instances] == ["window", "vvu", "requantize", "mvu"]
    assert [each.unit.iterations for each in units.instances[1:]] == [42, 42, 42]
    packed = packing(units, Processor.of(native_flags()))
    assert packed.columns == set(units.instances[0].outputs)
    (alone,) = spread_units(SPREAD["one channel a beat"])
    assert alone.fold.pe == MOST_SPREAD


WIDTHS = {8: range(-4, 12), 16: (-2, 0, 1, 5, 15), 31: (1, 9, 30), 32: (0, 2, 8, 31), 40: (3, 39)}
"""Of codes, and what is dropped of them."""


def rounded(bits: int) -> Network:
    """Codes of one width without so many bits each, in every rounding, beside each other."""
    nodes: list[Node] = []
    for rounding, drop in product(Rounding, WIDTHS[bits]):
        name = f"{rounding.value}_{drop}".replace("-", "m")
        nodes.append(Node(name, Requantize(Fixed(12, 12 - drop, signed=True), rounding, Overflow.WRAP), ("x",)))
        nodes.append(Node(f"{name}_low", Requantize(S8, Rounding.FLOOR, Overflow.WRAP), (name,)))
    lows = [node.name for node in nodes[1::2]]
    for low in lows[1:]:
        before = nodes[-1].name if isinstance(nodes[-1].op, Concat) else lows[0]
        nodes.append(Node(f"with_{low}", Concat(), (before, low)))
    return Network.of("x", Tensor((64,), Fixed(bits, 12, signed=True)), tuple(nodes), nodes[-1].name)


def halves(x: Fixed) -> np.ndarray:
    """Ends, odd and even multiples of powers of two, and what is next to them."""
    steps = np.array([k << e for e in range(x.bits - 2) for k in (1, -1, 3, -3)])
    near = np.concatenate([steps - 1, steps, steps + 1, [x.lo, x.lo + 1, x.hi, x.hi - 1]])
    return np.resize(np.unique(np.clip(near, x.lo, x.hi)), (32, 64))


@pytest.mark.parametrize("name", SETS)
def test_roundings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: object) -> None:
    """Of every width of a lane."""
    forced(monkeypatch, name)
    for bits, drops in WIDTHS.items():
        network = rounded(bits)
        differs, live = differing(network, halves(network.input.format), tmp_path / str(bits))
        assert not differs, bits
        assert live > 64 * len(Rounding) * len(drops)
    count(**{f"roundings_{name}": len(Rounding) * sum(map(len, WIDTHS.values()))})  # type: ignore[operator]
