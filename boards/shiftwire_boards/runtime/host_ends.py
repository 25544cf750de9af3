"""What the processor does before and after the accelerator, which takes and gives codes only.

Specification: the host ends of shiftwire/ir/; every code and value is equal to theirs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.host_steps import HostStep, Largest, read_step, run_steps
from shiftwire_boards.runtime.port import Grid
from shiftwire_boards.runtime.shapes import mend, with_batch

Array = Any
"""numpy.ndarray; old versions of numpy cannot be subscripted."""


def array_of(values: Any) -> Array:
    """numpy's of what a user gave; raises DataError where its rows differ in length."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"found no array ({error}); give numbers of one shape") from None


@dataclass(frozen=True)
class Quantizer:
    """A leading quantizer whose scale is no power of two, in float32: round(clip(x / scale + zero, lo, hi)) - zero."""

    scale: float
    zero_point: int
    lo: int
    hi: int
    rounding: str

    def codes(self, x: Array) -> Array:
        """int64 codes of finite float values, of their shape."""
        scaled = x.astype(np.float32) / np.float32(self.scale) + np.float32(self.zero_point)
        whole = _ROUNDINGS[self.rounding](np.clip(scaled, np.float32(self.lo), np.float32(self.hi)))
        return np.clip(whole.astype(np.int64), self.lo, self.hi) - self.zero_point


_ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "half_even": np.rint,
    "floor": np.floor,
    "ceil": np.ceil,
    "up": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "down": np.trunc,
    "half_up": lambda x: np.sign(x) * np.floor(np.abs(x) + np.float32(0.5)),
    "half_down": lambda x: np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5)),
    "sign": lambda x: np.where(x >= 0, np.float32(1), np.float32(-1)),
}


@dataclass(frozen=True)
class Encoder:
    """Values (N, ...) in the model's own layout to codes (N, H, W, C): the steps in front of its quantizer, and that.

    Without a quantizer in the model (`quantizes` False) values must be codes of the grid already. `model_shape` is that
    of a frame as the model reads it.
    """

    grid: Grid
    shape: tuple[int, ...]
    quantizes: bool
    rounding: str
    overflow: str
    quantizer: Quantizer | None
    steps: tuple[HostStep, ...]
    model_shape: tuple[int, ...]
    entry: Grid | None
    """What values in front of the steps must be codes of, where the model has no quantizer for them."""

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Encoder:
        """From the manifest's entry of an input; raises PackageError for a quantizer that is unknown here."""
        encode = entry["encode"]
        if encode["rounding"] not in ("floor", "half_up", "half_even") or encode["overflow"] not in (
            "saturate",
            "wrap",
        ):
            raise PackageError(f"found the quantizer {encode}, which this runtime does not know; update it")
        quantizer = None if encode["quantiser"] is None else Quantizer(**encode["quantiser"])
        if quantizer is not None and quantizer.rounding not in _ROUNDINGS:
            raise PackageError(f"found the rounding '{quantizer.rounding}', unknown here; update the runtime")
        shape = tuple(entry["shape"])
        return cls(
            Grid.parse(entry["format"]), shape, bool(encode["quantises"]), encode["rounding"], encode["overflow"],
            quantizer, tuple(map(read_step, encode.get("steps", []))),
            tuple(encode.get("shape") or (shape[-1], *shape[:-1])),
            Grid.parse(encode["entry"]) if encode.get("entry") else None,
        )  # fmt: skip

    @property
    def highest(self) -> float:
        """The largest value that the input holds; what is above it becomes this one."""
        if self.quantizer is not None:
            return (self.quantizer.hi - self.quantizer.zero_point) * self.quantizer.scale
        return math.ldexp(self.grid.hi, -self.grid.frac)

    def codes(self, x: Array) -> Array:
        """Raises DataError for a wrong shape or type, values that are not finite, and values off the grid.

        Warns of bytes beyond what the input holds: they are pixels, most likely.
        """
        x = array_of(x)
        self._check(x)
        if x.dtype == np.uint8 and not self.steps and x.max() > self.highest:
            warnings.warn(
                f"found bytes up to {x.max()}, and the model's input ends at {self.highest:g}; if these are pixels, "
                "give what prepare() makes of them",
                stacklevel=3,
            )
        with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is told below
            values = x.astype(np.float32 if self.quantizes or self.steps else np.float64)
        values = np.moveaxis(run_steps(self.steps, values), 1, -1)
        finite = np.isfinite(values)
        if not finite.all():
            raise DataError(f"found {finite.size - int(finite.sum())} NaN or infinite values; remove them")
        if self.entry is not None:
            _require_codes(x.astype(np.float64), self._quantized(x, self.entry), self.entry)
        if self.quantizer is not None:
            return np.ascontiguousarray(self.quantizer.codes(values))
        codes = self._quantized(values, self.grid)
        if not self.quantizes:
            _require_codes(values, codes, self.grid)
        return np.ascontiguousarray(codes)

    def _check(self, x: Array) -> None:
        if x.dtype.kind not in "fiub":
            raise DataError(f"found data of type {x.dtype}, wanted numbers; give float32")
        if x.ndim == 0 or x.shape[1:] != self.model_shape:
            wanted = self.model_shape
            raise DataError(
                f"found data of shape {x.shape}, wanted {with_batch(wanted)} as in the model{mend(x.shape, wanted)}"
            )
        if not len(x):
            raise DataError("found a batch of 0 frames, wanted at least one")

    def _quantized(self, values: Array, grid: Grid) -> Array:
        scaled = np.ldexp(values.astype(np.float64), grid.frac)
        down = np.floor(scaled)
        if self.rounding == "half_up":
            whole = down + (scaled - down >= 0.5)
        else:
            whole = np.rint(scaled) if self.rounding == "half_even" else down
        if self.overflow == "saturate":
            return np.clip(whole, grid.lo, grid.hi).astype(np.int64)
        turned = np.mod(whole, 2.0**grid.bits)
        return np.where(turned > grid.hi, turned - 2.0**grid.bits, turned).astype(np.int64)


