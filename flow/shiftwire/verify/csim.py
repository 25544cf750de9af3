"""C-simulation: the project's own C++ under g++, compared with the specification in every layer."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shiftwire.errors import InputError, ToolError
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import Project
from shiftwire.schedule.design import Design
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run
from shiftwire.tools.progress import Progress
from shiftwire.verify.comparison import Difference, LayerComparison, Tally

BATCH = 16
"""Samples a process simulates before it reports."""


@dataclass(frozen=True)
class CsimReport:
    """What a C-simulation found; `samples_per_second` is of the simulation alone, over all processes.

    Every layer of the first `checked` samples was compared with the specification.
    """

    engine: str
    samples: int
    seconds_compile: float
    samples_per_second: float
    checked: int
    layers: list[LayerComparison]
    first_difference: Difference | None
    output: Codes

    @property
    def different(self) -> int:
        return sum(layer.different for layer in self.layers)

    @property
    def compared(self) -> int:
        return sum(layer.compared for layer in self.layers)

    @property
    def vacuous(self) -> list[str]:
        """Layers in which no output was alive, so that their agreement proves nothing."""
        return [layer.name for layer in self.layers if not layer.live]


def csim(project: Project, codes: Codes, progress: Progress = lambda done, total: None) -> CsimReport:
    """Simulate input codes (N, *shape) and compare every layer with `Network.evaluate`."""
    start = time.perf_counter()
    program = compiled_driver(project)
    seconds_compile = time.perf_counter() - start
    network = project.design.network
    tally, outputs, busy, workers = Tally(network), [], 0.0, os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="shiftwire-csim-") as folder, worker_pool(workers) as pool:
        jobs = [
            pool.submit(_simulate, program, project, batch, Path(folder) / str(at))
            for at, batch in enumerate(network.batches(codes, BATCH))
        ]
        while jobs:
            expected, found, seconds = jobs.pop(0).result()
            tally.add(expected, found)
            outputs.append(found[network.output_name])
            busy += seconds
            progress(tally.samples, len(codes))
    rate = len(codes) * workers / busy
    output = np.concatenate(outputs)
    return CsimReport("csim", len(codes), seconds_compile, rate, len(codes), tally.layers(), tally.first, output)


@contextmanager
def worker_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that drop what has not begun when the body fails or is interrupted."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def compiled_driver(project: Project) -> Path:
    """The simulation program of a project, built once for each content of its C++."""
    hls = project.hls_dir
    source = hls / "shiftwire_csim.cpp"
    for needed in (source, hls / f"firmware/{NETWORK}.cpp"):
        if not needed.is_file():
            raise InputError(f"found no {needed}; convert the model again with --backend hls")
    includes = (hls, hls / "firmware", hls / "firmware/ap_types", hls / "firmware/nnet_utils")
    return compiled(Build(source, includes), project.reports_dir / "csim")


def _simulate(
    program: Path, project: Project, codes: Codes, files: Path
) -> tuple[dict[str, Codes], dict[str, Codes], float]:
    """Expected and found codes of every layer, and the seconds that the program ran."""
    given, made = files.with_suffix(".in"), files.with_suffix(".out")
    codes.tofile(given)
    start = time.perf_counter()
    run([program.absolute(), str(len(codes)), given, made], "C-simulate", project.hls_dir / "firmware")
    seconds = time.perf_counter() - start
    found = dict(_layers(project.design, np.fromfile(made, np.int64), len(codes)))
    given.unlink()
    made.unlink()
    return project.design.network.evaluate_layers(codes), found, seconds


def _layers(design: Design, flat: Codes, samples: int) -> Iterator[tuple[str, Codes]]:
    """Codes of every layer that has hardware of its own."""
    tensors = {i.name: design.network.tensors[i.name] for i in design.pipeline.instances if i.is_last}
    sizes = [tensor.size for tensor in tensors.values()]
    if flat.size != samples * sum(sizes):
        raise ToolError(f"the simulation gave {flat.size} codes, wanted {samples * sum(sizes)}; convert it again")
    frames, start = flat.reshape(samples, -1), 0
    for name, tensor in tensors.items():
        yield name, frames[:, start : start + tensor.size].reshape(samples, *tensor.shape)
        start += tensor.size
