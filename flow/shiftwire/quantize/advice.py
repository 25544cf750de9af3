"""Which options would lower the cost: the network is quantized anew with each, so that only what helps is advised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import MAX_ACT_BITS, Knob, Options, Ranging
from shiftwire.quantize.report import LayerCost, Trial, Trials

RELEVANT = 0.2
"""Share of the largest layer's cost from which on a layer's options are tried at first."""
STEPS = {
    Knob.EXPONENTS: 4,
    Knob.AFFINE_EXPONENTS: 4,
    Knob.AFFINE_TERMS: 2,
    Knob.INPUT_BITS: 2,
    Knob.TERMS: 1,
    Knob.ACT_BITS: 2,
}
"""By how much each is raised at first, the cheapest in hardware first."""
BOLD = {
    Knob.EXPONENTS: 8,
    Knob.AFFINE_EXPONENTS: 8,
    Knob.AFFINE_TERMS: 4,
    Knob.INPUT_BITS: 6,
    Knob.TERMS: 3,
    Knob.ACT_BITS: 8,
}
"""By how much where a first step of all helps nothing."""
WIDEST = {Knob.INPUT_BITS: MAX_ACT_BITS}
"""What rows in physical units may want."""
ENOUGH = 0.05
"""Relative error of the outputs that is good enough for no bolder options to be tried."""
FINER = 4
"""Bits that a single tensor's format gets."""
SHARES = (99.9, 99.0)
"""Percentiles that are tried."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Options to try, in the words of the command line; `knobs` are those of the costs that they may lower."""

    words: str
    options: Options
    knobs: frozenset[Knob]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What options gave: the outputs' relative error and what each layer costs."""

    error: float
    costs: tuple[LayerCost, ...]


@dataclass(frozen=True)
class Ground:
    """What options are tried on: the ones that the network was quantized with, and what came of them.

    `finer` names the tensor and a finer format of layers that round to one; `attempt` quantizes anew on the samples of
    `before`, and gives None where no project can carry the network.
    """

    options: Options
    costs: tuple[LayerCost, ...]
    finer: Mapping[str, tuple[str, Fixed]]
    before: Trials
    attempt: Callable[[Options], Attempt | None]


def try_options(ground: Ground, progress: Callable[[int, int], None]) -> Trials:
    """The options of the layers that cost most; where none helps enough, all others, bolder ones, and all together."""
    known = list(choices(ground.options, ground.costs, ground.finer))
    likely = [choice for choice in known if choice.knobs & relevant(ground.costs)]
    rest = [choice for choice in known if choice not in likely]
    trials = ground.before
    for some in (likely, [*rest, *bolder(ground.options)]):
        for at, choice in enumerate(some):
            trials = replace(trials, tried=(*trials.tried, _tried(choice, ground.attempt(choice.options))))
            progress(at + 1, len(some))
        if trials.helping and (trials.helping[0].error or 0.0) <= ENOUGH:
            break
    return trials


def _tried(choice: Choice, attempt: Attempt | None) -> Trial:
    if attempt is None:
        return Trial(choice.words, None)
    return Trial(choice.words, attempt.error, {cost.name: cost.own_error for cost in attempt.costs})


def relevant(costs: Sequence[LayerCost]) -> frozenset[Knob]:
    """Knobs of the layers that cost nearly most; a layer with weights may have a scale behind it."""
    most = max(cost.own_error for cost in costs)
    knobs = {cost.knob for cost in costs if cost.own_error >= RELEVANT * most}
    return frozenset(knobs | ({Knob.AFFINE_TERMS} if Knob.TERMS in knobs else set()))


