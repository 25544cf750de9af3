"""Lines near a slope and an offset, against exact fractions: never off by more than they say."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.fine_lines import GUARD, WIDEST, Branch, FineLine, fine_line
from shiftwire.numbers.fixed import Fixed

ENDS = {"int16": (-(1 << 15), (1 << 15) - 1), "uint16": (-1234, 65535 - 1234), "int13": (-4096, 4095)}


def _branch(rng: np.random.Generator, channels: int, bits: int, levels: int) -> Branch:
    slopes = levels / 2.0**bits * rng.uniform(0.3, 3, channels) * rng.choice([-1, 1], channels)
    return Branch(slopes, Fixed(bits, int(rng.integers(-3, 20)), signed=bool(rng.integers(2))))


def _codes(rng: np.random.Generator, format: Fixed) -> list[int]:
    ends = [format.lo, format.lo + 1, -1, 0, 1, format.hi - 1, format.hi]
    return [min(max(code, format.lo), format.hi) for code in ends] + rng.integers(format.lo, format.hi, 40).tolist()


def _rounded(line: FineLine, branch: Branch, code: int) -> int:
    """Half up, then within the format, in fractions."""
    if line.rounded is None:
        return code
    drop = branch.format.frac - line.rounded.frac
    return min(max(floor(Fraction(code, 1 << drop) + Fraction(1, 2)), line.rounded.lo), line.rounded.hi)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("kind", ENDS)
def test_one_branch_is_never_off_by_more_than_it_says(kind: str, seed: int) -> None:
    rng, (low, high) = np.random.default_rng(seed), ENDS[kind]
    branch, offsets = _branch(rng, 3, int(rng.integers(8, 34)), high - low), rng.uniform(-9000, 9000, 3)
    line = fine_line((branch,), offsets, low, high)
    assert line.error < 2.0**-5
    for channel, slope in enumerate(branch.slopes):
        for code in _codes(rng, branch.format):
            wanted = Fraction(float(slope)) * code + Fraction(float(offsets[channel]))
            total = sum(line.digits[0][channel]) * _rounded(line, branch, code) + line.offsets[channel]
            assert abs(total) < 1 << (WIDEST - 1)
            off = abs(Fraction(total, 1 << line.shift) - wanted)
            is_beyond = not low - GUARD < wanted < high + GUARD
            assert off <= line.error or (is_beyond and not low <= floor(Fraction(total, 1 << line.shift)) < high)


@pytest.mark.parametrize("seed", range(20))
def test_two_branches_are_never_off_by_more_than_they_say(seed: int) -> None:
    rng, (low, high) = np.random.default_rng(seed), ENDS["uint16"]
    branches, offsets = [_branch(rng, 2, 16, high - low) for _ in range(2)], rng.uniform(-9000, 9000, 2)
    line = fine_line(branches, offsets, low, high)
    assert line.rounded is None and line.error < 2.0**-8
    for channel in range(2):
        for codes in zip(*(_codes(rng, branch.format) for branch in branches), strict=True):
            each = zip(branches, line.digits, codes, strict=True)
            parts = [(Fraction(float(b.slopes[channel])) * code, sum(d[channel]) * code) for b, d, code in each]
            wanted = sum((part for part, _ in parts), Fraction(float(offsets[channel])))
            total = sum(part for _, part in parts) + line.offsets[channel]
            assert abs(Fraction(total, 1 << line.shift) - wanted) <= line.error


def test_a_channel_without_a_slope_is_its_offset() -> None:
    line = fine_line((Branch(np.array([0.0, 2.0**-9]), Fixed(25, 9, True)),), np.array([7.5, 0.0]), -32768, 32767)
    assert line.digits[0][0] == () and line.offsets[0] == round(7.5 * 2**line.shift)


def test_what_no_word_holds_is_refused() -> None:
    branch = Branch(np.array([1.0, 1e-9]), Fixed(40, 0, True))
    with pytest.raises(InputError, match="a line of 65536 levels takes sums of more than 53 bits"):
        fine_line((branch,), np.zeros(2), -32768, 32767)
