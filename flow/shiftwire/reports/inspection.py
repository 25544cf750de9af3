"""What a network is made of, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.ir.network import Network, Operations
from shiftwire.schedule.design import Design


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One row of `shiftwire inspect`; operations are of one inference."""

    name: str
    kind: str
    shape: tuple[int, ...]
    format: str
    terms: float | None
    operations: Operations
    weight_bits: int


def inspect_network(network: Network) -> Iterator[LayerFacts]:
    """The inputs and every layer, in order."""
    for end in network.inputs:
        yield LayerFacts(end.name, "Input", end.tensor.shape, str(end.tensor.format), None, Operations(), 0)
    for node in network.nodes:
        output = network.tensors[node.name]
        operations = node.op.operations(network.sources(node), output)
        facts = node.op.terms, operations, node.op.weight_bits
        yield LayerFacts(node.name, node.kind, output.shape, str(output.format), *facts)


@dataclass(frozen=True, slots=True)
class LayerBuild:
    """How a layer is built; `cycles` are those of its slowest unit a frame, `depths` those of the FIFOs it reads."""

    name: str
    pe: int
    simd: int
    units: str
    cycles: int
    busy_percent: float
    depths: str


def layer_builds(design: Design) -> Iterator[LayerBuild]:
    """Every layer that is hardware, in order, with the forks and width converters around it."""
    pipeline = design.pipeline
    for node in design.network.nodes:
        instances = [instance for instance in pipeline.instances if instance.layer == node.name]
        if not instances:
            continue
        fold, cycles = design.folds[node.name], max(i.unit.iterations for i in instances)
        depths = [str(pipeline.fifos[name].depth) for instance in instances for name in instance.inputs]
        names = " ".join(instance.unit.function for instance in instances)
        busy = 100 * cycles / design.timing.interval
        yield LayerBuild(node.name, fold.pe, fold.simd, names, cycles, busy, " ".join(depths))


def slowest_layer(design: Design) -> LayerBuild:
    """The layer of the first of the slowest units of the C++."""
    return max(layer_builds(design), key=lambda layer: layer.cycles)
