"""Which FIFOs of a pipeline carry codes side by side, or where they stand, and what its units are set up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shiftwire.ir.cfg import Cfg
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.native.elements import Packed
from shiftwire.native.moves import moved, moving, standing
from shiftwire.native.sums import column_sums, summed_so, sums, sums_columns
from shiftwire.tools.host_cpp import Processor
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.vector import VectorUnit


@dataclass(frozen=True)
class Packing:
    """How each FIFO of a pipeline is packed, where it is, and the Cfg of every unit that works on packed codes.

    `edges` are FIFOs whose writers know nothing of it. Of `words`, a FIFO says where its codes stand, so many elements
    a word, and has the depth of `depths`; `kept` are the beats that others keep behind the one that is read. Of
    `columns`, the taps of each channel are packed by who reads them.
    """

    fifos: Mapping[str, Packed] = field(default_factory=dict)
    cfgs: Mapping[str, Cfg] = field(default_factory=dict)
    edges: frozenset[str] = frozenset()
    words: Mapping[str, int] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()


UNPACKED = Packing()


def packing(pipeline: Pipeline, processor: Processor) -> Packing:
    """What every unit that sums reads, as far back as codes only move."""
    chosen = _Choice(pipeline, processor)
    for instance in pipeline.instances:
        chosen.pack(instance)
    for name in sorted(pipeline.fifos.keys() - chosen.edges):
        chosen.leave(name)
    return chosen.packing()


class _Choice:
    """Grows as one unit after the other is looked at."""

    def __init__(self, pipeline: Pipeline, processor: Processor) -> None:
        self._pipeline, self._processor = pipeline, processor
        self._writers = {name: each for each in pipeline.instances for name in each.outputs}
        self._readers = {name: each for each in pipeline.instances for name in each.inputs}
        self._fifos: dict[str, Packed] = {}
        self._cfgs: dict[str, Cfg] = {}
        self._words: dict[str, int] = {}
        self._depths: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._columns: set[str] = set()
        self.edges: set[str] = set()

    def packing(self) -> Packing:
        return Packing(
            self._fifos,
            self._cfgs,
            frozenset(self.edges),
            self._words,
            self._depths,
            self._kept,
            frozenset(self._columns),
        )

    def pack(self, instance: Instance) -> None:
        """What a matrix-vector unit reads, and the codes of those that move it there."""
        how = summed_so(instance.unit, self._processor)
        if how is None:
            return
        assert isinstance(instance.unit, MatrixUnit)
        self._cfgs[instance.name] = sums(instance.unit, how)
        (name,) = instance.inputs
        self._fifos[name], self._kept[name] = how, instance.unit.synapse_folds
        while (before := moved(self._writers.get(name), how)) is not None:
            mover, self._cfgs[before[0].name] = before
            (name,) = mover.inputs
            self._fifos[name] = how
        self.edges.add(name)

    def leave(self, name: str) -> None:
        """Windows where they stand, whose taps a vector-vector unit may pack then."""
        writer = self._writers.get(name)
        left = standing(self._pipeline, writer, self._kept.get(name, 1)) if writer else None
        if writer is None or left is None:
            return
        unit, self._depths[name] = left
        how = self._fifos.get(name)
        self._cfgs[writer.name] = moving(unit, how) if how else unit.native_cfg
        self._words[name] = unit.taps.channels // (how.count if how else 1)
        reader = self._readers[name]
        if isinstance(reader.unit, VectorUnit) and sums_columns(reader.unit, self._processor):
            self._cfgs[reader.name] = column_sums(reader.unit)
            self._columns.add(name)
