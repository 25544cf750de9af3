"""Where trials are made: a float model and samples made ready once, a board, and what a candidate comes to there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf, sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.explore.front import Exploration
from shiftwire.explore.sweep import Best
from shiftwire.explore.trials.result import Result
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Values
from shiftwire.onnx.importer import network_from_model
from shiftwire.passes.forms.formed import formed
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.boards import find_board
from shiftwire.project.labels import Labels, Task
from shiftwire.quantize.drafts import Prepared, prepared
from shiftwire.quantize.floats.float_run import FloatModel, Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import exact_outputs
from shiftwire.quantize.report import Answers, answers
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.design import Target
from shiftwire_boards.catalog import Board

ALL = 100.0
"""Percent."""
FIRST_SHARE = 4
"""One of so many samples is scored at first."""
DEVIATIONS = 3.0
"""Standard deviations by which a candidate has to be worse on the first samples to be given up."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a worker needs to make the same ground: files that it sees too, and a board of the catalog."""

    model: Path
    calibrate: Path
    labels: Path | None
    samples: int
    """That calibrate."""
    board: str
    clock_ns: float | None
    for_hls: bool
    dsp: DspUse = DspUse.NONE
    most: int | None = None
    """Samples that are scored, evenly spread; all of them for None."""


@dataclass(frozen=True)
class Ground:
    """A float model of one output, the float network's values of it, and where it is to be built."""

    spec: Spec
    prepared: Prepared
    board: Board
    at: npt.NDArray[np.int64]
    """The samples that are scored."""
    right: Values
    labels: Labels | None

    @classmethod
    def of(cls, spec: Spec) -> Ground:
        """Raises InputError for a model, samples, labels or a board that will not do."""
        board = find_board(spec.board)
        samples = Samples.read(spec.calibrate, spec.labels)
        ready = prepared(spec.model, samples, spec.samples, lambda *_: None)
        if ready.already is not None:
            raise InputError(
                f"{spec.model} is quantized throughout, so there is nothing to try; give the float network, or leave "
                "out --calibrate for the front of its folds"
            )
        head = ready.heads(ready.network(Options(samples=spec.samples)))[0]
        scored = replace(samples, values=ready.values)
        at = scored.spread(spec.most or scored.count)
        values = {name: each[at] for name, each in ready.values.items()}
        (right,) = FloatModel(ready.file.model, [head.truth]).outputs(values, lambda *_: None)
        labels = None if head.labels is None else head.labels.taken(at)
        return cls(spec, ready, board, at, right.astype(np.float64), labels)

    @property
    def clock_ns(self) -> float:
        """The board's own where none is asked for."""
        return self.board.clock_ns if self.spec.clock_ns is None else self.spec.clock_ns

    @cached_property
    def values(self) -> dict[str, npt.NDArray[np.float32]]:
        """Those of the samples that are scored, of each input."""
        return {name: each[self.at] for name, each in self.prepared.values.items()}

    @property
    def measure(self) -> str:
        """What a loss is, in words."""
        if self.labels is not None and self.labels.task is not Task.VALUES:
            return "answers that are wrong, %"
        return "relative error of the outputs, %" if self._is_values else "answers unlike the float network's, %"

    @property
    def _is_values(self) -> bool:
        return self._answers(self.right, slice(None)).task is Task.VALUES

    def exact(self, options: Options) -> Network:
        """The network that `quantize` makes, which reads the samples."""
        return self.prepared.network(options)

    def built(self, exact: Network) -> Network:
        """It as `convert` reads it, in the forms that it has there without a target."""
        network = run_pipeline(network_from_model(self.prepared.exact_file(exact)))
        return formed(network, self.board, self.spec.clock_ns, Target(for_hls=self.spec.for_hls), {}).network

    def exploration(self, network: Network) -> Exploration:
        """Of its folds on the board."""
        return Exploration(network, self.board, self.clock_ns, for_hls=self.spec.for_hls, dsp=self.spec.dsp)

    def front(self, network: Network) -> list[Best]:
        """Of its folds, the fastest first; none where nothing fits."""
        return list(self.exploration(network).sweep({}).front(is_flat=True))

    def fastest(self, network: Network) -> int:
        """Cycles a frame of the fastest folds, whether or not the board has as many LUTs."""
        return min(best.cycles for best in replace(self.exploration(network).sweep({}), lut=inf).front(is_flat=True))

    def least_luts(self, network: Network, cycles: int) -> float:
        """Of folds that are as fast, whether or not the board has as many; infinite where no folds are."""
        return replace(self.exploration(network).sweep({}), lut=inf).least(cycles)

    def tried(self, options: Options, rivals: Sequence[tuple[float, int]] = (), cycles: int = 0) -> Result:
        """What options come to; given up on a part of the samples where a rival beats them (loss, LUT) at `cycles`."""
        try:
            network = self.exact(options)
            front = tuple((best.cycles, best.lut, best.halves) for best in self.front(self.built(network)))
        except InputError as error:
            return Result(inf, 0, (), str(error))
        lut = least_lut(front, cycles)
        better = [loss for loss, other in rivals if other <= lut]
        few = np.arange(len(self.at)) % FIRST_SHARE == 0
        outputs = np.zeros_like(self.right)
        outputs[few] = self._outputs(network, few)
        loss = self.loss(outputs, few)
        if better and not self._is_values and min(better) < loss - self._doubt(loss, int(few.sum())):
            return Result(loss, int(few.sum()), front)
        if not few.all():
            outputs[~few] = self._outputs(network, ~few)
        return Result(self.loss(outputs, slice(None)), len(self.at), front)

    def _outputs(self, network: Network, some: npt.NDArray[np.bool_]) -> Values:
        """Of the first output, (n, ...) in the model's own layout."""
        values = {name: each[some] for name, each in self.values.items()}
        parts = [network.evaluate(batch) for batch in network.batches(network.encode(values))]
        return exact_outputs(network, parts)[0].reshape((-1, *self.right.shape[1:])).astype(np.float64)

    def loss(self, outputs: Values, some: npt.NDArray[np.bool_] | slice) -> float:
        """Percent: of wrong answers, of answers unlike the float network's, or the relative error of values."""
        scores = self._answers(outputs[some], some)
        if scores.accuracy_exact is not None:
            return ALL - scores.accuracy_exact
        return ALL * scores.error.relative_error if scores.agreement is None else ALL - scores.agreement

    def _answers(self, outputs: Values, some: npt.NDArray[np.bool_] | slice) -> Answers:
        labels = None if self.labels is None else Labels(self.labels.task, self.labels.values[some])
        return answers(outputs, self.right[some], labels, ())

    @staticmethod
    def _doubt(loss: float, samples: int) -> float:
        share = min(max(loss / ALL, 1 / samples), 1.0)
        return DEVIATIONS * ALL * sqrt(share * (1 - share) / samples)


def least_lut(front: Sequence[tuple[int, int, int]], cycles: int) -> float:
    """Of a front's points that are as fast."""
    return min((lut for own, lut, _ in front if own <= cycles), default=inf)


@lru_cache(maxsize=2)
def ground_of(spec: Spec) -> Ground:
    """Made once a process."""
    return Ground.of(spec)
