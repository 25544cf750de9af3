"""Weights of a shift layer as its processing elements read them: zero, sign and exponent apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.ir.kernel import Kernel
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class ShiftCodes:
    """codes in the order of the kernel's table: {zero, sign, exponent[window_bits]}; without `has_zero` no zero bit."""

    codes: Codes
    window_bits: int
    has_zero: bool

    @property
    def bits(self) -> int:
        return self.window_bits + 1 + self.has_zero

    @classmethod
    def of(cls, kernel: Kernel, has_zero: bool | None = None) -> ShiftCodes:
        """From a table of packed codes, in which a field of 0 is no term; `has_zero` None asks the weights."""
        table, magnitude_bits = kernel.table("weight"), kernel.number("magnitude_bits")
        field = table & ((1 << magnitude_bits) - 1)
        is_zero, sign = field == 0, table >> magnitude_bits
        exponent = np.where(is_zero, 0, field - 1)
        window_bits = int(exponent.max()).bit_length()
        has = bool(is_zero.any()) if has_zero is None else has_zero
        codes = np.where(is_zero, has << (window_bits + 1), sign << window_bits | exponent)
        return cls(codes, window_bits, has)
