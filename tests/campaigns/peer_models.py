"""What others predict LUTs by, fitted to the same rows and held out the same way: polynomials, and FINN's formula."""

from __future__ import annotations

from math import ceil

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from shiftwire.costs.facts import Facts
from shiftwire.explore.characterise.fitting import PARTS, SMALL, Fitted, Reals, held_out, solved

DEGREES = (1, 2, 3)
MOST_FACTS = 10
"""Of those that vary most often: all pairs and triples of more are more than there are rows."""


def polynomial_errors(fitted: Fitted) -> str:
    """QUIDAM's way: a polynomial of the parameters, its degree by cross-validation; median and 95th percentile."""
    rows = fitted.rows
    if len(rows) < 2 * MOST_FACTS:
        return "-"
    names = sorted({name for row in rows for name in row.facts})
    table = np.array([[row.facts.get(name, 0) for name in names] for row in rows], float)
    varied = np.argsort([-len(np.unique(column)) for column in table.T])[:MOST_FACTS]
    features = np.log2(1 + np.abs(table[:, varied]))
    target = np.log2(np.maximum(fitted.counted, SMALL))
    groups = np.array([row.layer for row in rows])
    model = make_pipeline(PolynomialFeatures(), StandardScaler(), RidgeCV(np.logspace(-3, 3, 7)))
    predicted, degrees = np.zeros(len(rows)), []
    for train, test in held_out(rows):
        folds = GroupKFold(min(PARTS, len(set(groups[train]))))
        search = GridSearchCV(model, {"polynomialfeatures__degree": DEGREES}, cv=folds)
        search.fit(features[train], target[train], groups=groups[train])
        predicted[test] = 2 ** np.clip(search.predict(features[test]), 0, 20)
        degrees.append(search.best_params_["polynomialfeatures__degree"])
    return f"{_told(predicted, fitted)}, {max(set(degrees), key=degrees.count)}"


def finn_errors(fitted: Fitted) -> str:
    """FINN's terms with coefficients fitted to our rows: 300 + 1.1 P (Q m + trees + accumulator) as it is published."""
    if "KIND" not in fitted.rows[0].facts:
        return "-"
    table = np.array([_finn_terms(row.facts) for row in fitted.rows])
    predicted = np.zeros(len(fitted.rows))
    for train, test in held_out(fitted.rows):
        predicted[test] = table[test] @ solved(table[train], fitted.counted[train], fitted.counted[train])
    return _told(predicted, fitted)


def _finn_terms(facts: Facts) -> tuple[float, float, float, float]:
    pe, simd = facts["PE"], facts["SIMD"]
    bits = facts["X_BITS"] + facts["W_BITS"]
    products = simd * (2 * ceil(bits / 6) - 1) * bits
    return 1.0, pe * products, pe * bits * (2 * simd - 1), pe * facts["RAW_BITS"]


def _told(predicted: Reals, fitted: Fitted) -> str:
    errors = np.abs(predicted - fitted.counted) / np.maximum(fitted.counted, SMALL)
    return f"{100 * np.median(errors):.1f} %, {100 * np.percentile(errors, 95):.1f} %"
