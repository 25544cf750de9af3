"""A pipeline's units as SystemVerilog: sums and what finishes them apart, narrowing where it is cheapest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from shiftwire.costs.blocks import unit_dsp
from shiftwire.costs.facts import facts
from shiftwire.ir.cost import BRAM36_IN_LUT
from shiftwire.ir.module import Module, Pe
from shiftwire.ir.pipeline import Fifo, Instance, Pipeline
from shiftwire.ir.rtl_network import NETWORK, RtlNetwork, RtlUnit, Stream
from shiftwire.ir.unit import Surroundings
from shiftwire.schedule.depths import with_depths
from shiftwire.schedule.roms import moved
from shiftwire.schedule.unroll import unrolled
from shiftwire.units.width import Narrow

NONE: Mapping[str, float] = MappingProxyType({})


def rtl_network(
    pipeline: Pipeline,
    name: str = NETWORK,
    *,
    unroll: bool = False,
    spare_bram36: float = 0.0,
    bram36_lut: float = BRAM36_IN_LUT,
    memories: Mapping[str, float] = NONE,
) -> RtlNetwork:
    """Units, streams and depths of a pipeline; with `unroll`, layers that meet all weights at once become logic.

    Small memories of weights move into `spare_bram36` block RAMs that the board does not need otherwise; others
    lie in LUTs where a BRAM36 is worth so many of them, and `memories` names layers where it is worth others. Raises
    ToolError where unrolling needs an optimiser that is not installed.
    """
    network = lowered(pipeline, name, unroll=unroll, bram36_lut=bram36_lut, memories=memories)
    in_block = moved(network, spare_bram36)
    if in_block:
        again = lowered(pipeline, name, unroll=unroll, in_block=in_block, bram36_lut=bram36_lut, memories=memories)
        network = replace(again, moved_bram36=sum(in_block.values()))
    return with_depths(network, bram36_lut)


def lowered(
    pipeline: Pipeline,
    name: str,
    *,
    unroll: bool,
    in_block: Collection[str] = frozenset(),
    bram36_lut: float = BRAM36_IN_LUT,
    memories: Mapping[str, float] = NONE,
) -> RtlNetwork:
    """The units and streams of the module `name`, without depths; `unroll` makes weights of whole folds wires.

    The weights of the units that `in_block` names are in block RAM, however few they are.
    """
    return _Lowering(pipeline, name, unroll, in_block, bram36_lut, memories).done()


def in_dsp_blocks(network: RtlNetwork, most: int | None = None) -> RtlNetwork:
    """The same network with each product in a DSP block: the baseline of multipliers.

    Where there are only so many blocks, those units have theirs that take as many of them as can be taken.
    """
    units = tuple(map(_in_blocks, network.units))
    if most is not None:
        taken = [unit_dsp(facts(network, unit)) for unit in units]
        chosen = _filling(taken, most)
        units = tuple(
            new if at in chosen else old for at, (old, new) in enumerate(zip(network.units, units, strict=True))
        )
    return replace(network, units=units)


def _filling(sizes: Sequence[int], most: int) -> frozenset[int]:
    """Places of sizes whose sum is the largest within `most`."""
    reached: dict[int, frozenset[int]] = {0: frozenset()}
    for at, size in enumerate(sizes):
        more = {total + size: places | {at} for total, places in reached.items() if total + size <= most}
        reached = more | reached
    return reached[max(reached)] | {at for at, size in enumerate(sizes) if not size}


def _in_blocks(unit: RtlUnit) -> RtlUnit:
    module, pe = unit.module, Pe.INT_IN_DSP
    if "DSP" in module.parameters:
        return replace(unit, module=replace(module, parameters={**module.parameters, "DSP": 1}))
    if module.pe is not Pe.INT:
        return unit
    return replace(unit, module=replace(module, pe=pe, parameters={**module.parameters, "KIND": pe.value}))


@dataclass
class _Lowering:
    """Units and streams so far."""

    pipeline: Pipeline
    name: str
    unroll: bool
    in_block: Collection[str]
    bram36_lut: float
    memories: Mapping[str, float]
    units: list[RtlUnit] = field(default_factory=list)
    streams: dict[str, Stream] = field(default_factory=dict)

    def done(self) -> RtlNetwork:
        pipeline = self.pipeline
        for name in pipeline.inputs:
            self._add_stream(pipeline.fifos[name], None)
        fused: set[str] = set()
        for instance in pipeline.instances:
            if instance.name in fused:
                continue
            module = unrolled(instance, self.name) if self.unroll else None
            follower = None if module else self._narrowing(instance)
            if follower:
                fused.add(follower.name)
            self._add(instance, (follower or instance).outputs, (module,) if module else None)
        return RtlNetwork(self.name, pipeline.inputs, pipeline.outputs, tuple(self.units), self.streams)

    def _narrowing(self, instance: Instance) -> Instance | None:
        """The width converter behind that only makes beats narrower; a sum does it better before its bias."""
        if not instance.unit.narrows:
            return None
        (output,) = instance.outputs
        readers = (i for i in self.pipeline.instances if output in i.inputs and isinstance(i.unit, Narrow))
        return next(readers, None)

    def _add(self, instance: Instance, outputs: tuple[str, ...], modules: tuple[Module, ...] | None) -> None:
        """The modules of a unit, one behind the other, the last one writing `outputs`."""
        fifos = [self.pipeline.fifos[name] for name in outputs]
        raw_name = f"{instance.name}_raw"
        worth = self.memories.get(instance.layer, self.bram36_lut)
        around = Surroundings(self._pace, fifos[0].port.lanes, raw_name in self.in_block, worth)
        *before, last = modules or instance.unit.modules(around)
        inputs = instance.inputs
        for module in before:
            assert module.raw is not None
            self.streams[raw_name] = Stream(raw_name, module.raw.width, module.raw.port)
            self.units.append(RtlUnit(raw_name, module, inputs, (raw_name,), instance.layer))
            inputs = (raw_name,)
        for at, fifo in enumerate(fifos):
            self._add_stream(fifo, instance.layer if instance.is_last and at == 0 else None)
        self.units.append(RtlUnit(instance.name, last, inputs, outputs, instance.layer))

    def _add_stream(self, fifo: Fifo, tensor: str | None) -> None:
        width = fifo.port.lanes * fifo.format.bits
        self.streams[fifo.name] = Stream(fifo.name, width, fifo.port, fifo.format, tensor)

    @property
    def _pace(self) -> int:
        return max(instance.unit.iterations for instance in self.pipeline.instances)
