"""What the host does before and after the accelerator, which takes and gives codes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values, quantize
from shiftwire.numbers.float_quantizer import FloatQuantizer
from shiftwire_boards.runtime.host_ends import unranked
from shiftwire_boards.runtime.host_steps import Arrange, Curve, FrontStep, HostStep, Reshape, Softmax, run_steps

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class HostInput:
    """The leading quantizer and the steps in front of it; without one (`quantizes` False) values lie on the grid."""

    quantizes: bool = False
    rounding: Rounding = Rounding.HALF_EVEN
    overflow: Overflow = Overflow.SATURATE
    quantizer: FloatQuantizer | None = None
    """Where it has a scale that is no power of two, a narrow range or an offset, it is this one."""
    steps: tuple[FrontStep, ...] = ()
    shape: tuple[int, ...] | None = None
    """Of a sample in the model's own layout, where that is not the tensor's with the channels first."""
    entry: Fixed | None = None
    """The format whose codes values in front of the steps are, where the file has no quantizer for them."""

    def model_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A sample's in the model's own layout, for the network's tensor of `shape`, channels last."""
        return self.shape or (shape[-1], *shape[:-1])

    def encode(self, x: npt.NDArray[Any], to: Fixed) -> Codes:
        """Codes (N, H, W, C) of values (N, ...) in the model's own layout; vectors stay as they are."""
        if self.entry is not None:
            whole = quantize(x, self.entry, self.rounding, self.overflow)
            self._check_on_grid(x.astype(np.float64), whole, self.entry)
        own = self._as_the_model_reads(x)
        values = channels_last(run_steps(self.steps, own))
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

    def values_of(self, codes: Codes, format: Fixed) -> npt.NDArray[np.float32]:
        """Values (N, ...) in the model's own layout that `encode` makes these codes of.

        Raises InputError where the steps in front of the quantizer reach none that does.
        """
        quantizer = self.quantizer
        start = format.decode(codes) if quantizer is None else codes * np.float64(np.float32(quantizer.scale))
        values = channels_first(start)
        for step in reversed(self.steps):
            values = step.undone(values)
        x = values.astype(np.float32)
        if self.steps and not np.array_equal(self.encode(x, format), codes):
            raise InputError(
                "codes at the end of their range come from no value in front of the file's own first steps; compare "
                "with samples of the file's input instead"
            )
        return x

    def _as_the_model_reads(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """float32 in front of a step or a quantizer, as every runtime does; codes without one keep all their bits."""
        if not self.quantizes and not self.steps:
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
    """What turns output codes into what the user's model returned; `scale` is 1 for power-of-two nets.

    `steps` stand behind that, in the model's own layout: its last activation, a ranking, a transposition.
    """

    scale: float = 1.0
    channels: ChannelScale | None = None
    """Where channels differ in scale, or have an offset, it is this one and `scale` is 1."""
    steps: tuple[HostStep, ...] = ()

    @property
    def is_scaled(self) -> bool:
        """Whether values are no grid of powers of two, so that float32 holds them rounded."""
        return self.scale != 1 or self.channels is not None

    @property
    def hides_codes(self) -> bool:
        """Whether its steps compute, so that no code follows from a value behind them."""
        return not all(isinstance(step, (Arrange, Reshape)) for step in self.steps)

    def nearest(self, values: npt.NDArray[Any], format: Fixed) -> Codes:
        """Codes (N, ..., C) whose values are nearest to these (N, ...) of the model's own layout."""
        for step in reversed(self.steps):
            if not isinstance(step, (Arrange, Reshape)):
                raise InputError(f"the output ends in {step_name(step)}, which hides the codes")
            values = step.undone(values)
        scale, offset = (self.scale, 0.0) if self.channels is None else (self.channels.scale, self.channels.offset)
        codes: Codes = np.rint(np.ldexp((channels_last(values) - offset) / scale, format.frac)).astype(np.int64)
        return codes

    def decode(self, codes: Codes, format: Fixed) -> npt.NDArray[Any]:
        """What the user's model returns: values (N, ...) in its own layout, indices where it ends in a ranking.

        float64 of all bits where there are no steps, else float32 as the model's runtime computes them.
        """
        return self._behind(codes, format, self.steps)

    def scores(self, codes: Codes, format: Fixed) -> npt.NDArray[Any]:
        """The values (N, ...) that answer: those of `decode`, or what a ranking at the end ranks."""
        return self._behind(codes, format, unranked(self.steps))

    def _behind(self, codes: Codes, format: Fixed, steps: tuple[HostStep, ...]) -> npt.NDArray[Any]:
        if self.channels is not None:
            values = channels_first(format.decode(codes) * self.channels.scale + self.channels.offset)
        else:
            values = channels_first(format.decode(codes)) * self.scale
        return np.asarray(run_steps(steps, values.astype(np.float32))) if steps else values

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a sample that `decode` gives, for the network's tensor of `shape`, channels last."""
        return self.decode(np.zeros((1, *shape), np.int64), Fixed(1, 0, False)).shape[1:]

    def scores_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a sample that `scores` gives, for the network's tensor of `shape`, channels last."""
        return self.scores(np.zeros((1, *shape), np.int64), Fixed(1, 0, False)).shape[1:]


def step_name(step: HostStep) -> str:
    """What a sentence calls it."""
    match step:
        case Curve(kind):
            return kind
        case Softmax(is_log=True):
            return "log softmax"
    return type(step).__name__.lower()


def channels_last(x: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """(N, C, ...) to (N, ..., C)."""
    return np.moveaxis(x, 1, -1) if x.ndim > 2 else x


def channels_first(x: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """(N, ..., C) to (N, C, ...)."""
    return np.moveaxis(x, -1, 1) if x.ndim > 2 else x
