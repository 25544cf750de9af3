"""Rows to models: non-negative least squares on physical terms, its errors held out by layer shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from shiftwire.costs.model import STAND_IN, FamilyModel, GroupModel
from shiftwire.costs.parts import Terms
from shiftwire.costs.table import Row
from shiftwire.costs.terms import TERMS, group, stand_in_terms, terms

Reals = npt.NDArray[np.float64]

PARTS = 5
"""Into which layer shapes are dealt: each part is predicted by what was fitted to the others."""

SMALL = 20.0
"""LUTs below which an error counts as one of so many: what is small is told in LUTs, not in shares of them."""


@dataclass(frozen=True)
class Fitted:
    """A group's model, and its held-out predictions beside what was counted: LUTs that are neither RAM nor SRL."""

    model: GroupModel
    rows: Sequence[Row]
    predicted: Reals
    counted: Reals

    @property
    def errors(self) -> Reals:
        """Relative, each held out."""
        errors: Reals = np.abs(self.predicted - self.counted) / np.maximum(self.counted, SMALL)
        return errors


def fitted_groups(rows: Iterable[Row]) -> Mapping[str, Fitted]:
    """By group, rows of one family; the stand-in is fitted to all but those that sum."""
    by_group: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.key):  # of equally good coefficients, order chooses
        if row.module in TERMS:
            by_group[group(row.module, row.facts)].append(row)
    fitted = {name: fitted_group(own, [terms(row.module, row.facts) for row in own]) for name, own in by_group.items()}
    others = [row for name, own in by_group.items() if name.startswith("sw_") for row in own]
    return {**fitted, STAND_IN: fitted_group(others, [stand_in_terms(row.facts) for row in others])}


def family_fit(family: str, tool: str, fitted: Mapping[str, Fitted], systematic: float) -> FamilyModel:
    """The model of a device family."""
    return FamilyModel(family, tool, {name: own.model for name, own in fitted.items()}, systematic)


def fitted_group(rows: Sequence[Row], has: Sequence[Terms]) -> Fitted:
    """One group: coefficients by all rows, and predictions of each part by the others."""
    names = sorted({name for own in has for name in own})
    table = np.array([[own.get(name, 0) for name in names] for own in has], float)
    counts = {part: _column(rows, part) for part in ("lutram", "srl", "ff", "lut")}
    logic = counts["lut"] - counts["lutram"] - counts["srl"]
    predicted = np.zeros(len(rows))
    for train, test in held_out(rows):
        predicted[test] = table[test] @ solved(table[train], logic[train])
    errors = (predicted - logic) / np.maximum(logic, SMALL)
    deviation = float(np.sqrt(np.mean(np.clip(errors, -1, 1) ** 2))) if len(rows) > PARTS else 1.0

    def by_name(counted: Reals) -> Mapping[str, float]:
        return dict(zip(names, solved(table, counted).tolist(), strict=True))

    model = GroupModel(by_name(logic), by_name(counts["srl"]), by_name(counts["ff"]), deviation, len(rows))
    return Fitted(model, rows, predicted, logic)


def solved(table: Reals, counted: Reals) -> Reals:
    """Non-negative coefficients of least relative squares."""
    weight = 1 / np.maximum(counted, SMALL)
    coefficients, _ = nnls(table * weight[:, None], counted * weight, maxiter=50 * max(table.shape))
    solution: Reals = coefficients
    return solution


def held_out(rows: Sequence[Row]) -> Iterable[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Rows to fit and rows to predict, those of a layer shape together."""
    layers = {layer: at % PARTS for at, layer in enumerate(sorted({row.layer for row in rows}))}
    parts = np.array([layers[row.layer] for row in rows])
    for part in range(PARTS):
        test = parts == part
        if test.any() and not test.all():
            yield ~test, test


def _column(rows: Sequence[Row], name: str) -> Reals:
    return np.array([float(getattr(row.counted, name)) for row in rows])
