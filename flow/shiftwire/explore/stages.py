"""A network as stages that meet in lanes: what each fold takes, and what stands between two that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd, inf, nextafter

from shiftwire.ir.cost import BRAM36_IN_LUT, Cost
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network, Node
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Fixed
from shiftwire.schedule.fold_choice import HLS_BITS, Choice, every_choice
from shiftwire.schedule.knapsack import HALVES
from shiftwire.units.fork import Fork
from shiftwire.units.width import width_unit


@dataclass(frozen=True, slots=True, order=True)
class Side:
    """How a tensor leaves its layer: so many codes a beat, of a unit that may give narrower ones itself."""

    lanes: int
    narrows: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A fold of a layer, and where its memories lie: in LUTs where a BRAM36 is worth as many.

    lut  with forks behind it; halves  of a BRAM36; reads  lanes of each input; writes  None where nothing leaves.
    """

    fold: Fold
    bram36_lut: float
    cycles: int
    lut: int
    halves: int
    reads: tuple[int, ...]
    writes: Side | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A tensor on its way to `readers` of it."""

    codes: int
    format: Fixed
    readers: int
    for_hls: bool

    def fork(self, lanes: int) -> tuple[int, int]:
        """LUTs and cycles of what gives each reader a stream of its own."""
        unit = Fork(Port.of(self.codes, lanes), self.format)
        return (unit.cost.lut * (self.readers - 1), unit.iterations) if self.readers > 1 else (0, 0)

    def crossing(self, side: Side, lanes: int) -> tuple[int, int] | None:
        """LUTs and cycles of what gives a reader the lanes it wants; None where words are too wide for HLS."""
        units = list(self._converters(side.lanes, lanes))
        if self.for_hls and any(unit.widest_word > HLS_BITS for unit in units):
            return None
        # the unit that writes picks parts of its beats itself, but for a fork
        is_own = side.narrows and self.readers == 1 and side.lanes != gcd(side.lanes, lanes)
        lut = sum(unit.cost.lut for unit in units[int(is_own) :])
        return lut, max((unit.iterations for unit in units), default=0)

    def _converters(self, here: int, there: int) -> Iterator[Unit]:
        """As a pipeline has them: by way of the greatest common divisor."""
        ports = [Port.of(self.codes, lanes) for lanes in (here, gcd(here, there), there)]
        return (width_unit(self.format, a, b) for a, b in pairwise(ports) if a != b)


@dataclass(frozen=True, slots=True)
class Stage:
    """A layer, the streams that it reads, and each of its options; one without hardware reads none."""

    name: str
    reads: tuple[str, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """In topological order; `entry` is the network's input, which comes in the lanes that its first reader wants."""

    stages: tuple[Stage, ...]
    streams: Mapping[str, Stream]
    entry: str

    @classmethod
    def of(cls, network: Network, fixed: Mapping[str, Fold] | None = None, *, for_hls: bool) -> Stages:
        """`fixed` names folds of some layers; raises InputError for a layer that has none which HLS takes."""
        every, same = every_choice(network, fixed or {}, for_hls=for_hls), _shared(network)
        reads = {node.name: tuple(same.get(name, name) for name in node.inputs) for node in network.nodes}
        reads |= dict.fromkeys(same, ())
        tensors, ends = network.tensors, [same.get(network.output_name, network.output_name)]
        counts = Counter([*ends, *(name for names in reads.values() for name in names)])
        streams = {name: Stream(each.size, each.format, counts[name], for_hls) for name, each in tensors.items()}
        stages = (
            Stage(node.name, reads[node.name], tuple(_options(network, node, every[node.name], streams)))
            for node in network.nodes
        )
        return cls(tuple(stages), streams, network.input_name)


def _shared(network: Network) -> dict[str, str]:
    """Layers without hardware, and the tensor whose stream each one's is."""
    same: dict[str, str] = {}
    for node in network.nodes:
        fold = next(iter(node.op.folds(network.sources(node), network.tensors[node.name])))
        if not node.op.units(network.sources(node), network.tensors[node.name], fold):
            same[node.name] = same.get(node.inputs[0], node.inputs[0])
    return same


def _options(
    network: Network, node: Node, choices: Sequence[Choice], streams: Mapping[str, Stream]
) -> Iterator[Option]:
    """Those of which no other one of the same lanes is as fast and takes as little."""
    best: dict[tuple[tuple[int, ...], Side | None], list[Option]] = {}
    every = (option for choice in choices for option in placed(network, node, choice, streams))
    for option in sorted(every, key=lambda o: (o.cycles, o.halves, o.lut, o.fold, o.bram36_lut)):
        own = best.setdefault((option.reads, option.writes), [])
        if not any(other.halves <= option.halves and other.lut <= option.lut for other in own):
            own.append(option)
            yield option


def placed(network: Network, node: Node, choice: Choice, streams: Mapping[str, Stream]) -> Iterator[Option]:
    """A fold with its memories in block RAM, then with more and more of them in LUTs."""
    units = node.op.units(network.sources(node), network.tensors[node.name], choice.fold)
    cycles = max((unit.iterations for unit in units), default=0)
    reads = tuple(port.lanes for port in units[0].reads) if units else ()
    side = Side(units[-1].writes.lanes, units[-1].narrows) if units else None
    forks, beats = streams[node.name].fork(side.lanes) if side else (0, 0)
    for price in _prices(choice.cost):
        cost = choice.cost.at(price)
        halves = round(HALVES * cost.bram36)
        yield Option(choice.fold, price, max(cycles, beats), cost.lut + forks, halves, reads, side)


def _prices(cost: Cost) -> list[float]:
    """Of a BRAM36 in LUTs: the usual, at which no memory moves, then each at which one more lies in LUTs."""
    borders = {max(store.lut / store.bram36, BRAM36_IN_LUT) for store in cost.stores}
    return [BRAM36_IN_LUT, *(nextafter(border, inf) for border in sorted(borders))]
