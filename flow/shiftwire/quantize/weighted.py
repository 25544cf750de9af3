"""Layers with weights: which terms, folded or scaled behind, chosen by the error they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import MAX_FRAC, Values
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.project.scores import relative_error
from shiftwire.quantize.decompositions import Decomposition, decompositions
from shiftwire.quantize.formats import FINEST_FRAC
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Knob
from shiftwire.quantize.report import LayerCost, centred_error
from shiftwire.quantize.scaling import (
    MOST_BITS,
    Step,
    TensorCodes,
    affine_steps,
    channel_mean,
    fine_bias,
    finest_step,
    is_far_below,
)
from shiftwire.quantize.terms import ScaledTerms

PAYS = 0.85
"""A scale behind a layer must take the error below this share of the folded layer's to be kept."""
IDEAL_SAMPLES = 8
"""Samples on which a layer's own error is measured."""
IDEAL_BITS = 24
"""Bits of the weights that stand for the float ones."""


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """y = scale * (weights . x) + a bias, channel by channel; weights (out, in...) channels last, scale (out,).

    `make` gives the exact op for weights and bias; `is_last` says that the output is the network's, `most_bits` how
    wide a scale behind the sums may make it.
    """

    name: str
    source: str
    weights: Values
    scale: Values
    make: Callable[[Weights, Bias], Op]
    is_last: bool
    most_bits: int = MOST_BITS


@dataclass(frozen=True, eq=False)
class Trial:
    """A decomposition carried out on the calibration samples."""

    decomposition: Decomposition
    steps: tuple[Step, ...]
    error: float


def emit_shift(draft: NetworkDraft, layer: FloatLayer) -> None:
    """The ops of the best decomposition, the last under the layer's name."""
    right = draft.truth(layer.name)
    folded, *scaled = [_tried(draft, layer, decomposition, right) for decomposition in _decompositions(draft, layer)]
    best = min([folded, *(replace(trial, error=trial.error / PAYS) for trial in scaled)], key=lambda trial: trial.error)
    draft.emit(best.steps, layer.source, layer.name)
    draft.costs.append(_cost(draft, layer, best, right))


def _tried(draft: NetworkDraft, layer: FloatLayer, decomposition: Decomposition, right: Values) -> Trial:
    weights, scale = Shift(decomposition.weights.terms), layer.scale * decomposition.weights.step
    steps = chain(draft, layer, weights, None if decomposition.is_folded else scale, right)
    return Trial(decomposition, steps, relative_error(steps[-1].output.values, right))


def chain(
    draft: NetworkDraft, layer: FloatLayer, weights: Weights, scale: Values | None, right: Values
) -> tuple[Step, ...]:
    """The layer with weights of any scheme, a scale (out,) behind it where there is one."""
    x = draft.at(layer.source)
    outputs = len(layer.scale)
    bare = Step.after(layer.make(weights, Bias.none(outputs)), x)
    sums = bare.output
    finest = finest_step(right, draft.options, layer.is_last)
    if scale is None and not is_far_below(sums.tensor.format, finest):
        frac = sums.tensor.format.frac
        wanted = channel_mean(right - sums.values)
        bias = fine_bias(wanted, frac, finest, lambda bias: layer.make(weights, bias).infer(x.tensor))
        op = layer.make(weights, bias)
        return (Step(op, TensorCodes(op.infer(x.tensor), bias.add(sums.codes, frac))),)
    behind = np.ones(outputs) if scale is None else scale
    return (bare, *affine_steps(sums, right, behind, draft.options, layer.is_last, most_bits=layer.most_bits))


def _cost(draft: NetworkDraft, layer: FloatLayer, trial: Trial, right: Values) -> LayerCost:
    terms: ScaledTerms = trial.decomposition.weights
    wanted = trial.decomposition.wanted
    ideal = layer.scale * ideal_sums(draft, layer)
    actual = trial.steps[-1].output.values[:IDEAL_SAMPLES]
    per_filter = terms.terms.terms_per_filter
    return LayerCost(
        name=draft.graph.known[layer.name],
        kind=trial.steps[0].op.kind,
        format=str(trial.steps[-1].output.tensor.format),
        own_error=centred_error(actual, ideal),
        knob=Knob.TERMS,
        error=relative_error(trial.steps[-1].output.values, right),
        terms_mean=float(per_filter.mean()),
        terms_max=int(per_filter.max()),
        weight_error=norm_ratio(terms.values - wanted, wanted),
        how=trial.decomposition.how,
    )


def _decompositions(draft: NetworkDraft, layer: FloatLayer) -> Iterator[Decomposition]:
    options, outputs = draft.options.of(layer.name), len(layer.scale)
    if options.error_budget is None or not options.budget_on_outputs:
        return decompositions(layer.weights, layer.scale, options, None)
    x = first_of(draft, layer)
    ideal = ideal_sums(draft, layer)

    def errors(terms: ScaledTerms) -> Values:
        """Of outputs, whatever a scale or a bias a channel makes good."""
        sums = Step.after(layer.make(Shift(terms.terms), Bias.none(outputs)), x).output.values
        return unexplained(sums, ideal)

    return decompositions(layer.weights, layer.scale, options, errors)


def unexplained(sums: Values, right: Values) -> Values:
    """Share of each channel's spread in `right` that no scale and bias of `sums` explains, (out,)."""
    x, y = (values.reshape(-1, values.shape[-1]) for values in (sums, right))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    power = np.square(x).sum(axis=0) * np.square(y).sum(axis=0)
    alike = np.square((x * y).sum(axis=0)) / np.where(power > 0, power, 1)
    shares: Values = np.sqrt(np.clip(1 - alike, 0, 1)) * (power > 0)
    return shares


def first_of(draft: NetworkDraft, layer: FloatLayer) -> TensorCodes:
    """The layer's input for the first samples."""
    return TensorCodes(draft.tensor(layer.source), draft.codes[layer.source][:IDEAL_SAMPLES])


def ideal_sums(draft: NetworkDraft, layer: FloatLayer) -> Values:
    """weights . x with the float weights, on the network's own inputs of the first samples."""
    largest = float(np.abs(layer.weights).max())
    grid = min(IDEAL_BITS - int(np.frexp(largest)[1]), MAX_FRAC - FINEST_FRAC)
    weights = Int(np.rint(np.ldexp(layer.weights, grid)).astype(np.int64), grid)
    op = layer.make(weights, Bias.none(len(layer.scale)))
    return Step.after(op, first_of(draft, layer)).output.values


def norm_ratio(part: Values, whole: Values) -> float:
    """Frobenius norms of both, one by the other; 0 where there is nothing."""
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(part)) / size if size else 0.0
