"""Run two engines on the same codes and compare them, layer by layer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.tools.process import Progress
from shiftwire.verify.reference import Reference
from shiftwire.verify.tally import Difference, LayerComparison, Tally


@dataclass(frozen=True)
class Comparison:
    """What a run of `engine` showed beside `against`.

    Every layer that both tell was compared in the first `checked` of `samples`; `output` holds the engine's codes
    (samples, *shape). `samples_per_second` is of the engine alone, over all its processes.
    """

    engine: EngineName
    against: EngineName
    samples: int
    seconds_build: float
    samples_per_second: float
    checked: int
    layers: list[LayerComparison]
    first_difference: Difference | None
    output: Codes

    @property
    def different(self) -> int:
        """Codes that differ, over all layers."""
        return sum(layer.different for layer in self.layers)

    @property
    def compared(self) -> int:
        """Codes that were compared, over all layers."""
        return sum(layer.compared for layer in self.layers)

    @property
    def vacuous(self) -> list[str]:
        """Layers in which no output was alive, so that their agreement proves nothing."""
        return [layer.name for layer in self.layers if not layer.live]


def compared(
    engine: Engine,
    codes: Codes,
    against: Engine | None = None,
    *,
    checked: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Comparison:
    """Run all input codes (N, *shape); compare every layer of the first `checked`, of all by default.

    Beside the specification unless `against` names another engine of the same network. Raises what the engines raise.
    """
    other = against or Reference(engine.network)
    jobs = _jobs(engine, codes, len(codes) if checked is None else min(checked, len(codes)))
    tally, outputs = Tally(engine.network), []
    seconds, timed, done, work = 0.0, 0, 0, sum(len(job.codes) for job in jobs)
    start = time.perf_counter()
    with engine.ready(), other.ready(), _worker_pool(engine.workers) as pool:
        seconds_build = time.perf_counter() - start
        results = [pool.submit(_done, job, engine, other) for job in jobs]
        for job in jobs:
            outcome, wanted = results.pop(0).result()
            if wanted is not None:
                tally.add(job.codes, wanted.layers, outcome.layers)
            if job.gives_output:
                outputs.append(outcome.layers[engine.network.output_name])
                seconds, timed = seconds + outcome.seconds, timed + len(job.codes)
            done += len(job.codes)
            progress(done * len(codes) // work, len(codes))
    rate = timed * engine.workers / max(seconds, 1e-9)
    counts = (tally.samples, tally.layers(), tally.first, np.concatenate(outputs))
    return Comparison(engine.name, other.name, len(codes), seconds_build, rate, *counts)


def all_pairs(
    engines: Sequence[Engine], codes: Codes, progress: Progress = lambda done, total: None
) -> list[Comparison]:
    """Run each engine once on all input codes (N, *shape), with every layer that it tells, and compare any two.

    The pairs come in the order of the engines; raises what the engines raise.
    """
    runs = [_whole(engine, codes, at, len(engines), progress) for at, engine in enumerate(engines)]
    return [_between(right, left, codes) for at, left in enumerate(runs) for right in runs[at + 1 :]]


@dataclass(frozen=True, eq=False)
class _Whole:
    """All that an engine gave."""

    engine: Engine
    layers: Mapping[str, Codes]
    seconds_build: float
    samples_per_second: float


def _whole(engine: Engine, codes: Codes, at: int, engines: int, progress: Progress) -> _Whole:
    start = time.perf_counter()
    with engine.ready(), _worker_pool(engine.workers) as pool:
        seconds_build = time.perf_counter() - start
        parts = list(_slices(codes, engine.layers_chunk))
        results = [pool.submit(engine.run, part, all_layers=True) for part in parts]
        outcomes = []
        for part in parts:
            outcomes.append(results.pop(0).result())
            progress(at * len(codes) + len(outcomes) * len(part), engines * len(codes))
    layers = {name: np.concatenate([outcome.layers[name] for outcome in outcomes]) for name in outcomes[0].layers}
    seconds = sum(outcome.seconds for outcome in outcomes)
    return _Whole(engine, layers, seconds_build, len(codes) * engine.workers / max(seconds, 1e-9))


def _between(right: _Whole, left: _Whole, codes: Codes) -> Comparison:
    """The engine `right` beside `left`."""
    network, tally = right.engine.network, Tally(right.engine.network)
    tally.add(codes, left.layers, right.layers)
    return Comparison(
        right.engine.name,
        left.engine.name,
        len(codes),
        right.seconds_build,
        right.samples_per_second,
        tally.samples,
        tally.layers(),
        tally.first,
        right.layers[network.output_name],
    )


@dataclass(frozen=True, eq=False)
class _Job:
    """Samples of one run: their layers are compared, their outputs kept, or both."""

    codes: Codes
    is_compared: bool
    gives_output: bool


def _jobs(engine: Engine, codes: Codes, checked: int) -> list[_Job]:
    """Outputs of all samples first where they come faster alone, then every layer of the first ones."""
    is_fast = engine.has_fast_outputs
    outputs = [_Job(part, False, True) for part in _slices(codes if is_fast else codes[checked:], engine.chunk)]
    layers = [_Job(part, True, not is_fast) for part in _slices(codes[:checked], engine.layers_chunk)]
    return outputs + layers if is_fast else layers + outputs


def _slices(codes: Codes, size: int) -> Iterator[Codes]:
    return (codes[at : at + size] for at in range(0, len(codes), size))


def _done(job: _Job, engine: Engine, other: Engine) -> tuple[Outcome, Outcome | None]:
    outcome = engine.run(job.codes, all_layers=job.is_compared)
    return outcome, other.run(job.codes, all_layers=True) if job.is_compared else None


@contextmanager
def _worker_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that drop what has not begun when the body fails or is interrupted."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
