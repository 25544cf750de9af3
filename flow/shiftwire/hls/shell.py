"""The AXI shell in front of the IP that Vitis HLS exports: an IP of its own in hls/shell, with its component.xml."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.hls.top import WordPort, word_ports
from shiftwire.rtl.axi_stream import CONTAINERS, AxiStream, container_for
from shiftwire.rtl.files import MODULES
from shiftwire.rtl.ip import WORD_BITS
from shiftwire.rtl.ipxact import COMPONENT, component_xml
from shiftwire.rtl.shell import SHELL_MODULES, TOP, Shell, top_text
from shiftwire.schedule.design import Design

FOLDER = "shell"
"""Under hls/."""


def hls_shell(design: Design, version: str) -> Shell:
    """The shell that fits the top of words; raises InputError for codes wider than a container.

    `version` is the project's hash: with its registers and words, a shell of rtl/ differs in nothing but the inside.
    """
    source, sink = word_ports(design.pipeline)
    return Shell((_stream(source),), (_stream(sink),), int(version[:8], 16), is_outside=True)


def shell_files(design: Design, version: str) -> Mapping[str, str]:
    """Files of the folder by name; none where the ends are wider than the DMA's containers."""
    if any(port.fifo.format.bits > CONTAINERS[-1] for port in word_ports(design.pipeline)):
        return {}
    shell = hls_shell(design, version)
    texts = {f"{name}.sv": (MODULES / f"{name}.sv").read_text(encoding="utf-8") for name in SHELL_MODULES}
    texts[f"{TOP}.sv"] = top_text(shell)
    return texts | {COMPONENT: component_xml(shell, sorted(texts))}


def _stream(port: WordPort) -> AxiStream:
    format, codes = port.fifo.format, port.fifo.port.codes
    return AxiStream(format, codes, port.lanes, container_for(format), WORD_BITS)
