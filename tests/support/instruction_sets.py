"""Sets of instructions that native simulations can be held to, and what differs under one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shiftwire.ir.network import Network
from shiftwire.native.program import native_program
from shiftwire.native.simulation import IMAGES
from shiftwire.numbers.fixed import Codes
from shiftwire.verify.native import simulated_layers

BATCHES = 3
SETS = {"all": "", "avx2": "avx2", "vectors": "vectors"}
"""Values of SHIFTWIRE_SIMD by what they leave."""


def forced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SHIFTWIRE_SIMD", SETS[name])


def differing(network: Network, codes: Codes, folder: Path) -> tuple[list[str], int]:
    """Layers of which a code is not the specification's, and how many outputs were live.

    The samples come over and over, in several batches and a part of one, each of others.
    """
    expected, live, wrong = network.evaluate_layers(codes), 0, []
    again = np.resize(np.arange(len(codes)), max(len(codes), BATCHES * IMAGES + 3))
    for name, found in simulated_layers(native_program(network, folder), network, codes[again]).items():
        live += int(np.count_nonzero(found.min(axis=0) != found.max(axis=0)))
        if not np.array_equal(found, expected[name][again]):
            wrong.append(name)
    return wrong, live
