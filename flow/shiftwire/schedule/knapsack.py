"""The folds of layers that take fewest LUTs within so many block RAMs: exact, for halves of them are whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shiftwire.schedule.fold_choice import Choice

HALVES = 2
"""Of a BRAM36."""

NEVER = np.inf


@dataclass(frozen=True)
class Packed:
    """luts  (halves + 1,), the least LUTs of all layers in at most so many halves of a BRAM36, infinity where none do.

    taken  (layers, halves + 1), the place of a layer's choice in `among`, given what is left for it and those before.
    """

    among: Mapping[str, Sequence[Choice]]
    luts: npt.NDArray[np.float64]
    taken: npt.NDArray[np.int64]

    def choices(self, halves: int) -> dict[str, Choice]:
        """One of each layer, together within so many halves."""
        chosen: dict[str, Choice] = {}
        for own, (name, every) in zip(self.taken[::-1], reversed(list(self.among.items())), strict=True):
            chosen[name] = every[own[halves]]
            halves -= _halves(chosen[name])
        return {name: chosen[name] for name in self.among}


def packed(among: Mapping[str, Sequence[Choice]], halves: int) -> Packed:
    """Layers one by one, each with the choices that are not beaten, in up to so many halves."""
    among = {name: _unbeaten(every) for name, every in among.items()}
    luts, taken = np.zeros(halves + 1), np.zeros((len(among), halves + 1), np.int64)
    for at, every in enumerate(among.values()):
        options = np.full((len(every), halves + 1), NEVER)
        for option, choice in zip(options, every, strict=True):
            need = _halves(choice)
            if need <= halves:
                option[need:] = luts[: halves + 1 - need] + choice.cost.lut
        taken[at] = options.argmin(axis=0)
        luts = options.min(axis=0)
    return Packed(among, luts, taken)


def _unbeaten(every: Sequence[Choice]) -> list[Choice]:
    """Those of which no other one takes as few LUTs and as few block RAMs."""
    kept: list[Choice] = []
    for choice in sorted(every, key=lambda c: (c.cost.bram36, c.cost.lut, c.fold)):
        if not kept or choice.cost.lut < kept[-1].cost.lut:
            kept.append(choice)
    return kept


def _halves(choice: Choice) -> int:
    return round(HALVES * choice.cost.bram36)
