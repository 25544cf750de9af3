"""Pixels as a camera or a file gives them, made into the values that a model reads: ((x / scale) - mean) / std."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.host_ends import array_of

Array = Any


@dataclass(frozen=True)
class Preprocessing:
    """What the model was trained on; `mean` and `std` hold a number a channel, or one for all, after the scale."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def read(cls, entry: dict[str, Any], channels: int) -> Preprocessing:
        """Raises PackageError for numbers that will not do."""
        preprocessing = cls(float(entry["scale"]), tuple(map(float, entry["mean"])), tuple(map(float, entry["std"])))
        fault = preprocessing.fault(channels)
        if fault:
            raise PackageError(f"{fault}; package the project again")
        return preprocessing

    def fault(self, channels: int) -> str:
        """What will not do for so many channels, empty where all will."""
        for name, numbers in (("scale", (self.scale,)), ("mean", self.mean), ("std", self.std)):
            if name != "scale" and len(numbers) not in (1, channels):
                return f"found {len(numbers)} numbers of {name} for {channels} channels, wanted one, or one a channel"
            floats = _float32(numbers)
            if not np.isfinite(floats).all() or (name != "mean" and floats.min() < np.finfo(np.float32).tiny):
                return f"found the {name} {', '.join(map(str, numbers))}, wanted finite numbers, above 0 to divide by"
        return ""

    def values(self, pixels: Array, shape: tuple[int, ...]) -> Array:
        """float32 (N, C, ...) as the model reads them, for pixels (N, ..., C) of the frame's `shape`, channel last."""
        pixels = array_of(pixels)
        if pixels.dtype.kind not in "fiub" or pixels.ndim == 0 or pixels.shape[1:] != shape:
            wanted = ", ".join(str(size) for size in shape)
            raise DataError(
                f"found pixels of type {pixels.dtype} and shape {pixels.shape}, wanted numbers of shape (N, {wanted})"
            )
        if not np.isfinite(pixels).all():
            raise DataError("found NaN or infinite pixels; remove them")
        mean, std = _float32(self.mean), _float32(self.std)
        scaled = (pixels.astype(np.float32) / np.float32(self.scale) - mean) / std
        return np.moveaxis(scaled, -1, 1)


def _float32(numbers: tuple[float, ...]) -> Array:
    """As the board computes with them: float32, infinite beyond it."""
    with np.errstate(over="ignore"):
        return np.array(numbers, np.float64).astype(np.float32)
