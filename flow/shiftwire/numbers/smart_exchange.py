"""SmartExchange: weights as powers of two times a small basis (Zhao et al., ISCA 2020, algorithm 1; SmartDeal)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.factored import BASIS_BITS, SIDE, Factors
from shiftwire.numbers.fixed import Codes, Values

MOST_ROWS = 192
"""Of a matrix; longer ones are cut."""
ROUNDS = 30
STILL = 1e-10
"""Frobenius norm of what a round changed, below which nothing more changes."""
RCOND = 1e-10
"""Of the least squares: singular values below so much of the largest count as 0."""
LARGEST = 5
"""Exponent at which coefficients are clipped."""
ROW = 5.0
"""A row whose l1 norm is below so many thetas is emptied, where rows are."""
LEAST_THETA = 1e-12
"""A smaller one leaves coefficients beside which all others are out of reach."""
FINEST = 100
"""Fraction bits of a basis, at most."""


@dataclass(frozen=True, slots=True)
class Theta:
    """Coefficients smaller than `least` become 0, and where `rows`, whole rows whose l1 norm is below ROW * least."""

    least: float = 4e-3
    rows: bool = False

    def __post_init__(self) -> None:
        if not LEAST_THETA <= self.least < np.inf:
            raise InputError(f"a theta of {self.least:g} is not above {LEAST_THETA:g}; give one such as 4e-3")

    def thinned(self, coefficients: Values) -> Values:
        """Coefficients (rows, 3) without the small ones."""
        kept = np.where(np.abs(coefficients) < self.least, 0, coefficients)
        if self.rows:
            kept[np.abs(kept).sum(axis=1) < ROW * self.least] = 0
        return kept


def takes(shape: tuple[int, ...], *, is_depthwise: bool) -> bool:
    """Whether weights (out, channels, kernel...) become matrices: 3x3 kernels, 1x1 kernels and rows of dense layers."""
    kernel = shape[2:]
    return not is_depthwise and (kernel == (SIDE, SIDE) or prod(kernel) == 1)


def matrices(weights: Values) -> Values:
    """Weights (out, channels, kernel...) as matrices (out, rows, 3): a row of a 3x3 kernel each, else three in turn."""
    flat = weights.reshape(len(weights), -1)
    short = -flat.shape[1] % SIDE
    return np.pad(flat, ((0, 0), (0, short))).reshape(len(flat), -1, SIDE)


def nearest_powers(values: Values) -> tuple[Codes, Codes]:
    """Signs and exponents of the powers of two nearest on a linear scale; a tie, 1.5 * 2^p, goes to the smaller."""
    mantissa, exponent = np.frexp(np.abs(values))
    nearest = exponent.astype(np.int64) - (mantissa <= 0.75)
    sign = np.sign(values).astype(np.int64)
    return sign, np.where(sign != 0, np.minimum(nearest, LARGEST), 0)


def exchanged(matrix: Values, theta: Theta) -> tuple[Codes, Codes, Values]:
    """Signs and exponents of the coefficients (rows, 3) of a matrix (rows, 3), and its basis (3, 3), not yet rounded.

    Coefficients and basis are fitted in turn, from the matrix itself and the unit matrix on; the basis last.
    """
    coefficients, before = matrix, None
    for _ in range(ROUNDS):
        powers = _powers(coefficients)
        if before is not None and np.linalg.norm(powers - before) < STILL:
            break
        before = powers
        basis = _fitted(powers, matrix)
        coefficients = theta.thinned(_fitted(basis.T, matrix.T).T)
    sign, exponent = nearest_powers(coefficients)
    return sign, exponent, _fitted(_powers(coefficients), matrix)


def decompose(weights: Values, theta: Theta) -> Factors:
    """Factors of weights (out, channels, kernel...), the matrix of a filter cut into pieces of MOST_ROWS.

    Raises InputError for a theta that leaves no coefficient.
    """
    whole = matrices(weights)
    rows = min(whole.shape[1], MOST_ROWS)
    pieces = ceil(whole.shape[1] / rows)
    sign, exponent = (np.zeros((len(whole), pieces, rows, SIDE), np.int8) for _ in range(2))
    basis = np.zeros((len(whole), pieces, SIDE, SIDE))
    for output, piece in np.ndindex(len(whole), pieces):
        matrix = whole[output, piece * rows : (piece + 1) * rows]
        own = output, piece, slice(len(matrix))
        sign[own], exponent[own], basis[output, piece] = exchanged(matrix, theta)
    if not sign.any():
        raise InputError(
            f"a theta of {theta.least:g} empties the layer, whose largest weight is {np.abs(weights).max():.3g}; "
            f"give a smaller one such as {np.abs(weights).max() / 64:.1g}"
        )
    frac = finest_frac(basis)
    return Factors(sign, exponent, basis_codes(basis, frac).astype(np.int8), frac, weights[0].size)


def finest_frac(basis: Values) -> int:
    """The power of two, as fraction bits, of the finest scale at which a layer's bases fit BASIS_BITS."""
    largest = float(np.abs(basis).max())
    start = min(BASIS_BITS - int(np.frexp(largest)[1]), FINEST) if largest else 0
    return next(frac for frac in range(start, start - 3, -1) if _is_within(np.rint(np.ldexp(basis, frac))))


def basis_codes(basis: Values, frac: int) -> Codes:
    """Bases in steps of 2**-frac, halves to even; raises InputError, with the scale that fits, for more than 8 bits."""
    codes = np.rint(np.ldexp(basis, frac))
    if not _is_within(codes):
        raise InputError(
            f"a basis in steps of 2^{-frac} reaches {np.abs(codes).max():.0f} steps, more than {BASIS_BITS} bits; the "
            f"finest scale that fits is 2^{-finest_frac(basis)}"
        )
    steps: Codes = codes.astype(np.int64)
    return steps


def _is_within(codes: Values) -> bool:
    half = 1 << (BASIS_BITS - 1)
    return bool(codes.min() >= -half and codes.max() < half)


def _powers(coefficients: Values) -> Values:
    sign, exponent = nearest_powers(coefficients)
    return np.ldexp(sign.astype(np.float64), exponent)


def _fitted(left: Values, right: Values) -> Values:
    """X of the least squares of left @ X - right."""
    solution: Values = np.linalg.lstsq(left, right, rcond=RCOND)[0]
    return solution
