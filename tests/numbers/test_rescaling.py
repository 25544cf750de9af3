"""Lines that are staircases: sound on every integer, and none that exists is missed."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from rescaled_nets import stairs_of
from shiftwire.numbers.rescaling import Line, Slopes, Stairs

SHIFTS = range(6)


def clipped_line(factor: int, offset: int, shift: int, stairs: Stairs) -> Callable[[int], int]:
    return lambda x: min(max((factor * x + offset) >> shift, stairs.lo), stairs.hi)


def is_line(factor: int, shift: int, stairs: Stairs, code: Callable[[int], int]) -> bool:
    """Whether some offset makes the line the staircase, from every integer one by one."""
    every = range(stairs.starts[0], stairs.ends[-1] + 1)
    least = [(code(x) << shift) - factor * x for x in every if code(x) > stairs.lo]
    most = [((code(x) + 1) << shift) - 1 - factor * x for x in every if code(x) < stairs.hi]
    return not least or not most or max(least) <= min(most)


def drawn(rng: random.Random) -> tuple[Stairs, Callable[[int], int]]:
    """A rounded line, a floored one, or stairs that mostly are no line, with clips."""
    start = rng.randrange(-20, 10)
    every = range(start, start + rng.randrange(1, 26))
    lo = rng.choice([0, -2, -4])
    hi = lo + rng.choice([1, 3, 7])
    match rng.randrange(3):
        case 0:
            slope, height = rng.random() * rng.choice([0.1, 1, 4]), rng.uniform(-10, 10)
            codes = [round(slope * x + height) for x in every]
        case 1:
            factor, offset, shift = rng.randrange(40), rng.randrange(-100, 100), rng.randrange(5)
            codes = [(factor * x + offset) >> shift for x in every]
        case _:
            codes = sorted(rng.randrange(lo, hi + 1) for _ in every)
    codes = [min(max(code, lo), hi) for code in codes]
    return stairs_of(np.array(codes), start, lo, hi), lambda x: codes[x - start]


@pytest.mark.parametrize("seed", range(120))
def test_slopes_are_those_of_every_line_and_of_no_other(seed: int) -> None:
    stairs, code = drawn(random.Random(seed))
    slopes, every = stairs.slopes(), range(stairs.starts[0], stairs.ends[-1] + 1)
    for shift in SHIFTS:
        factors = range((stairs.hi - stairs.lo + 2) << shift)
        wanted = [factor for factor in factors if is_line(factor, shift, stairs, code)]
        least, most = (1, 0) if slopes is None else slopes.factors(shift)
        if slopes is not None and slopes.high is None:
            most = factors[-1]
        assert wanted == [factor for factor in factors if least <= factor <= most], (shift, stairs)
        for factor in wanted:
            line = clipped_line(factor, stairs.offset(factor, shift), shift, stairs)
            assert all(line(x) == code(x) for x in every)


@pytest.mark.parametrize("seed", range(120))
def test_a_near_line_misses_as_many_as_it_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted integer by integer, for each line that is tried; a staircase that is a line misses none beside it."""
    stairs, code = drawn(random.Random(seed))
    tried: list[tuple[int, int]] = []
    counted = Stairs._missed_by

    def watched(self: Stairs, line: Line) -> int:
        own = clipped_line(line.factor, line.offset, line.shift, stairs)
        wrong = sum(own(x) != code(x) for x in range(stairs.starts[0], stairs.ends[-1] + 1))
        tried.append((counted(self, line), wrong))
        return tried[-1][0]

    monkeypatch.setattr(Stairs, "_missed_by", watched)
    near = stairs.nearest()
    if near is not None:
        assert all(said == wrong for said, wrong in tried) and near.missed == min(wrong for _, wrong in tried)
        assert near.among == stairs.ends[-1] - stairs.starts[0] + 1
        assert near.missed or stairs.slopes() is not None


def test_a_step_that_is_one_late_misses_one() -> None:
    """x // 4 but for one step, that comes one late."""
    codes = np.arange(64) // 4
    codes[32] = 7
    stairs = stairs_of(codes, 0, -8, 40)
    assert stairs.slopes() is None
    near = stairs.nearest()
    assert near is not None and near.among == 64 and 1 <= near.missed <= 8


