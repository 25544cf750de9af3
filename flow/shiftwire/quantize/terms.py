"""Float weights as sums of signed powers of two, by each family's own rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.escalate import SignsAndBases
from shiftwire.numbers.factored import Storage
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.shift_weights import ShiftWeights, signed_digits
from shiftwire.quantize.methods.rules import Method

APOT_LEVELS = (0, 1, 2, 3, 4, 6, 8, 10)
"""Four-bit APoT: sums of one of {0, 1, 4, 16} / 2 and one of {0, 2, 8} ..., as exact integers."""
LEAST_EXPONENT = -60
"""Of a term: on the finest grid of a tensor it still leaves sums on one that is a format (FINEST_FRAC, MAX_FRAC)."""
GRID_BITS = 16
"""Widest weights that count as quantized already."""
LEVEL_BITS = 8
"""Widest integer weights that are recognised behind a float scale."""
LEVEL_ROUNDING = 1e-5
"""How far, in the largest weight, float32 may have moved them."""
RIVAL_EXPONENTS, INT4_MOST = 8, 7
STEPS = np.exp2(np.arange(-4, 4) / 8)
"""Scales that are tried within one octave."""


@dataclass(frozen=True, eq=False)
class ScaledTerms:
    """weight = step * terms, step  (out,), positive; a step that is no power of two belongs into an Affine."""

    terms: ShiftWeights
    step: Values

    @property
    def values(self) -> Values:
        """The weights (out, in...)."""
        return weight_values(self.terms) * _column(self.step, self.terms.sign.ndim - 1)

    @property
    def is_plain(self) -> bool:
        """Whether no filter needs a step, so that the terms are the weights."""
        return bool(np.all(self.step == 1))


def weight_values(weights: ShiftWeights) -> Values:
    """The weights (out, in...) as reals."""
    return np.ldexp(weights.integers.astype(np.float64), weights.exponent_range[0])


def nearest_exponent(magnitude: Values, method: Method) -> Codes:
    """Exponent of the power of two nearest to positive magnitudes; the threshold is the family's.

    In the linear domain 1.5 * 2^p (a tie goes down), in the log domain sqrt(2) * 2^p.
    """
    mantissa, exponent = np.frexp(magnitude)
    threshold = 0.75 if method is Method.LINEAR else np.sqrt(0.5)
    return exponent.astype(np.int64) - (mantissa <= threshold)


def highest_exponent(weights: Values, method: Method) -> int:
    """Of the power of two nearest to the largest weight."""
    largest = np.abs(weights).max(initial=0)
    return int(nearest_exponent(np.array(largest), method)) if largest > 0 else 0


def greedy_terms(weights: Values, terms: int, exponents: int, method: Method, high: int | None = None) -> ShiftWeights:
    """At most `terms` powers of two a weight, each nearest to what the ones before it left.

    The exponent range has `exponents` of them, up to `high` (the largest weight's own); what is left below half of the
    smallest power is dropped, so zero is a code.
    """
    if high is None:
        high = highest_exponent(weights, method)
    low = max(high - exponents + 1, LEAST_EXPONENT)
    high = max(high, low)
    left = weights.astype(np.float64)
    signs, planes = [], []
    for _ in range(terms):
        is_used = np.abs(left) > 2.0 ** (low - 1)
        exponent = np.clip(nearest_exponent(np.abs(left), method), low, high)
        sign = np.where(is_used, np.sign(left), 0)
        signs.append(sign.astype(np.int8))
        planes.append(np.where(is_used, exponent, 0).astype(np.int8))
        left = left - np.ldexp(sign, exponent)
    return ShiftWeights(np.stack(signs), np.stack(planes))


def apot_terms(weights: Values, step: Values) -> ScaledTerms:
    """The nearest level times a step per filter (out,); ties to the smaller level."""
    levels = np.array(APOT_LEVELS)
    ratio = np.abs(weights) / _column(step, weights.ndim)
    index = np.searchsorted((levels[1:] + levels[:-1]) / 2, ratio, side="left")
    return ScaledTerms(signed_digits((levels[index] * np.sign(weights)).astype(np.int64), 0), step)


def grid_of(weights: Values) -> tuple[Codes, int] | None:
    """Codes and fraction bits of weights that lie on a power-of-two grid of at most GRID_BITS bits, else None."""
    used = weights[weights != 0].astype(np.float64)
    if not used.size:
        return np.zeros(weights.shape, np.int64), 0
    mantissa, exponent = np.frexp(used)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    low = int((np.frexp((whole & -whole).astype(np.float64))[1] - 1 + exponent - 53).min())
    if int(exponent.max()) - low > GRID_BITS or low < LEAST_EXPONENT:
        return None
    return np.ldexp(weights.astype(np.float64), -low).astype(np.int64), -low


def levels_of(weights: Values) -> ScaledTerms | None:
    """Integers of at most LEVEL_BITS bits times one float step a filter, where that is all that the weights are.

    So quantizers with scales that are no powers of two leave them.
    """
    rows = np.abs(weights.reshape(len(weights), -1))
    step = np.array([_common_step(row) for row in rows])
    if (step <= 0).any():
        return None
    codes = np.rint(weights / _column(step, weights.ndim)).astype(np.int64)
    return ScaledTerms(signed_digits(codes, 0), step)


def _common_step(row: Values) -> float:
    """The largest number of which all are multiples up to float32's rounding (Euclid's way), else 0."""
    largest = float(row.max())
    if largest <= 0:
        return 1.0
    finest, near = largest / (1 << (LEVEL_BITS - 1)), LEVEL_ROUNDING * largest
    step = largest
    for value in np.unique(row[row > 0]).tolist():
        rest = value
        while rest > near:
            if step < finest:
                return 0.0
            step, rest = rest, abs(step - rest * round(step / rest))
    whole = np.rint(row / step)
    is_met = bool(np.all(np.abs(row - whole * step) <= 8 * near))
    return float((row * whole).sum() / np.square(whole).sum()) if is_met else 0.0


def rivals(weights: Values) -> Iterator[tuple[str, int, Values]]:
    """Other forms of float weights (out, in...): name, the bits that they take, and what they are off.

    LightNN of one and of two terms, of as many exponents as a layer has by default; integers of four bits with a float
    scale for each filter, which is not counted.
    """
    for terms in (1, 2):
        near = greedy_terms(weights, terms, RIVAL_EXPONENTS, Method.LIGHTNN)
        yield f"LightNN-{terms}", near.weight_bits, weight_values(near) - weights
    largest = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
    step = _column(np.where(largest > 0, largest, 1) / INT4_MOST, weights.ndim)
    yield "int4", 4 * weights.size, np.rint(weights / step) * step - weights


@dataclass(frozen=True, slots=True)
class Form:
    """Weights of a layer in one form: the bits that they take, and the Frobenius norm of what they are off."""

    name: str
    bits: int
    lost: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A layer of factors beside other forms of the same float weights, whose Frobenius norm is `size`."""

    layer: str
    theta: float
    storage: Storage
    size: float
    forms: tuple[Form, ...]

    def error(self, at: int) -> float:
        """Of form `at`, relative."""
        return self.forms[at].lost / self.size


