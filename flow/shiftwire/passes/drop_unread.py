"""Drop layers whose output nobody reads; hardware would build them all the same."""

from dataclasses import replace

from shiftwire.ir.network import Network


def drop_unread(network: Network) -> Network:
    """The network without nodes that do not lead to an output."""
    read = set(network.output_names)
    kept = []
    for node in reversed(network.nodes):
        if node.name in read:
            read.update(node.inputs)
            kept.append(node)
    return replace(network, nodes=tuple(reversed(kept)))
