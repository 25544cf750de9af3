"""How wide a layer is built: its fold, and the beats on either side of a unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fold:
    """`pe` outputs and `simd` inputs of a layer meet in a cycle; layers without weights have lanes alone, as `pe`.

    With `turns` the weights are rebuilt from what is stored, and each of them stays for so many positions; 0 where they
    are stored themselves.
    """

    pe: int
    simd: int = 1
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Port:
    """One side of a unit: `beats` words a frame, each of `lanes` codes."""

    lanes: int
    beats: int

    @property
    def codes(self) -> int:
        """Codes of a frame."""
        return self.lanes * self.beats

    @classmethod
    def of(cls, codes: int, lanes: int) -> Port:
        """A frame of so many codes in beats of `lanes`, which divides them."""
        return cls(lanes, codes // lanes)


def divisors(number: int) -> list[int]:
    """Every divisor, ascending."""
    return [d for d in range(1, number + 1) if number % d == 0]
