"""Formats from calibration values, options and their ends, and what a report counts; by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.project.scores import relative_error
from shiftwire.quantize.formats import FINEST_FRAC, SAMPLED, choose_format, covering, mean_square
from shiftwire.quantize.options import MAX_ACT_BITS, MAX_TERMS, Options, Ranging
from shiftwire.quantize.report import centred_error
from shiftwire.quantize.weighted import unexplained

SIGNED = np.array([-3.0, -0.2, 0.1, 0.4, 0.45, 5.7])
UNSIGNED = np.abs(SIGNED)


@pytest.mark.parametrize(
    ("low", "high", "bits", "format"),
    [
        (0.0, 0.0, 8, Fixed(8, 8, signed=False)),
        (-1.0, 0.5, 4, Fixed(4, 3, signed=True)),
        (-1.0, 1.0, 4, Fixed(4, 2, signed=True)),
        (0.0, 1.0, 4, Fixed(4, 3, signed=False)),
        (0.0, 0.96, 4, Fixed(4, 4, signed=False)),  # 15.36 rounds to the largest code
        (0.0, 0.97, 4, Fixed(4, 3, signed=False)),
        (0.0, 2.0**-70, 8, Fixed(8, FINEST_FRAC, signed=False)),
        (-(2.0**-70), 0.0, 8, Fixed(8, FINEST_FRAC, signed=True)),
        (-300.0, 2.0, 3, Fixed(3, -7, signed=True)),
    ],
)
def test_a_range_has_the_finest_format_that_holds_it(low: float, high: float, bits: int, format: Fixed) -> None:
    assert covering(low, high, bits) == format


@pytest.mark.parametrize("values", [SIGNED, UNSIGNED, -UNSIGNED], ids=["signed", "unsigned", "negative"])
def test_ranging_by_the_ends(values: np.ndarray) -> None:
    found = choose_format("t", values, 6, Options(ranging=Ranging.MINMAX))
    assert found == covering(float(values.min()), float(values.max()), 6)


def test_ranging_by_percentiles() -> None:
    """A hundredth at either end may saturate; what is negative more rarely has no sign."""
    values = np.concatenate([np.linspace(-1, 1.9, 9000), [-60.0] * 3, [90.0] * 3])
    options = Options(ranging=Ranging.PERCENTILE, percentile=99.5)
    assert choose_format("t", values, 8, options) == Fixed(8, 6, signed=True)
    assert choose_format("t", np.abs(values), 8, options) == Fixed(8, 7, signed=False)
    rarely = np.concatenate([np.linspace(0, 1.9, 9000), [-0.5]])
    assert choose_format("t", rarely, 8, options) == Fixed(8, 7, signed=False)
    low = np.concatenate([np.linspace(-7.9, 0.9, 9000), [60.0] * 3])
    assert choose_format("t", low, 8, options) == Fixed(8, 4, signed=True)


@pytest.mark.parametrize("seed", range(4))
def test_ranging_by_least_squares(seed: int) -> None:
    """Of six grids from the covering one on, the one that loses least; errors by plain loops."""
    values = np.random.default_rng(seed).standard_t(2 + seed, 300)
    widest = covering(float(values.min()), float(values.max()), 5)
    errors = []
    for finer in range(6):
        step = 2.0 ** -(widest.frac + finer)
        lost = [min(max(round(v / step), -16), 15) * step - v for v in values.tolist()]
        errors.append(sum(part * part for part in lost) / len(lost))
        assert mean_square(values, Fixed(5, widest.frac + finer, signed=True)) == pytest.approx(errors[-1])
    assert choose_format("t", values, 5, Options()) == Fixed(5, widest.frac + errors.index(min(errors)), signed=True)


def test_of_equal_errors_the_wider_range_is_taken() -> None:
    assert choose_format("t", np.array([0.0, 8.0]), 6, Options()) == Fixed(6, 2, signed=False)
    assert choose_format("t", np.array([[0.0], [-8.0]]), 6, Options()) == Fixed(6, 2, signed=True)


def test_every_other_value_of_a_large_tensor_is_looked_at() -> None:
    values = np.zeros(2 * SAMPLED, np.float32)
    values[1::2] = 0.3
    values[-1] = 20.0
    assert choose_format("t", values, 4, Options()).frac == covering(0.0, 20.0, 4).frac
    assert choose_format("t", values[:SAMPLED], 4, Options()).frac > -1


@pytest.mark.parametrize("asked", [Fixed(5, 1, signed=True), Fixed(4, 0, signed=True)])
def test_a_format_asked_for_holds_its_values(asked: Fixed) -> None:
    options = Options(formats={"t": asked})
    fits = np.array([asked.lo, asked.hi]) * 2.0**-asked.frac
    assert choose_format("t", fits, 3, options) == asked
    assert choose_format("other", fits, 3, options).bits == 3
    for values in (fits * [1, 1.2], fits * [1.2, 1]):
        with pytest.raises(InputError, match=f"the values of 't' reach from .* beyond the format {asked} asked for"):
            choose_format("t", values, 3, options)


ENDS: dict[str, tuple[int, int]] = {
    "terms": (1, MAX_TERMS),
    "affine_terms": (1, MAX_TERMS),
    "act_bits": (1, MAX_ACT_BITS),
    "input_bits": (1, MAX_ACT_BITS),
    "exponents": (1, 31),
    "affine_exponents": (1, 31),
    "samples": (1, 1 << 20),
}
WORDS = {"act_bits": "activation bits", "samples": "calibration samples"}


@pytest.mark.parametrize("name", ENDS)
def test_options_have_ends(name: str) -> None:
    low, high = ENDS[name]
    for value in (low, high):
        assert getattr(Options(**{name: value}), name) == value  # type: ignore[arg-type]
    what = WORDS.get(name, name.replace("_", " "))
    for value in (low - 1, high + 1):
        with pytest.raises(InputError, match=f"^{value} {what} are outside {low}..{high}; give a number between$"):
            Options(**{name: value})  # type: ignore[arg-type]


def test_shares_have_ends() -> None:
    assert Options(percentile=100, error_budget=0.999).percentile == 100
    assert Options(percentile=50.1, error_budget=0.001).error_budget == 0.001
    for percentile in (50.0, 100.1):
        with pytest.raises(InputError, match=f"a percentile of {percentile} is outside 50..100"):
            Options(percentile=percentile)
    for budget in (0.0, 1.0):
        with pytest.raises(InputError, match=f"an error budget of {budget} is outside 0..1"):
            Options(error_budget=budget)


def test_errors_are_relative_to_the_spread() -> None:
    right = np.array([1.0, 3.0, 1.0, 3.0])
    assert relative_error(right + 0.5 * np.array([1, -1, 1, -1]), right) == 0.5
    assert relative_error(3 * right, right) == pytest.approx(2 * np.sqrt(5.0))
    assert relative_error(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == 0.5, "the size of what is constant"
    assert relative_error(np.array([3.0, 4.0]), np.zeros(2)) == pytest.approx(np.sqrt(12.5))


def test_a_constant_a_channel_is_no_centred_error() -> None:
    right = np.array([[[1.0, 10.0], [3.0, 30.0]], [[1.0, 10.0], [3.0, 30.0]]])
    assert centred_error(right + np.array([7.0, -9.0]), right) == 0
    spread = np.sqrt((1 + 100) / 2)
    wrong = right + np.array([[0.5, 2.0], [-0.5, -2.0]])
    assert centred_error(wrong, right) == pytest.approx(np.sqrt((0.25 + 4) / 2) / spread)


def test_what_scale_and_bias_explain_is_no_error() -> None:
    """Shares of each channel's spread: none of a line, all of something unlike, in between by the angle."""
    x = np.array([[1.0, 1.0, 1.0, 2.0], [2.0, -1.0, 0.0, 2.0], [3.0, 1.0, -1.0, 2.0], [4.0, -1.0, 0.0, 2.0]])
    y = np.stack([5 - 3 * x[:, 0], [1.0, 1.0, -1.0, -1.0], x[:, 2] + [0, 1, 0, -1], x[:, 0]], axis=1)
    assert unexplained(x, y).tolist() == pytest.approx([0, 1, np.sqrt(0.5), 0], abs=1e-7)
    assert unexplained(y, x).tolist() == pytest.approx([0, 1, np.sqrt(0.5), 0], abs=1e-7)
    assert unexplained(x.reshape(2, 2, 4), 7 * y.reshape(2, 2, 4)).tolist() == unexplained(x, 7 * y).tolist()
