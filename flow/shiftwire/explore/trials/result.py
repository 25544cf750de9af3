"""What came of a trial, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

Corner = tuple[int, int, int]
"""Cycles a frame, LUTs, and halves of a BRAM36."""


@dataclass(frozen=True, slots=True)
class Result:
    """`loss` in percent over so many samples, and the exact front of folds; `refused` says why there is none."""

    loss: float
    samples: int
    front: tuple[Corner, ...]
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; null where there is no loss."""
        loss = None if self.loss == inf else self.loss
        return {"loss": loss, "samples": self.samples, "front": self.front, "refused": self.refused}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        """What `to_json` gave."""
        front = tuple((int(cycles), int(lut), int(halves)) for cycles, lut, halves in data["front"])
        loss = inf if data["loss"] is None else float(data["loss"])
        return cls(loss, int(data["samples"]), front, data["refused"])
