"""ESCALATE: kernels as ternary sums of a layer's few basis kernels (Li et al., MICRO 2021); the loop is our own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.factored import BASIS_BITS
from shiftwire.numbers.fixed import Values
from shiftwire.numbers.shift_weights import Signs
from shiftwire.numbers.smart_exchange import RCOND, ROUNDS, basis_codes, finest_frac

MOST_BASES = 8
"""Every row of so many signs is tried: 3^8."""
SIGN_BITS = 2
TINY = 1e-12
"""Of the largest singular value: directions with less are none."""


@dataclass(frozen=True, slots=True)
class SignsAndBases:
    """What a layer takes where bases are stored once; counts, without scales, which stand behind it.

    adds  of all sums at a place: signs that are not 0; products  of the bases on all channels at a place.
    """

    weights: int
    bases: int
    signs: int
    adds: int
    products: int
    basis_bits: int

    @property
    def sign_bits(self) -> int:
        """Two for each sign, zeros among them."""
        return SIGN_BITS * self.signs

    @property
    def bits(self) -> int:
        """All of it."""
        return self.sign_bits + self.basis_bits


@dataclass(frozen=True, eq=False)
class Escalated:
    """Kernel (k, c) is scale[k] * sum over m of sign[k, c, m] * basis[m] * 2**-frac.

    sign (out, channels, bases), each -1, 0 or 1; basis (bases, rows, columns) codes of 8 bits; scale (out,) positive.
    """

    sign: Signs
    basis: Signs
    frac: int
    scale: Values

    @property
    def values(self) -> Values:
        """The weights (out, channels, rows, columns)."""
        kernels: Values = np.tensordot(
            self.sign.astype(np.float64), np.ldexp(self.basis.astype(np.float64), -self.frac), 1
        )
        return kernels * self.scale[:, None, None, None]

    @property
    def stored(self) -> SignsAndBases:
        """Its counts."""
        kernels, size = self.sign[..., 0].size, self.basis.size
        adds, products = int(np.count_nonzero(self.sign)), size * self.sign.shape[1]
        return SignsAndBases(
            kernels * self.basis[0].size, len(self.basis), self.sign.size, adds, products, size * BASIS_BITS
        )


def escalated(weights: Values, bases: int) -> Escalated:
    """Signs and bases of weights (out, channels, rows, columns), alternately the best of one for the others.

    From bases along the main directions of all kernels (singular value decomposition), each as long as kernels are
    along it, and scales as large as filters are,

    1. the signs of a kernel become those of all 3^bases rows that come nearest; ties to the fewest that are not 0,
       then to the first in the order 0, 1, -1;
    2. the scale of a filter is its least squares;
    3. bases are the least squares of all kernels (singular values below 1e-10 of the largest count as 0);

    at most 30 times, until no sign changes. Then bases are rounded to 8 bits, halves to even, in steps of the finest
    power of two that holds them, and 1 and 2 come once more. A layer of fewer directions gets as few bases.
    """
    if not 1 <= bases <= MOST_BASES:
        raise InputError(f"{bases} bases are outside 1..{MOST_BASES}; give a number between, such as 6")
    kernels = weights.reshape(*weights.shape[:2], -1)
    basis, scale = _directions(kernels, bases), _sizes(kernels)
    rows = rows_of_signs(len(basis))
    signs = nearest(kernels, basis, scale, rows)
    for _ in range(ROUNDS):
        scale = _scales(kernels, signs @ basis, scale)
        basis = _bases(kernels, signs, scale, basis)
        before, signs = signs, nearest(kernels, basis, scale, rows)
        if np.array_equal(signs, before):
            break
    level = np.exp2(np.rint(np.log2(scale).mean()))
    basis, scale = basis * level, scale / level
    frac = finest_frac(basis)
    codes = basis_codes(basis, frac)
    rounded = np.ldexp(codes.astype(np.float64), -frac)
    signs = nearest(kernels, rounded, scale, rows)
    scale = _scales(kernels, signs @ rounded, scale)
    return Escalated(signs.astype(np.int8), codes.astype(np.int8).reshape(-1, *weights.shape[2:]), frac, scale)


def _directions(kernels: Values, bases: int) -> Values:
    """Bases (bases, taps); of each sign of a direction that whose largest number, the first of equals, is positive."""
    flat = kernels.reshape(-1, kernels.shape[-1])
    _, sizes, directions = np.linalg.svd(flat, full_matrices=False)
    used = directions[: min(bases, int((sizes > TINY * sizes[0]).sum()))]
    largest = np.take_along_axis(used, np.abs(used).argmax(axis=1)[:, None], axis=1)
    sized: Values = used * np.sign(largest) * (sizes[: len(used), None] / np.sqrt(len(flat)))
    return sized


def _sizes(kernels: Values) -> Values:
    """Scales (out,): root mean squares of the filters over that of all; 1 for filters of zeros."""
    squares = np.square(kernels).mean(axis=(1, 2))
    sizes: Values = np.sqrt(np.where(squares > 0, squares / squares.mean(), 1))
    return sizes


def rows_of_signs(bases: int) -> Values:
    """All rows of signs (3^bases, bases), those with the fewest that are not 0 first."""
    rows = np.array(list(product((0, 1, -1), repeat=bases)), np.float64)
    ordered: Values = rows[np.argsort(np.abs(rows).sum(axis=1), kind="stable")]
    return ordered


def nearest(kernels: Values, basis: Values, scale: Values, rows: Values) -> Values:
    """Signs (out, channels, bases): of all rows those whose sums of bases, scaled, are nearest."""
    sums = rows @ basis
    squares = np.square(sums).sum(axis=1)
    signs = [
        rows[(factor * squares - 2 * (kernel @ sums.T)).argmin(axis=1)]
        for kernel, factor in zip(kernels, scale, strict=True)
    ]
    return np.stack(signs)


def _scales(kernels: Values, sums: Values, before: Values) -> Values:
    """Least squares of each filter (out,); a filter of no signs keeps the one before."""
    power = np.square(sums).sum(axis=(1, 2))
    fitted: Values = (kernels * sums).sum(axis=(1, 2)) / np.where(power > 0, power, 1)
    return np.where(power > 0, fitted, before)


def _bases(kernels: Values, signs: Values, scale: Values, before: Values) -> Values:
    """Least squares of all kernels; a basis that no sign uses stays as it was."""
    scaled = (signs * scale[:, None, None]).reshape(-1, len(before))
    fitted: Values = np.linalg.lstsq(scaled, kernels.reshape(len(scaled), -1), rcond=RCOND)[0]
    kept: Values = np.where(scaled.any(axis=0)[:, None], fitted, before)
    return kept
