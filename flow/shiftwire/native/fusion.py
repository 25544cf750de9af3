"""Which units of a pipeline are no coroutines of their own: they work on codes while these are in registers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.native.packing import Packing
from shiftwire.ops.affine import AffineUnit
from shiftwire.ops.relu import ReluUnit
from shiftwire.ops.requantize import RequantizeUnit
from shiftwire.units.fork import Fork

STAGES = (RequantizeUnit, ReluUnit, AffineUnit, Fork)
"""Units that give a code for each code, and need no other one."""


@dataclass(frozen=True)
class Fusion:
    """The unit behind each FIFO that is no more: what is written there passes it at once."""

    stages: Mapping[str, Instance] = field(default_factory=dict)

    def has(self, instance: Instance) -> bool:
        """Whether it is such a unit."""
        return instance.inputs[0] in self.stages

    def behind(self, instance: Instance) -> Iterator[Instance]:
        """All that what it writes passes."""
        for name in instance.outputs:
            if (stage := self.stages.get(name)) is not None:
                yield stage
                yield from self.behind(stage)

    def depths(self, pipeline: Pipeline, capacities: Mapping[str, int]) -> dict[str, int]:
        """Beats that each FIFO has to hold: as many more as those in front of it would, and the units between."""
        needed = {name: fifo.depth for name, fifo in pipeline.fifos.items()}
        for stage in pipeline.instances:
            if self.has(stage):
                needed |= {name: needed[stage.inputs[0]] + 1 + needed[name] for name in stage.outputs}
        return {name: max(depth, needed[name]) for name, depth in capacities.items()}


UNFUSED = Fusion()


def fusion(pipeline: Pipeline, packed: Packing) -> Fusion:
    """Every unit of STAGES that reads single codes of another unit."""
    written = {name for instance in pipeline.instances for name in instance.outputs}
    return Fusion(
        {
            instance.inputs[0]: instance
            for instance in pipeline.instances
            if isinstance(instance.unit, STAGES)
            and instance.inputs[0] in written - packed.fifos.keys() - packed.words.keys()
        }
    )
