"""QONNX's quantizers, float32 operation by float32 operation, as every runtime of such files computes them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.fixed import Codes, Fixed

Floats = npt.NDArray[np.float32]


def shortest(value: Any) -> str:
    """The shortest decimal that float32 reads as the same number, as sentences show what a file holds."""
    return str(np.float32(value)).removesuffix(".0")


class FloatRounding(enum.Enum):
    """QONNX's rounding modes; half_up and half_down send ties away from and towards zero."""

    HALF_EVEN = "half_even"
    FLOOR = "floor"
    CEIL = "ceil"
    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"
    SIGN = "sign"

    def whole(self, x: Floats) -> Floats:
        """Whole numbers of `x`; SIGN knows -1 and 1 alone."""
        match self:
            case FloatRounding.HALF_EVEN:
                rounded = np.rint(x)
            case FloatRounding.FLOOR:
                rounded = np.floor(x)
            case FloatRounding.CEIL:
                rounded = np.ceil(x)
            case FloatRounding.UP:
                rounded = np.sign(x) * np.ceil(np.abs(x))
            case FloatRounding.DOWN:
                rounded = np.trunc(x)
            case FloatRounding.HALF_UP:
                rounded = np.sign(x) * np.floor(np.abs(x) + np.float32(0.5))
            case FloatRounding.HALF_DOWN:
                rounded = np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5))
            case FloatRounding.SIGN:
                rounded = np.where(x >= 0, np.float32(1), np.float32(-1))
        return rounded.astype(np.float32)


@dataclass(frozen=True, slots=True)
class FloatQuantizer:
    """code = round(clip(x / scale + zero_point, lo, hi)) - zero_point, so that value = code * scale exactly."""

    scale: float
    zero_point: int
    lo: int
    hi: int
    rounding: FloatRounding

    def codes(self, x: npt.NDArray[Any], scales: Floats | None = None) -> Codes:
        """Codes of any finite values, computed in float32; `scales` that broadcast replace the one scale."""
        divisor = np.float32(self.scale) if scales is None else scales
        with np.errstate(over="ignore"):
            scaled = x.astype(np.float32) / divisor + np.float32(self.zero_point)
        clipped = np.clip(scaled, np.float32(self.lo), np.float32(self.hi))
        # from 25 bits on float32 rounds the upper end away, so the range is kept in integers too
        return np.clip(self.rounding.whole(clipped).astype(np.int64), self.lo, self.hi) - self.zero_point

    @property
    def format(self) -> Fixed:
        """The narrowest whole-number format of the codes."""
        return Fixed.covering(self.lo - self.zero_point, self.hi - self.zero_point, 0)
