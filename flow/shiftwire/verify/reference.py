"""The specification itself as an engine."""

from __future__ import annotations

import time
from dataclasses import dataclass

from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.engine import Engine, EngineName, Outcome


@dataclass(frozen=True)
class Reference(Engine):
    """`Network.evaluate`, integers in numpy."""

    specification: Network
    name = EngineName.REFERENCE

    @property
    def network(self) -> Network:
        return self.specification

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        start = time.perf_counter()
        layers = self.network.evaluate_layers(codes)
        return Outcome(layers, time.perf_counter() - start)
