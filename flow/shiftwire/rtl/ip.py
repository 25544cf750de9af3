"""The AXI shell that fits a network."""

from __future__ import annotations

from shiftwire.ir.rtl_network import RtlNetwork, Stream
from shiftwire.rtl.axi_stream import CONTAINERS, AxiStream, container_for
from shiftwire.rtl.shell import Shell

WORD_BITS = 64
"""What the high-performance ports of Zynq-7000 carry."""


def network_shell(network: RtlNetwork, version: int = 0, word_bits: int = WORD_BITS) -> Shell:
    """The shell that fits a network; raises InputError for codes wider than a container."""
    inputs, outputs = (
        tuple(_axi_stream(network.streams[name], word_bits) for name in names)
        for names in (network.inputs, network.outputs)
    )
    return Shell(inputs, outputs, version)


def end_fits(stream: Stream) -> bool:
    """Whether a container holds the codes of a stream."""
    return stream.format is not None and stream.format.bits <= CONTAINERS[-1]


def _axi_stream(stream: Stream, word_bits: int) -> AxiStream:
    assert stream.format is not None  # raw sums stay between units
    codes = stream.port.lanes * stream.port.beats
    return AxiStream(stream.format, codes, stream.port.lanes, container_for(stream.format), word_bits)
