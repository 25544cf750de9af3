"""Codes side by side in an element of a vector, and what a unit that works on them is set up with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.ir.cfg import Cfg, CodeType, Element, Setting, Table
from shiftwire.numbers.fixed import Codes, Fixed

BYTE = Fixed(8, 0, signed=True)
HALF = Fixed(16, 0, signed=True)
HALVES = "halves"
MOST_IN_HALVES = 31
"""Bits of a code, its sign among them, that two parts hold."""


@dataclass(frozen=True, slots=True)
class Packed:
    """`count` codes in an element, each less `lowest`; `type` and `weights` are the names of sw_packed.h."""

    type: str
    weights: str
    count: int
    lowest: int

    @property
    def is_octets(self) -> bool:
        """Whether distances to them are summed, not products."""
        return self.count == 8

    @property
    def is_halves(self) -> bool:
        """Whether codes are in two parts, each met by the same weights."""
        return self.type == HALVES

    @property
    def bits(self) -> int:
        """Of a code that is put together again."""
        return 32 if self.is_halves else self.weight_bits

    @property
    def weight_bits(self) -> int:
        """Of a weight in its place."""
        return 16 if self.count == 2 else 8

    def elements(self, lanes: int) -> int:
        """That so many codes fill, the last one maybe in part."""
        return -(-lanes // self.count)

    def words(self, codes: Codes) -> Codes:
        """Weights (..., n) as elements (..., elements(n)), the first in the low bits, zeros in what is left."""
        missing = self.elements(codes.shape[-1]) * self.count - codes.shape[-1]
        whole = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, missing)])
        bytes_ = np.ascontiguousarray(whole.astype(f"<i{self.weight_bits // 8}"))
        return bytes_.view(f"<i{self.count * self.weight_bits // 8}").astype(np.int64)

    def alike(self, code: int) -> int:
        """What an element of equal codes is made of."""
        return code if self.is_halves else int(self.words(np.full(self.count, code - self.lowest))[0])


def with_members(cfg: Cfg, **members: int | CodeType | Element) -> Cfg:
    """With other values of its members."""
    for name, value in members.items():
        cfg = cfg.with_member(Setting(name, value))
    return cfg


def table_of(cfg: Cfg, name: str) -> Table:
    """The table of that name."""
    return next(table for table in cfg.tables if table.name == name)
