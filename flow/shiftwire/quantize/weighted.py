"""Layers with weights: which terms, folded or scaled behind, chosen by the error they measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Op
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import MAX_FRAC, Codes, Values
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.quantize.draft import Draft
from shiftwire.quantize.formats import FINEST_FRAC
from shiftwire.quantize.plans import Plan, plans
from shiftwire.quantize.report import LayerCost, centred_error, relative_error
from shiftwire.quantize.scaling import Made, Step, affine_steps, bias_on, channel_mean, finest_step, is_far_below
from shiftwire.quantize.terms import ScaledTerms

PAYS = 0.85
"""A scale behind a layer must take the error below this share of the folded layer's to be kept."""
IDEAL_SAMPLES = 8
"""Samples on which a layer's own error is measured."""
FINER_BITS = 8
"""How much finer the grid of the templates is that stand for the float ones of an adder layer."""
IDEAL_BITS = 24
"""Bits of the weights that stand for the float ones."""


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """y = scale * (weights . x) + a bias, channel by channel; weights (out, in...) channels last, scale (out,).

    `make` gives the exact op for weights and bias; `is_last` says that the output is the network's.
    """

    name: str
    source: str
    weights: Values
    scale: Values
    make: Callable[[Weights, Bias], Op]
    is_last: bool


@dataclass(frozen=True, eq=False)
class Trial:
    """A plan carried out on the calibration samples."""

    plan: Plan
    steps: tuple[Step, ...]
    error: float


def emit_shift(draft: Draft, layer: FloatLayer) -> None:
    """The best plan's ops, the last under the layer's name."""
    right = draft.truth(layer.name)
    folded, *scaled = [_tried(draft, layer, plan, right) for plan in _plans(draft, layer)]
    best = min([folded, *(replace(trial, error=trial.error / PAYS) for trial in scaled)], key=lambda trial: trial.error)
    draft.emit(best.steps, layer.source, layer.name)
    draft.costs.append(_cost(draft, layer, best, right))


def emit_adder(draft: Draft, layer: FloatLayer) -> None:
    """Templates on the input's own grid, as many bits as they need; what lies outside its range a pass makes a bias.

    Sums of distances lie far below 0. Where a batch norm takes any mean away, a bias does so at once: the sums get
    narrow, and the bias costs nothing in hardware.
    """
    frac = draft.format(layer.source).frac
    lane = Adder(_templates(layer, frac), frac)
    sums = Step.after(layer.make(lane, Bias.none(len(layer.weights))), draft.at(layer.source)).made
    centre = np.zeros(len(layer.weights))
    if draft.follower(layer.name, "BatchNormalization") is not None:
        centre = -channel_mean(sums.values)
    bias = bias_on(centre, frac)
    name = draft.adopt(layer.make(lane, bias), layer.source, layer.name, bias.add(sums.codes, frac))
    draft.graph.known[layer.name] = name
    draft.costs.append(_adder_cost(draft, layer, name, lane))


def _templates(layer: FloatLayer, frac: int) -> Codes:
    codes: Codes = np.rint(np.ldexp(layer.weights, frac)).astype(np.int64)
    return codes


def _adder_cost(draft: Draft, layer: FloatLayer, name: str, lane: Adder) -> LayerCost:
    """Against templates FINER_BITS finer, on the same inputs."""
    frac, made = lane.grid + FINER_BITS, draft.at(name).values
    finer = layer.make(Adder(_templates(layer, frac), frac), Bias.none(len(layer.weights)))
    first = _first(draft, layer)
    held = first.tensor.format
    wide = replace(first.tensor, format=replace(held, bits=held.bits + FINER_BITS, frac=frac))
    ideal = Step.after(finer, Made(wide, first.codes << FINER_BITS)).made
    return LayerCost(
        name=name,
        kind=f"{lane.kind}{'Dense' if layer.weights.ndim == 2 else 'Conv'}",
        format=str(draft.format(name)),
        own_error=centred_error(made[:IDEAL_SAMPLES], ideal.values),
        error=centred_error(made, draft.truth(layer.name)),
        weight_error=_norm_ratio(np.ldexp(lane.codes, -lane.grid) - layer.weights, layer.weights),
    )


