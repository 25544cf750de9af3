"""What a tensor's values are beyond its codes: a scale, then float32 operations that no hardware layer has done yet.

At the next quantizer codes and pending operations together are a staircase, whose thresholds are integers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.curves import Function
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.numbers.float_quantizer import FloatRounding, Floats
from shiftwire_boards.runtime.host_steps import Bend, Clip, Curve, FrontStep, Offset, Scale, Whole

Direction = npt.NDArray[np.float64]
"""Sign of the slope of each channel, (C,): 1 rising, -1 falling, 0 constant."""


class Step(ABC):
    """One float32 operation, channel by channel, as onnxruntime computes it; monotone in each channel."""

    @abstractmethod
    def apply(self, x: Floats) -> Floats:
        """Values (C, ...) for values (C, ...), rounded to float32 as the runtime rounds."""

    @abstractmethod
    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        """The step for other channels, each of which does as the old channel of that index."""

    @abstractmethod
    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        """The same for values (N, C, ...) of so many axes."""

    def slope(self) -> Values | None:
        """Factor of each channel, None where it is 1 or where the step only cuts."""
        return None

    @property
    def rows(self) -> tuple[Floats, ...]:
        """What it has a number of for each channel."""
        return ()


@dataclass(frozen=True, eq=False)
class Linear(Step):
    """x * factor + offset, each (C,), two roundings; a division where `divides`."""

    factor: Floats
    offset: Floats
    divides: bool = False

    def apply(self, x: Floats) -> Floats:
        factor, offset = _down(self.factor, x), _down(self.offset, x)
        values: Floats = (x / factor if self.divides else x * factor) + offset
        return values

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return Linear(self.factor[channels], self.offset[channels], self.divides)

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        factor, offset = (np.reshape(row, (-1, *[1] * (rank - 2))) for row in (self.factor, self.offset))
        scales: tuple[FrontStep, ...] = () if (self.factor == 1).all() else (Scale(_one(factor), self.divides),)
        return scales if not self.offset.any() else (*scales, Offset(_one(offset)))

    def slope(self) -> Values | None:
        return self.slopes

    @property
    def rows(self) -> tuple[Floats, ...]:
        return (self.factor, self.offset)

    @property
    def slopes(self) -> Values:
        """The factor of each channel in float64, which unlike `slope` is never None."""
        factor = self.factor.astype(np.float64)
        return 1 / factor if self.divides else factor


@dataclass(frozen=True, slots=True)
class Cut(Step):
    """Relu and Clip."""

    lo: float
    hi: float

    def apply(self, x: Floats) -> Floats:
        values: Floats = np.clip(x, np.float32(self.lo), np.float32(self.hi))
        return values

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return self

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        return (Clip(self.lo, self.hi),)


@dataclass(frozen=True, eq=False)
class Bent(Step):
    """x * factor (C,) below zero; no factor is negative, so that it never falls."""

    factor: Floats

    def apply(self, x: Floats) -> Floats:
        values: Floats = np.where(x < 0, x * _down(self.factor, x), x)
        return values

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return Bent(self.factor[channels])

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        return (Bend(_one(self.factor.reshape(-1, *[1] * (rank - 2)))),)

    @property
    def rows(self) -> tuple[Floats, ...]:
        return (self.factor,)


@dataclass(frozen=True, slots=True)
class Rounded(Step):
    """Round, Floor and Ceil: values behind it are whole."""

    rounding: FloatRounding

    def apply(self, x: Floats) -> Floats:
        return self.rounding.whole(x)

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return self

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        return (Whole(self.rounding.value),)


@dataclass(frozen=True, slots=True)
class Curved(Step):
    """Sigmoid and Tanh, which rise."""

    curve: Curve

    def apply(self, x: Floats) -> Floats:
        values: Floats = self.curve.apply(x)
        return values

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return self

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        return (self.curve,)


@dataclass(frozen=True, eq=False)
class Rising(Step):
    """A function of the file's that never falls, of the operation `kind`; hosts have none of them."""

    kind: str
    function: Function

    def apply(self, x: Floats) -> Floats:
        return self.function(x)

    def spread(self, channels: npt.NDArray[np.int64]) -> Step:
        return self

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        raise InputError(f"a {self.kind} is read between two quantizers alone; put one on either side of it")


RELU = Cut(0.0, float("inf"))


