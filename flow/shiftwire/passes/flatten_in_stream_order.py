"""Images become vectors and vectors images in the order in which codes travel; dense weights are permuted instead."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten, Unflatten, View
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Lookup, Threshold


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


def unflatten_in_stream_order(network: Network) -> Network:
    """The network in which no image that a dense layer makes has to be held whole.

    Its outputs and what is between change places instead, where nobody else reads them; those get the suffix _hwc.
    """
    for node in network.nodes:
        if isinstance(node.op, Unflatten):
            line = _line(network, node)
            if line:
                network = _turned(network, node, line, node.op.order)
    return network


def _line(network: Network, unflatten: Node) -> list[Node]:
    """The dense layer in front of an unflatten and the layers between; none where another reads them."""
    line: list[Node] = []
    nodes, name = {node.name: node for node in network.nodes}, unflatten.inputs[0]
    while name in nodes and name not in network.output_names and len(network.consumers(name)) == 1:
        line.append(nodes[name])
        if isinstance(nodes[name].op, Dense):
            return line
        if not isinstance(nodes[name].op, Relu | Requantize | Lookup | Affine | Threshold):
            return []
        name = nodes[name].inputs[0]
    return []


def _turned(network: Network, unflatten: Node, line: Sequence[Node], order: Codes) -> Network:
    names = {node.name: _unique(network, f"{node.name}_hwc") for node in line}
    nodes = []
    for node in network.nodes:
        op = _ordered(node.op, order) if node.name in names else node.op
        if node.name == unflatten.name:
            op = View(network.tensors[node.name].shape, network.tensors[node.name].format)
        inputs = tuple(names.get(name, name) for name in node.inputs)
        nodes.append(Node(names.get(node.name, node.name), op, inputs))
    return replace(network, nodes=tuple(nodes))


def _ordered(op: Op, order: Codes) -> Op:
    """What makes the outputs in another order."""
    match op:
        case Dense():
            return replace(op, weights=op.weights.with_rows(order), bias=Bias(op.bias.codes[order], op.bias.frac))
        case Affine():
            scale = ShiftWeights(op.scale.sign[:, order], op.scale.exponent[:, order])
            return Affine(scale, Bias(op.bias.codes[order], op.bias.frac))
        case Threshold():
            return replace(op, thresholds=op.thresholds[order], base=op.base[order], step=op.step[order])
        case Lookup() if len(op.table) > 1:
            return replace(op, table=op.table[order])
    return op


def _unique(network: Network, name: str) -> str:
    while name in network.tensors:
        name += "_"
    return name
