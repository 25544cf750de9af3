"""What the readers stand on: parameters, what is pending on a tensor, staircases, names and attributes, by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.onnx.context.parameter import IntegerWeights, Parameter, weights_of
from shiftwire.onnx.context.pending import RELU, Cut, Linear, Pending, common_scale, normalised
from shiftwire.onnx.context.staircase import MAX_STEPS, threshold
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

CODES = np.array([[1, -2, 3], [0, 5, -7]])
Row = list[float]


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("scale", "factor", "codes", "found", "grid"),
    [
        (np.array(0.5), np.array(1.0), CODES, np.array(1.0), 1),
        (np.array(0.75), np.array(2.0), CODES, np.array(1.5), 0),
        (np.array([0.5, 0.125]), np.array(1.0), CODES * [[4], [1]], np.array(1.0), 3),
        (np.array([0.75, 3.0]), np.array(1.0), CODES * [[1], [4]], np.array(1.5), 1),
        (np.array([0.5, 0.75]), np.array(1.0), CODES, np.array([1.0, 1.5]), 1),
        (np.array(0.5), np.array([1.0, 4.0, 0.5]), CODES * [[2, 8, 1]], np.array(1.0), 2),
        (np.array([0.5, 0.75]), np.array([3.0, 6.0, 3.0]), CODES * [[1, 2, 1]], np.array([1.5, 2.25]), 0),
        (np.array([1.0, 2.0**15]), np.array(1.0), CODES * [[1], [2**15]], np.array(1.0), 0),
        (np.array([1.0, 2.0**16]), np.array(1.0), CODES, np.array([1.0, 2.0**16]), 0),
    ],
)
def test_a_weight_by_channel(
    scale: np.ndarray, factor: np.ndarray, codes: np.ndarray, found: np.ndarray, grid: int
) -> None:
    """codes * scale * factor, exact, in units of 2**-grid times the scale that is left."""
    made = Parameter(CODES, scale).by_channel(factor)
    assert np.array_equal(made[0], codes) and np.array_equal(made[1], found) and made[2] == grid
    rows = np.broadcast_to(scale, 2)[:, None] * factor
    assert np.array_equal(made[0] * np.broadcast_to(made[1], 2)[:, None] * 2.0 ** -made[2], CODES * rows)


def test_filters_by_channel() -> None:
    codes = np.arange(24).reshape(2, 3, 2, 2)
    made, scale, grid = Parameter(codes, np.array([1.0, 0.5])).by_channel(np.array([1.0, 2.0, 8.0]))
    factors = np.array([2, 1]).reshape(2, 1, 1, 1) * np.array([1, 2, 8]).reshape(1, 3, 1, 1)
    assert made.tolist() == (codes * factors).tolist() and (float(scale), grid) == (1.0, 1)


@pytest.mark.parametrize("factor", [[1.0, 3.0, 1.0], [1.0, 2.0**16, 1.0]])
def test_inputs_whose_scales_no_code_can_take_in(factor: Row) -> None:
    with pytest.raises(InputError, match=r"another scale in each channel, and they differ by more than powers of two"):
        Parameter(CODES, np.array(1.0)).by_channel(np.array(factor))
    Parameter(CODES, np.array(1.0)).by_channel(np.array([1.0, 2.0**15, 1.0]))


@pytest.mark.parametrize("grid", [0, 3, -2])
def test_signed_digits_sum_to_the_codes(grid: int) -> None:
    """The non-adjacent form has no two digits side by side, and the highest comes first."""
    codes = np.arange(-40, 41).reshape(3, 27)
    made = signed_digits(codes, grid)
    values = made.sign * 2.0 ** made.exponent.astype(float)
    assert np.array_equal(values.sum(0), codes * 2.0**-grid)
    assert made.terms == 3 and made.sign.dtype == made.exponent.dtype == np.int8
    for at in np.ndindex(codes.shape):
        signs, places = made.sign[:, *at].tolist(), made.exponent[:, *at].tolist()
        used = [place for sign, place in zip(signs, places, strict=True) if sign]
        assert all(a - b >= 2 for a, b in pairwise(used))
        assert signs[len(used) :] == [0] * (3 - len(used)) == places[len(used) :]
    nothing = signed_digits(np.zeros((2, 3), int), grid)
    assert nothing.sign.tolist() == nothing.exponent.tolist() == [[[0] * 3] * 2]
    assert signed_digits(np.array([[1, 0], [0, 4]]), 0).terms == 1


@pytest.mark.parametrize(
    ("codes", "choice", "kind"),
    [
        ([[1, -2, 0, 8]], IntegerWeights.TERMS, Shift),
        ([[1, -2, 0, 8]], IntegerWeights.MULTIPLY, Shift),
        ([[1, -3, 0, 8]], IntegerWeights.TERMS, Shift),
        ([[1, -3, 0, 8]], IntegerWeights.MULTIPLY, Int),
    ],
)
def test_multipliers_only_where_asked_for(codes: list[list[int]], choice: IntegerWeights, kind: type) -> None:
    made = weights_of(np.array(codes), 2, choice)
    assert isinstance(made, kind)
    if isinstance(made, Int):
        assert (made.codes.tolist(), made.frac(Fixed(4, 0, signed=True))) == (codes, 2)
    for grid in (1000000, -1000000):
        with pytest.raises(InputError, match=r"its weights are multiples of 2\^.*, finer than any tensor is; rescale"):
            weights_of(np.array(codes), grid, choice)


def test_steps_that_wait() -> None:
    x = floats(1, -2, 3, 4).reshape(2, 2)
    linear, quotient = Linear(floats(2, -1), floats(0.5, 1)), Linear(floats(2, -4), floats(0, 1), divides=True)
    assert linear.apply(x).tolist() == [[2.5, -3.5], [-2, -3]]
    assert quotient.apply(x).tolist() == [[0.5, -1], [0.25, 0]]
    assert linear.slope().tolist() == [2, -1] and quotient.slope().tolist() == [0.5, -0.25]  # type: ignore[union-attr]
    assert quotient.slopes.dtype == np.float64
    turned = quotient.spread(np.array([1, 0, 1]))
    assert turned.apply(floats(4, 4, 8)).tolist() == [0, 2, -1]
    assert Cut(-1.0, 2.5).apply(x).tolist() == [[1, -1], [2.5, 2.5]] and Cut(-1.0, 2.5).slope() is None
    assert RELU.apply(x).tolist() == [[1, 0], [3, 4]] and RELU.spread(np.array([1])) is RELU


def test_what_is_pending_on_a_tensor() -> None:
    assert Pending.none().is_none and Pending(np.array([1.0, 1.0])).is_none
    assert not Pending(np.array([1.0, 2.0])).is_none and not Pending.none().then(RELU).is_none
    pending = Pending(np.array([1.5, 2.0])).then(Linear(floats(2, -1), floats(0.5, 1))).then(RELU)
    codes = np.array([[2, -3], [4, -1]])
    assert pending.values(codes, 1).tolist() == [[3.5, 0], [0, 2]]
    assert pending.values(codes, 1).dtype == np.float32
    assert pending.slope(2).tolist() == [3, -2]
    assert Pending(np.array(3.0)).slope(3).tolist() == [3, 3, 3]
    assert not pending.is_linear
    straight = Pending(np.array(0.5), (Linear(floats(2, -1), floats(0.5, 1)), Linear(floats(4, 2), floats(1, 0), True)))
    scale, offset = straight.line(2)
    assert straight.is_linear
    assert (scale.tolist(), offset.tolist()) == ([0.25, -0.25], [1.125, 0.5])
    spread = pending.spread(np.array([1, 1, 0]))
    assert spread.scale.tolist() == [2, 2, 1.5] and spread.slope(3).tolist() == [-2, -2, 3]
    assert spread.values(np.array([[2], [-2], [2]]), 0).tolist() == [[0], [5], [6.5]]
    assert straight.spread(np.array([1])).scale.tolist() == 0.5


@pytest.mark.parametrize(
    ("scale", "mantissa", "exponent"),
    [(0.75, 1.5, -1), (1.0, 1.0, 0), (6.0, 1.5, 2), ([3.0, 0.75], [6.0, 1.5], -1), ([1.25, 5.0], [1.25, 5.0], 0)],
)
def test_a_scale_as_mantissa_and_exponent(scale: Any, mantissa: Any, exponent: int) -> None:
    made = normalised(np.array(scale))
    assert (made[0].tolist(), made[1]) == (mantissa, exponent)


def test_one_scale_and_powers_of_two() -> None:
    made = common_scale(np.array([3.0, 0.75, 1.5]))
    assert made is not None
    assert made[0] == 0.75 and made[1].tolist() == [2, 0, 1] and made[1].dtype == np.int64
    assert common_scale(np.array([3.0, 1.0])) is None


@pytest.mark.parametrize(("low", "high"), [(-4, 3), (-1, 0), (0, 7), (2, 2)])
def test_staircases_are_their_thresholds(low: int, high: int) -> None:
    """Of floor((x * slope + offset) / 2) cut to low..high, rising in one channel and falling in the other."""
    x, slopes, offsets = Fixed(5, 2, signed=True), np.array([[1], [-1]]), np.array([[1], [-3]])
    steps = np.array([1, 4])

    def stairs(codes: np.ndarray) -> np.ndarray:
        return np.clip((codes * slopes + offsets) // 2, low, high)

    op = threshold(stairs, np.array([0, 1]), steps, x, 3)
    codes = np.arange(x.lo, x.hi + 1)
    for channel in range(2):
        found = [
            int(op.base[channel]) + int(op.step[channel]) * sum(int(code) >= int(t) for t in op.thresholds[channel])
            for code in codes
        ]
        wanted = [
            int(steps[channel])
            * min(max((int(code) * int(slopes[channel, 0]) + int(offsets[channel, 0])) // 2, low), high)
            for code in codes
        ]
        assert found == wanted
    assert (op.x_frac, op.frac) == (2, 3)
    assert op.thresholds.shape == (2, max(high - low, 1))
    assert (op.thresholds >= x.lo).all() and (op.thresholds <= x.hi + 1).all()


def test_a_staircase_has_no_more_steps_than_hardware_wants() -> None:
    x, one = Fixed(20, 0, signed=False), np.ones(1, np.int64)
    made = threshold(lambda codes: np.minimum(codes, MAX_STEPS), 0 * one, one, x, 0)
    assert made.thresholds[0].tolist() == list(range(1, MAX_STEPS + 1))
    with pytest.raises(InputError, match=r"of 4098 levels .* needs 4097 thresholds a channel, more than 4096"):
        threshold(lambda codes: np.minimum(codes, MAX_STEPS + 1), 0 * one, one, x, 0)
