"""What a run reports of an engine whose seconds are known: its speed over all processes, and every layer once."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
import pytest

from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.verify.comparison import compared
from test_tiny import tiny


class Timed(Engine):
    """The specification, `seconds` a run of a chunk; what it was asked for is in `runs`."""

    name = EngineName.CSIM
    chunk: ClassVar[int] = 4
    layers_chunk: ClassVar[int] = 2

    def __init__(self, workers: int, seconds: float, wrong: int = 0) -> None:
        self.wanted, self.seconds, self.wrong = workers, seconds, wrong
        self.runs: list[tuple[int, bool]] = []
        self.is_ready = False

    @property
    def network(self) -> Network:
        return tiny()

    @property
    def workers(self) -> int:
        return self.wanted

    @contextmanager
    def ready(self) -> Iterator[None]:
        self.is_ready = True
        yield
        self.is_ready = False

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        assert self.is_ready
        self.runs.append((len(codes), all_layers))
        layers = self.network.evaluate_layers(codes)
        layers[self.network.output_name] = layers[self.network.output_name] + self.wrong
        return Outcome(layers, self.seconds)


class Fast(Timed):
    has_fast_outputs = True


def inputs(count: int) -> Codes:
    return np.random.default_rng(0).integers(-8, 8, (count, 2))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_rate_is_that_of_all_processes(workers: int) -> None:
    """10 samples in runs of 2 and 2 with all layers, then of 4 and 2 without: 4 runs of half a second each."""
    engine = Timed(workers, 0.5)
    found = compared(engine, inputs(10), checked=4)
    assert sorted(engine.runs) == [(2, False), (2, True), (2, True), (4, False)]
    assert found.samples_per_second == pytest.approx(workers * 10 / 2.0)
    assert (found.samples, found.checked, found.different) == (10, 4, 0)
    assert found.compared == 4 * 2  # one code in each of two layers
    assert np.array_equal(found.output, tiny().evaluate(inputs(10)))


@pytest.mark.parametrize("workers", [1, 2])
def test_runs_for_layers_alone_are_not_timed(workers: int) -> None:
    """Outputs of all 10 samples come in 3 fast runs; the 2 runs that show layers do not slow the engine down."""
    engine = Fast(workers, 0.25)
    found = compared(engine, inputs(10), checked=4)
    assert sorted(engine.runs) == [(2, False), (2, True), (2, True), (4, False), (4, False)]
    assert found.samples_per_second == pytest.approx(workers * 10 / 0.75)
    assert np.array_equal(found.output, tiny().evaluate(inputs(10)))


def test_a_wrong_engine_is_seen_beside_the_specification_and_beside_another() -> None:
    found = compared(Timed(1, 0.1, wrong=1), inputs(6))
    assert (found.checked, found.different) == (6, 6)
    assert (found.engine, found.against) == (EngineName.CSIM, EngineName.REFERENCE)
    assert found.first_difference is not None and found.first_difference.layer == "y"
    again = compared(Timed(1, 0.1, wrong=1), inputs(6), Timed(1, 9.0, wrong=1))
    assert again.different == 0 and again.samples_per_second == pytest.approx(6 / 0.3)


def test_progress_reaches_the_end() -> None:
    seen: list[tuple[int, int]] = []
    compared(Fast(2, 0.1), inputs(10), checked=4, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10) and seen == sorted(seen)


class Watched(Fast):
    """Counts the runs whose layers are still in memory."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, 0.1)
        self.alive: list[weakref.ref[Codes]] = []

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        outcome = super().run(codes, all_layers=all_layers)
        self.alive += [weakref.ref(outcome.layers["fc"])]
        return outcome


@pytest.mark.parametrize("workers", [1, 2])
def test_layers_go_when_they_are_compared(workers: int) -> None:
    engine, counts = Watched(workers), []

    def count(done: int, total: int) -> None:
        counts.append(sum(each() is not None for each in engine.alive))

    found = compared(engine, inputs(200).astype(np.int8), progress=count)
    assert len(counts) == 150 and max(counts) <= workers
    assert found.output.dtype == np.uint8 and np.array_equal(found.output, tiny().evaluate(inputs(200)))


def test_the_first_difference_is_counted_over_all_runs() -> None:
    """Samples 5 and 7 are wrong, in runs of two."""

    class Late(Timed):
        def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
            outcome = super().run(codes, all_layers=all_layers)
            is_wrong = (codes == inputs(10)[[5]]).all(axis=1) | (codes == inputs(10)[[7]]).all(axis=1)
            outcome.layers["y"][is_wrong] += 1000
            return outcome

    found = compared(Late(2, 0.1), inputs(10))
    assert found.first_difference is not None and found.first_difference.sample == 5
    assert found.different == 2 and found.output[5, 0] == tiny().evaluate(inputs(10))[5, 0] + 1000


class WrongInLongRuns(Fast):
    """Right as long as every layer is asked for."""

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        outcome = super().run(codes, all_layers=all_layers)
        if not all_layers:
            outcome.layers[self.network.output_name][-1] += 1
        return outcome


def test_outputs_of_long_runs_are_compared_too() -> None:
    """Of the samples whose layers are, whichever run they come from."""
    report = compared(WrongInLongRuns(2, 1.0), inputs(10), checked=6)
    assert report.different == tiny().output.size  # sample 3; sample 7 is not compared
    assert report.first_difference is not None
    assert report.first_difference.sample == 3
    assert compared(Fast(2, 1.0), inputs(10), checked=6).different == 0
