"""Codes side by side in the elements of a host's vectors: which FIFOs carry them so, and what units are set up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from shiftwire.ir.cfg import Cfg, CodeType, Element, HostType, Setting, Table
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.tools.host_cpp import Processor
from shiftwire.units.matrix import MatrixUnit
from shiftwire.units.width import Narrow, Widen
from shiftwire.units.window import WindowUnit

BYTE = Fixed(8, 0, signed=True)
HALF = Fixed(16, 0, signed=True)
MOST_SUMMED = ((1 << 31) - 1) // 255**2
"""Codes whose sum has 32 bits, wherever they and their weights count from."""
DISTANCES = HostType(64, name="sw::distances")
"""Sums of bytes' distances."""
OCTET_LANE = HostType(8, name="sw::octet_lane")
"""Stands in for the adder lane."""


@dataclass(frozen=True, slots=True)
class Packed:
    """`count` codes in an element, each less `lowest`; `type` and `weights` are the names of sw_packed.h."""

    type: str
    weights: str
    count: int
    lowest: int

    @property
    def is_octets(self) -> bool:
        """Whether distances to them are summed, not products."""
        return self.count == 8

    @property
    def bits(self) -> int:
        """Of a code in its place."""
        return 16 if self.count == 2 else 8

    def elements(self, lanes: int) -> int:
        """That so many codes fill, the last one maybe in part."""
        return -(-lanes // self.count)

    def words(self, codes: Codes) -> Codes:
        """Codes (..., n) as elements (..., elements(n)), the first in the low bits, zeros in what is left."""
        missing = self.elements(codes.shape[-1]) * self.count - codes.shape[-1]
        whole = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, missing)])
        bytes_ = np.ascontiguousarray(whole.astype(f"<i{self.bits // 8}"))
        return bytes_.view(f"<i{self.count * self.bits // 8}").astype(np.int64)

    def alike(self, code: int) -> int:
        """An element of equal codes."""
        return int(self.words(np.full(self.count, code - self.lowest))[0])


@dataclass(frozen=True)
class Packing:
    """How each FIFO of a pipeline is packed, where it is, and the Cfg of every unit that works on packed codes.

    `edges` are FIFOs whose writers know nothing of it. Of `words`, a FIFO says where its codes stand, so many elements
    a word, and has the depth of `depths`; `kept` are the beats that others keep behind the one that is read.
    """

    fifos: Mapping[str, Packed] = field(default_factory=dict)
    cfgs: Mapping[str, Cfg] = field(default_factory=dict)
    edges: frozenset[str] = frozenset()
    words: Mapping[str, int] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)


UNPACKED = Packing()


def packing(pipeline: Pipeline, processor: Processor) -> Packing:
    """What every matrix-vector unit reads, as far back as codes only move."""
    writers = {name: instance for instance in pipeline.instances for name in instance.outputs}
    fifos: dict[str, Packed] = {}
    cfgs: dict[str, Cfg] = {}
    kept: dict[str, int] = {}
    edges = set()
    for instance in pipeline.instances:
        how = _summed_so(instance.unit, processor)
        if how is None:
            continue
        assert isinstance(instance.unit, MatrixUnit)
        cfgs[instance.name] = _sums(instance.unit, how)
        (name,) = instance.inputs
        fifos[name] = how
        kept[name] = instance.unit.synapse_folds
        while (before := _moved(writers.get(name), how)) is not None:
            mover, cfg = before
            cfgs[mover.name] = cfg
            (name,) = mover.inputs
            fifos[name] = how
        edges.add(name)
    words, depths = {}, {}
    for name in pipeline.fifos.keys() - edges:
        writer = writers.get(name)
        standing = _standing(pipeline, writer, kept.get(name, 1)) if writer else None
        if writer and standing is not None:
            unit, depths[name] = standing
            cfgs[writer.name] = _moving(unit, fifos[name]) if name in fifos else unit.native_cfg
            words[name] = unit.taps.channels // (fifos[name].count if name in fifos else 1)
    return Packing(fifos, cfgs, frozenset(edges), words, depths, kept)


def _standing(pipeline: Pipeline, writer: Instance, kept: int) -> tuple[WindowUnit, int] | None:
    """A unit of windows that are read where they stand, and the depth of the FIFO behind it.

    Every other frame has a line buffer of its own, so a frame's windows have to be more than what is on its way.
    """
    unit = writer.unit
    if not isinstance(unit, WindowUnit):
        return None
    depth = max(pipeline.fifos[writer.outputs[0]].depth, unit.row_writes - kept, kept)
    return (unit.remembering(depth + kept), depth) if depth + kept <= unit.writes.beats else None


