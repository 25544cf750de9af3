"""What stands inside the shell: the open SystemVerilog, or the IP that Vitis HLS makes of the C++."""

from __future__ import annotations

import enum

from shiftwire.errors import InputError
from shiftwire.hls.top import HLS_TOP, WordPort, word_ports
from shiftwire.project.project import Backend, Project
from shiftwire.rtl.axi_stream import AxiStream, container_for
from shiftwire.rtl.ip import WORD_BITS, network_shell
from shiftwire.rtl.shell import Shell


class Inner(enum.Enum):
    """The form of a network behind the shell."""

    HLS = "hls"
    RTL = "rtl"


def chosen_inner(project: Project, asked: Inner | None = None) -> Inner:
    """The form asked for, else rtl/ where a project has it; raises InputError for one that it has not."""
    there = {Inner.RTL: bool(project.rtl_checksums), Inner.HLS: project.hls_dir.is_dir()}
    inner = asked or (Inner.RTL if there[Inner.RTL] or not there[Inner.HLS] else Inner.HLS)
    if not there[inner]:
        raise InputError(f"{project.path} holds no {inner.value}/; {project.again_with(Backend(inner.value))}")
    return inner


def inner_shell(project: Project, inner: Inner) -> Shell:
    """The shell around a form: the same registers and words; only the lanes of its inner streams differ."""
    version = int(project.version_hash[:8], 16)
    if inner is Inner.RTL:
        return network_shell(project.design.rtl, version)
    source, sink = word_ports(project.design.pipeline)
    return Shell.of(_stream(source), _stream(sink), version)


def _stream(port: WordPort) -> AxiStream:
    format, codes = port.fifo.format, port.fifo.port.codes
    return AxiStream(format, codes, port.lanes, container_for(format), WORD_BITS)


def hls_network_text(shell: Shell, module: str, ip: str = HLS_TOP) -> str:
    """SystemVerilog of a module as the shell wants one, around the IP of the HLS top: its ports, padded to bytes."""
    source, sink = shell.input.beat_bits, shell.output.beat_bits
    wide_in, wide_out = _padded(source), _padded(sink)
    return f"""// The exported HLS IP as the shell's inner network. Written by shiftwire.
module {module} (
    input  logic clk,
    input  logic rst,
    input  logic s_valid,
    output logic s_ready,
    input  logic [{source - 1}:0] s_data,
    output logic m_valid,
    input  logic m_ready,
    output logic [{sink - 1}:0] m_data
);
    logic [{wide_out - 1}:0] word;
    assign m_data = word[{sink - 1}:0];

    {ip} ip (
        .ap_clk(clk), .ap_rst_n(!rst),
        .s_data_TVALID(s_valid), .s_data_TREADY(s_ready), .s_data_TDATA({wide_in}'(s_data)),
        .m_data_TVALID(m_valid), .m_data_TREADY(m_ready), .m_data_TDATA(word)
    );
endmodule
"""


def _padded(bits: int) -> int:
    return -(-bits // 8) * 8
