"""A network as hardware: the units of its layers, with forks and width converters between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from math import gcd

from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network, Node
from shiftwire.ir.pipeline import Fifo, Instance, Pipeline
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.unit import Unit
from shiftwire.units.fork import Fork
from shiftwire.units.width import Narrow, Widen, width_unit

BETWEEN: tuple[type[Unit], ...] = (Fork, Narrow, Widen)
"""Units that stand between layers."""


def pipeline(network: Network, folds: Mapping[str, Fold]) -> Pipeline:
    """The units of a network whose layers are folded as given."""
    return _Builder(network, folds).built()


def cost_between(pipeline: Pipeline, rtl: RtlNetwork) -> Cost:
    """What forks and converters take that the SystemVerilog of a pipeline has as units of their own."""
    built = {unit.name for unit in rtl.units}
    there = (each for each in pipeline.instances if each.is_between and each.name in built)
    return sum((each.unit.cost for each in there), Cost())


@dataclass
class _Builder:
    """A pipeline in the making; `branches` holds, for each tensor, the FIFOs that its readers have yet to take."""

    network: Network
    folds: Mapping[str, Fold]
    instances: list[Instance] = field(default_factory=list)
    fifos: dict[str, Fifo] = field(default_factory=dict)
    branches: dict[str, list[str]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def built(self) -> Pipeline:
        network = self.network
        self.taken.update(network.tensors)
        units = {node.name: self._units(node) for node in network.nodes}
        for node in network.nodes:
            if not units[node.name]:
                self.same[node.name] = self._origin(node.inputs[0])
        self._enter(units)
        source = next(iter(self.fifos))
        for node in network.nodes:
            if units[node.name]:
                self._add_layer(node, units[node.name])
        return Pipeline((source,), (self._take(network.output_name),), tuple(self.instances), self.fifos)

    def _units(self, node: Node) -> tuple[Unit, ...]:
        network = self.network
        return node.op.units(network.sources(node), network.tensors[node.name], self.folds[node.name])

    def _origin(self, tensor: str) -> str:
        """The tensor whose stream a tensor shares."""
        return self.same.get(tensor, tensor)

    def _enter(self, units: Mapping[str, tuple[Unit, ...]]) -> None:
        """The network's input, as wide as its first reader wants it."""
        network = self.network
        ports = (
            units[node.name][0].reads[at]
            for node in network.nodes
            for at, name in enumerate(node.inputs)
            if units[node.name] and self._origin(name) == network.input_name
        )
        port = next(ports, Port(1, network.input.size))
        self._offer(network.input_name, Fifo(network.input_name, network.input.format, port))

    def _add_layer(self, node: Node, units: Sequence[Unit]) -> None:
        inputs = tuple(
            self._adapted(self._take(name), port, node.name)
            for name, port in zip(node.inputs, units[0].reads, strict=True)
        )
        for unit in units[:-1]:
            inputs = self._place(unit, f"{node.name}_{unit.function}", inputs, node.name, is_between=False)
        last = units[-1]
        fifo = Fifo(node.name, last.format, last.writes)
        self.instances.append(Instance(node.name, last, inputs, (node.name,), node.name, is_last=True))
        self._offer(node.name, fifo)

    def _place(
        self, unit: Unit, name: str, inputs: tuple[str, ...], layer: str, *, is_between: bool = True
    ) -> tuple[str, ...]:
        """A unit that is not the last of a layer; returns the names of its output FIFOs."""
        unique = self._unique(name)
        outputs = (unique,) if unit.outputs == 1 else tuple(self._unique(f"{unique}_{end}") for end in ("a", "b"))
        self.instances.append(Instance(unique, unit, inputs, outputs, layer, is_between=is_between))
        self.fifos |= {output: Fifo(output, unit.format, unit.writes) for output in outputs}
        return outputs

    def _unique(self, name: str) -> str:
        unique = next(n for n in chain([name], (f"{name}{at}" for at in count(2))) if n not in self.taken)
        self.taken.add(unique)
        return unique

    def _offer(self, tensor: str, fifo: Fifo) -> None:
        """A new tensor: one FIFO for each of its readers, forked where there are several."""
        self.fifos[fifo.name] = fifo
        readers = sum(self._origin(name) == tensor for node in self.network.nodes for name in self._read_by(node))
        readers += self._origin(self.network.output_name) == tensor
        self.branches[tensor] = list(self._forked(fifo, readers))

    def _read_by(self, node: Node) -> tuple[str, ...]:
        """What the units of a node read; a node that shares its input's stream has none."""
        return () if node.name in self.same else node.inputs

    def _forked(self, fifo: Fifo, readers: int) -> Iterator[str]:
        last = fifo.name
        fork = Fork(fifo.port, fifo.format)
        for _ in range(readers - 1):
            branch, last = self._place(fork, f"{fifo.name}_fork", (last,), fifo.name)
            yield branch
        yield last

    def _take(self, tensor: str) -> str:
        return self.branches[self._origin(tensor)].pop(0)

    def _adapted(self, name: str, wanted: Port, layer: str) -> str:
        """A FIFO of the lanes wanted, through width converters where it has others."""
        lanes = self.fifos[name].port.lanes
        shared = gcd(lanes, wanted.lanes)
        if lanes != shared:
            name = self._converted(name, shared, layer)
        if wanted.lanes != shared:
            name = self._converted(name, wanted.lanes, layer)
        return name

    def _converted(self, name: str, lanes: int, layer: str) -> str:
        fifo = self.fifos[name]
        unit = width_unit(fifo.format, fifo.port, Port.of(fifo.port.codes, lanes))
        (output,) = self._place(unit, f"{name}_{unit.function}", (name,), layer)
        return output
