"""C-simulation on native integers: whole test sets in seconds, and FIFOs of the emitted depth."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from shiftwire.errors import CheckFailedError
from shiftwire.ir.network import Network
from shiftwire.native.program import STATED, Program, bounded_program, native_program, simulate
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.project.project import Project

CHECKED = 64
"""Samples of which every layer is compared, unless more are asked for."""


@dataclass(frozen=True)
class OfHeaders(Engine):
    """The units' own headers between FIFOs, compiled for the host.

    `run` leaves in `cycles` how many each unit took for a frame, where the program counts them.
    """

    project: Project
    latency: int = STATED
    """Of every unit, in cycles, where the program counts them."""
    cycles: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def network(self) -> Network:
        return self.project.design.network

    @cached_property
    @abstractmethod
    def program(self) -> Program:
        """The executable, built when it is first asked for."""

    @contextmanager
    def ready(self) -> Iterator[None]:
        _ = self.program
        yield

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        start = time.perf_counter()
        layers = simulated_layers(
            self.program, self.network, codes, all_layers=all_layers, cycles=self.cycles, latency=self.latency
        )
        return Outcome(layers, time.perf_counter() - start)


@dataclass(frozen=True)
class Native(OfHeaders):
    """On vectors of many images, folded for the host: codes depend on no fold."""

    name = EngineName.NATIVE
    chunk = 512
    layers_chunk = 40  # more than two vectors of images, so that frames follow each other
    has_fast_outputs = True

    @property
    def workers(self) -> int:
        return os.cpu_count() or 1

    @cached_property
    def program(self) -> Program:
        return native_program(self.network, self.project.reports_dir)


@dataclass(frozen=True)
class Bounded(OfHeaders):
    """On FIFOs of the emitted depth; a deadlock or a wrong iteration count is a CheckFailedError."""

    name = EngineName.BOUNDED

    @cached_property
    def program(self) -> Program:
        return bounded_program(self.project.design.pipeline, self.project.reports_dir)


def simulated_layers(
    program: Program,
    network: Network,
    codes: Codes,
    *,
    all_layers: bool = True,
    cycles: dict[str, int] | None = None,
    latency: int = STATED,
) -> Mapping[str, Codes]:
    """Codes (N, *shape) of the output and, with `all_layers`, of every layer that has hardware.

    `cycles` takes those that each unit counted for a frame.
    """
    outcome = simulate(program, codes, all_layers, latency)
    _check_iterations(program, outcome.cycles, len(codes))
    if cycles is not None:
        cycles.update({name: counted // program.batches(len(codes)) for name, counted in outcome.cycles.items()})
    layers = {
        instance.name: outcome.codes[instance.name].reshape(len(codes), *network.tensors[instance.name].shape)
        for instance in program.pipeline.instances
        if instance.is_last and instance.name in outcome.codes
    }
    return layers | {network.output_name: outcome.codes[program.pipeline.output].reshape(-1, *network.output.shape)}


def _check_iterations(program: Program, counted: Mapping[str, int], samples: int) -> None:
    """The loop iterations that a counting program saw, against those of the loop nests."""
    if not program.counts_cycles:
        return
    for instance in program.pipeline.instances:
        predicted = instance.unit.iterations * program.batches(samples)
        if counted[instance.name] != predicted:
            raise CheckFailedError(
                f"unit '{instance.name}' took {counted[instance.name]} cycles where {predicted} were predicted; "
                "its header and its loop nest disagree"
            )
