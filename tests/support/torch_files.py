"""Files that torch's exporters write, against their own run and torch's."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rounding_ties import held
from shiftwire.api import load_network


@contextmanager
def quiet() -> Iterator[None]:
    """Torch's exporters tell of every step."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def beyond(shape: Sequence[int]) -> np.ndarray:
    """Samples of a shape, some beyond every quantizer."""
    drawn = np.random.default_rng(0).normal(size=(200, *shape)) * 1.5
    drawn[0], drawn[1], drawn[2] = 0, 100, -100
    return drawn.astype(np.float32)


def agrees(path: Path, made: torch.nn.Module, x: np.ndarray, kind: str, count: Any) -> None:
    """The file's run, and torch's own: its codes too but for ties, where a float sum in another order may decide."""
    found = held(path, x, kind, count)
    network = load_network(path)
    with torch.no_grad():
        outputs = made(torch.from_numpy(x)).numpy().astype(np.float64)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    differing = np.count_nonzero(codes != network.host_output.nearest(outputs, network.output.format))
    assert differing <= max(2, found.different)
    count(torch_codes=codes.size)
