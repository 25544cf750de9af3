"""Repeat pixels and edges in one layer, where a file has a Pad behind a Resize."""

from dataclasses import replace

from shiftwire.ir.network import Network, Node
from shiftwire.ops.upsample import Upsample


def join_edges(network: Network) -> Network:
    """The network in which no layer that repeats edges alone is the only one behind one that repeats pixels."""
    inner = {node.inputs[0]: node for node in network.nodes if _is_joined(network, node)}
    nodes = []
    for node in network.nodes:
        if node.name in inner:
            edges = inner[node.name].op
            assert isinstance(edges, Upsample) and isinstance(node.op, Upsample)
            op = replace(node.op, begin=edges.begin, end=edges.end)
            nodes.append(Node(inner[node.name].name, op, node.inputs))
        elif node.inputs[0] not in inner:
            nodes.append(node)
    return replace(network, nodes=tuple(nodes))


def _is_joined(network: Network, node: Node) -> bool:
    source = next((other for other in network.nodes if other.name == node.inputs[0]), None)
    if not isinstance(node.op, Upsample) or source is None or not isinstance(source.op, Upsample):
        return False
    is_only = len(network.consumers(source.name)) == 1 and source.name != network.output_name
    return is_only and set(node.op.factors) == {1} and not any(map(any, source.op.edges))