def _tried(draft: Draft, layer: FloatLayer, plan: Plan, right: Values) -> Trial:
    given = draft.at(layer.source)
    outputs = len(layer.scale)
    bare = Step.after(layer.make(Shift(plan.weights.terms), Bias.none(outputs)), given)
    sums = bare.made
    if plan.is_folded and is_far_below(sums.tensor.format, finest_step(right, draft.options, layer.is_last)):
        ones = np.ones(outputs)
        steps: tuple[Step, ...] = (bare, *affine_steps(sums, right, ones, draft.options, layer.is_last))
    elif plan.is_folded:
        bias = bias_on(channel_mean(right - sums.values), sums.tensor.format.frac)
        op = layer.make(Shift(plan.weights.terms), bias)
        steps = (Step(op, Made(op.infer(given.tensor), bias.add(sums.codes, sums.tensor.format.frac))),)
    else:
        scale = layer.scale * plan.weights.step
        steps = (bare, *affine_steps(sums, right, scale, draft.options, layer.is_last))
    return Trial(plan, steps, relative_error(steps[-1].made.values, right))


def _cost(draft: Draft, layer: FloatLayer, trial: Trial, right: Values) -> LayerCost:
    terms: ScaledTerms = trial.plan.weights
    wanted = trial.plan.wanted
    ideal = layer.scale * ideal_sums(draft, layer)
    made = trial.steps[-1].made.values[:IDEAL_SAMPLES]
    per_filter = terms.terms.terms_per_filter
    return LayerCost(
        name=draft.graph.known[layer.name],
        kind=trial.steps[0].op.kind,
        format=str(trial.steps[-1].made.tensor.format),
        own_error=centred_error(made, ideal),
        error=relative_error(trial.steps[-1].made.values, right),
        terms_mean=float(per_filter.mean()),
        terms_max=int(per_filter.max()),
        weight_error=_norm_ratio(terms.values - wanted, wanted),
        how=trial.plan.how,
    )


def _plans(draft: Draft, layer: FloatLayer) -> Iterator[Plan]:
    options, outputs = draft.options, len(layer.scale)
    if options.error_budget is None or not options.budget_on_outputs:
        return plans(layer.weights, layer.scale, options, None)
    given = _first(draft, layer)
    ideal = ideal_sums(draft, layer)

    def errors(terms: ScaledTerms) -> Values:
        """Of outputs, whatever a scale or a bias a channel makes good."""
        sums = Step.after(layer.make(Shift(terms.terms), Bias.none(outputs)), given).made.values
        return unexplained(sums, ideal)

    return plans(layer.weights, layer.scale, options, errors)


def unexplained(found: Values, right: Values) -> Values:
    """Share of each channel's spread that no scale and bias of `found` explains, (out,)."""
    x, y = (values.reshape(-1, values.shape[-1]) for values in (found, right))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    power = np.square(x).sum(axis=0) * np.square(y).sum(axis=0)
    alike = np.square((x * y).sum(axis=0)) / np.where(power > 0, power, 1)
    shares: Values = np.sqrt(np.clip(1 - alike, 0, 1)) * (power > 0)
    return shares


def _first(draft: Draft, layer: FloatLayer) -> Made:
    """The layer's input for the first samples."""
    return Made(draft.tensor(layer.source), draft.codes[layer.source][:IDEAL_SAMPLES])


def ideal_sums(draft: Draft, layer: FloatLayer) -> Values:
    """weights . x with the float weights, on the network's own inputs of the first samples."""
    largest = float(np.abs(layer.weights).max())
    grid = min(IDEAL_BITS - int(np.frexp(largest)[1]), MAX_FRAC - FINEST_FRAC)
    weights = Int(np.rint(np.ldexp(layer.weights, grid)).astype(np.int64), grid)
    op = layer.make(weights, Bias.none(len(layer.scale)))
    return Step.after(op, _first(draft, layer)).made.values


def _norm_ratio(part: Values, whole: Values) -> float:
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(part)) / size if size else 0.0
