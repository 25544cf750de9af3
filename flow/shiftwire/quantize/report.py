"""What quantization cost: layer by layer, and in the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.numbers.fixed import Codes, Values
from shiftwire.quantize.options import Knob, Method

CLEAR_MARGIN = 1.0
"""A float margin, in units of the logits, from which on an answer counts as clear."""


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Errors are root mean squares over the calibration samples, relative to the spread of what is right.

    weight_error  of the weights themselves; own_error  what this layer adds, its inputs taken as they are;
    error  against the float network, all layers before it included. None where a layer has none.
    knob  what to raise so that the layer adds less.
    """

    name: str
    kind: str
    format: str
    own_error: float
    knob: Knob
    error: float | None = None
    terms_mean: float | None = None
    terms_max: int | None = None
    weight_error: float | None = None
    how: str = ""

    @property
    def sqnr_db(self) -> float | None:
        """Signal to quantization noise of the layer's output, in decibels."""
        return None if not self.error else float(-20 * np.log10(self.error))


@dataclass(frozen=True, slots=True)
class Answers:
    """Exact against float answers: percentages of samples, logit errors in the logits' own units.

    The clear ones have a float margin between best and second answer of at least CLEAR_MARGIN.
    """

    samples: int
    agreement: float
    clear_samples: int
    clear_agreement: float | None
    held_out_agreement: float | None
    rms_logit_error: float
    relative_logit_error: float
    accuracy_float: float | None = None
    accuracy_exact: float | None = None


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """`calibrated` of the samples chose the formats; all of them were scored. `method` is that of the weights."""

    calibrated: int
    layers: tuple[LayerCost, ...]
    answers: Answers
    method: Method

    @property
    def costliest(self) -> LayerCost:
        """The layer that adds the largest error of its own."""
        return max(self.layers, key=lambda layer: layer.own_error)

    @property
    def advice(self) -> str:
        """What to raise next, or what to take instead."""
        if not self.layers:
            return "the file is quantized throughout; every layer is as it was"
        layer = self.costliest
        cost = f"{layer.kind}, {100 * layer.own_error:.2f} %"
        return f"the largest cost is in '{layer.name}' ({cost}): {layer.knob.turned(self.method)}"


def relative_error(actual: Values, right: Values) -> float:
    """Root mean square of the difference over the standard deviation of what is right (its size, where constant)."""
    spread = float(np.std(right)) or float(np.sqrt(np.mean(np.square(right)))) or 1.0
    return float(np.sqrt(np.mean(np.square(actual - right)))) / spread


def centred_error(actual: Values, right: Values) -> float:
    """Relative error of the spread within each channel (last axis); a constant a channel is the next bias's matter."""
    actual, right = (values.reshape(-1, values.shape[-1]) for values in (actual, right))
    return relative_error(actual - actual.mean(axis=0), right - right.mean(axis=0))


def answers(exact: Values, right: Values, labels: Codes | None, calibrated: Sequence[int]) -> Answers:
    """Compare outputs (N, ...); ties take the lowest index."""
    actual, wanted = (values.reshape(len(values), -1) for values in (exact, right))
    is_same = actual.argmax(axis=1) == wanted.argmax(axis=1)
    is_clear = _margins(wanted) >= CLEAR_MARGIN
    is_held_out = np.ones(len(actual), bool)
    is_held_out[list(calibrated)] = False
    error = float(np.sqrt(np.mean(np.square(actual - wanted))))
    return Answers(
        samples=len(actual),
        agreement=_percent(is_same) or 0.0,
        clear_samples=int(is_clear.sum()),
        clear_agreement=_percent(is_same[is_clear]),
        held_out_agreement=_percent(is_same[is_held_out]),
        rms_logit_error=error,
        relative_logit_error=relative_error(actual, wanted),
        accuracy_float=None if labels is None else _percent(wanted.argmax(axis=1) == labels),
        accuracy_exact=None if labels is None else _percent(actual.argmax(axis=1) == labels),
    )


def _margins(values: Values) -> Values:
    if values.shape[1] < 2:
        return np.full(len(values), np.inf)
    two = np.sort(values, axis=1)[:, -2:]
    margins: Values = two[:, 1] - two[:, 0]
    return margins


def _percent(hits: np.ndarray) -> float | None:  # type: ignore[type-arg]
    return float(100 * np.mean(hits)) if hits.size else None
