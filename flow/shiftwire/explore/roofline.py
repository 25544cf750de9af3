"""Rooflines: how fast a board could be at what a layer asks of it, and how much of that a design reaches, modelled.

After Williams et al., Roofline, 2009. What a frame asks for adds up over layers, so a whole network has roofs of the
same kind: all of it shares the board's LUTs, DSP blocks, ports of block RAM and DMA. No roof knows routing, nor that a
layer may have fewer taps than lanes that fit.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import ceil, inf

from shiftwire.costs.bit_operations import layer_bits
from shiftwire.costs.blocks import constant_bits
from shiftwire.costs.facts import Facts, facts
from shiftwire.costs.model import Prediction
from shiftwire.ir.cost import SHELL_LUT
from shiftwire.ir.rtl_network import RtlUnit, Stream
from shiftwire.rtl.axi_stream import CONTAINERS
from shiftwire.rtl.ip import WORD_BITS
from shiftwire.schedule.depths import interval, layer_cycles
from shiftwire.schedule.design import Design
from shiftwire_boards.catalog import Board

BLOCK_PORT_BITS = 72
"""Bits that a BRAM36 gives in a cycle, one side of which reads (UG473, simple dual port)."""

BYTE = 8


class Bound(enum.Enum):
    """What runs out first."""

    LUT = "LUT"
    DSP = "DSP"
    BLOCK_RAM = "block RAM"
    DMA = "DMA"


COMPUTE = Bound.LUT, Bound.DSP
"""Roofs of lanes; the others are of memory."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a frame asks for: LUTs and DSP blocks of lanes times the cycles that they work, bits that are moved.

    `weight_bits` are constants that are read, wherever they lie, `block_bits` those that block RAM gives; `read_bits`
    and `written_bits` pass the DMA. `code_bits` are those of codes in and out: of a network what passes the DMA.
    """

    operations: int = 0
    bit_operations: int = 0
    lut_cycles: int = 0
    dsp_cycles: int = 0
    weight_bits: int = 0
    block_bits: int = 0
    code_bits: int = 0
    read_bits: int = 0
    written_bits: int = 0

    def __add__(self, other: Demand) -> Demand:
        return Demand(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @property
    def intensity(self) -> float:
        """Operations for each byte that is moved."""
        return BYTE * self.operations / max(self.weight_bits + self.code_bits, 1)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a board gives in a cycle, LUTs without those of the shell; `dma_bits` each way."""

    lut: int
    dsp: int
    block_bits: int
    dma_bits: int
    clock_ns: float

    @classmethod
    def of(cls, board: Board, clock_ns: float) -> Supply:
        """All of a board."""
        blocks, dma = board.bram36 * BLOCK_PORT_BITS, dma_bits(board)
        return cls(board.lut - SHELL_LUT, board.dsp, blocks, dma, clock_ns)

    def roofs(self, demand: Demand) -> Mapping[Bound, float]:
        """Frames a second at which each would be all in use, of those that are asked for."""
        asked = {
            Bound.LUT: (demand.lut_cycles, self.lut),
            Bound.DSP: (demand.dsp_cycles, self.dsp),
            Bound.BLOCK_RAM: (demand.block_bits, self.block_bits),
            Bound.DMA: (max(demand.read_bits, demand.written_bits), self.dma_bits),
        }
        return {bound: 1e9 / self.clock_ns * has / wants for bound, (wants, has) in asked.items() if wants}

    def lanes(self, lanes: int, lut: int, dsp: int) -> int:
        """How many would fit of those of which so many take so many LUTs and DSP blocks."""
        most = [has * lanes // wants for has, wants in ((self.lut, lut), (self.dsp, dsp)) if wants]
        return min(most, default=0)


@dataclass(frozen=True, slots=True)
class Lanes:
    """Those of a layer that compute: how many, what they take, and how many the board could hold of their kind."""

    count: int
    lut: int
    dsp: int
    fit: int


@dataclass(frozen=True)
class Roofline:
    """A layer, or a network, in frames a second; `alone` is its speed if nothing else were slow.

    `roofs` is never empty. `lanes` is None for a network, whose lanes are of many kinds.
    """

    name: str
    demand: Demand
    cycles: int
    frames_per_second: float
    alone: float
    roofs: Mapping[Bound, float]
    lanes: Lanes | None = None

    @property
    def bound(self) -> Bound:
        """What the lowest roof is of."""
        return min(self.roofs, key=lambda bound: self.roofs[bound])

    @property
    def share(self) -> float:
        """Of the lowest roof, in the design."""
        return self.frames_per_second / self.roofs[self.bound]

    @property
    def share_alone(self) -> float:
        """Of the lowest roof, if nothing else were slow."""
        return self.alone / self.roofs[self.bound]

    def roof(self, bounds: Iterable[Bound]) -> float:
        """The lowest of some roofs; infinite where none of them is asked for."""
        return min((self.roofs[bound] for bound in bounds if bound in self.roofs), default=inf)

    def gops(self, frames_per_second: float) -> float:
        """10^9 operations a second at such a speed."""
        return self.demand.operations * frames_per_second / 1e9


def dma_bits(board: Board) -> int:
    """Bits of a cycle on either side of the shell: the narrower of its streams and of the memory port."""
    return min(WORD_BITS, board.ps.dma_bits)


def rooflines(design: Design, prediction: Prediction) -> tuple[Sequence[Roofline], Roofline]:
    """Of layers that compute, in the order of the network, and of all together; cycles are the SystemVerilog's."""
    asking = _Asking(design, prediction, {unit.name: facts(design.rtl, unit) for unit in design.rtl.units})
    supply, hertz, whole_cycles = Supply.of(design.board, design.clock_ns), 1e9 / design.clock_ns, interval(design.rtl)
    speed = hertz / whole_cycles
    rows, whole = [], Demand()
    for layer, cycles in layer_cycles(design.rtl).items():
        units = [unit for unit in design.rtl.units if unit.layer == layer]
        moved, computed = asking.moved(units), asking.computed(layer, units)
        whole += moved + computed
        if computed.operations:
            demand, lanes = moved + computed, asking.lanes(units, supply)
            rows.append(Roofline(layer, demand, cycles, speed, hertz / cycles, supply.roofs(demand), lanes))
    whole = replace(whole, code_bits=whole.read_bits + whole.written_bits)
    return rows, Roofline("network", whole, whole_cycles, speed, speed, supply.roofs(whole))


@dataclass(frozen=True)
class _Asking:
    """Units of a design, what is modelled of them and known of them, by name."""

    design: Design
    prediction: Prediction
    known: Mapping[str, Facts]

    def computed(self, layer: str, units: Sequence[RtlUnit]) -> Demand:
        """What the operations of a layer ask for; nothing where it moves codes alone."""
        network = self.design.network
        node = next((node for node in network.nodes if node.name == layer), None)
        tensors = () if node is None else (*network.sources(node), network.tensors[layer])
        done = 0 if node is None else sum(astuple(node.op.operations(tensors[:-1], tensors[-1])))
        if node is None or not done:
            return Demand()
        lut, dsp = self._taken(units)
        cycles = max(map(_cycles, self._at_work(units)))
        codes = sum(tensor.size * tensor.format.bits for tensor in tensors)
        return Demand(done, layer_bits(network, node), lut * cycles, dsp * cycles, code_bits=codes)

    def lanes(self, units: Sequence[RtlUnit], supply: Supply) -> Lanes:
        """Those of a layer that computes."""
        count, taken = sum(_lanes(self.known[unit.name]) for unit in self._at_work(units)), self._taken(units)
        return Lanes(count, *taken, supply.lanes(count, *taken))

    def moved(self, units: Sequence[RtlUnit]) -> Demand:
        """Constants that units read, but for bits that are the same in all words, and what passes the DMA."""
        rtl, width = self.design.rtl, dma_bits(self.design.board)
        demand = Demand()
        for unit in units:
            known, cycles = self.known[unit.name], _cycles(unit)
            weights = sum(known[f"{memory.name.upper()}_VARYING"] for memory in unit.module.memories)
            read, written = (
                sum(_passed(rtl.streams[name], width) for name in own if name in ends)
                for own, ends in ((unit.inputs, rtl.inputs), (unit.outputs, rtl.outputs))
            )
            demand += Demand(0, 0, 0, 0, weights * cycles, constant_bits(known) * cycles, 0, read, written)
        return demand

    def _taken(self, units: Sequence[RtlUnit]) -> tuple[int, int]:
        """LUTs, one at least, and DSP blocks of what computes."""
        taken = [self.prediction.units[unit.name].resources for unit in self._at_work(units)]
        return max(sum(each.lut for each in taken), 1), sum(each.dsp for each in taken)

    def _at_work(self, units: Sequence[RtlUnit]) -> Sequence[RtlUnit]:
        """Those that sum; where none does, the largest."""
        sums = [unit for unit in units if unit.module.pe is not None]
        return sums or [max(units, key=lambda unit: self.prediction.units[unit.name].resources.lut)]


def _passed(stream: Stream, width: int) -> int:
    """Bits of the words that a frame takes at the DMA; codes wider than any container are as wide as they are."""
    assert stream.format is not None  # raw sums stay between units
    own = stream.format.bits
    container = next((bits for bits in CONTAINERS if bits >= own), own)
    return ceil(stream.port.codes * container / width) * width


def _cycles(unit: RtlUnit) -> int:
    return max(actor.iterations for actor in unit.actors)


def _lanes(known: Facts) -> int:
    return known["PE"] * known["SIMD"] if "PE" in known and "SIMD" in known else known.get("LANES", 1)