def _summed_so(unit: Unit, processor: Processor) -> Packed | None:
    """How a unit's inputs are packed for the instructions that this processor has."""
    if not isinstance(unit, MatrixUnit) or not processor.has_avx2 or (unit.fold_terms != 1).any():
        return None
    if prod(unit.weights.shape[1:]) > MOST_SUMMED:
        return None
    cfg, lowest = unit.native_cfg, BYTE.lo if unit.x.signed else 0
    weights = _table(cfg, "weight").codes
    if unit.weights.element is Element.ADDER:
        octets = Packed("octets", "octet_weights", 8, lowest)
        return octets if unit.x.bits <= BYTE.bits else None
    if processor.has_byte_products and unit.x.bits <= BYTE.bits and BYTE.holds(weights):
        return Packed("packed<4>", "packed_weights<4>", 4, lowest)
    part = next(member.value for member in cfg.members if member.name == "part_t")
    fits = isinstance(part, CodeType) and part.bits <= 32 and unit.x.signed_bits <= HALF.bits and HALF.holds(weights)
    return Packed("packed<2>", "packed_weights<2>", 2, 0) if fits else None


def _sums(unit: MatrixUnit, how: Packed) -> Cfg:
    """`simd` packed inputs with packed weights; the bias has what codes and weights owe for where they count from."""
    cfg = unit.native_cfg
    rom, biases = _table(cfg, "weight"), _table(cfg, "bias")
    weights = rom.codes.reshape(-1, unit.synapse_folds, unit.fold.pe, unit.fold.simd)
    if how.is_octets:
        placed, owed = _places_of_distances(weights, unit.x, how.lowest)
    else:
        placed, owed = weights, how.lowest * weights.sum(axis=(1, 3))
    words = how.words(placed).reshape(len(rom.codes), -1)
    codes = biases.codes + (owed << unit.grid_shift)
    cfg = cfg.with_table(Table(rom.name, words, HostType(how.count * how.bits, name=f"sw::{how.weights}")))
    cfg = cfg.with_table(replace(biases, codes=codes, type=CodeType.holding(codes)))
    return _with(cfg, simd=how.elements(unit.fold.simd), **_types(cfg, how))


def _places_of_distances(weights: Codes, x: Fixed, lowest: int) -> tuple[Codes, Codes]:
    """Weights where a code x can be, from `lowest` on, and what that owes; with them goes what minima would owe.

    abs(x - w) = abs(x - c) + abs(c - w) for the code c next to w.
    """
    clipped = np.clip(weights, x.lo, x.hi)
    owed: Codes = (weights - abs(weights - clipped)).sum(axis=(1, 3))
    return clipped - lowest, owed


def _types(cfg: Cfg, how: Packed) -> Mapping[str, CodeType | Element]:
    if how.is_octets:
        return {"part_t": DISTANCES, "sum_t": DISTANCES, "lane": OCTET_LANE}
    sums = next(member.value for member in cfg.members if member.name == "sum_t")
    assert isinstance(sums, CodeType)
    return {"part_t": CodeType(32), "sum_t": CodeType(max(sums.bits, 32))}


def _with(cfg: Cfg, **members: int | CodeType | Element) -> Cfg:
    for name, value in members.items():
        cfg = cfg.with_member(Setting(name, value))
    return cfg


def _moved(instance: Instance | None, how: Packed) -> tuple[Instance, Cfg] | None:
    """A unit that moves codes of one FIFO to another, packed."""
    if instance is None:
        return None
    unit = instance.unit
    match unit:
        case WindowUnit() if unit.taps.channels % how.count == 0:
            return instance, _moving(unit, how)
        case Narrow() | Widen() if unit.narrow.lanes % how.count == 0:
            return instance, _with(unit.native_cfg, lanes=unit.narrow.lanes // how.count)
    return None


def _moving(unit: WindowUnit, how: Packed) -> Cfg:
    channels = unit.taps.channels // how.count
    return _with(unit.native_cfg, tap_channels=channels, fill=how.alike(unit.fill))


def _table(cfg: Cfg, name: str) -> Table:
    return next(table for table in cfg.tables if table.name == name)
