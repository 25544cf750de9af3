"""A network as hardware units joined by FIFOs: the dataflow graph that every back end builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from math import gcd

from shiftwire.ir.kernel import Fold, Kernel, Port, settings, width_kernel
from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Fixed

SHALLOWEST = 2
"""A FIFO of one place would let its writer and its reader work in turns only."""


@dataclass(frozen=True, slots=True)
class Fifo:
    """Codes on their way from one unit to another; `depth` is in beats."""

    name: str
    format: Fixed
    port: Port
    depth: int = SHALLOWEST

    @property
    def bits(self) -> int:
        return self.depth * self.port.lanes * self.format.bits


@dataclass(frozen=True, slots=True)
class Unit:
    """One kernel in hardware; `layer` is the node whose codes it works on, and `is_last` tells that it makes them."""

    name: str
    kernel: Kernel
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str
    is_last: bool = False


@dataclass(frozen=True)
class Pipeline:
    """Units in topological order; every FIFO has one writer and one reader."""

    input: str
    output: str
    units: tuple[Unit, ...]
    fifos: Mapping[str, Fifo]

    def with_depths(self, depths: Mapping[str, int]) -> Pipeline:
        """The same units between FIFOs of other depths."""
        return replace(self, fifos={name: replace(fifo, depth=depths[name]) for name, fifo in self.fifos.items()})


def pipeline(network: Network, folds: Mapping[str, Fold]) -> Pipeline:
    """The units of a network whose layers are folded as given."""
    return _Builder(network, folds).built()


@dataclass
class _Builder:
    """A pipeline in the making; `branches` holds, for each tensor, the FIFOs that its readers have yet to take."""

    network: Network
    folds: Mapping[str, Fold]
    units: list[Unit] = field(default_factory=list)
    fifos: dict[str, Fifo] = field(default_factory=dict)
    branches: dict[str, list[str]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def built(self) -> Pipeline:
        network = self.network
        self.taken.update(network.tensors)
        kernels = {node.name: self._kernels(node) for node in network.nodes}
        for node in network.nodes:
            if not kernels[node.name]:
                self.same[node.name] = self._origin(node.inputs[0])
        self._enter(kernels)
        source = next(iter(self.fifos))
        for node in network.nodes:
            if kernels[node.name]:
                self._add_layer(node, kernels[node.name])
        return Pipeline(source, self._take(network.output_name), tuple(self.units), self.fifos)

    def _kernels(self, node: Node) -> tuple[Kernel, ...]:
        network = self.network
        return node.op.kernels(network.sources(node), network.tensors[node.name], self.folds[node.name])

    def _origin(self, tensor: str) -> str:
        """The tensor whose stream a tensor shares."""
        return self.same.get(tensor, tensor)

    def _enter(self, kernels: Mapping[str, tuple[Kernel, ...]]) -> None:
        """The network's input, as wide as its first reader wants it."""
        network = self.network
        ports = (
            kernels[node.name][0].reads[at]
            for node in network.nodes
            for at, name in enumerate(node.inputs)
            if kernels[node.name] and self._origin(name) == network.input_name
        )
        port = next(ports, Port(1, network.input.size))
        self._offer(network.input_name, Fifo(network.input_name, network.input.format, port))

    def _add_layer(self, node: Node, kernels: Sequence[Kernel]) -> None:
        inputs = tuple(
            self._adapted(self._take(name), port, node.name)
            for name, port in zip(node.inputs, kernels[0].reads, strict=True)
        )
        for kernel in kernels[:-1]:
            inputs = self._unit(kernel, f"{node.name}_{kernel.function}", inputs, node.name)
        last = kernels[-1]
        fifo = Fifo(node.name, last.made, last.writes)
        self.units.append(Unit(node.name, last, inputs, (node.name,), node.name, is_last=True))
        self._offer(node.name, fifo)

    def _unit(self, kernel: Kernel, name: str, inputs: tuple[str, ...], layer: str) -> tuple[str, ...]:
        """A unit of ours beside the layers; returns the names of its output FIFOs."""
        unique = self._unique(name)
        outputs = (unique,) if kernel.outputs == 1 else tuple(self._unique(f"{unique}_{end}") for end in ("a", "b"))
        self.units.append(Unit(unique, kernel, inputs, outputs, layer))
        self.fifos |= {output: Fifo(output, kernel.made, kernel.writes) for output in outputs}
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
        kernel = Kernel(
            "fork",
            (fifo.port,),
            fifo.port,
            fifo.format,
            fifo.port.beats,
            settings(beats=fifo.port.beats, lanes=fifo.port.lanes),
            outputs=2,
        )
        for _ in range(readers - 1):
            branch, last = self._unit(kernel, f"{fifo.name}_fork", (last,), fifo.name)
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
        kernel = width_kernel(fifo.format, fifo.port, Port(lanes, fifo.port.codes // lanes))
        (output,) = self._unit(kernel, f"{name}_{kernel.function}", (name,), layer)
        return output
