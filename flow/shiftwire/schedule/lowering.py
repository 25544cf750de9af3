"""A pipeline's units as SystemVerilog units: sums and what finishes them apart, narrowing where it is cheapest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiftwire.ir.rtl_network import NETWORK, RtlNetwork, RtlUnit, Stream
from shiftwire.rtl import elementwise, sums, windows
from shiftwire.rtl.site import Site
from shiftwire.rtl.unroll import is_unrollable, unrolled
from shiftwire.schedule.depths import with_depths
from shiftwire.schedule.roms import moved
from shiftwire.schedule.streaming import Fifo, Pipeline, Unit

Maker = Callable[[Site], RtlUnit]

MAKERS: Mapping[str, Maker] = {
    "fork": elementwise.fork,
    "narrow": elementwise.narrow,
    "widen": elementwise.widen,
    "add": elementwise.add,
    "concat": elementwise.concat,
    "relu": elementwise.relu,
    "requantize": elementwise.requantize,
    "affine": elementwise.affine,
    "threshold": elementwise.threshold,
    "max_pool": windows.pool,
    "sum_pool": windows.pool,
    "window": windows.window,
    "reorder": elementwise.reorder,
}
"""Kernels that are one unit each; mvu and vvu are two."""


def rtl_network(pipeline: Pipeline, name: str = NETWORK, *, unroll: bool = False, spare_bram36: int = 0) -> RtlNetwork:
    """Units, streams and depths of a pipeline; with `unroll`, layers that meet all weights at once become logic.

    Small memories of weights move into `spare_bram36` block RAMs that the board does not need otherwise. Raises
    ToolError where unrolling needs an optimiser that is not installed.
    """
    found = lowered(pipeline, name, unroll=unroll)
    in_block = moved(found, spare_bram36)
    if in_block:
        again = lowered(pipeline, name, unroll=unroll, in_block=in_block)
        found = replace(again, moved_bram36=sum(in_block.values()))
    return with_depths(found)


def lowered(pipeline: Pipeline, name: str, *, unroll: bool, in_block: Collection[str] = frozenset()) -> RtlNetwork:
    """The units and streams of the module `name`, without depths; `unroll` makes weights of whole folds wires.

    The weights of the units that `in_block` names are in block RAM, however few they are.
    """
    return _Lowering(pipeline, name, unroll, in_block).done()


@dataclass
class _Lowering:
    """Units and streams so far."""

    pipeline: Pipeline
    name: str
    unroll: bool
    in_block: Collection[str]
    units: list[RtlUnit] = field(default_factory=list)
    streams: dict[str, Stream] = field(default_factory=dict)

    def done(self) -> RtlNetwork:
        pipeline = self.pipeline
        self._add_stream(pipeline.fifos[pipeline.input], None)
        fused = {}
        for unit in pipeline.units:
            if unit.name in fused:
                continue
            if self.unroll and is_unrollable(self._site(unit, unit.outputs)):
                self._add_stream(self.pipeline.fifos[unit.outputs[0]], unit.layer if unit.is_last else None)
                self.units.append(unrolled(self._site(unit, unit.outputs), self.name))
            elif unit.kernel.function in ("mvu", "vvu"):
                follower = self._narrowing(unit)
                fused[follower.name if follower else ""] = True
                self._add_sums(unit, follower)
            else:
                self._add(unit)
        return RtlNetwork(self.name, pipeline.input, pipeline.output, tuple(self.units), self.streams)

    def _narrowing(self, unit: Unit) -> Unit | None:
        """The unit behind that only makes beats narrower; it is better off before the bias is added."""
        (output,) = unit.outputs
        readers = [u for u in self.pipeline.units if output in u.inputs and u.kernel.function == "narrow"]
        return readers[0] if readers else None

    def _add(self, unit: Unit) -> None:
        for at, name in enumerate(unit.outputs):
            self._add_stream(self.pipeline.fifos[name], unit.layer if unit.is_last and at == 0 else None)
        self.units.append(MAKERS[unit.kernel.function](self._site(unit, unit.outputs)))

    def _add_sums(self, unit: Unit, follower: Unit | None) -> None:
        pipeline = self.pipeline
        made = pipeline.fifos[(follower or unit).outputs[0]]
        raw_name = f"{unit.name}_raw"
        site = replace(self._site(unit, (made.name,)), in_block=raw_name in self.in_block)
        raw = sums.raw_stream(site, raw_name)
        self.streams[raw.name] = raw
        self._add_stream(made, unit.layer if unit.is_last else None)
        self.units += sums.units(site, raw, made.port.lanes)

    def _add_stream(self, fifo: Fifo, tensor: str | None) -> None:
        width = fifo.port.lanes * fifo.format.bits
        self.streams[fifo.name] = Stream(fifo.name, width, fifo.port, fifo.format, tensor)

    def _site(self, unit: Unit, outputs: Sequence[str]) -> Site:
        fifos = self.pipeline.fifos
        pace = max(unit.kernel.cycles for unit in self.pipeline.units)
        reads = tuple(fifos[name] for name in unit.inputs)
        return Site(unit, reads, tuple(outputs), fifos[unit.outputs[0]].format, pace)
