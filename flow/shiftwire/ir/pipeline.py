"""A network as instances of units joined by FIFOs: the dataflow graph that every back end builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shiftwire.ir.fold import Port
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Fixed

SHALLOWEST = 2
"""A FIFO of one place would let its writer and its reader work in turns only."""


@dataclass(frozen=True, slots=True)
class Fifo:
    """Codes on their way from one unit to another; `depth` is in beats."""

    name: str
    format: Fixed
    port: Port
    depth: int = SHALLOWEST

    @property
    def bits(self) -> int:
        """What its memory holds at the depth it has."""
        return self.depth * self.port.lanes * self.format.bits


@dataclass(frozen=True, slots=True)
class Instance:
    """A unit in its place; `layer` is the node whose codes it works on, and `is_last` tells that it makes them.

    One that `is_between` is none of the layer's own.
    """

    name: str
    unit: Unit
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str
    is_last: bool = False
    is_between: bool = False


@dataclass(frozen=True)
class Pipeline:
    """Instances in topological order; every FIFO has one writer and one reader.

    `inputs` and `outputs` name the FIFOs at the ends, in the order of the network's.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    instances: tuple[Instance, ...]
    fifos: Mapping[str, Fifo]

    @property
    def input(self) -> str:
        """The only FIFO at the front."""
        return self.inputs[0]

    @property
    def output(self) -> str:
        """The only FIFO at the back."""
        return self.outputs[0]

    def with_depths(self, depths: Mapping[str, int]) -> Pipeline:
        """The same instances between FIFOs of other depths."""
        return replace(self, fifos={name: replace(fifo, depth=depths[name]) for name, fifo in self.fifos.items()})
