"""The AXI shell of a network: the text of the module `shiftwire_top`, which is sw_shell.sv and the network.

Where the network is an IP of its own, it stands outside, behind streams of the top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.rtl.axi_stream import BYTE, AxiStream
from shiftwire.rtl.registers import ADDRESS_BITS

TOP = "shiftwire_top"
NETWORK_IN, NETWORK_OUT, NETWORK_RESET = "net_in", "net_out", "net_rst_n"
"""Ports of a top whose network stands outside: streams to it and from it, and its reset."""

SHELL_MODULES = (
    "sw_axi_lite",
    "sw_axis_in",
    "sw_axis_out",
    "sw_frame_counters",
    "sw_gearbox",
    "sw_shell",
    "sw_transfer_queue",
)
"""Files of shiftwire_hls/rtl that a top needs beside the network's own."""

_LITE = (
    ("input", 1, "awvalid"),
    ("output", 1, "awready"),
    ("input", ADDRESS_BITS, "awaddr"),
    ("input", 1, "wvalid"),
    ("output", 1, "wready"),
    ("input", 32, "wdata"),
    ("input", 4, "wstrb"),
    ("output", 1, "bvalid"),
    ("input", 1, "bready"),
    ("output", 2, "bresp"),
    ("input", 1, "arvalid"),
    ("output", 1, "arready"),
    ("input", ADDRESS_BITS, "araddr"),
    ("output", 1, "rvalid"),
    ("input", 1, "rready"),
    ("output", 32, "rdata"),
    ("output", 2, "rresp"),
)


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the top module."""

    is_input: bool
    bits: int
    name: str

    def __str__(self) -> str:
        width = f"[{self.bits - 1}:0] " if self.bits > 1 else ""
        return f"{'input ' if self.is_input else 'output'} logic {width}{self.name}"


@dataclass(frozen=True, slots=True)
class Shell:
    """What a top is made for; `version` is the first 32 bits of the project's version hash.

    sw_shell.sv has one port each way, so `inputs` and `outputs` hold one stream each. Where the network `is_outside`,
    the top has ports for its beats, as streams of whole bytes, and for its reset.
    """

    inputs: tuple[AxiStream, ...]
    outputs: tuple[AxiStream, ...]
    version: int = 0
    is_outside: bool = False

    @classmethod
    def of(cls, source: AxiStream, sink: AxiStream, version: int = 0) -> Shell:
        """One stream each way."""
        return cls((source,), (sink,), version)

    @property
    def input(self) -> AxiStream:
        """The only stream from memory."""
        return self.inputs[0]

    @property
    def output(self) -> AxiStream:
        """The only stream to memory."""
        return self.outputs[0]

    @property
    def ports(self) -> tuple[Port, ...]:
        """Ports of the top in their order."""
        lite = [Port(way == "input", bits, f"s_axi_{name}") for way, bits, name in _LITE]
        read = [Port(way == "input", bits, name) for way, bits, name in _stream("s_axis", self.input)]
        written = [Port(way != "input", bits, name) for way, bits, name in _stream("m_axis", self.output)]
        outside = self.network_ports if self.is_outside else ()
        return (Port(True, 1, "aclk"), Port(True, 1, "aresetn"), *lite, *read, *written, *outside)

    @property
    def network_ports(self) -> tuple[Port, ...]:
        """What a network outside is connected to; its reset is low while it lasts."""
        return (
            Port(False, 1, NETWORK_RESET),
            Port(False, 1, f"{NETWORK_IN}_tvalid"),
            Port(True, 1, f"{NETWORK_IN}_tready"),
            Port(False, whole_bytes(self.input.beat_bits), f"{NETWORK_IN}_tdata"),
            Port(True, 1, f"{NETWORK_OUT}_tvalid"),
            Port(False, 1, f"{NETWORK_OUT}_tready"),
            Port(True, whole_bytes(self.output.beat_bits), f"{NETWORK_OUT}_tdata"),
        )


def whole_bytes(bits: int) -> int:
    """Bits of an AXI4-Stream that holds so many."""
    return -(-bits // BYTE) * BYTE


def _stream(name: str, stream: AxiStream) -> Iterator[tuple[str, int, str]]:
    """Direction as the receiver sees it, width and name of an AXI4-Stream's signals."""
    yield "input", 1, f"{name}_tvalid"
    yield "output", 1, f"{name}_tready"
    yield "input", stream.word_bits, f"{name}_tdata"
    yield "input", stream.word_bits // BYTE, f"{name}_tkeep"
    yield "input", 1, f"{name}_tlast"


