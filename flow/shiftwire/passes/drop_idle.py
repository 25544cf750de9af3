"""Drop what changes nothing: layers whose output nobody reads, quantizers to the very format of their input."""

from dataclasses import replace

from shiftwire.ir.network import Network, Node
from shiftwire.ops.requantize import Requantize


def drop_unread(network: Network) -> Network:
    """The network without nodes that do not lead to an output; hardware would build them all the same."""
    read = set(network.output_names)
    kept = []
    for node in reversed(network.nodes):
        if node.name in read:
            read.update(node.inputs)
            kept.append(node)
    return replace(network, nodes=tuple(reversed(kept)))


def drop_idle_requantize(network: Network) -> Network:
    """The network without Requantize nodes that change no code; the output keeps its name, so its node stays."""
    renamed: dict[str, str] = {}
    kept: list[Node] = []
    for node in network.nodes:
        inputs = tuple(renamed.get(name, name) for name in node.inputs)
        if _is_idle(network, node):
            renamed[node.name] = inputs[0]
        else:
            kept.append(replace(node, inputs=inputs))
    return replace(network, nodes=tuple(kept))


def _is_idle(network: Network, node: Node) -> bool:
    is_output = node.name in network.output_names
    return isinstance(node.op, Requantize) and network.sources(node)[0].format == node.op.to and not is_output
