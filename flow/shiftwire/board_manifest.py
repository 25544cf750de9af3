"""manifest.json of a board package: what the runtime on the board must know of a project.

Read by shiftwire_boards.runtime.manifest; the fields are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shiftwire.board_program import project_shell
from shiftwire.host import HostInput, HostOutput
from shiftwire.network import Network, Tensor
from shiftwire.project import Project
from shiftwire.rtl.axi_stream import BYTE, AxiStream
from shiftwire.rtl.depths import interval

SCHEMA = 1


def board_manifest(
    project: Project, name: str, files: Mapping[str, str], golden: str | None = None, latency_cycles: int | None = None
) -> dict[str, Any]:
    """`files` are checksums of the other files of the package, by name; `golden` is one of them."""
    design, shell = project.design, project_shell(project)
    network = design.network
    return {
        "shiftwire_package": SCHEMA,
        "name": name,
        "version_hash": project.version_hash,
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "input": {**_port(network.input, shell.input), "encode": _encode(network.host_input)},
        "output": {**_port(network.output, shell.output), "decode": _decode(network)},
        "foreseen": {"interval_cycles": interval(design.rtl), "latency_cycles": latency_cycles},
        "labels": None,
        "golden": golden,
        "files": dict(files),
    }


def _port(tensor: Tensor, stream: AxiStream) -> dict[str, Any]:
    return {
        "format": str(tensor.format),
        "shape": list(tensor.shape),
        "container_bits": stream.container_bits,
        "word_bytes": stream.word_bits // BYTE,
    }


def _encode(host: HostInput) -> dict[str, Any]:
    told = host.quantiser
    quantiser = None
    if told is not None:
        quantiser = {
            "scale": told.scale,
            "zero_point": told.zero_point,
            "lo": told.lo,
            "hi": told.hi,
            "rounding": told.rounding.value,
        }
    return {
        "quantises": host.quantises,
        "rounding": host.rounding.value,
        "overflow": host.overflow.value,
        "quantiser": quantiser,
    }


def _decode(network: Network) -> dict[str, Any]:
    host: HostOutput = network.host_output
    channels = host.channels
    scale, offset = (host.scale, 0.0) if channels is None else (channels.scale.tolist(), channels.offset.tolist())
    return {"scale": scale, "offset": offset, "tail": host.tail.value}
