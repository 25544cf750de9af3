"""How codes lie in the words of a DMA and in the beats between RTL modules.

sw_axis_in.sv, sw_axis_out.sv and sw_gearbox.sv do what this file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed

CONTAINERS = (8, 16, 32)
WIDEST_WORD = 512
BYTE = 8
Bytes = npt.NDArray[np.uint8]


def container_for(format: Fixed) -> int:
    """Bits a code takes at the DMA; raises InputError for codes wider than 32 bits."""
    for bits in CONTAINERS:
        if bits >= format.bits:
            return bits
    raise InputError(f"a port of format {format} is wider than {CONTAINERS[-1]} bits; narrow the network's end")


@dataclass(frozen=True, slots=True)
class AxiStream:
    """One side of the shell: frames of `codes` codes, `lanes` a beat inside, each `container_bits` in words outside."""

    format: Fixed
    codes: int
    lanes: int
    container_bits: int
    word_bits: int

    def __post_init__(self) -> None:
        if self.container_bits not in CONTAINERS or self.container_bits < self.format.bits:
            raise InputError(
                f"a container of {self.container_bits} bits cannot hold codes of format {self.format}; "
                f"take {container_for(self.format)}"
            )
        if self.word_bits % BYTE or not BYTE <= self.word_bits <= WIDEST_WORD:
            raise InputError(f"a word of {self.word_bits} bits is no multiple of 8 in 8..{WIDEST_WORD}; take 64")
        if self.codes < 1 or self.lanes < 1:
            raise InputError(f"a stream of {self.codes} codes in {self.lanes} lanes is empty; both count from 1")

    @property
    def words(self) -> int:
        """Words of a frame."""
        return ceil(self.codes * self.container_bits / self.word_bits)

    @property
    def beats(self) -> int:
        """Beats of a frame; where lanes do not divide the codes, the last one is filled with zeros."""
        return ceil(self.codes / self.lanes)

    @property
    def beat_bits(self) -> int:
        """Width of a beat between modules, where codes lie without gaps."""
        return self.lanes * self.format.bits

    @property
    def frame_bytes(self) -> int:
        """Bytes a frame takes in memory, its padding included."""
        return self.words * self.word_bits // BYTE

    def to_bytes(self, codes: Codes) -> Bytes:
        """What the DMA moves for codes (N, codes): (N, frame_bytes); raises InputError for codes outside the format."""
        if not self.format.holds(codes):
            raise InputError(f"codes {codes.min()}..{codes.max()} do not fit {self.format}; quantize them first")
        frames = np.zeros((len(codes), self.frame_bytes), np.uint8)
        containers = np.ascontiguousarray(codes.astype(f"<i{self.container_bits // BYTE}"))
        used = containers.view(np.uint8).reshape(len(codes), -1)
        frames[:, : used.shape[1]] = used
        return frames

    def to_codes(self, frames: Bytes) -> Codes:
        """Codes (N, codes) of frames (N, frame_bytes)."""
        size = self.container_bits // BYTE
        used = np.ascontiguousarray(frames[:, : self.codes * size])
        return used.view(f"<{'i' if self.format.signed else 'u'}{size}").astype(np.int64)
