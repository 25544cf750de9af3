"""What quantization cost: layer by layer, and in the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.fixed import Values
from shiftwire.project.labels import Labels, Task, task_of
from shiftwire.project.scores import Nearness, Score, answers_of, nearness, relative_error, scored, threshold_of
from shiftwire.quantize.floats.virtual_pooling import Pooled
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Knob
from shiftwire.quantize.terms import Exchange, Spelling

CLEAR_MARGIN = 1.0
"""A float margin, in units of the outputs, from which on an answer counts as clear."""

ALL = 100.0
"""Percent."""
HELPS = 0.1
"""Share of the outputs' error that an option must take away to be advised."""
NEARLY = 0.02
"""Share of the outputs' error by which options may differ and count as equal."""
MENTIONED = 3
"""Options that are named, at most."""
POOR = 0.25
"""Relative error from which on outputs are of little use."""
SMALL = 1e-3
"""Shares below are written by their magnitude."""
TRAIN = "train it with its formats and terms, as shiftwire-train finetune does"


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Errors are root mean squares over the calibration samples, relative to the spread of what is right.

    weight_error  of the weights themselves; own_error  what this layer adds, its inputs taken as they are;
    error  against the float network, all layers before it included. None where a layer has none.
    knob  what is raised so that the layer adds less; layer, method  the tensor that a layer with weights makes, and the
    method that it was to have; left_alone  why that has no part in it.
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
    exchange: Exchange | None = None
    spelling: Spelling | None = None
    left_alone: str | None = None
    layer: str | None = None
    method: Method | None = None

    @property
    def sqnr_db(self) -> float | None:
        """Signal to quantization noise of the layer's output, in decibels."""
        return None if not self.error else float(-20 * np.log10(self.error))


def is_binary(cost: LayerCost) -> bool:
    """Whether a layer's weights were made signs."""
    return cost.method is Method.BINARY and cost.left_alone is None


@dataclass(frozen=True, slots=True)
class Answers:
    """Exact outputs of all samples against the float network's, and both against the labels where there are some.

    Of `total` answers (of samples, of pixels, or of outputs that decide; percentages, none where the task is values)
    the clear ones have a float margin of at least CLEAR_MARGIN to the next answer. What is held out are
    samples that did not calibrate. `distinct` counts answers that differ, the float network's and the exact one's.
    """

    task: Task
    samples: int
    total: int
    error: Nearness
    held_out_error: float | None = None
    agreement: float | None = None
    clear_answers: int = 0
    clear_agreement: float | None = None
    held_out_agreement: float | None = None
    threshold: float = 0.0
    labels_float: Score | None = None
    labels_exact: Score | None = None
    distinct: tuple[int, int] = (0, 0)

    @property
    def never_change(self) -> bool:
        """Whether both networks answer every sample alike, so that agreement says nothing."""
        return self.samples > 1 and self.distinct == (1, 1) and self.agreement == ALL

    @property
    def accuracy_float(self) -> float | None:
        """Percent of the float network's answers that are the labels'."""
        return None if self.labels_float is None else self.labels_float.accuracy

    @property
    def accuracy_exact(self) -> float | None:
        """Percent of the exact network's."""
        return None if self.labels_exact is None else self.labels_exact.accuracy