def test_the_draws_hold_lines_and_others() -> None:
    found = [drawn(random.Random(seed))[0].slopes() is None for seed in range(120)]
    assert 10 < sum(found) < 60


@pytest.mark.parametrize("seed", range(60))
def test_no_finer_grid_has_a_shorter_factor(seed: int) -> None:
    rng = random.Random(seed)
    low = Fraction(rng.randrange(4000), rng.randrange(1, 4000))
    slopes = Slopes(low, low + Fraction(1, rng.randrange(1, 4000)))
    first = slopes.first_shift
    assert slopes.has_factor(first) and not any(slopes.has_factor(shift) for shift in range(first))
    length = len(slopes.digits(first))
    for shift in range(first, first + 10):
        least, most = slopes.factors(shift)
        assert min((abs(n) ^ 3 * abs(n)).bit_count() for n in range(least, most + 1)) == length
        assert sum(slopes.digits(shift)) == sum(slopes.digits(first)) << (shift - first)


def test_a_power_of_two_is_one_term() -> None:
    stairs = stairs_of(np.clip((np.arange(-900, 900) + 8) >> 4, 0, 15), -900, 0, 15)
    slopes = stairs.slopes()
    assert slopes is not None and slopes.first_shift <= 4
    assert slopes.digits(4) == (1,)


@pytest.mark.parametrize("steps", [(1 << 61) - 1, 1])
def test_one_step_of_the_widest_sums(steps: int) -> None:
    """A single step at the end of 62 bits: any rising line, its offset as wide as the sums."""
    stairs = Stairs([-(1 << 61), steps], [steps - 1, 1 << 61], [0, 1], 0, 1)
    slopes = stairs.slopes()
    assert slopes is not None and slopes.high is None and slopes.digits(0) == (1,)
    offset = stairs.offset(1, 0)
    assert (steps - 1 + offset) < 1 <= steps + offset


def test_huge_scales_jump_over_codes() -> None:
    """Forty codes a sum: one tread is one sum, and codes between are never given."""
    stairs = stairs_of(np.clip(40 * np.arange(-4, 4) + 7, -128, 127), -4, -128, 127)
    slopes = stairs.slopes()
    assert slopes is not None and slopes.factors(0) == (40, 40)
    assert [40 * x + stairs.offset(40, 0) for x in (-3, 0, 2)] == [-113, 7, 87]


def test_a_constant_is_no_term() -> None:
    for level in (0, 3, 7):
        stairs = Stairs([-50], [70], [level], 0, 7)
        slopes = stairs.slopes()
        assert slopes is not None and slopes.digits(slopes.first_shift) == ()
        assert min(max(stairs.offset(0, 0), 0), 7) == level


def test_a_staircase_that_bends_is_no_line() -> None:
    assert Stairs([0, 10, 12, 30], [9, 11, 29, 40], [0, 1, 2, 3], 0, 3).slopes() is None
    assert stairs_of(np.clip(np.arange(-300, 300), -127, 127), -300, -128, 127).slopes() is None
    assert stairs_of(np.clip(np.arange(-300, 300), -127, 127), -300, -127, 127).slopes() is not None


@pytest.mark.parametrize(("sums", "median", "most"), [(20_000, 7, 10), (200_000, 8, 11)])
def test_terms_at_eight_bits(sums: int, median: int, most: int) -> None:
    """Random scales and biases, rounded half to even, whose 256 codes take from a quarter of the sums to twice all."""
    rng, x, terms = np.random.default_rng(5), np.arange(-sums // 2, sums // 2), []
    for _ in range(60):
        scale = 255 / sums * rng.uniform(0.5, 1) * rng.choice([1, 2, 4])
        codes = np.clip(np.rint(x * scale + rng.uniform(0, 128)), 0, 255).astype(np.int64)
        slopes = stairs_of(codes, int(x[0]), 0, 255).slopes()
        assert slopes is not None
        terms.append(len(slopes.digits(slopes.first_shift)))
    assert np.median(terms) == median and max(terms) <= most
