"""Run two engines on the same codes and compare them, layer by layer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, NarrowCodes
from shiftwire.project.engine import Engine, EngineName
from shiftwire.tools.process import Progress
from shiftwire.verify.reference import Reference
from shiftwire.verify.tally import Difference, LayerComparison, Tally
from shiftwire.verify.workers import results

MOST_CODES = 1 << 22
"""Of one job: 32 MiB as int64, of which each engine has its own."""


@dataclass(frozen=True)
class Comparison:
    """What a run of `engine` showed beside `against`.

    Every layer that both tell was compared in the first `checked` of `samples`, and their output in the runs of all
    samples too; `output` holds the engine's codes
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
    output: NarrowCodes

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
    codes: NarrowCodes,
    against: Engine | None = None,
    *,
    checked: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Comparison:
    """Run all input codes (N, *shape); compare every layer of the first `checked`, of all by default.

    Beside the specification unless `against` names another engine of the same network. Raises what the engines raise.
    """
    other = against or Reference(engine.network)
    network, count = engine.network, len(codes)
    jobs = list(_jobs(engine, count, count if checked is None else min(checked, count)))
    tally, output = Tally(network), _space(network, count)
    seconds, timed, done, work = 0.0, 0, 0, sum(job.samples for job in jobs)
    start = time.perf_counter()
    with engine.ready(), other.ready():
        seconds_build = time.perf_counter() - start
        with closing(results(jobs, lambda job: _done(job, codes, engine, other), engine.workers)) as finished:
            for job, part in zip(jobs, finished, strict=True):
                if part.tally is not None:
                    if part.expected is not None:
                        some = slice(job.start, job.stop)
                        part.tally.recheck(codes[some].astype(np.int64), part.expected, output[some].astype(np.int64))
                    tally.join(part.tally)
                if part.output is not None:
                    if not network.output.format.holds(part.output):  # a wrong engine's
                        output = output.astype(np.int64)
                    output[job.start : job.stop] = part.output
                    seconds, timed = seconds + part.seconds, timed + job.samples
                done += job.samples
                progress(done * count // work, count)
    rate = timed * engine.workers / max(seconds, 1e-9)
    counts = (tally.samples, tally.layers(), tally.first, output)
    return Comparison(engine.name, other.name, count, seconds_build, rate, *counts)


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
    with engine.ready():
        seconds_build, outcomes = time.perf_counter() - start, []
        parts = [codes[at : at + engine.layers_chunk] for at in range(0, len(codes), engine.layers_chunk)]
        with closing(results(parts, lambda part: engine.run(part, all_layers=True), engine.workers)) as finished:
            for part, outcome in zip(parts, finished, strict=True):
                outcomes.append(outcome)
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


@dataclass(frozen=True)
class _Job:
    """Samples of one run: their layers are compared, their outputs kept, or both."""

    start: int
    stop: int
    is_compared: bool
    gives_output: bool

    @property
    def samples(self) -> int:
        return self.stop - self.start


def _jobs(engine: Engine, samples: int, checked: int) -> Iterator[_Job]:
    """Outputs of all samples first where they come faster alone, then every layer of the first ones."""
    is_fast, network = engine.has_fast_outputs, engine.network
    of_a_sample = sum(tensor.size for tensor in network.tensors.values())
    layers = list(_slices(0, checked, _fitting(engine.layers_chunk, of_a_sample)))
    chunk = _fitting(engine.chunk, network.input.size + network.output.size)
    outputs = list(_slices(0 if is_fast else checked, samples, chunk))
    if is_fast:
        yield from (_Job(*some, is_compared=False, gives_output=True) for some in outputs)
    yield from (_Job(*some, is_compared=True, gives_output=not is_fast) for some in layers)
    if not is_fast:
        yield from (_Job(*some, is_compared=False, gives_output=True) for some in outputs)


def _fitting(chunk: int, of_a_sample: int) -> int:
    """So many samples, or as MOST_CODES allow a power of two, which fills vectors of images."""
    allowed = max(MOST_CODES // of_a_sample, 1)
    return min(chunk, 1 << (allowed.bit_length() - 1))


def _slices(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    return ((at, min(at + size, stop)) for at in range(start, stop, size))


def _space(network: Network, samples: int) -> NarrowCodes:
    """For the output codes of so many samples."""
    return np.empty((samples, *network.output.shape), network.output.format.dtype)


@dataclass(frozen=True, eq=False)
class _Done:
    """What is kept of a job; its layers are not."""

    tally: Tally | None
    output: Codes | None
    seconds: float
    expected: Codes | None = None
    """The output of samples whose own one came before, in a run of many more."""


def _done(job: _Job, codes: NarrowCodes, engine: Engine, other: Engine) -> _Done:
    some = codes[job.start : job.stop].astype(np.int64)
    outcome, tally, network = engine.run(some, all_layers=job.is_compared), None, engine.network
    expected = None
    if job.is_compared:
        tally, right = Tally(network), other.run(some, all_layers=True).layers
        tally.add(some, right, outcome.layers)
        expected = None if job.gives_output else right[network.output_name]
    output = outcome.layers[network.output_name] if job.gives_output else None
    return _Done(tally, output, outcome.seconds, expected)