def _require_codes(values: Array, codes: Array, grid: Grid) -> None:
    """Raise DataError for values that are none of a grid."""
    off = np.flatnonzero(np.ldexp(codes.astype(np.float64), -grid.frac) != values)
    if off.size:
        raise DataError(
            f"found {off.size} values such as {values.flat[off[0]]:.8g} that are no codes of {grid}, and the model has "
            "no quantizer at its input; quantize the data first"
        )


@dataclass(frozen=True)
class Decoder:
    """Codes (N, ..., C) to what the model gives: scale * (code * 2**-frac) + offset, channels first, then the steps."""

    grid: Grid
    scale: Array
    offset: Array
    steps: tuple[HostStep, ...]

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Decoder:
        """From the manifest's entry of an output; raises PackageError where scales are not one, nor one a channel."""
        decode = entry["decode"]
        scale, offset = np.array(decode["scale"], np.float64), np.array(decode["offset"], np.float64)
        for numbers in (scale, offset):
            if numbers.shape not in ((), (entry["shape"][-1],)) or not np.isfinite(numbers).all():
                raise PackageError("found scales that are not one, nor one a channel; package the project again")
        return cls(Grid.parse(entry["format"]), scale, offset, tuple(map(read_step, decode.get("steps", []))))

    def values(self, codes: Array) -> Array:
        """Values (N, ...) in the model's own layout, indices where it ends in a ranking, of codes (N, ..., C)."""
        return self._behind(codes, self.steps)

    def scores(self, codes: Array) -> Array:
        """The values (N, ...) that answer: those of `values`, or what a ranking at the end ranks."""
        return self._behind(codes, unranked(self.steps))

    def scores_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a frame that `scores` gives, for codes of `shape`."""
        frame: tuple[int, ...] = self.scores(np.zeros((1, *shape), np.int64)).shape[1:]
        return frame

    @property
    def ranks(self) -> bool:
        """Whether `values` are indices."""
        return unranked(self.steps) != self.steps

    def classes(self, codes: Array) -> Array:
        """Index (N,) of the largest output of each frame in the model's own order; ties take the lowest."""
        return self.scores(codes).reshape(len(codes), -1).argmax(axis=1)

    def _behind(self, codes: Array, steps: tuple[HostStep, ...]) -> Array:
        values = np.ldexp(codes.astype(np.float64), -self.grid.frac) * self.scale + self.offset
        values = np.moveaxis(values, -1, 1)
        return run_steps(steps, values.astype(np.float32)) if steps else values


def unranked(steps: tuple[HostStep, ...]) -> tuple[HostStep, ...]:
    """The steps in front of the first that gives indices."""
    at = next((at for at, step in enumerate(steps) if isinstance(step, Largest)), len(steps))
    return steps[:at]
