"""SystemVerilog modules as data: parameters, constants, and the loop nests that say when beats move."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from shiftwire.ir.cost import BRAM36_IN_LUT, is_block, is_rom_block
from shiftwire.ir.fold import Port
from shiftwire.ir.nest import Nest
from shiftwire.numbers.fixed import Codes

HEX_DIGIT = 4

Parameter = int | str
"""A number, or the text of a wide constant."""


class Pe(enum.Enum):
    """The processing elements of the SystemVerilog; the value is the KIND parameter of the units that hold them."""

    SHIFT = 0
    ADDER = 1
    DISTANCE = 2
    INT = 3
    INT_IN_DSP = 4
    XNOR = 5

    def stages(self, simd: int) -> int:
        """Cycles between the operands of an element and the `accumulate` that belongs to them.

        x and w enter at cycle t, accumulate and finish at t + stages, y stands at t + stages + 1. The first register
        is that of each SIMD element, then one stands behind each level of adders; a product takes two. Bits are
        counted by layers of counters, with a register behind every second.
        """
        if self is Pe.XNOR:
            return 1 + (simd - 1).bit_length() // 2
        return (2 if self in (Pe.INT, Pe.INT_IN_DSP) else 1) + (simd - 1).bit_length()


@dataclass(frozen=True, eq=False)
class Memory:
    """Constants of a module: fields (words, fields in a word) of `bits` each, the first field lowest.

    `parameter` names their file, where it is a module's own and no stem of several.
    """

    name: str
    fields: Codes
    bits: int
    parameter: str = "FILE"

    @property
    def words(self) -> int:
        """Addresses, each of `word_bits`."""
        return len(self.fields)

    @property
    def word_bits(self) -> int:
        """All fields of a word side by side."""
        return self.fields.shape[1] * self.bits

    @property
    def in_block(self) -> int:
        """1 where it is better off in block RAM at the usual price, else 0."""
        return is_rom_block(self.words, self.word_bits)

    def text(self) -> str:
        """A line of hexadecimal digits a word, as $readmemh reads it."""
        bits = (self.fields[:, :, None] >> np.arange(self.bits)) & 1
        flat = bits.reshape(self.words, -1).astype(np.uint8)
        digits = -(-flat.shape[1] // HEX_DIGIT)
        padded = np.zeros((self.words, digits * HEX_DIGIT), np.uint8)
        padded[:, : flat.shape[1]] = flat
        values = padded.reshape(self.words, digits, HEX_DIGIT) @ np.array([1, 2, 4, 8], np.uint8)
        letters = np.frombuffer(b"0123456789abcdef", np.uint8)[values[:, ::-1]]
        return "".join(f"{row.tobytes().decode()}\n" for row in letters)


@dataclass(frozen=True, eq=False)
class LineBuffer:
    """The line buffer of a window module: 2**bits words of `word_bits`; an image row takes `row_words`.

    `storing` is the nest of the side that fills it, `rows` the beats of which it is made: image rows that the other
    side looks at and lets go; `bram36_lut` what a BRAM36 is worth.
    """

    bits: int
    row_words: int
    word_bits: int
    storing: Nest
    bram36_lut: float = BRAM36_IN_LUT

    @property
    def rows(self) -> int:
        """Whole image rows that it holds."""
        return (1 << self.bits) // self.row_words

    @property
    def parameters(self) -> Mapping[str, int]:
        """What the window module is told of it; a memory past the size of LUT RAM asks for block RAM."""
        return {"RING_BITS": self.bits, "RING_BLOCK": is_block(1 << self.bits, self.word_bits, self.bram36_lut)}

    @property
    def stages(self) -> int:
        """Cycles from a place to its word: a multiplexer stands behind LUT RAM, so the place waits in a register."""
        return 2 if self.parameters["RING_BLOCK"] else 3


@dataclass(frozen=True, slots=True)
class RawSums:
    """What leaves a module on its way to the next one of the same unit: `width` bits a beat, no codes of a layer."""

    width: int
    port: Port


@dataclass(frozen=True, eq=False)
class Module:
    """A module of shiftwire_hls/rtl, or one of its own `sources`, set up for a place in a design.

    stages  cycles that a beat is on its way to the buffer behind the last iteration. One that `is_buffer` holds a lone
    beat itself, a cycle sooner. One that `is_paced` sums or reduces: it spreads its frame evenly over the interval.
    Where `has_forms`, GENERIC chooses plain operators or cells of the 7 series. `reads_stem` tells that FILE is the
    first part of the names of several files, `is_movable` that its one memory may move into block RAM.
    """

    name: str
    parameters: Mapping[str, Parameter]
    nest: Nest
    stages: int = 0
    memories: tuple[Memory, ...] = ()
    raw: RawSums | None = None
    pe: Pe | None = None
    line_buffer: LineBuffer | None = None
    is_buffer: bool = False
    is_paced: bool = False
    has_forms: bool = False
    reads_stem: bool = False
    is_movable: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def set_up(self) -> Mapping[str, Parameter]:
        """All parameters but those of buffers and files."""
        return {**self.parameters, **(self.line_buffer.parameters if self.line_buffer else {})}

    def with_buffer_bits(self, bits: int) -> Module:
        """The same around a larger line buffer."""
        assert self.line_buffer is not None
        larger = replace(self.line_buffer, bits=bits)
        return replace(self, line_buffer=larger, stages=self.stages + larger.stages - self.line_buffer.stages)

    @property
    def movable_rom(self) -> Memory | None:
        """Weights of several words that lie in LUTs and could move into block RAM."""
        return self.memories[0] if self.is_movable and self.memories[0].words > 1 else None


def one_word(values: Codes, bits: int) -> str:
    """A constant of all values side by side, the first lowest."""
    return f"{len(values) * bits}'h{Memory('', values[None, :], bits).text().strip()}"
