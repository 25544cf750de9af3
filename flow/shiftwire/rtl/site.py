"""Where a kernel stands: what every maker of a SystemVerilog unit reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shiftwire.ir.kernel import CodeType, Kernel
from shiftwire.ir.rtl_network import Actor, Memory, Parameter, RtlUnit
from shiftwire.numbers.fixed import Fixed
from shiftwire.schedule.cost import memory
from shiftwire.schedule.streaming import Fifo, Unit


@dataclass(frozen=True)
class Site:
    """A unit of the pipeline, the FIFOs it reads, the streams it writes and the format of their codes.

    `pace` is the cycles of a frame that the slowest unit takes; with `in_block`, weights go to block RAM in any case.
    """

    unit: Unit
    reads: tuple[Fifo, ...]
    writes: tuple[str, ...]
    made: Fixed
    pace: int
    in_block: bool = False

    @property
    def kernel(self) -> Kernel:
        return self.unit.kernel

    @property
    def x(self) -> Fixed:
        """Format of the first input."""
        return self.reads[0].format

    def type(self, name: str) -> CodeType:
        """A setting that is a type."""
        return next(s.value for s in self.kernel.settings if s.name == name and isinstance(s.value, CodeType))

    def built(
        self,
        module: str,
        parameters: Mapping[str, Parameter],
        actors: tuple[Actor, ...],
        memories: tuple[Memory, ...] = (),
        ring: str | None = None,
    ) -> RtlUnit:
        """The unit as one instance of a module."""
        unit = self.unit
        return RtlUnit(unit.name, module, parameters, unit.inputs, self.writes, unit.layer, actors, memories, ring)


def is_block(words: int, bits: int) -> int:
    """Whether a memory is better off in block RAM."""
    return int(memory(words, bits).bram36 > 0)
