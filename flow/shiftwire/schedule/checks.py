"""What no design can be made of: networks without layers, tensors too wide, numbers that mean nothing."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.ir.network import Network

HLS_MAX_BITS = 53
"""hls4ml's trace and predict carry values as doubles."""


def check_network(network: Network) -> None:
    """Raise InputError for a network that no project can carry."""
    if not network.nodes:
        raise InputError("the network has no layers behind its input quantizer; there is nothing to build")
    for name, tensor in network.tensors.items():
        if tensor.format.bits > HLS_MAX_BITS:
            raise InputError(
                f"tensor '{name}' needs {tensor.format.bits} bits, more than the {HLS_MAX_BITS} that an hls4ml "
                "project can carry; requantize before it"
            )


def require_positive(number: float, sentence: str) -> None:
    """Raise InputError with a sentence where a number is none that counts something."""
    if not 0 < number < float("inf"):
        raise InputError(sentence)
