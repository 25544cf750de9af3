"""Shapes and formats that layers derive, against every code of small formats; and what they refuse."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from one_layer import of_one
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Tensor
from shiftwire.ir.unit import Surroundings
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.shift import shift_codes

SMALL = (
    Fixed(3, 0, signed=True),
    Fixed(2, 1, signed=False),
    Fixed(4, -1, signed=True),
    Fixed(1, 0, signed=False),
    Fixed(1, -2, signed=True),  # -4 and 0
)


def held(low: float, high: float, frac: int) -> Fixed:
    return Fixed.covering(int(low * 2**frac), int(high * 2**frac), frac)


@pytest.mark.parametrize(("a", "b"), list(product(SMALL, SMALL)), ids=str)
def test_joins_hold_every_value_and_no_more(a: Fixed, b: Fixed) -> None:
    frac = max(a.frac, b.frac)
    ends = [(end * 2.0**-x.frac) for x in (a, b) for end in (x.lo, x.hi)]
    one, two = Tensor((2, 3), a), Tensor((2, 3), b)
    assert Add().infer(one, two) == Tensor((2, 3), held(ends[0] + ends[2], ends[1] + ends[3], frac))
    assert Concat().infer(one, two) == Tensor((2, 6), held(min(ends), max(ends), frac))


def test_joins_of_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"shapes \(2, 3\) and \(3, 3\) differ before the channels; they cannot be"):
        Concat().infer(Tensor((2, 3), SMALL[0]), Tensor((3, 3), SMALL[0]))
    with pytest.raises(InputError, match=r"shapes \(2, 3\) and \(2, 4\) cannot be added element by element; make them"):
        Add().infer(Tensor((2, 3), SMALL[0]), Tensor((2, 4), SMALL[0]))
    assert Concat().infer(Tensor((2, 3), SMALL[0]), Tensor((2, 4), SMALL[0])).shape == (2, 7)


def test_a_concat_of_unequal_channels() -> None:
    """4 and 6 channels in twos: two beats of the first stream, then three of the second, for each of 5 pixels."""
    a, b = Tensor((5, 4), SMALL[0]), Tensor((5, 6), SMALL[1])
    output = Concat().infer(a, b)
    assert Concat().folds((a, b), output) == (Fold(1), Fold(2))
    (unit,) = Concat().units((a, b), output, Fold(2))
    (module,) = unit.modules(Surroundings(unit.iterations, 2))
    assert (module.parameters["FOLDS_A"], module.parameters["FOLDS_B"]) == (2, 3)
    first, second = (use.last.tolist() for use in module.nest.reads)
    assert (first[:4], second[:4]) == ([0, 1, 5, 6], [2, 3, 4, 7])
    assert module.nest.writes.last.tolist() == list(range(25))


@pytest.mark.parametrize(("low", "high"), [((1,), (0,)), ((0,), (2,)), ((2,), (3,))])
def test_pads_widen_an_axis(low: tuple[int, ...], high: tuple[int, ...]) -> None:
    assert Pad(low, high).infer(Tensor((4, 3), SMALL[0])) == Tensor((4 + low[0] + high[0], 3), SMALL[0])


@pytest.mark.parametrize("pool", [MaxPool, AveragePool, SumPool])
@pytest.mark.parametrize(("begin", "end"), [((0, 2), (0, 0)), ((0, 0), (4, 0)), ((3, 1), (4, 1))])
def test_windows_of_pads_alone_are_refused(pool: type, begin: tuple[int, int], end: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"pads of a whole kernel \(4, 2\) leave windows with no value; pad less"):
        pool(Window((4, 2), (1, 1), begin, end)).infer(Tensor((6, 5, 3), SMALL[0]))


@pytest.mark.parametrize("kernel", [(1, 1), (1, 2), (2, 2), (4, 2), (1, 3), (3, 2), (1, 6)])
def test_sums_and_means_of_windows(kernel: tuple[int, int]) -> None:
    """A mean of a power of two of positions is their sum read finer; others are refused."""
    window, area = Window(kernel, (1, 1), (0, 0), (0, 0)), prod(kernel)
    x = Tensor((6, 7, 3), SMALL[0])
    shape = (7 - kernel[0], 8 - kernel[1], 3)
    assert SumPool(window).infer(x) == Tensor(shape, held(-4 * area, 3 * area, 0))
    if area in (1, 2, 4, 8):
        made = AveragePool(window).infer(x)
        assert made.shape == shape and made.format.frac == area.bit_length() - 1
        assert (made.format.lo, made.format.hi) == (held(-4 * area, 3 * area, 0).lo, held(-4 * area, 3 * area, 0).hi)
    else:
        with pytest.raises(InputError, match=f"an average over {area} positions divides by a number that is no power"):
            AveragePool(window).infer(x)


@pytest.mark.parametrize("pool", [AveragePool, SumPool])
@pytest.mark.parametrize(("bits", "fits"), [(57, True), (58, False), (62, False)])
def test_sums_of_windows_fit_a_code(pool: type, bits: int, fits: bool) -> None:
    x = Tensor((4, 4, 1), Fixed(bits, 0, signed=True))
    window = Window((4, 4), (1, 1), (0, 0), (0, 0))
    if fits:
        assert pool(window).infer(x).format.bits == bits + 4
    else:
        with pytest.raises(InputError, match=r"an accumulator would need .* bits, more than"):
            pool(window).infer(x)


@pytest.mark.parametrize(("bits", "frac", "fits"), [(62, 0, True), (63, 0, False), (50, 12, True), (50, 13, False)])
def test_a_finer_grid_fits_a_code(bits: int, frac: int, fits: bool) -> None:
    """Magnitudes stay below 2**62; what gets coarser is as wide as before."""
    to = Fixed(8, frac, signed=True)
    op = Requantize(to, Rounding.FLOOR, Overflow.SATURATE)
    x = Tensor((2, 3), Fixed(bits, 0, signed=True))
    if fits:
        assert op.infer(x) == Tensor((2, 3), to)
    else:
        with pytest.raises(InputError, match=r"an accumulator would need .* bits, more than"):
            op.infer(x)
    assert op.infer(Tensor((2, 3), Fixed(62, 9 + frac, signed=True))) == Tensor((2, 3), to)


@pytest.mark.parametrize(("base", "step"), [((0, 5), (2, -3)), ((-4, 0), (1, 0)), ((9, -9), (-1, -1))])
def test_staircases_of_either_way(base: tuple[int, ...], step: tuple[int, ...]) -> None:
    rows = np.array([[-3, -1, -1], [0, 1, 2]])
    op = Threshold(rows, np.array(base), np.array(step), 0, 2)
    codes = np.stack([np.arange(-4, 4)] * 2, axis=-1)
    network = of_one(op, (8, 2), SMALL[0])
    found = network.evaluate(codes[None])[0]
    steps = [[b, b + 3 * s] for b, s in zip(base, step, strict=True)]
    assert network.output.format == Fixed.covering(min(map(min, steps)), max(map(max, steps)), 2)
    assert found.tolist() == [
        [base[c] + step[c] * sum(int(x) >= bound for bound in rows[c].tolist()) for c in range(2)] for x in codes[:, 0]
    ]


def test_thresholds_rise_along_a_channel_only() -> None:
    for rows in ([[5, 6], [1, 2]], [[3, 3], [3, 3]]):
        Threshold(np.array(rows), np.zeros(2, int), np.ones(2, int), 0, 0)
    for rows in ([[1, 2], [6, 5]], [[1, 0], [6, 7]]):
        with pytest.raises(InputError, match=r"^thresholds that fall make no staircase; sort each channel's row$"):
            Threshold(np.array(rows), np.zeros(2, int), np.ones(2, int), 0, 0)


@pytest.mark.parametrize(("rows", "base", "step"), [((2,), 2, 2), ((2, 3), 1, 2), ((2, 3), 2, 3), ((2, 3, 1), 2, 2)])
def test_thresholds_have_a_base_and_a_step_a_channel(rows: tuple[int, ...], base: int, step: int) -> None:
    with pytest.raises(InputError, match=r"do not fit; give \(channels, steps\), \(channels,\) and \(channels,\)$"):
        Threshold(np.zeros(rows, int), np.zeros(base, int), np.ones(step, int), 0, 0)


def test_thresholds_read_their_channels_and_their_grid_alone() -> None:
    op = Threshold(np.zeros((2, 1), int), np.zeros(2, int), np.ones(2, int), 3, 0)
    assert op.infer(Tensor((5, 2), Fixed(4, 3, signed=True))).shape == (5, 2)
    with pytest.raises(InputError, match=r"thresholds of 2 channels cannot read shape \(2, 5\)"):
        op.infer(Tensor((2, 5), Fixed(4, 3, signed=True)))
    with pytest.raises(InputError, match=r"in steps of 2\^-3 cannot read values in steps of 2\^-2; write them on"):
        op.infer(Tensor((5, 2), Fixed(4, 2, signed=True)))


def test_a_table_stands_for_the_base() -> None:
    op = Threshold(np.array([[0, 1]]), np.array([7]), np.array([2]), 0, 0)
    (unit,) = op.units((Tensor((4, 1), SMALL[0]),), op.infer(Tensor((4, 1), SMALL[0])), Fold(1))
    (module,) = unit.modules(Surroundings(4, 1))
    assert (module.parameters["LEVELS"], module.parameters["BASE"]) == (1, 0)


def test_many_scales_lie_in_block_ram_a_cycle_away() -> None:
    sign = np.ones((1, 4096), np.int8)
    op = Affine(ShiftWeights(sign, (np.arange(4096) % 8).astype(np.int8)[None]), Bias.none(4096))
    x = Tensor((1, 4096), SMALL[0])
    (unit,) = op.units((x,), op.infer(x), Fold(1))
    (module,) = unit.modules(Surroundings(4096, 1))
    assert (module.parameters["ROM_BLOCK"], module.stages) == (1, 4)


@pytest.mark.parametrize(("sign", "has_zero"), [([1, -1], False), ([1, 0], True)])
def test_a_zero_bit_is_there_for_zeros(sign: list[int], has_zero: bool) -> None:
    weights = ShiftWeights(np.array([sign], np.int8), np.array([[0, 3]], np.int8))
    rom = np.moveaxis(weights.packed, -1, 0).ravel()
    asked, always, never = (shift_codes(rom, weights.magnitude_bits, has) for has in (None, True, False))
    assert asked.has_zero == has_zero and always.has_zero and not never.has_zero
    assert asked.type.bits == asked.exponent_bits + 1 + has_zero and not asked.type.signed
    low = asked.exponent_bits
    assert asked.codes.tolist() == always.codes.tolist() == [0, 2 << low if has_zero else (1 << low) + 3]
