"""A tensor's format from its calibration values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding, quantize
from shiftwire.quantize.options import Options, Ranging

SAMPLED = 1 << 18
"""Values that a mean square is taken over; every n-th of a larger tensor."""
FINEST_FRAC = 56
"""Finest grid that is chosen; values below it are those of layers that training left at nothing, and count as 0."""
FINER = 6
"""How many finer grids than the covering one are tried; each clips twice as much."""


def choose_format(name: str, values: npt.NDArray[Any], bits: int, options: Options) -> Fixed:
    """The format of `bits` for values of any shape, signed where one is negative; the user's own where he named one."""
    asked = options.formats.get(name)
    if asked is not None:
        _require_range(name, values, asked)
        return asked
    match options.ranging:
        case Ranging.MINMAX:
            return covering(float(values.min()), float(values.max()), bits)
        case Ranging.PERCENTILE:
            low, high = np.percentile(values, [100 - options.percentile, options.percentile])
            return covering(min(float(low), 0.0), float(high), bits)
        case Ranging.MSE:
            return _least_square(values, bits)


def covering(low: float, high: float, bits: int) -> Fixed:
    """The finest format of `bits` that holds low..high after rounding; unsigned where low is not negative."""
    signed = low < 0
    magnitude = max(-low, high)
    if magnitude <= 0:
        return Fixed(bits, bits - signed, signed)
    frac = min(bits - signed - int(np.frexp(magnitude)[1]) + 1, FINEST_FRAC)
    while not _holds(Fixed(bits, frac, signed), low, high):
        frac -= 1
    return Fixed(bits, frac, signed)


def _holds(format: Fixed, low: float, high: float) -> bool:
    lowest, highest = (float(np.rint(np.ldexp(end, format.frac))) for end in (low, high))
    return highest <= format.hi and lowest >= format.lo


def _least_square(values: npt.NDArray[Any], bits: int) -> Fixed:
    """The power-of-two step of least mean square error; of equals the wider range."""
    flat = values.reshape(-1)
    flat = flat[:: max(flat.size // SAMPLED, 1)].astype(np.float64)
    widest = covering(float(values.min()), float(values.max()), bits)
    tried = [Fixed(bits, widest.frac + finer, widest.signed) for finer in range(FINER)]
    errors = [mean_square(flat, format) for format in tried]
    return tried[int(np.argmin(errors))]


def mean_square(values: npt.NDArray[np.float64], format: Fixed) -> float:
    """Mean square of what rounding and saturation into a format lose."""
    rounded = format.decode(quantize(values, format, Rounding.HALF_EVEN, Overflow.SATURATE))
    return float(np.mean(np.square(rounded - values)))


def _require_range(name: str, values: npt.NDArray[Any], asked: Fixed) -> None:
    low, high = float(values.min()), float(values.max())
    if not _holds(asked, low, high):
        fits = covering(low, high, asked.bits)
        raise InputError(
            f"the values of '{name}' reach from {low:.6g} to {high:.6g}, beyond the format {asked} asked for; "
            f"{fits} would do"
        )
