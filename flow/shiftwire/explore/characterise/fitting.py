"""Rows to models: non-negative least squares on physical terms, its errors held out by layer shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from shiftwire.costs.model import STAND_IN, FamilyModel, GroupModel
from shiftwire.costs.parts import Terms, is_shared
from shiftwire.costs.table import Row
from shiftwire.costs.terms import TERMS, group, larger_group, stand_in_terms, terms

Reals = npt.NDArray[np.float64]

PARTS = 5
"""Into which layer shapes are dealt: each part is predicted by what was fitted to the others."""

FEWEST = 15
"""Units of a group of its own; fewer are counted to the larger one that they belong to."""

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


@dataclass(frozen=True)
class _Table:
    """Units of a group as terms (units, names), what was counted of them, and in which part each one's layer is."""

    rows: Sequence[Row]
    names: Sequence[str]
    terms: Reals
    parts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Row], has: Sequence[Terms], parts: Mapping[str, int]) -> _Table:
        names = sorted({name for own in has for name in own})
        terms_of = np.array([[own.get(name, 0) for name in names] for own in has], float)
        return cls(rows, names, terms_of, np.array([parts[row.layer] for row in rows]))

    def counted(self, what: str) -> Reals:
        """One figure of each unit; `logic` are LUTs that are neither RAM nor shift registers."""
        if what == "logic":
            return self.counted("lut") - self.counted("lutram") - self.counted("srl")
        return np.array([float(getattr(row.counted, what)) for row in self.rows])

    def of_buffers(self, buffers: Mapping[str, float]) -> Reals:
        """What the buffers of each unit take."""
        coefficients = np.array([buffers.get(name, 0.0) for name in self.names])
        taken: Reals = self.terms @ coefficients
        return taken


def fitted_groups(rows: Iterable[Row]) -> Mapping[str, Fitted]:
    """By group, rows of one family; the stand-in is fitted to all but those that sum.

    Buffers behind units are one module, so what they take is fitted to all units that work beat by beat at once.
    """
    tables = _tables(list(rows))
    wholes = {what: _coefficients(tables, what, None) for what in ("logic", "srl", "ff")}
    parted = [_coefficients(tables, "logic", part) for part in range(PARTS)]
    fitted: dict[str, Fitted] = {}
    for name, table in tables.items():
        counted, predicted = table.counted("logic"), np.zeros(len(table.rows))
        for part, coefficients in enumerate(parted):
            here = table.parts == part
            predicted[here] = (table.terms @ np.array([coefficients[name][term] for term in table.names]))[here]
        errors = np.clip((predicted - counted) / np.maximum(counted, SMALL), -1, 1)
        deviation = float(np.sqrt(np.mean(errors**2)))
        own = {what: coefficients[name] for what, coefficients in wholes.items()}
        model = GroupModel(own["logic"], own["srl"], own["ff"], deviation, len(table.rows))
        fitted[name] = Fitted(model, table.rows, predicted, counted)
    return fitted


def family_fit(family: str, tool: str, fitted: Mapping[str, Fitted], systematic: float) -> FamilyModel:
    """The model of a device family."""
    return FamilyModel(family, tool, {name: own.model for name, own in fitted.items()}, systematic)


def _tables(rows: Sequence[Row]) -> Mapping[str, _Table]:
    by_group: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.key):  # of equally good coefficients, order chooses
        if row.module in TERMS:
            by_group[group(row.module, row.facts)].append(row)
    for name in [name for name, own in by_group.items() if len(own) < FEWEST and larger_group(name) != name]:
        by_group[larger_group(name)] += by_group.pop(name)
    parts = parts_of(rows)
    others = [row for name, own in sorted(by_group.items()) if name.startswith("sw_") for row in own]
    tables = {
        name: _Table.of(own, [terms(row.module, row.facts) for row in own], parts)
        for name, own in sorted(by_group.items())
    }
    return {**tables, STAND_IN: _Table.of(others, [stand_in_terms(row.facts) for row in others], parts)}


def _coefficients(tables: Mapping[str, _Table], what: str, left_out: int | None) -> Mapping[str, Mapping[str, float]]:
    """By group and term, without the units of a part."""
    kept = {name: table.parts != left_out for name, table in tables.items()}
    beat = {name: table for name, table in tables.items() if name.startswith("sw_")}
    buffers = _of_buffers(beat, kept, what)
    every: dict[str, Mapping[str, float]] = {}
    for name, table in tables.items():
        own = [at for at, term in enumerate(table.names) if not is_shared(term)]
        counted = table.counted(what)
        rest = np.maximum(counted - table.of_buffers(buffers), 0)
        some = kept[name]
        solution = solved(table.terms[some][:, own], rest[some], counted[some]) if some.any() else np.zeros(len(own))
        taken = dict(zip((table.names[at] for at in own), solution.tolist(), strict=True))
        every[name] = {term: taken.get(term, buffers.get(term, 0.0)) for term in table.names}
    return every


def _of_buffers(
    tables: Mapping[str, _Table], kept: Mapping[str, npt.NDArray[np.bool_]], what: str
) -> Mapping[str, float]:
    """Coefficients of the terms that all groups share, fitted together with those that they do not."""
    columns = sorted(
        {(term if is_shared(term) else f"{name} {term}") for name, table in tables.items() for term in table.names}
    )
    place = {column: at for at, column in enumerate(columns)}
    blocks, counts = [], []
    for name, table in tables.items():
        some = kept[name]
        block = np.zeros((int(some.sum()), len(columns)))
        for at, term in enumerate(table.names):
            block[:, place[term if is_shared(term) else f"{name} {term}"]] = table.terms[some][:, at]
        blocks.append(block)
        counts.append(table.counted(what)[some])
    counted = np.concatenate(counts)
    solution = solved(np.concatenate(blocks), counted, counted)
    return {column: float(solution[at]) for column, at in place.items() if is_shared(column)}


def solved(table: Reals, rest: Reals, counted: Reals) -> Reals:
    """Non-negative coefficients of what is left to explain, of least squares relative to what was counted."""
    weight = 1 / np.maximum(counted, SMALL)
    coefficients, _ = nnls(table * weight[:, None], rest * weight, maxiter=50 * max(table.shape))
    solution: Reals = coefficients
    return solution


def parts_of(rows: Iterable[Row]) -> Mapping[str, int]:
    """Layer shapes dealt into PARTS."""
    return {layer: at % PARTS for at, layer in enumerate(sorted({row.layer for row in rows}))}


def held_out(rows: Sequence[Row]) -> Iterable[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Rows to fit and rows to predict, those of a layer shape together."""
    dealt = parts_of(rows)
    parts = np.array([dealt[row.layer] for row in rows])
    for part in range(PARTS):
        test = parts == part
        if test.any() and not test.all():
            yield ~test, test
