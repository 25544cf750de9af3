"""SystemVerilog units as data: which module, how set up, what it reads and writes, and in which of its iterations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from shiftwire.ir.kernel import Port
from shiftwire.numbers.fixed import Codes, Fixed

NETWORK = "shiftwire_net"
"""The module of a network, the HLS project's top function, and the files named after it."""

HEX_DIGIT = 4


@dataclass(frozen=True, eq=False)
class Memory:
    """Constants of a unit: fields (words, fields in a word) of `bits` each, the first field lowest."""

    name: str
    fields: Codes
    bits: int

    @property
    def words(self) -> int:
        return len(self.fields)

    @property
    def word_bits(self) -> int:
        return self.fields.shape[1] * self.bits

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


@dataclass(frozen=True, slots=True)
class Stream:
    """Beats from one unit to the next; `width` is in bits, `port` says how many codes make them and a frame.

    `format` is that of the codes, None for raw sums; `tensor` names the layer whose codes these are.
    """

    name: str
    width: int
    port: Port
    format: Fixed | None = None
    tensor: str | None = None


@dataclass(frozen=True, eq=False)
class Reads:
    """Iterations of a frame in which beat k must be there (`need`) and is let go (`pop`), ascending.

    `need` is shorter where the last beats of a frame are never looked at.
    """

    stream: str
    need: Codes
    pop: Codes


@dataclass(frozen=True, eq=False)
class Writes:
    """Iterations in which a place is taken for beat k and in which it starts on its way."""

    stream: str
    reserve: Codes
    emit: Codes


@dataclass(frozen=True, eq=False)
class Actor:
    """What works one iteration a cycle, waiting for beats that it needs and for places that it writes.

    `stages` is how many cycles a beat is on its way to the buffer behind the actor. One that `is_buffer` holds a lone
    beat itself, a cycle sooner.
    """

    name: str
    iterations: int
    reads: tuple[Reads, ...]
    writes: tuple[Writes, ...]
    stages: int = 0
    is_buffer: bool = False


Parameter = int | str
"""A number, or the name of a file of constants."""


@dataclass(frozen=True, eq=False)
class RtlUnit:
    """One instance of a module; `layer` is the node whose codes it works on, `sources` the text of modules of its own.

    Ports follow the module's convention: inputs s and s_b, outputs m and m_b.
    """

    name: str
    module: str
    parameters: Mapping[str, Parameter]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str
    actors: tuple[Actor, ...]
    memories: tuple[Memory, ...] = ()
    ring: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RtlNetwork:
    """Units in topological order between one input and one output stream; `name` is that of its module.

    `moved_bram36` is what weights take, modelled, that went into block RAM for want of LUTs.
    """

    name: str
    input: str
    output: str
    units: tuple[RtlUnit, ...]
    streams: Mapping[str, Stream]
    depths: Mapping[str, int] = field(default_factory=dict)
    blocks: frozenset[str] = frozenset()
    rings: Mapping[str, int] = field(default_factory=dict)
    moved_bram36: int = 0
