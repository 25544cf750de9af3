"""What a weight scheme says of itself: planes, lane, interval, operations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from shiftwire.ir.kernel import CodeType, Lane, Setting
from shiftwire.ir.network import Operations
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval


class Weights(ABC):
    """How a row of taps becomes one output; dense layers and convolutions only decide which taps."""

    lane: ClassVar[Lane]
    kind: ClassVar[str]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(out, in...)."""

    @abstractmethod
    def frac(self, x: Fixed) -> int:
        """Grid of the sums of an input on the grid of `x`; raises InputError for a grid that cannot be read."""

    @abstractmethod
    def interval(self, x: Fixed) -> Interval:
        """Range of each output's sum."""

    @abstractmethod
    def apply(self, taps: Codes, rows: slice) -> Codes:
        """Sums (..., rows) of taps (..., in) for the output rows."""

    @property
    @abstractmethod
    def planes(self) -> Codes:
        """ROM codes (terms, out, taps); a filter reads the planes of its own k alone."""

    @property
    @abstractmethod
    def type(self) -> CodeType:
        """What holds a ROM code."""

    @property
    def filter_terms(self) -> Codes:
        """How many planes each filter reads, (out,), at least 1."""
        return np.ones(self.shape[0], np.int64)

    @abstractmethod
    def reach(self, x: Fixed) -> Interval:
        """Range of what each plane's taps add to a sum, lo and hi (terms, out, taps), 0 included."""

    @abstractmethod
    def settings(self, x: Fixed) -> tuple[Setting, ...]:
        """Cfg members of the lane."""

    @abstractmethod
    def operations(self, uses: int) -> Operations:
        """Scalar operations when every weight is used `uses` times."""

    @property
    @abstractmethod
    def rows(self) -> Codes:
        """(out, taps) as integers."""

    @property
    def bits(self) -> int:
        """Bits that the weights take."""
        return self.planes.size * self.type.bits

    @property
    def terms(self) -> float | None:
        """Mean k over the filters, None where weights are no sums of powers of two."""
        return None
