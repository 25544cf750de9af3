"""Flatten images in the order in which their codes travel, and permute the dense weights behind instead."""

from dataclasses import replace

import numpy as np

from shiftwire.ir.network import Network, Node, Op
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Lookup


def flatten_in_stream_order(network: Network) -> Network:
    """The network in which no flatten that leads to dense layers alone has to hold a whole image.

    Tensors whose codes change places get the suffix _hwc; the network's outputs are never among them.
    """
    for node in network.nodes:
        match node.op:
            case Flatten(in_stream_order=False):
                moved = _moved(network, node)
                network = network if moved is None else _rewritten(network, node, moved)
    return network


def _moved(network: Network, flatten: Node) -> set[str] | None:
    """The flatten and the layers behind it that work code by code; None where others than dense layers read them."""
    moved, waiting = {flatten.name}, [flatten.name]
    while waiting:
        name = waiting.pop()
        if name in network.output_names:
            return None
        for reader in network.consumers(name):
            if isinstance(reader.op, Relu | Requantize) or (
                isinstance(reader.op, Lookup) and len(reader.op.table) == 1
            ):
                moved.add(reader.name)
                waiting.append(reader.name)
            elif not isinstance(reader.op, Dense):
                return None
    return moved


def _is_alike(op: Op) -> bool:
    """Whether an op does the same to every code, wherever it stands."""
    return isinstance(op, Relu | Requantize) or (isinstance(op, Lookup) and len(op.table) == 1)


def _rewritten(network: Network, flatten: Node, moved: set[str]) -> Network:
    shape = network.sources(flatten)[0].shape
    # place of each code of the image in the old vector, in the order of the new one
    order = np.moveaxis(np.arange(np.prod(shape)).reshape(shape[-1], *shape[:-1]), 0, -1).ravel()
    names = {name: _unique(network, f"{name}_hwc") for name in moved}
    nodes = []
    for node in network.nodes:
        op = node.op
        if node.name == flatten.name:
            op = Flatten(in_stream_order=True)
        elif isinstance(op, Dense) and node.inputs[0] in moved:
            op = replace(op, weights=op.weights.with_taps(order))
        inputs = tuple(names.get(name, name) for name in node.inputs)
        nodes.append(Node(names.get(node.name, node.name), op, inputs))
    return replace(network, nodes=tuple(nodes))


def _unique(network: Network, name: str) -> str:
    while name in network.tensors:
        name += "_"
    return name
