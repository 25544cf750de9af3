"""What the host does before and after the accelerator, which takes and gives codes only."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values, quantize
from shiftwire.numbers.float_quantizer import FloatQuantizer

_T = TypeVar("_T", bound=np.generic)


class Tail(enum.Enum):
    """A last operation that is cut off the network because it changes no ranking; the host may do it."""

    NONE = "none"
    SOFTMAX = "softmax"
    ARGMAX = "argmax"
    TOPK = "topk"
    """The indices of the k largest; k is the host's affair."""


@dataclass(frozen=True, slots=True)
class HostInput:
    """The leading quantizer; without one (`quantizes` False) values must lie on the input's grid."""

    quantizes: bool = False
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE
    quantizer: FloatQuantizer | None = None
    """Where it has a scale that is no power of two, a narrow range or an offset, it is this one."""

    def encode(self, x: npt.NDArray[Any], to: Fixed) -> Codes:
        """Codes (N, H, W, C) of values in the model's own layout (N, C, H, W); vectors stay as they are."""
        values = channels_last(self._as_the_model_reads(x))
        finite = np.isfinite(values)
        if not finite.all():
            count = np.size(finite) - finite.sum()
            raise InputError(f"the data holds {count} NaN or infinite values, or beyond float32; remove them")
        if self.quantizer is not None:
            return np.ascontiguousarray(self.quantizer.codes(values))
        codes = quantize(values, to, self.rounding, self.overflow)
        if not self.quantizes:
            self._check_on_grid(values, codes, to)
        return np.ascontiguousarray(codes)

    def _as_the_model_reads(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """float32 in front of a quantizer, as every runtime does; codes without one keep all their bits."""
        if not self.quantizes:
            return x.astype(np.float64)
        with np.errstate(over="ignore"):
            return x.astype(np.float32)

    def _check_on_grid(self, values: npt.NDArray[Any], codes: Codes, to: Fixed) -> None:
        off = np.flatnonzero(to.decode(codes) != values)
        if off.size:
            raise InputError(
                f"{off.size} values such as {values.flat[off[0]]:.8g} are not codes of {to} "
                f"(a multiple of 2^{-to.frac} from {to.decode(np.array(to.lo))} to {to.decode(np.array(to.hi))}), "
                "and the network has no quantizer at its input; quantize the data first"
            )


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """value = scale * (code * 2**-frac) + offset, each (channels,) float64."""

    scale: Values
    offset: Values


@dataclass(frozen=True, slots=True)
class HostOutput:
    """What turns output codes into what the user's model returned; `scale` is 1 for power-of-two nets."""

    scale: float = 1.0
    tail: Tail = Tail.NONE
    channels: ChannelScale | None = None
    """Where channels differ in scale, or have an offset, it is this one and `scale` is 1."""

    @property
    def is_scaled(self) -> bool:
        """Whether values are no grid of powers of two, so that float32 holds them rounded."""
        return self.scale != 1 or self.channels is not None

    def nearest(self, values: npt.NDArray[Any], format: Fixed) -> Codes:
        """Codes (N, ..., C) whose values are nearest to these (N, C, ...)."""
        scale, offset = (self.scale, 0.0) if self.channels is None else (self.channels.scale, self.channels.offset)
        codes: Codes = np.rint(np.ldexp((channels_last(values) - offset) / scale, format.frac)).astype(np.int64)
        return codes

    def decode(self, codes: Codes, format: Fixed) -> Values:
        """float64 values in the model's own layout (N, C, H, W)."""
        if self.channels is not None:
            return channels_first(format.decode(codes) * self.channels.scale + self.channels.offset)
        return channels_first(format.decode(codes)) * self.scale


def channels_last(x: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """(N, C, ...) to (N, ..., C)."""
    return np.moveaxis(x, 1, -1) if x.ndim > 2 else x


def channels_first(x: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """(N, ..., C) to (N, C, ...)."""
    return np.moveaxis(x, -1, 1) if x.ndim > 2 else x