@dataclass(frozen=True, slots=True)
class Spelling:
    """A layer of ternary sums of bases beside other forms of the same float weights, whose Frobenius norm is `size`.

    memory_bits  of a project's ROMs, file_bits  of the ONNX file, which has the bases for every channel.
    """

    layer: str
    stored: SignsAndBases
    memory_bits: int
    file_bits: int
    size: float
    forms: tuple[Form, ...]

    def error(self, at: int) -> float:
        """Of form `at`, relative."""
        return self.forms[at].lost / self.size


def forms_of(exchanges: Sequence[Exchange | Spelling]) -> tuple[Form, ...]:
    """Each form of all layers together; `lost` is relative here."""
    size = float(np.sqrt(sum(each.size**2 for each in exchanges)))
    return tuple(
        Form(
            forms[0].name,
            sum(form.bits for form in forms),
            float(np.sqrt(sum(form.lost**2 for form in forms))) / size,
        )
        for forms in zip(*(each.forms for each in exchanges), strict=True)
    )


def mixed(by_terms: Sequence[ShiftWeights], chosen: Codes) -> ShiftWeights:
    """Filter o as in by_terms[chosen[o]], missing terms zero."""
    count = max(weights.terms for weights in by_terms)
    sign, exponent = (np.stack([_filled(part, count) for part in parts]) for parts in _parts(by_terms))
    rows = np.arange(len(chosen))
    picked = ShiftWeights(np.moveaxis(sign[chosen, :, rows], 0, 1), np.moveaxis(exponent[chosen, :, rows], 0, 1))
    last = int(picked.terms_per_filter.max())
    return ShiftWeights(picked.sign[: max(last, 1)], picked.exponent[: max(last, 1)])


def _parts(by_terms: Sequence[ShiftWeights]) -> tuple[list[npt.NDArray[np.int8]], list[npt.NDArray[np.int8]]]:
    return [weights.sign for weights in by_terms], [weights.exponent for weights in by_terms]


def _filled(planes: npt.NDArray[np.int8], count: int) -> npt.NDArray[np.int8]:
    filled: npt.NDArray[np.int8] = np.concatenate([planes, np.zeros((count - len(planes), *planes.shape[1:]), np.int8)])
    return filled


def _column(per_filter: Values, ndim: int) -> Values:
    return per_filter.reshape(-1, *[1] * (ndim - 1))
