"""A network as an IP core in a folder: its modules and memory files, the shell around it, component.xml."""

from __future__ import annotations

from pathlib import Path

from shiftwire.rtl.axi_stream import AxiStream, container_for
from shiftwire.rtl.build import module_files, write_network
from shiftwire.rtl.ipxact import write_component
from shiftwire.rtl.shell import TOP, Shell, top_text
from shiftwire.rtl.units import RtlNetwork, Stream
from shiftwire.rtl_files import NETWORK

WORD_BITS = 64
"""What the high-performance ports of Zynq-7000 carry."""


def network_shell(network: RtlNetwork, version: int = 0, word_bits: int = WORD_BITS) -> Shell:
    """The shell that fits a network; raises InputError for codes wider than a container."""
    ends = (network.streams[name] for name in (network.input, network.output))
    source, sink = (_axi_stream(stream, word_bits) for stream in ends)
    return Shell(source, sink, version)


def write_ip(
    network: RtlNetwork, folder: Path, *, generic: bool, version: int = 0, word_bits: int = WORD_BITS
) -> Shell:
    """Write all that Vivado's IP catalogue wants of a network; memory files lie beside the modules that name them."""
    shell = network_shell(network, version, word_bits)
    write_network(network, folder, NETWORK, generic)
    for module in module_files():
        (folder / module.name).write_bytes(module.read_bytes())
    (folder / f"{TOP}.sv").write_text(top_text(shell, NETWORK), encoding="utf-8")
    write_component(folder, shell)
    return shell


def _axi_stream(stream: Stream, word_bits: int) -> AxiStream:
    assert stream.format is not None  # raw sums stay between units
    codes = stream.port.lanes * stream.port.beats
    return AxiStream(stream.format, codes, stream.port.lanes, container_for(stream.format), word_bits)
