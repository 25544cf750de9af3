"""C-simulation on native lane types: whole test sets in seconds, and FIFOs of the emitted depth."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

import numpy as np

from shiftwire.errors import CheckFailedError
from shiftwire.hls.native import Program, bounded_program, native_program, simulate
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import Project
from shiftwire.tools.progress import Progress
from shiftwire.verify.comparison import Tally
from shiftwire.verify.csim import CsimReport, worker_pool

CHUNK = 256
"""Samples a process simulates before it reports."""

LAYERS_CHUNK = 32
"""The same where every layer's codes come back."""

CHECKED = 64
"""Samples of which every layer is compared, unless more are asked for."""


def native_csim(
    project: Project, codes: Codes, checked: int = CHECKED, progress: Progress = lambda done, total: None
) -> CsimReport:
    """Simulate all input codes (N, *shape) on lanes; compare every layer of the first `checked` samples.

    The simulation folds the network for the host: codes depend on no fold, and the program on no weights.
    """
    network = project.design.network
    start = time.perf_counter()
    program = native_program(network, project.reports_dir)
    seconds_compile = time.perf_counter() - start
    tally = Tally(network)
    checked = min(checked, len(codes))
    share = len(codes) / (len(codes) + checked)
    rate, output = _outputs(program, network, codes, lambda done: progress(int(done * share), len(codes)))
    for at in range(0, checked, LAYERS_CHUNK):
        part = codes[at : min(at + LAYERS_CHUNK, checked)]
        tally.add(network.evaluate_layers(part), layers(program, network, part))
        progress(int((len(codes) + tally.samples) * share), len(codes))
    return CsimReport("native", len(codes), seconds_compile, rate, tally.samples, tally.layers(), tally.first, output)


def bounded_csim(project: Project, codes: Codes, progress: Progress = lambda done, total: None) -> CsimReport:
    """Simulate on FIFOs of the emitted depth; raises CheckFailedError for a deadlock or a wrong cycle count."""
    design = project.design
    start = time.perf_counter()
    program = bounded_program(design.pipeline, project.reports_dir)
    seconds_compile = time.perf_counter() - start
    tally, outputs, busy = Tally(design.network), [], 0.0
    for at in range(0, len(codes), LAYERS_CHUNK):
        part = codes[at : at + LAYERS_CHUNK]
        start = time.perf_counter()
        found = layers(program, design.network, part)
        busy += time.perf_counter() - start
        tally.add(design.network.evaluate_layers(part), found)
        outputs.append(found[design.network.output_name])
        progress(tally.samples, len(codes))
    output = np.concatenate(outputs)
    rate = len(codes) / busy
    return CsimReport("bounded", len(codes), seconds_compile, rate, len(codes), tally.layers(), tally.first, output)


def layers(program: Program, network: Network, codes: Codes) -> Mapping[str, Codes]:
    """Codes (N, *shape) of every layer that has hardware, and of the output."""
    outcome = simulate(program, codes, all_layers=True)
    _check_cycles(program, outcome.cycles, len(codes))
    shaped = {
        instance.name: outcome.codes[instance.name].reshape(len(codes), *network.tensors[instance.name].shape)
        for instance in program.pipeline.instances
        if instance.is_last
    }
    return shaped | {network.output_name: outcome.codes[program.pipeline.output].reshape(-1, *network.output.shape)}


def _check_cycles(program: Program, counted: Mapping[str, int], samples: int) -> None:
    """The loop iterations that a counting program saw, against those that the schedule predicts."""
    if not program.counts_cycles:
        return
    for instance in program.pipeline.instances:
        predicted = instance.unit.iterations * program.batches(samples)
        if counted[instance.name] != predicted:
            raise CheckFailedError(
                f"unit '{instance.name}' took {counted[instance.name]} cycles where {predicted} were predicted; "
                "its header and its loop nest disagree"
            )


def _outputs(program: Program, network: Network, codes: Codes, report: Callable[[int], None]) -> tuple[float, Codes]:
    """Samples a second over all processes, and the output codes."""
    workers = os.cpu_count() or 1
    outputs: list[Codes] = []
    start = time.perf_counter()
    with worker_pool(workers) as pool:
        jobs = [pool.submit(simulate, program, part) for part in network.batches(codes, CHUNK)]
        while jobs:
            outputs.append(jobs.pop(0).result().codes[program.pipeline.output])
            report(sum(map(len, outputs)))
    rate = len(codes) / (time.perf_counter() - start)
    return rate, np.concatenate(outputs).reshape(-1, *network.output.shape)
