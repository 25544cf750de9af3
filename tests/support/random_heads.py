"""Seeded random networks of several inputs and outputs: two random networks side by side, or heads on one trunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from random_networks import random_codes, random_network
from shiftwire.ir.frames import joined
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.ops.concat import Concat
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.requantize import Requantize

NARROW = Fixed(6, 2, signed=True)


def random_heads(seed: int) -> Network:
    """Of every three seeds one has heads on a trunk, one two inputs and an output, one several of both."""
    rng = np.random.default_rng((seed, 9))
    left, right = (_renamed(random_network(2 * seed + at), prefix) for at, prefix in enumerate("ab"))
    if seed % 3 == 0:
        names = [left.input_name, *(node.name for node in left.nodes)]
        chosen = [str(name) for name in rng.choice(names, 2, replace=False)]
        return _of([left], left.nodes, [*chosen, left.output_name])
    vectors = [_as_vector(network) for network in (left, right)]
    join = Node("join", Concat(), tuple(nodes[-1].name for nodes in vectors))
    nodes = (*left.nodes, *right.nodes, *(node for made in vectors for node in made), join)
    outputs = ["join"] if seed % 3 == 1 else [right.output_name, "join", left.output_name]
    return _of([left, right], nodes, outputs)


def frames(network: Network, seed: int, count: int = 12) -> Codes:
    """Codes of every input in turn, extremes among them, one behind the other."""
    each = [
        random_codes(Network.of(end.name, end.tensor, (), end.name), seed + at, count)
        for at, end in enumerate(network.inputs)
    ]
    return each[0] if len(each) == 1 else joined(each)


def _renamed(network: Network, prefix: str) -> Network:
    nodes = tuple(
        Node(f"{prefix}_{node.name}", node.op, tuple(f"{prefix}_{name}" for name in node.inputs))
        for node in network.nodes
    )
    end = network.outputs[0]
    return Network(
        (replace(network.inputs[0], name=f"{prefix}_{network.input_name}"),),
        nodes,
        (replace(end, name=f"{prefix}_{end.name}"),),
    )


def _as_vector(network: Network) -> list[Node]:
    """What makes a vector of few bits of its output."""
    name, shape = network.output_name, network.output.shape
    narrow = Node(f"{name}_small", Requantize(NARROW, Rounding.FLOOR, Overflow.WRAP), (name,))
    return [narrow] if len(shape) == 1 else [narrow, Node(f"{name}_vector", Flatten(), (narrow.name,))]


def _of(parts: Sequence[Network], nodes: Sequence[Node], outputs: Sequence[str]) -> Network:
    inputs = tuple(NetworkInput(part.input_name, part.input) for part in parts)
    return Network(inputs, tuple(nodes), tuple(map(NetworkOutput, outputs)))
