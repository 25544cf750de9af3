"""What metrics that know no hardware say of units that were counted: rank correlations with LUTs, and with speed.

At a number of LUTs, frames/s fall with the LUTs of a unit times the cycles that it works: a board that is full of such
units does so many positions of a frame a second. Cycles a position are the words of a unit's weights, which rows have;
frames a second themselves are not in a row, for nobody kept how many positions its layer has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from scipy.stats import spearmanr

from shiftwire.costs.bit_operations import tap_bits
from shiftwire.costs.facts import Facts
from shiftwire.costs.model import FamilyModel, estimated
from shiftwire.costs.table import Row
from shiftwire.ir.cfg import Element
from shiftwire.ir.module import Pe

ELEMENTS = {
    Pe.SHIFT: Element.SHIFT,
    Pe.ADDER: Element.ADDER,
    Pe.DISTANCE: Element.DISTANCE,
    Pe.INT: Element.INT,
    Pe.XNOR: Element.XNOR,
}
"""Of those whose sums are LUTs alone."""


Metric = Callable[[Row], float]


def correlations(rows: Sequence[Row], model: FamilyModel) -> Iterator[str]:
    """Spearman's rank correlation of each metric with the LUTs of units that sum, then with what bounds their speed."""
    own = [row for row in rows if "KIND" in row.facts and Pe(row.facts["KIND"]) in ELEMENTS]
    metrics: Mapping[str, Metric] = {
        "taps": lambda row: _lanes(row.facts),
        "taps x bits of both operands": lambda row: _lanes(row.facts) * _bits(row.facts),
        "bit operations": lambda row: _lanes(row.facts) * _tap(row.facts),
        "this model, fitted to them": lambda row: estimated(model, row.module, row.facts).resources.lut,
    }
    yield f"Spearman's rank correlation with the LUTs of {len(own)} units that sum, of every kind at once:\n"
    yield from _table("metric of a cycle", own, metrics, _counted)
    yield ""
    yield (
        "The same with LUTs times cycles a position, to which frames/s of a full board are inverse. Cycles stand on "
        "both sides here: what they say alone is what a metric has to beat.\n"
    )
    whole = {"cycles": _cycles, **{name: _times_cycles(metric) for name, metric in metrics.items()}}
    yield from _table("metric of a position", own, whole, _times_cycles(_counted))


def _table(head: str, rows: Sequence[Row], metrics: Mapping[str, Metric], counted: Metric) -> Iterator[str]:
    known = [counted(row) for row in rows]
    yield f"| {head} | rank correlation |"
    yield "| --- | --- |"
    for name, metric in metrics.items():
        yield f"| {name} | {spearmanr([metric(row) for row in rows], known).statistic:.3f} |"


def _counted(row: Row) -> float:
    return row.counted.lut


def _times_cycles(metric: Metric) -> Metric:
    return lambda row: metric(row) * _cycles(row)


def _cycles(row: Row) -> float:
    return row.facts["CYCLES"]


def _lanes(facts: Facts) -> int:
    return facts["PE"] * facts["SIMD"]


def _bits(facts: Facts) -> int:
    return facts["X_BITS"] * facts["W_BITS"]


def _tap(facts: Facts) -> float:
    taps = facts["SIMD"] * facts["SYNAPSES"]
    return tap_bits(ELEMENTS[Pe(facts["KIND"])], facts["X_BITS"], facts["W_BITS"], 1, taps)