def choices(options: Options, costs: Sequence[LayerCost], finer: Mapping[str, tuple[str, Fixed]]) -> Iterator[Choice]:
    """Every option that can help, a step each, the cheapest in hardware first."""
    yield from _rangings(options)
    yield from _formats(options, costs, finer)
    yield from _methods(options)
    if options.error_budget is not None:
        half = options.error_budget / 2
        yield Choice(f"--error-budget {half:g}", replace(options, error_budget=half), frozenset({Knob.TERMS}))
    if options.method is Method.SMARTEXCHANGE:
        theta = Theta(options.theta.least / 2, options.theta.rows)
        yield Choice(f"--theta {theta.least:g}", replace(options, theta=theta), frozenset({Knob.TERMS}))
    for number in options.method.rule.numbers:
        value = number.finer(options.number(number))
        if number.is_within(value):
            other = replace(options, numbers={**options.numbers, number.name: value})
            yield Choice(f"--{number.name} {value}", other, frozenset({Knob.TERMS}))
    for knob, step in STEPS.items():
        yield from _raised(options, {knob: step})


def bolder(options: Options) -> Iterator[Choice]:
    """Each one raised by more, then all together."""
    yield from chain.from_iterable(_raised(options, {knob: step}) for knob, step in BOLD.items())
    yield from _raised(options, WIDEST)
    yield from _raised(options, STEPS)
    yield from _raised(options, BOLD)


def _raised(options: Options, steps: Mapping[Knob, int]) -> Iterator[Choice]:
    """Those of the knobs that are not at their end and say something beside the method, all at once."""
    now = {knob: int(getattr(options, knob.field)) for knob in steps if _is_used(knob, options.method)}
    then = {knob: min(value + steps[knob], knob.most) for knob, value in now.items()}
    changed = {knob: value for knob, value in then.items() if value > now[knob]}
    if changed:
        words = " ".join(f"{knob.value} {value}" for knob, value in changed.items())
        fields: dict[str, Any] = {knob.field: value for knob, value in changed.items()}
        yield Choice(words, replace(options, **fields), frozenset(_CURES.get(knob, knob) for knob in changed))


_CURES = {Knob.EXPONENTS: Knob.TERMS, Knob.AFFINE_EXPONENTS: Knob.AFFINE_TERMS}
"""The knob that a layer's cost names where another one may lower it too."""


def _is_used(knob: Knob, method: Method) -> bool:
    if knob is Knob.TERMS:
        return method.takes_terms
    return knob is not Knob.EXPONENTS or method not in (Method.APOT, Method.SMARTEXCHANGE)


def _rangings(options: Options) -> Iterator[Choice]:
    """Other ways to choose formats, which cost nothing in hardware."""
    knobs = frozenset({Knob.ACT_BITS, Knob.INPUT_BITS})
    for ranging in (Ranging.MSE, Ranging.MINMAX):
        if ranging is not options.ranging:
            yield Choice(f"--{ranging.value}", replace(options, ranging=ranging), knobs)
    for share in SHARES:
        if options.ranging is not Ranging.PERCENTILE or options.percentile != share:
            other = replace(options, ranging=Ranging.PERCENTILE, percentile=share)
            yield Choice(f"--percentile {share:g}", other, knobs)


def _formats(options: Options, costs: Sequence[LayerCost], finer: Mapping[str, tuple[str, Fixed]]) -> Iterator[Choice]:
    """A finer format of the one tensor whose rounding costs most."""
    rounded = [cost for cost in costs if cost.name in finer]
    if rounded:
        worst = max(rounded, key=lambda cost: cost.own_error)
        tensor, format = finer[worst.name]
        other = replace(options, formats={**options.formats, tensor: format})
        yield Choice(f"--format {tensor}={format}", other, frozenset({worst.knob}))


def _methods(options: Options) -> Iterator[Choice]:
    """The rule that rounds to the nearest sum; it takes as many terms as are asked for."""
    if options.method is Method.LINEAR:
        return
    words = "--method linear" if options.method.takes_terms else f"--method linear --terms {options.terms}"
    yield Choice(words, replace(options, method=Method.LINEAR), frozenset({Knob.TERMS}))
