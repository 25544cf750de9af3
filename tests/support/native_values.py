"""What the C++ kernels, on native lane types, make of the values that a torch user has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

import shiftwire
from shiftwire.api import engine
from shiftwire.numbers.fixed import Values
from shiftwire.project.engine import EngineName
from shiftwire.project.project import Backend


def native_values(model: Path, x: Tensor) -> Values:
    """x (N, ...) through `convert` and `csim --native` of a file: float64 values in the layout of the file's output."""
    project = shiftwire.convert(model, output=model.with_suffix(".project"), backend=Backend.HLS)
    network = project.design.network
    running = engine(EngineName.NATIVE, project)
    with running.ready():
        codes = network.host_input.encode(x.numpy(), network.input.format)
        outcome = running.run(codes, all_layers=False)
    output = outcome.layers[network.output_name]
    return np.asarray(network.host_output.scores(output, network.output.format), np.float64)


def differing(values: Values, y: Tensor) -> int:
    """How many values are not the very same."""
    return int(np.count_nonzero(values.reshape(y.shape) != y.detach().double().numpy()))