def top_text(shell: Shell, network: str = "network") -> str:
    """SystemVerilog of `shiftwire_top`: the shell around the module `network`.

    The network has ports clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data; one outside has no name here.
    """
    inner = _network_outside(shell) if shell.is_outside else _network_instance(network)
    return "\n".join([*_head(shell), *_shell_instance(shell), *inner, "endmodule"]) + "\n"


def _head(shell: Shell) -> Iterator[str]:
    read, written = shell.input, shell.output
    what = "The AXI shell of a network outside it" if shell.is_outside else "A network behind AXI ports"
    yield f"// {what}: {read.codes} codes {read.format} in, {written.codes} {written.format} out."
    yield "// Written by shiftwire."
    yield f"module {TOP} ("
    yield ",\n".join(f"    {port}" for port in shell.ports)
    yield ");"
    yield "    logic net_rst;"
    yield "    logic net_in_valid, net_in_ready, net_out_valid, net_out_ready;"
    yield f"    logic [{shell.input.beat_bits - 1}:0] net_in_data;"
    yield f"    logic [{shell.output.beat_bits - 1}:0] net_out_data;"


def _shell_instance(shell: Shell) -> Iterator[str]:
    yield "    sw_shell #("
    yield f"        .VERSION(32'h{shell.version:08x}),"
    yield ",\n".join([_parameters("IN", shell.input), _parameters("OUT", shell.output)])
    yield "    ) shell ("
    own = shell.ports[: -len(shell.network_ports)] if shell.is_outside else shell.ports
    yield ",\n".join(f"        .{port.name}" for port in own) + ","
    yield "        .net_rst, .net_in_valid, .net_in_ready, .net_in_data, .net_out_valid, .net_out_ready, .net_out_data"
    yield "    );"


def _parameters(side: str, stream: AxiStream) -> str:
    values = {
        "WORD_BITS": stream.word_bits,
        "CONTAINER_BITS": stream.container_bits,
        "CODE_BITS": stream.format.bits,
        "SIGNED": f"1'b{stream.format.signed:d}",
        "CODES": stream.codes,
        "LANES": stream.lanes,
    }
    return "        " + ", ".join(f".{side}_{name}({value})" for name, value in values.items())


def _network_instance(network: str) -> Iterator[str]:
    yield f"    {network} inner ("
    yield "        .clk(aclk), .rst(net_rst),"
    yield "        .s_valid(net_in_valid), .s_ready(net_in_ready), .s_data(net_in_data),"
    yield "        .m_valid(net_out_valid), .m_ready(net_out_ready), .m_data(net_out_data)"
    yield "    );"


def _network_outside(shell: Shell) -> Iterator[str]:
    """Beats are filled with zeros on their way out; what fills them on the way in is dropped."""
    bits, filled = shell.output.beat_bits, whole_bytes(shell.output.beat_bits)
    yield f"    assign {NETWORK_RESET} = !net_rst;"
    yield f"    assign {NETWORK_IN}_tvalid = net_in_valid;"
    yield f"    assign net_in_ready = {NETWORK_IN}_tready;"
    yield f"    assign {NETWORK_IN}_tdata = {whole_bytes(shell.input.beat_bits)}'(net_in_data);"
    yield f"    assign net_out_valid = {NETWORK_OUT}_tvalid;"
    yield f"    assign {NETWORK_OUT}_tready = net_out_ready;"
    yield f"    assign net_out_data = {NETWORK_OUT}_tdata[{bits - 1}:0];"
    if filled > bits:
        yield f"    wire unused_filling = &{{1'b0, {NETWORK_OUT}_tdata[{filled - 1}:{bits}]}};"
