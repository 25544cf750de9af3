"""The passes in their one order."""

from collections.abc import Callable

from shiftwire.ir.network import Network
from shiftwire.passes.binary_layers import binary_layers, signs_as_bits
from shiftwire.passes.clip_adder_weights import clip_adder_weights
from shiftwire.passes.compact_terms import compact_terms
from shiftwire.passes.drop_idle import drop_idle_requantize, drop_unread
from shiftwire.passes.end_in_hardware import end_in_hardware
from shiftwire.passes.flatten_in_stream_order import flatten_in_stream_order, unflatten_in_stream_order
from shiftwire.passes.frame_ends import frame_ends
from shiftwire.passes.join_edges import join_edges

PIPELINE: tuple[Callable[[Network], Network], ...] = (
    drop_unread,
    drop_idle_requantize,
    join_edges,
    compact_terms,
    clip_adder_weights,
    signs_as_bits,
    binary_layers,
    flatten_in_stream_order,
    unflatten_in_stream_order,
    frame_ends,
    end_in_hardware,
)


def run_pipeline(network: Network) -> Network:
    """The network after every pass; its output codes are the same."""
    for apply in PIPELINE:
        network = apply(network)
    return network
