"""Scales behind sums: which bits are cut, which slope is taken, and that means come out; by hand."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.ir.network import Tensor
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding, Values
from shiftwire.ops.affine import Affine
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.quantize.options import Options
from shiftwire.quantize.scaling import (
    FITTED,
    Step,
    TensorCodes,
    affine_steps,
    bias_on,
    channel_mean,
    finest_step,
    fitted_slope,
    is_far_below,
    scale_terms,
)


def sums(codes: object, bits: int, frac: int) -> TensorCodes:
    array = np.array(codes, np.int64)
    return TensorCodes(Tensor(array.shape[1:], Fixed(bits, frac, signed=True)), array)


def test_biases_are_rounded_to_their_grid() -> None:
    bias = bias_on(np.array([0.3, -0.3, 0.125, 0.375]), 2)
    assert (bias.codes.tolist(), bias.frac) == ([1, -1, 0, 2], 2)  # ties to the even code
    assert bias.codes.dtype == np.int64


def test_means_are_of_a_channel() -> None:
    assert channel_mean(np.array([[[1.0, 2.0], [3.0, 6.0]], [[5.0, 0.0], [7.0, 4.0]]])).tolist() == [4.0, 3.0]


@pytest.mark.parametrize(
    ("right", "is_last", "frac"),
    [([0.0, 3.9], False, 10), ([0.0, 3.9], True, 12), ([-3.9, 1.0], False, 9), ([-0.2, 7.9], True, 10)],
)
def test_guard_bits_lie_below_an_activations_step(right: list[float], is_last: bool, frac: int) -> None:
    """Four below 8 bits, six in front of the output; a sign takes one."""
    assert finest_step(np.array(right), Options(act_bits=8), is_last) == frac


def test_far_is_more_than_twenty_four_bits() -> None:
    assert not is_far_below(Fixed(8, 30, signed=True), 6) and is_far_below(Fixed(8, 31, signed=True), 6)


def test_a_step_is_its_op_on_a_tensor() -> None:
    x = sums([[-3, 2], [7, 0]], 4, 1)
    step = Step.after(Relu(), x)
    assert step.output.tensor == Tensor((2,), Fixed(3, 1, signed=False))
    assert step.output.codes.tolist() == [[0, 2], [7, 0]]
    assert step.output.values.tolist() == [[0.0, 1.0], [3.5, 0.0]]


SLOPES, RIGHT = np.array([1.0, 2.0, 3.0]), np.array([1.1, 2.0, 9.0])


def drawn(count: int) -> tuple[Values, Values]:
    values = np.random.default_rng(3).normal(0, 1, (count, 3))
    return values, values * RIGHT + 5


@pytest.mark.parametrize(("count", "is_fitted"), [(FITTED - 1, False), (FITTED, True), (FITTED + 1, True)])
def test_a_slope_needs_so_many_values(count: int, is_fitted: bool) -> None:
    """A fit that lies half the slope away is no fit."""
    slope = fitted_slope(*drawn(count), SLOPES)
    assert slope.tolist() == pytest.approx([1.1, 2.0, 3.0] if is_fitted else [1.0, 2.0, 3.0])
    image = [part.reshape(-1, 1, 3) for part in drawn(count)]
    assert fitted_slope(*image, SLOPES).tolist() == slope.tolist()


@pytest.mark.parametrize(("true", "taken"), [(1.4, 1.4), (1.51, 1.0), (0.6, 0.6), (0.49, 1.0), (-1.0, 1.0)])
def test_a_slope_stays_near_the_float_one(true: float, taken: float) -> None:
    x = np.random.default_rng(4).normal(3, 1, (FITTED, 1))
    assert fitted_slope(x, x * true - 2, np.ones(1)).tolist() == pytest.approx([taken])
    assert fitted_slope(x, -x * true - 2, -np.ones(1)).tolist() == pytest.approx([-taken])


def test_sums_of_one_value_have_the_float_slope() -> None:
    x, y = np.full((FITTED, 1), 2.5), np.random.default_rng(5).normal(0, 1, (FITTED, 1))
    assert fitted_slope(x, y, np.array([0.7])).tolist() == [0.7]


def test_sums_as_coarse_as_their_output_are_not_cut() -> None:
    """0.75 x + 1 as one Affine; its bias makes the mean right."""
    x = sums([[-8, 3], [7, -5], [1, 2]], 4, 2)
    right = x.values * [0.75, 0.5] + [1.0, -2.0]
    (step,) = affine_steps(x, right, np.array([0.75, 0.5]), Options(), is_last=False)
    assert isinstance(step.op, Affine)
    assert step.op.scale.integers.tolist() == [3, 2] and step.op.scale.exponent_range[0] == -2
    assert step.output.values.tolist() == right.tolist()
    assert step.op.bias.frac == 4 and step.op.bias.codes.tolist() == [16, -32]


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("slope", [0.5, 0.24, 3.0])
def test_bits_far_below_a_step_are_cut(slope: float, is_last: bool) -> None:
    """The cut grid is the coarsest that still tells a step of the guarded output apart behind the slope."""
    rng = np.random.default_rng(6)
    x = sums(rng.integers(-(2**17), 2**17, (200, 2)), 20, 18)
    right = x.values * slope + 0.3
    cut, scaled = affine_steps(x, right, np.full(2, slope), Options(act_bits=6), is_last)
    assert isinstance(cut.op, Requantize)
    assert (cut.op.rounding, cut.op.overflow) == (Rounding.FLOOR, Overflow.SATURATE)
    finest = finest_step(right, Options(act_bits=6), is_last)
    to = cut.output.tensor.format
    assert 2.0**-to.frac * slope <= 2.0**-finest < 2.0 ** -(to.frac - 1) * slope
    reach = max(2 * np.abs(x.values).max(), 1) * 2.0**to.frac
    assert to.hi >= min(reach, 2.0 ** (19 - 18 + to.frac)) - 2, "twice what was seen, or all that there is"
    assert cut.output.codes.tolist() == (x.codes >> 18 - to.frac).tolist()
    assert np.abs(channel_mean(scaled.output.values - right)).max() <= 2.0 ** -(scaled.output.tensor.format.frac + 1)
    assert np.abs(scaled.output.values - right).max() < 2.0**-finest


def test_a_range_is_cut_to_twice_what_was_seen() -> None:
    x = sums([[-20], [31], [5]], 20, 4)
    cut, scaled = affine_steps(x, x.values, np.ones(1), Options(), is_last=False)
    assert cut.output.tensor.format == Fixed(7, 4, signed=True)  # -40..62
    assert np.array_equal(scaled.output.values, x.values)
    (alone,) = affine_steps(sums([[-20], [31], [5]], 7, 4), x.values, np.ones(1), Options(), is_last=False)
    assert isinstance(alone.op, Affine)


def test_channels_that_no_output_sees_have_no_scale() -> None:
    """Half a step of the guarded output is the least that counts; the bias stands for the rest, on its grid."""
    x = sums([[4, 4], [-4, -4], [2, 3]], 6, 2)
    right = np.array([[1.9, 0.6], [-1.0, 0.6], [0.5, 0.6]])
    half = 2.0 ** -(finest_step(right, Options(), is_last=False) + 1)
    for factor, is_seen in ((0.9, False), (1.0, True)):
        (*_, step) = affine_steps(x, right, np.array([0.125, factor * half / 2]), Options(), is_last=False)
        assert isinstance(step.op, Affine)
        assert bool(step.op.scale.integers[1]) == is_seen
        assert np.abs(step.output.values[:, 1] - 0.6).max() <= 2.0 ** -(step.op.bias.frac + 1) + 4 * half


def test_sums_that_nobody_sees_become_a_bit() -> None:
    """Where even the grid is out of sight; else they stay as they are, scaled by nothing."""
    right = np.array([[1.0], [3.5]])
    cut, scaled = affine_steps(sums([[3], [-4]], 4, 60), right, np.ones(1), Options(), is_last=False)
    assert cut.output.tensor.format == Fixed(1, finest_step(right, Options(), False), signed=False)
    assert scaled.output.values.tolist() == [[2.25], [2.25]]
    (alone,) = affine_steps(sums([[3], [-4]], 4, 20), right, np.ones(1), Options(), is_last=False)
    assert alone.output.values.tolist() == [[2.25], [2.25]]


@pytest.mark.parametrize(
    ("options", "bits", "terms", "lowest"),
    [
        ({"affine_terms": 1}, 8, 1, 0),
        ({"affine_terms": 8, "affine_exponents": 4}, 8, None, -3),
        ({"affine_terms": 8, "affine_exponents": 31}, 8, None, -15),  # sums of 24 bits
        ({"affine_terms": 8, "affine_exponents": 31}, 18, None, -9),  # ten exponents at least
    ],
)
def test_a_scale_has_its_terms_and_its_window(
    options: dict[str, int], bits: int, terms: int | None, lowest: int
) -> None:
    """1.33333 has a digit at every second place."""
    edge = 1 << (bits - 2)
    x = sums([[edge], [-edge], [edge // 3]], bits, 0)
    right = x.values * (4 / 3)
    steps = affine_steps(x, right, np.full(1, 4 / 3), Options(act_bits=20, **options), is_last=True)  # type: ignore[arg-type]
    (op,) = (step.op for step in steps)
    assert isinstance(op, Affine)
    assert terms is None or op.scale.terms_per_filter.tolist() == [terms]
    assert lowest <= op.scale.exponent_range[0] <= lowest + 1


def powers_within(low: float, high: float, terms: int) -> bool:
    """Whether at most so many signed powers of two, 2**-12 to 2**4, sum to a number of low..high."""
    powers = [sign * 2.0**at for sign in (1, -1) for at in range(-12, 5)]
    sums = {0.0}
    for _ in range(terms):
        sums |= {total + power for total in sums for power in powers}
    return any(low <= total <= high for total in sums)


def test_a_scale_takes_the_fewest_powers_of_two_within_a_quarter_of_the_budget() -> None:
    slopes = np.array([0.7071, -0.3183, 1.0, 0.0, 0.1234, -1.999])
    options = Options(error_budget=0.04, affine_terms=6, affine_exponents=12)
    made = scale_terms(slopes, 12, options)
    values = (made.sign * 2.0**made.exponent).sum(0)[:, 0]
    assert np.all(np.abs(values - slopes) <= 0.01 * np.abs(slopes))
    for slope, used in zip(np.abs(slopes), made.terms_per_filter, strict=True):
        assert not used or not powers_within(slope * 0.99, slope * 1.01, int(used) - 1)
    exact = scale_terms(slopes, 12, Options(affine_terms=6))
    assert exact.terms_per_filter.sum() > made.terms_per_filter.sum()


def test_a_scale_beyond_the_exponents_stays_as_near_as_it_comes() -> None:
    """The channel of 2**-9 has one exponent left of ten."""
    options = Options(error_budget=0.004, affine_terms=6)
    made = scale_terms(np.array([1.0, 0.0025]), 10, options)
    assert made.exponent[:, 1][made.sign[:, 1] != 0].tolist() == [-9]
