"""Weights that move from LUTs into block RAM that a board has to spare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from shiftwire.ir.cost import LUTRAM_WORDS, rom_blocks
from shiftwire.ir.module import Memory
from shiftwire.ir.rtl_network import RtlNetwork

LEAST_LUT = 32
"""What weights must save in block RAM to be worth its routing, and a BRAM36 of them."""


@dataclass(frozen=True, slots=True)
class _Rom:
    """What a unit's weights take in either place."""

    unit: str
    lut: int
    bram36: float

    @classmethod
    def of(cls, unit: str, rom: Memory) -> _Rom:
        lut = rom.word_bits * ceil(rom.words / LUTRAM_WORDS)
        return cls(unit, lut, rom_blocks(rom.words, rom.word_bits))

    @property
    def worth(self) -> float:
        return self.lut / self.bram36


def moved(network: RtlNetwork, spare: float) -> dict[str, float]:
    """Units whose weights are better off in block RAM, and how many BRAM36 they take, modelled.

    Those come first that save most, as far as `spare` BRAM36 go.
    """
    in_block: dict[str, float] = {}
    for rom in sorted(_movable(network), key=lambda rom: (-rom.worth, rom.unit)):
        if min(rom.lut, rom.worth) >= LEAST_LUT and rom.bram36 <= spare:
            in_block[rom.unit] = rom.bram36
            spare -= rom.bram36
    return in_block


def _movable(network: RtlNetwork) -> Iterator[_Rom]:
    for unit in network.units:
        rom = unit.module.movable_rom
        if rom is not None:
            yield _Rom.of(unit.name, rom)
