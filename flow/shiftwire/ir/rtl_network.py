"""A design as instances of modules between streams, with the buffers that keep them going."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shiftwire.ir.fold import Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest
from shiftwire.numbers.fixed import Codes, Fixed

NETWORK = "shiftwire_net"
"""The module of a network, the HLS project's top function, and the files named after it."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Beats from one instance to the next; `width` is in bits, `port` says how many codes make them and a frame.

    `format` is that of the codes, None for raw sums; `tensor` names the layer whose codes these are.
    """

    name: str
    width: int
    port: Port
    format: Fixed | None = None
    tensor: str | None = None


@dataclass(frozen=True, eq=False)
class Reads:
    """Iterations of a frame in which beat k must be there (`need`) and is let go (`pop`), ascending.

    `need` is shorter where the last beats of a frame are never looked at.
    """

    stream: str
    need: Codes
    pop: Codes


@dataclass(frozen=True, eq=False)
class Writes:
    """Iterations in which a place is taken for beat k and in which it starts on its way."""

    stream: str
    reserve: Codes
    emit: Codes


@dataclass(frozen=True, eq=False)
class Actor:
    """What works one iteration a cycle, waiting for beats that it needs and for places that it writes.

    `stages` is how many cycles a beat is on its way to the buffer behind the actor. One that `is_buffer` holds a lone
    beat itself, a cycle sooner.
    """

    name: str
    iterations: int
    reads: tuple[Reads, ...]
    writes: tuple[Writes, ...]
    stages: int = 0
    is_buffer: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        nest: Nest,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        stages: int = 0,
        *,
        is_buffer: bool = False,
    ) -> Actor:
        """A nest between streams; all outputs are written alike."""
        reads = (Reads(stream, use.first, use.last) for stream, use in zip(inputs, nest.reads, strict=True))
        writes = (Writes(stream, nest.writes.first, nest.writes.last) for stream in outputs)
        return cls(name, nest.iterations, tuple(reads), tuple(writes), stages, is_buffer)


@dataclass(frozen=True, eq=False)
class RtlUnit:
    """One instance of a module; `layer` is the node whose codes it works on.

    Ports follow the module's convention: inputs s and s_b, outputs m and m_b.
    """

    name: str
    module: Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str

    @property
    def line_buffer(self) -> str | None:
        """Name of the rows between the two sides of a window module, as if they were a stream."""
        return f"{self.name}_ring" if self.module.line_buffer else None

    @cached_property
    def actors(self) -> tuple[Actor, ...]:
        """The one loop of the module, or the two sides of a window module."""
        module = self.module
        if module.line_buffer is None or self.line_buffer is None:
            own = (self.name, module.nest, self.inputs, self.outputs, module.stages)
            return (Actor.of(*own, is_buffer=module.is_buffer),)
        rows = (self.line_buffer,)
        store = Actor.of(f"{self.name}_store", module.line_buffer.storing, self.inputs, rows)
        return store, Actor.of(f"{self.name}_give", module.nest, rows, self.outputs, module.stages)


@dataclass(frozen=True)
class RtlNetwork:
    """Instances in topological order between input and output streams; `name` is that of its module.

    `moved_bram36` is what weights take, modelled, that went into block RAM for want of LUTs.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[RtlUnit, ...]
    streams: Mapping[str, Stream]
    depths: Mapping[str, int] = field(default_factory=dict)
    blocks: frozenset[str] = frozenset()
    line_buffers: Mapping[str, int] = field(default_factory=dict)
    moved_bram36: float = 0.0

    @property
    def input(self) -> str:
        """The only stream at the front."""
        return self.inputs[0]

    @property
    def output(self) -> str:
        """The only stream at the back."""
        return self.outputs[0]

    def buffers(self, unit: RtlUnit) -> Mapping[str, int]:
        """Parameters of the buffer behind each output of a unit: its depth, and 1 where it is block RAM."""
        parameters: dict[str, int] = {}
        for stream, end in zip(unit.outputs, ("", "_B"), strict=False):
            parameters[f"DEPTH{end}"] = self.depths[stream]
            parameters[f"BLOCK{end}"] = int(stream in self.blocks)
        return parameters