@dataclass(frozen=True, slots=True)
class Trial:
    """Options with which the network was quantized anew, in the words of the command line.

    `error` is that of its outputs relative to their spread, `costs` the layers' own by name; None and no costs where
    no project could carry the network.
    """

    words: str
    error: float | None
    costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trials:
    """What was tried on `samples`, where the outputs' relative error is `before` as it stands."""

    samples: int
    before: float
    tried: tuple[Trial, ...]

    @property
    def helping(self) -> tuple[Trial, ...]:
        """Those that lower the error by HELPS, the best first; of nearly equal ones the first that was tried."""
        falls = [(trial.error, trial) for trial in self.tried if trial.error is not None]
        good = [(error, trial) for error, trial in falls if error <= (1 - HELPS) * self.before]
        if not good:
            return ()
        least = min(error for error, _ in good)
        best = next(trial for error, trial in good if error <= least + NEARLY * self.before)
        rest = sorted((pair for pair in good if pair[1] is not best), key=lambda pair: pair[0])
        return (best, *(trial for _, trial in rest))


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """`calibrated` of the samples chose the formats; all of them were scored."""

    calibrated: int
    layers: tuple[LayerCost, ...]
    heads: Mapping[str, Answers]
    """Of each output, by its name."""
    trials: Trials | None = None
    wide: tuple[str, ...] = ()
    """Tensors whose codes, as calibration saw them, float32 does not repeat."""
    narrower: tuple[str, ...] = ()
    """Options, beside the bits of activations, that make them narrower."""
    pooled: Pooled | None = None
    """What virtual pooling did, where it was asked for."""

    @property
    def remark(self) -> str | None:
        """What a runtime of float32 makes of the file, where that is not what the network does."""
        if not self.wide:
            return None
        options = ", ".join(("fewer --input-bits or --act-bits", *self.narrower))
        return (
            f"sums such as those of '{self.wide[0]}' reach beyond the 24 bits that float32 repeats, so onnxruntime may "
            f"round them otherwise than the hardware; {options} keep them within"
        )

    @property
    def bits_remark(self) -> str | None:
        """That weights of one bit want training, where there are some, and what they cost as they are."""
        layers = [layer.name for layer in self.layers if is_binary(layer)]
        if not layers:
            return None
        answers = self.answers
        is_told = answers.agreement is not None and not answers.never_change
        share = f", {answers.agreement:.2f} % of the answers are the float network's" if is_told else ""
        named = ", ".join(f"'{name}'" for name in layers)
        return (
            f"the weights of {named} are one bit each, which hardly any network stands without training: "
            f"outputs are {100 * answers.error.relative_error:.2f} % of their spread off{share}; "
            "train it with shiftwire-train, or give layers another method with --layers"
        )

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Of the layers that are factors."""
        return tuple(layer.exchange for layer in self.layers if layer.exchange is not None)

    @property
    def spellings(self) -> tuple[Spelling, ...]:
        """Of the layers that are ternary sums of bases."""
        return tuple(layer.spelling for layer in self.layers if layer.spelling is not None)

    @property
    def answers(self) -> Answers:
        """Those of the first output."""
        return next(iter(self.heads.values()))

    @property
    def costliest(self) -> LayerCost:
        """The layer that adds the largest error of its own."""
        return max(self.layers, key=lambda layer: layer.own_error)

    @property
    def advice(self) -> str:
        """Where the largest cost is, and what lowers it: only what was tried, with what came of it."""
        if not self.layers:
            return "the file is quantized throughout; every layer is as it was"
        layer, trials = self.costliest, self.trials
        cost = f"the largest cost is in '{layer.name}' ({layer.kind}, {_shown(layer.own_error)} of its spread)"
        if trials is None:
            return cost
        if not trials.before:
            return f"{cost}, and none of it reaches the outputs"
        if not trials.helping:
            tried = f"{len(trials.tried)} tried on {trials.samples} samples, at last {trials.tried[-1].words}"
            error = _shown(trials.before)
            return f"{cost}; no option lowers the outputs' error of {error} by a tenth ({tried}), so {TRAIN}"
        best, *others = trials.helping[:MENTIONED]
        own = best.costs.get(layer.name, layer.own_error)
        falls = f", its own cost to {_shown(own)}" if own <= (1 - HELPS) * layer.own_error else ""
        more = "".join(f"; {trial.words} to {_shown(trial.error)}" for trial in others)
        still = f"; that is still far from the float network, so {TRAIN}" if (best.error or 0.0) > POOR else ""
        return (
            f"{cost}; tried on {trials.samples} samples, {best.words} takes the outputs' error from "
            f"{_shown(trials.before)} to {_shown(best.error)}{falls}{more}{still}"
        )


def _shown(share: float | None) -> str:
    """A share of the spread in percent, two figures at least."""
    return "nothing" if not share else f"{100 * share:.2f} %" if share >= SMALL else f"{100 * share:.1e} %"


def centred_error(actual: Values, right: Values) -> float:
    """Relative error of the spread within each channel (last axis); a constant a channel is the next bias's matter."""
    actual, right = (values.reshape(-1, values.shape[-1]) for values in (actual, right))
    return relative_error(actual - actual.mean(axis=0), right - right.mean(axis=0))


def answers(exact: Values, right: Values, labels: Labels | None, calibrated: Sequence[int]) -> Answers:
    """Compare outputs (N, C, ...) in the model's own layout; labels tell the task, else the outputs' shape does."""
    task = task_of(right.shape[1:]) if labels is None else labels.task
    is_held_out = np.ones(len(right), bool)
    is_held_out[list(calibrated)] = False
    rest = relative_error(exact[is_held_out], right[is_held_out]) if is_held_out.any() else None
    scores = (None, None) if labels is None else (scored(right, labels), scored(exact, labels))
    figures = nearness(exact, right), rest
    if task is Task.VALUES:
        return Answers(task, len(right), right.size, *figures, labels_float=scores[0], labels_exact=scores[1])
    threshold = threshold_of(right)
    both = [answers_of(task, outputs, threshold) for outputs in (right, exact)]
    is_same = both[0] == both[1]
    is_clear = _margins(task, right, threshold) >= CLEAR_MARGIN
    return Answers(
        task,
        len(right),
        is_same.size,
        *figures,
        _percent(is_same),
        int(is_clear.sum()),
        _percent(is_same[is_clear]),
        _percent(is_same[is_held_out]),
        threshold,
        scores[0],
        scores[1],
        (_distinct(both[0]), _distinct(both[1])),
    )


def _distinct(answers: Values) -> int:
    """Answers (N, ...) to samples that differ."""
    return len(np.unique(answers.reshape(len(answers), -1), axis=0))


def _margins(task: Task, outputs: Values, threshold: float) -> Values:
    """How far every answer is from the next, shaped as the answers are."""
    if task is Task.DECISIONS:
        return np.asarray(np.abs(outputs - threshold))
    rows = np.moveaxis(outputs, 1, -1) if task is Task.PIXELS else outputs.reshape(len(outputs), -1)
    two = np.sort(rows, axis=-1)[..., -2:]
    margins: Values = two[..., 1] - two[..., 0]
    return margins


def _percent(hits: npt.NDArray[np.bool_]) -> float | None:
    return float(100 * np.mean(hits)) if hits.size else None
