"""What metrics that know no hardware say of units that were counted: rank correlations with their LUTs."""

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


def correlations(rows: Sequence[Row], model: FamilyModel) -> Iterator[str]:
    """Spearman's rank correlation of each metric with the LUTs of units that sum."""
    own = [row for row in rows if "KIND" in row.facts and Pe(row.facts["KIND"]) in ELEMENTS]
    luts = [row.counted.lut for row in own]
    metrics: Mapping[str, Callable[[Row], float]] = {
        "taps a cycle": lambda row: _lanes(row.facts),
        "taps a cycle x bits of both operands": lambda row: _lanes(row.facts) * _bits(row.facts),
        "bit operations a cycle": lambda row: _lanes(row.facts) * _tap(row.facts),
        "this model": lambda row: estimated(model, row.module, row.facts).resources.lut,
    }
    yield f"Spearman's rank correlation with the LUTs of {len(own)} units that sum, of every kind at once:\n"
    yield "| metric | rank correlation |"
    yield "| --- | --- |"
    for name, metric in metrics.items():
        yield f"| {name} | {spearmanr([metric(row) for row in own], luts).statistic:.3f} |"


def _lanes(facts: Facts) -> int:
    return facts["PE"] * facts["SIMD"]


def _bits(facts: Facts) -> int:
    return facts["X_BITS"] * facts["W_BITS"]


def _tap(facts: Facts) -> float:
    taps = facts["SIMD"] * facts["SYNAPSES"]
    return tap_bits(ELEMENTS[Pe(facts["KIND"])], facts["X_BITS"], facts["W_BITS"], 1, taps)
