"""The text of a network's top module: one instance a unit, three wires a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shiftwire.ir.module import Memory
from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit

HEAD = """// {name}: the network as units behind valid/ready streams. Written by shiftwire.
// A beat of s_data holds {lanes_in} codes of {format_in}, one of m_data {lanes_out} of {format_out}, code 0 in the
// low bits; {beats_in} beats make a frame in, {beats_out} a frame out."""

RESERVED = frozenset(("s", "m", "clk", "rst"))
"""Names whose wires would be those of the ports."""


def network_text(network: RtlNetwork, generic: bool) -> str:
    """The network's module with ports clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data."""
    return "\n".join(_lines(network, network.name, generic)) + "\n"


def wire(stream: str) -> str:
    """First part of the names of a stream's wires."""
    return f"{stream}_" if stream in RESERVED else stream


def _lines(network: RtlNetwork, name: str, generic: bool) -> Iterator[str]:
    source, sink = network.streams[network.input], network.streams[network.output]
    yield HEAD.format(
        name=name,
        lanes_in=source.port.lanes,
        format_in=source.format,
        lanes_out=sink.port.lanes,
        format_out=sink.format,
        beats_in=source.port.beats,
        beats_out=sink.port.beats,
    )
    yield f"module {name} #("
    yield "    // plain operators instead of LUTs and carry chains of the 7 series; both do the same"
    yield f"    parameter bit GENERIC = {int(generic)}"
    yield ") ("
    yield "    input logic clk,"
    yield "    input logic rst,"
    yield "    input logic s_valid,"
    yield "    output logic s_ready,"
    yield f"    input logic [{source.width - 1}:0] s_data,"
    yield "    output logic m_valid,"
    yield "    input logic m_ready,"
    yield f"    output logic [{sink.width - 1}:0] m_data"
    yield ");"
    for stream in network.streams.values():
        here = wire(stream.name)
        yield f"    logic {here}_valid, {here}_ready;"
        yield f"    logic [{stream.width - 1}:0] {here}_data;"
    first, last = wire(network.input), wire(network.output)
    yield f"    assign {first}_valid = s_valid;"
    yield f"    assign s_ready = {first}_ready;"
    yield f"    assign {first}_data = s_data;"
    yield f"    assign m_valid = {last}_valid;"
    yield f"    assign {last}_ready = m_ready;"
    yield f"    assign m_data = {last}_data;"
    for unit in network.units:
        yield ""
        yield from instance_lines(network, unit, name)
    yield "endmodule"


def instance_lines(network: RtlNetwork, unit: RtlUnit, name: str) -> Iterator[str]:
    """One unit of the network `name` between the wires of its streams."""
    parameters = [f".{key}({_value(value)})" for key, value in unit_parameters(network, unit, name).items()]
    yield f"    {unit.module.name} #("
    yield f"        {', '.join(parameters)}"
    yield f"    ) unit_{unit.name} ("
    ports = [".clk", ".rst", *_ports("s", unit.inputs), *_ports("m", unit.outputs)]
    yield f"        {', '.join(ports)}"
    yield "    );"


def unit_parameters(network: RtlNetwork, unit: RtlUnit, name: str) -> Mapping[str, int | str]:
    """All parameters of an instance in the network `name`, buffers and files included."""
    form = {"GENERIC": "GENERIC"} if unit.module.has_forms else {}
    return {**unit.module.set_up, **form, **file_parameters(name, unit), **network.buffers(unit)}


def file_parameters(name: str, unit: RtlUnit) -> Mapping[str, str]:
    """The parameters of a unit that name files of constants, or FILE, the first part of the names of several."""
    if unit.module.reads_stem:
        return {"FILE": f"{name}_{unit.name}"}
    return {memory.parameter: memory_file(name, unit, memory) for memory in unit.module.memories}


def memory_file(name: str, unit: RtlUnit, memory: Memory) -> str:
    """Name of a file of constants of the network `name`."""
    return f"{name}_{unit.name}_{memory.name}.mem"


def _ports(side: str, streams: tuple[str, ...]) -> Iterator[str]:
    for stream, end in zip(streams, ("", "_b"), strict=False):
        for signal in ("valid", "ready", "data"):
            yield f".{side}_{signal}{end}({wire(stream)}_{signal})"


def _value(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    return value if "'h" in value or value == "GENERIC" else f'"{value}"'