@dataclass(frozen=True, eq=False)
class Pending:
    """value = steps(float32(code * 2**-frac * scale)); scale (C,) or (), positive float64."""

    scale: Values
    steps: tuple[Step, ...] = ()

    @classmethod
    def none(cls) -> Pending:
        """A scale of 1 and no steps: the values are the codes."""
        return cls(np.ones(()))

    @property
    def is_none(self) -> bool:
        """Whether the values are the codes and nothing more."""
        return not self.steps and bool((self.scale == 1).all())

    def then(self, step: Step) -> Pending:
        """The same with one more operation behind; a factor of plain codes becomes their scale, which rounds as often.

        A product of codes of at most 24 bits and a float32 has 48, so float64 rounds it once, as float32 does.
        """
        if isinstance(step, Linear) and not step.divides and not step.offset.any() and (step.factor > 0).all():
            is_plain = not self.steps and is_power(self.scale)
            if is_plain or (self.steps in ((), (RELU,)) and is_power(step.factor)):
                return Pending(_same(self.scale * step.factor.astype(np.float64)), self.steps)
        return Pending(self.scale, (*self.steps, step))

    @property
    def is_whole(self) -> bool:
        """Whether some step rounds, so that values are on a grid of the file's own making."""
        return any(isinstance(step, Rounded) for step in self.steps)

    @property
    def is_linear(self) -> bool:
        """Whether values are a scale and an offset away from codes."""
        return all(isinstance(step, Linear) for step in self.steps)

    def values(self, codes: Codes, frac: int) -> Floats:
        """Float32 values (C, ...) of codes (C, ...)."""
        x: Floats = (np.ldexp(codes.astype(np.float64), -frac) * _down(self.scale, codes)).astype(np.float32)
        with np.errstate(over="ignore"):
            for step in self.steps:
                x = step.apply(x)
        return x

    def slope(self, channels: int) -> Values:
        """Product of all factors, (C,), cuts left out; its sign is the direction of the staircase."""
        total = np.broadcast_to(self.scale, (channels,)).astype(np.float64)
        for step in self.steps:
            factor = step.slope()
            total = total if factor is None else total * factor
        return total

    def line(self, channels: int) -> tuple[Values, Values]:
        """Scale and offset (C,) in float64 of a linear one."""
        scale, offset = np.broadcast_to(self.scale, (channels,)).astype(np.float64), np.zeros(channels)
        for step in self.steps:
            assert isinstance(step, Linear), step
            scale, offset = scale * step.slopes, offset * step.slopes + step.offset
        return scale, offset

    def on_host(self, rank: int) -> tuple[FrontStep, ...]:
        """The steps for values (N, C, ...) of so many axes; the scale is left out."""
        return tuple(done for step in self.steps for done in step.on_host(rank))

    def spread(self, channels: npt.NDArray[np.int64]) -> Pending:
        """For a tensor whose channels are the old ones of these indices."""
        scale = _same(self.scale[channels]) if self.scale.ndim else self.scale
        return Pending(scale, tuple(step.spread(channels) for step in self.steps))

    def is_alike(self, groups: npt.NDArray[np.int64]) -> bool:
        """Whether all channels of each group (groups, channels of one) have the same pending."""
        rows: list[npt.NDArray[Any]] = [self.scale, *(row for step in self.steps for row in step.rows)]
        return all((row[groups] == row[groups[:, :1]]).all() for row in rows if row.ndim)


def is_power(scale: npt.NDArray[Any]) -> bool:
    """Whether all are powers of two."""
    return bool((np.frexp(scale)[0] == 0.5).all())


def normalised(scale: Values) -> tuple[Values, int]:
    """A scale as mantissa in [1, 2) and exponent; a vector whose mantissas agree keeps their exponents' differences.

    Tensors whose scales differ by a power of two have equal mantissas, so layers add them by shifting.
    """
    exponent = int(np.frexp(scale.min())[1]) - 1
    return np.ldexp(scale, -exponent), exponent


def common_scale(scale: Values) -> tuple[float, npt.NDArray[np.int64]] | None:
    """One scale and a power of two for each channel that make a vector of scales; None where there is none."""
    mantissa, exponent = np.frexp(scale)
    if (mantissa != mantissa.flat[0]).any():
        return None
    low = int(exponent.min())
    return float(np.ldexp(mantissa.flat[0], low)), (exponent - low).astype(np.int64)


def _down(row: npt.NDArray[Any], like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A row (C,) as (C, 1, ...) of the rank of `like`; a scalar as it is."""
    return row.reshape(-1, *[1] * (like.ndim - 1)) if row.ndim else row


def _one(row: Floats) -> Floats:
    """A single number where all are alike."""
    return np.array(row.flat[0], np.float32) if (row == row.flat[0]).all() else row.astype(np.float32)


def _same(scale: Values) -> Values:
    """() where the scale of all channels is one."""
    return np.asarray(scale.flat[0]) if (scale == scale.flat[0]).all() else scale
