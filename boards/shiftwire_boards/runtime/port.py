"""How codes lie in the words that the DMA moves.

A code takes a container of 8, 16 or 32 bits, little-endian; a frame is padded with zeros to whole words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError, PackageError

CONTAINERS = (8, 16, 32)


@dataclass(frozen=True)
class Grid:
    """value = code * 2**-frac; `bits` bits, two's complement if signed."""

    bits: int
    frac: int
    signed: bool

    @classmethod
    def parse(cls, text: str) -> Grid:
        """Read the text form, such as u8.4 or s6.-2."""
        match = re.match(r"([su])(\d+)\.(-?\d+)$", text)
        if match is None:
            raise PackageError(f"found the format '{text}', wanted such as u8.4; package the project again")
        return cls(int(match.group(2)), int(match.group(3)), match.group(1) == "s")

    def __str__(self) -> str:
        return "{}{}.{}".format("s" if self.signed else "u", self.bits, self.frac)

    @property
    def lo(self) -> int:
        """The smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """The largest code."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclass(frozen=True)
class Port:
    """One end of the accelerator: frames of shape (H, W, C) or (C,), channel fastest.

    `container_bits` hold a code, `word_bytes` move in a cycle.
    """

    grid: Grid
    shape: tuple[int, ...]
    container_bits: int
    word_bytes: int

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Port:
        """From the manifest's words; raises PackageError for a container that does not hold its codes."""
        grid = Grid.parse(entry["format"])
        shape = tuple(entry["shape"])
        if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
            raise PackageError(f"found frames of shape {shape}, wanted whole numbers; package the project again")
        port = cls(grid, shape, int(entry["container_bits"]), int(entry["word_bytes"]))
        if port.container_bits not in CONTAINERS or port.container_bits < grid.bits:
            raise PackageError(
                f"found containers of {port.container_bits} bits for codes {grid}, wanted 8, 16 or 32 that hold them; "
                "package the project again"
            )
        if port.word_bytes < 1 or port.word_bytes * 8 % port.container_bits:
            raise PackageError(
                f"found words of {port.word_bytes} bytes for containers of {port.container_bits} bits, wanted whole "
                "ones; package the project again"
            )
        return port

    @cached_property
    def codes(self) -> int:
        """Codes of a frame."""
        return prod(self.shape)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The type of a container."""
        return np.dtype("<{}{}".format("i" if self.grid.signed else "u", self.container_bits // 8))

    @cached_property
    def words(self) -> int:
        """Words of a frame."""
        return -(-self.codes * self.container_bits // 8 // self.word_bytes)

    @cached_property
    def frame_bytes(self) -> int:
        """Bytes of a frame in memory, its padding included."""
        return self.words * self.word_bytes

    @property
    def layout(self) -> int:
        """What the shell's register of this end holds."""
        return self.word_bytes | self.container_bits << 8 | self.grid.bits << 16 | int(self.grid.signed) << 24

    def check(self, codes: np.ndarray[Any, Any]) -> None:
        """Raise DataError for anything but codes (N, *shape) of the format."""
        if codes.dtype.kind not in "iu":
            raise DataError(
                f"found codes of type {codes.dtype}, wanted integers; give values to predict() instead, which quantizes"
            )
        if codes.shape[1:] != self.shape or codes.ndim != len(self.shape) + 1:
            raise DataError(f"found codes of shape {codes.shape}, wanted (N, {_spelled(self.shape)})")
        if not len(codes):
            raise DataError("found a batch of 0 frames, wanted at least one")
        self._check_range(codes)

    def _check_range(self, codes: np.ndarray[Any, Any]) -> None:
        type_range = np.iinfo(codes.dtype)
        if type_range.min >= self.grid.lo and type_range.max <= self.grid.hi:
            return
        lo, hi = int(codes.min()), int(codes.max())
        if lo < self.grid.lo or hi > self.grid.hi:
            raise DataError(
                f"found codes {lo} to {hi}, wanted {self.grid.lo} to {self.grid.hi} (format {self.grid}); "
                "quantize the data first"
            )

    def pack(self, codes: np.ndarray[Any, Any], into: np.ndarray[Any, Any]) -> None:
        """Write checked codes (N, *shape) into the first N * frame_bytes of a byte buffer."""
        frames = self._frames(into, len(codes))
        np.copyto(frames[:, : self.codes], codes.reshape(len(codes), -1), casting="unsafe")
        frames[:, self.codes :] = 0

    def unpack(self, data: np.ndarray[Any, Any], frames: int) -> np.ndarray[Any, Any]:
        """Codes (frames, *shape) in their containers' type, copied out of a byte buffer."""
        return self._frames(data, frames)[:, : self.codes].reshape((frames, *self.shape)).copy()

    def _frames(self, data: np.ndarray[Any, Any], frames: int) -> np.ndarray[Any, Any]:
        """Containers (frames, those of a frame) in a byte buffer; before numpy 1.23 only whole buffers change type."""
        return data[: frames * self.frame_bytes].view(self.dtype).reshape(frames, -1)


def _spelled(shape: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in shape)
