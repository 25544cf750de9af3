"""What a network is made of, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.network import Network, Operations


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
    """The input and every layer, in order."""
    shape, held = network.input.shape, str(network.input.format)
    yield LayerFacts(network.input_name, "Input", shape, held, None, Operations(), 0)
    for node in network.nodes:
        output = network.tensors[node.name]
        operations = node.op.operations(network.sources(node), output)
        facts = node.op.terms, operations, node.op.weight_bits
        yield LayerFacts(node.name, node.kind, output.shape, str(output.format), *facts)
