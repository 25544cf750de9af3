"""Each choice alone, beside the dearest of all other axes: what it costs in outputs and saves in LUTs.

Choices that another one of their axis beats in both are dropped, and what is left is given up in an order that loses
the least first: candidates on that way are the first trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.explore.trials.ground import Ground
from shiftwire.explore.trials.space import Axis, Candidate, Kind, Space
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.scores import relative_error
from shiftwire.quantize.drafts import TRIAL_NUMBERS, TRIAL_SAMPLES, Attempted, attempted
from shiftwire.quantize.floats.float_run import Calibration
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import exact_outputs
from shiftwire.tools.process import Progress

SCHEMES = (
    "lightnn:terms=1:exponents=2",
    "lightnn:terms=1:exponents=4",
    "lightnn:terms=1:exponents=8",
    "lightnn:terms=2:exponents=4",
    "lightnn:terms=2:exponents=8",
    "linear:terms=3:exponents=8",
    "apot",
    "smartexchange",
    "circulant:terms=1:block=4",
    "escalate",
)
"""Of a layer with weights."""
BITS = ("3", "4", "5", "6", "8")
"""Of a tensor between layers."""
INPUT_BITS = ("4", "6", "8", "10")
BASE = Options(method=Method.LINEAR, terms=3)


@dataclass(frozen=True, slots=True)
class Tried:
    """A choice of an axis, all others the dearest: relative error of the outputs and LUTs of layers."""

    error: float
    lut: float


def whole_space(ground: Ground) -> Space:
    """Every layer, tensor and input with all choices; raises InputError where there is nothing to choose."""
    base = replace(BASE, samples=ground.spec.samples)
    there = attempted(few(ground), base)
    layers = [cost.layer for cost in there.costs if cost.layer is not None and cost.method is not None]
    inputs = set(ground.prepared.graph.inputs)
    axes = [Axis(Kind.WEIGHTS, name, SCHEMES) for name in layers]
    axes += [Axis(Kind.BITS, name, BITS) for name in there.tensors if name not in inputs]
    axes += [Axis(Kind.INPUT_BITS, "", INPUT_BITS)] if inputs & set(there.tensors) else []
    if not axes:
        raise InputError(f"{ground.spec.model} has no layer and no tensor that quantize chooses anything for")
    return Space(tuple(axes), base)


def few(ground: Ground) -> Calibration:
    """Samples on which single choices are tried."""
    return ground.prepared.calibration.thinned(TRIAL_NUMBERS, TRIAL_SAMPLES)


@dataclass(frozen=True)
class Sensitivity:
    """How choices are tried one by one, at so many cycles a frame."""

    ground: Ground
    calibration: Calibration
    cycles: int

    def of(self, space: Space, report: Progress) -> dict[str, dict[str, Tried]]:
        """By axis and choice; those that do nothing, or that no project carries, are left out."""
        done, total = 0, sum(len(axis.choices) for axis in space.axes)
        of_each: dict[str, dict[str, Tried]] = {}
        for axis in space.axes:
            own = of_each.setdefault(axis.name, {})
            for place, choice in enumerate(axis.choices):
                tried = self._tried(space, axis, place)
                own |= {} if tried is None else {choice: tried}
                done += 1
                report(done, total)
        return of_each

    def _tried(self, space: Space, axis: Axis, place: int) -> Tried | None:
        try:
            there = attempted(self.calibration, axis.applied(space.base, place))
            network = run_pipeline(there.network)
        except InputError:
            return None
        if any(cost.left_alone is not None and cost.layer == axis.subject for cost in there.costs):
            return None
        return Tried(self._error(there), self.ground.least_luts(network, self.cycles))

    def _error(self, there: Attempted) -> float:
        ready, network = self.ground.prepared, there.network
        at = self.calibration.chosen
        codes = network.encode({name: each[at] for name, each in ready.values.items()})
        outputs = exact_outputs(network, [network.evaluate(codes)])[0]
        right = self.calibration.floats[ready.heads(network)[0].truth]
        return relative_error(outputs.reshape(right.shape), right.astype(np.float64))


def worth_trying(space: Space, tried: Mapping[str, Mapping[str, Tried]]) -> Space:
    """Choices that no other one of their axis beats, the cheapest first, the most exact last."""
    return space.narrowed({axis.name: _unbeaten(tried[axis.name]) or axis.choices[-1:] for axis in space.axes})


def _unbeaten(tried: Mapping[str, Tried]) -> tuple[str, ...]:
    order = sorted(tried, key=lambda choice: (tried[choice].lut, tried[choice].error))
    kept: list[str] = []
    for choice in order:
        if not kept or tried[choice].error < tried[kept[-1]].error:
            kept.append(choice)
    return tuple(kept)


def way_down(space: Space, tried: Mapping[str, Mapping[str, Tried]]) -> list[Candidate]:
    """From the most exact candidate on, each with one choice that is cheaper: the one that loses least for its LUTs."""
    candidate = dict(space.most)
    way: list[Candidate] = [dict(candidate)]
    while moves := [axis for axis in space.axes if candidate[axis.name]]:
        axis = min(moves, key=lambda axis: _price(axis, candidate[axis.name], tried[axis.name]))
        candidate[axis.name] -= 1
        way.append(dict(candidate))
    return way


def _price(axis: Axis, place: int, tried: Mapping[str, Tried]) -> float:
    """Of the next cheaper choice: squares of errors add up."""
    now, then = (tried[axis.choices[at]] for at in (place, place - 1))
    return (then.error**2 - now.error**2) / max(now.lut - then.lut, 1e-9)


def spread(way: Sequence[Candidate], count: int) -> list[Candidate]:
    """So many of them, both ends among them."""
    places = {round(at * (len(way) - 1) / max(count - 1, 1)) for at in range(count)}
    return [way[place] for place in sorted(places)]
