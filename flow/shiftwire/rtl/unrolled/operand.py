"""What an adder may read: words of nets, shifted or negated, and minima of an input and a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from shiftwire.rtl.unrolled.bit import ONE, ZERO, Bit, merged, net


@dataclass(frozen=True, slots=True)
class Word:
    """The vector of nets `name`, valid `stage` cycles after x; its value has the bits of `flips` inverted."""

    name: str
    bits: int
    stage: int
    signed: bool = False
    flips: int = 0

    def bit(self, at: int) -> Bit:
        """Any bit of the word extended by zeros or its sign."""
        if at >= self.bits and not self.signed:
            return ZERO
        at = min(at, self.bits - 1)
        return net(f"{self.name}[{at}]", self.flips >> at & 1)

    def low(self, bits: int) -> str:
        """The lowest bits as an expression of that many bits."""
        return f"{self.name}[{bits - 1}:0]"


class Operand(Protocol):
    """A row of an adder."""

    @property
    def words(self) -> tuple[Word, ...]:
        """All that it reads, in the order in which `reach` and `moved` count them."""

    @property
    def is_negative(self) -> bool:
        """Whether its row is the inverse of the value, short of 1."""

    def reach(self, width: int) -> tuple[int, ...]:
        """How many low bits of each word a sum of `width` bits reads."""

    def moved(self, words: tuple[Word, ...]) -> Operand:
        """The same of later words."""

    def row(self, width: int) -> tuple[Bit, ...]:
        """The value modulo 2**width, lowest bit first."""

    def text(self, width: int) -> str:
        """The value modulo 2**width as SystemVerilog of that width."""


@dataclass(frozen=True, slots=True)
class Plain(Operand):
    """(word << shift), or its negative."""

    word: Word
    shift: int = 0
    is_negative: bool = False

    @property
    def words(self) -> tuple[Word, ...]:
        return (self.word,)

    def reach(self, width: int) -> tuple[int, ...]:
        return (min(self.word.bits, width - self.shift),)

    def moved(self, words: tuple[Word, ...]) -> Plain:
        return replace(self, word=words[0])

    def row(self, width: int) -> tuple[Bit, ...]:
        row = [ZERO] * self.shift + [self.word.bit(at) for at in range(width - self.shift)]
        return tuple(bit.flipped() if self.is_negative else bit for bit in row)

    def text(self, width: int) -> str:
        (bits,) = self.reach(width)
        whole = self.word.name if bits == self.word.bits else self.word.low(bits)
        signed = self.word.signed and bits == self.word.bits
        wide = f"{width}'(signed'({whole}))" if signed else f"{width}'({whole})"
        return f"({wide} << {self.shift})" if self.shift else wide


@dataclass(frozen=True, slots=True)
class Minimum(Operand):
    """min(x, weight) for unsigned x and 0 < weight; `reached` is the bit [x >= weight].

    A bit of it is x or reached where the weight has a one, else x and not reached: two nets, so that two minima and
    their sum fit one LUT a bit.
    """

    x: Word
    reached: Word
    weight: int
    is_negative = False

    @property
    def words(self) -> tuple[Word, ...]:
        return (self.x, self.reached)

    @property
    def bits(self) -> int:
        """Bits that may be set: those of the weight."""
        return self.weight.bit_length()

    def reach(self, width: int) -> tuple[int, ...]:
        return (min(self.bits, width), 1)

    def moved(self, words: tuple[Word, ...]) -> Minimum:
        return replace(self, x=words[0], reached=words[1])

    def row(self, width: int) -> tuple[Bit, ...]:
        return tuple(self._bit(at) if at < self.bits else ZERO for at in range(width))

    def _bit(self, at: int) -> Bit:
        pair = (self.x.bit(at), self.reached.bit(0))
        return merged(pair, (lambda x, s: x | s) if self.weight >> at & 1 else (lambda x, s: x & (1 - s)))

    def text(self, width: int) -> str:
        bits = min(self.bits, width)
        constant = self.weight & ((1 << bits) - 1)
        return f"{width}'({self.reached.name} ? {bits}'d{constant} : {self.x.low(bits)})"


def constant_row(value: int, width: int) -> tuple[Bit, ...]:
    """The low `width` bits of a number of either sign, in two's complement."""
    return tuple(ONE if value >> at & 1 else ZERO for at in range(width))
