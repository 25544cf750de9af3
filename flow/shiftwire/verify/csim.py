"""C-simulation: the project's own C++ on ap_int types, as HLS synthesises it, under g++."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from shiftwire.errors import InputError, ToolError
from shiftwire.hls.parts import PARTS
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome
from shiftwire.project.project import Backend, Project
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run

LIBRARY = "".join(
    f"#include <{header}>\n"
    for header in (
        *("array", "cmath", "cstddef", "cstdio", "cstdlib", "map", "string", "tuple", "vector"),
        *("ap_fixed.h", "ap_int.h", "hls_stream.h"),
        *("nnet_utils/nnet_types.h", "nnet_utils/nnet_code_gen.h", "nnet_utils/nnet_helpers.h"),
    )
)
"""What every project's simulation includes of other libraries."""


@dataclass(frozen=True)
class Csim(Engine):
    """hls/ of a project, every layer traced by hls4ml's own means."""

    project: Project
    name = EngineName.CSIM
    layers_chunk = 16

    @property
    def network(self) -> Network:
        return self.project.design.network

    @property
    def workers(self) -> int:
        return os.cpu_count() or 1

    @cached_property
    def _program(self) -> Path:
        return compiled_driver(self.project)

    @contextmanager
    def ready(self) -> Iterator[None]:
        _ = self._program
        yield

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="shiftwire-csim-") as folder:
            input_file, output_file = Path(folder) / "in", Path(folder) / "out"
            codes.tofile(input_file)
            start = time.perf_counter()
            run(
                [self._program.absolute(), str(len(codes)), input_file, output_file],
                "C-simulate",
                self.project.hls_dir / "firmware",
            )
            seconds = time.perf_counter() - start
            layers = dict(self._layers(np.fromfile(output_file, np.int64), len(codes)))
        return Outcome(layers, seconds)

    def _layers(self, flat: Codes, samples: int) -> Iterator[tuple[str, Codes]]:
        """Codes of every layer that has hardware of its own, and of the output where that is none of them."""
        network = self.network
        names = [instance.name for instance in self.project.design.pipeline.instances if instance.is_last]
        tensors = {name: network.tensors[name] for name in names}
        sizes = [tensor.size for tensor in tensors.values()]
        if flat.size != samples * sum(sizes):
            raise ToolError(f"the simulation gave {flat.size} codes, wanted {samples * sum(sizes)}; convert it again")
        frames, start = flat.reshape(samples, -1), 0
        for name, tensor in tensors.items():
            yield name, frames[:, start : start + tensor.size].reshape(samples, *tensor.shape)
            start += tensor.size


def compiled_driver(project: Project) -> Path:
    """The simulation program of a project, built once for each content of its C++."""
    hls = project.hls_dir
    source = hls / "shiftwire_csim.cpp"
    for needed in (source, hls / f"firmware/{NETWORK}.cpp"):
        if not needed.is_file():
            raise InputError(f"found no {needed}; {project.again_with(Backend.HLS)}")
    includes = (hls, hls / "firmware", hls / "firmware/ap_types", hls / "firmware/nnet_utils")
    return compiled(Build(source, includes, parts=PARTS, prefix=LIBRARY), project.reports_dir / "csim")
