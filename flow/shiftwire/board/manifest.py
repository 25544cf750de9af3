"""manifest.json of a board package: what the runtime on the board must know of a project.

Read by shiftwire_boards.runtime.manifest; the fields are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from shiftwire.board.inner import chosen_inner, project_shell
from shiftwire.errors import InputError
from shiftwire.ir.frames import InputPart, OutputPart
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.network import Network, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.project.project import Project
from shiftwire.rtl.axi_stream import BYTE, AxiStream
from shiftwire.rtl.shell import Shell
from shiftwire.schedule.depths import interval, layer_cycles
from shiftwire.schedule.design import Design
from shiftwire.schedule.tokens import predicted_latency
from shiftwire_boards.runtime.host_steps import as_json
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.preprocessing import Preprocessing

SCHEMA = 3
SCHEMA_OF_SEVERAL = 4
"""Of several inputs or outputs, which older runtimes do not know."""


@dataclass(frozen=True)
class About:
    """What a model does not say itself: a word a class, and how pixels become the values it reads."""

    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None

    def check(self, network: Network) -> None:
        """Raises InputError for labels of other classes, and for numbers that will not do."""
        sizes = [prod(part.shape) for part in network.exits]
        if self.labels is not None and len(self.labels) not in sizes:
            raise InputError(
                f"found {len(self.labels)} labels, and the network gives {' and '.join(map(str, sizes))} numbers; name "
                "each class"
            )
        if self.preprocessing is not None and len(network.entries) > 1:
            names = ", ".join(part.name for part in network.entries)
            raise InputError(
                f"found how pixels become values for the inputs {names}; leave --scale, --mean and --std out"
            )
        fault = "" if self.preprocessing is None else self.preprocessing.fault(network.input.shape[-1])
        if fault:
            raise InputError(f"{fault}; give what the model learnt on, with commas between")


NOTHING = About()


def board_manifest(
    project: Project,
    name: str,
    files: Mapping[str, str],
    golden: str | None = None,
    about: About = NOTHING,
    *,
    inner: Inner | None = None,
) -> dict[str, Any]:
    """`files` are checksums of the other files of the package, by name; `golden` is one of them.

    Raises InputError where `about` is of another network.
    """
    form = chosen_inner(project, inner)
    design, shell = project.design, project_shell(project, form)
    network = design.network
    about.check(network)
    is_plain = len(network.entries) == len(network.exits) == 1
    return {
        "shiftwire_package": SCHEMA if is_plain else SCHEMA_OF_SEVERAL,
        "name": name,
        "version_hash": project.version_hash,
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "inputs": [
            {"name": end.name, **_port(end.tensor, stream), **_inputs(end.parts)}
            for end, stream in zip(network.inputs, shell.inputs, strict=True)
        ],
        "outputs": [
            {"name": end.name, **_port(network.output, stream), **_outputs(end.parts(network.output))}
            for end, stream in zip(network.outputs, shell.outputs, strict=True)
        ],
        "inner": form.value,
        "foreseen": _predicted(design.rtl, shell) if form is Inner.RTL else _predicted_of_hls(design, shell),
        "preparation": None if about.preprocessing is None else asdict(about.preprocessing),
        "labels": about.labels,
        "golden": golden,
        "files": dict(files),
    }


def _predicted(network: RtlNetwork, shell: Shell) -> dict[str, Any]:
    """Frames follow each other as the slowest unit works, or as the longer port takes or gives its words."""
    return {
        "interval_cycles": max(interval(network), shell.input.words, shell.output.words),
        "latency_cycles": predicted_latency(network),
        "layers": list(layer_cycles(network).items()),
    }


def _predicted_of_hls(design: Design, shell: Shell) -> dict[str, Any]:
    """The same of the C++, with the drain behind its iterations; no HLS tool has confirmed it."""
    layers: dict[str, int] = {}
    for instance in design.pipeline.instances:
        layers[instance.layer] = max(layers.get(instance.layer, 0), instance.unit.hls_cycles)
    return {
        "interval_cycles": max(design.timing.hls_interval, shell.input.words, shell.output.words),
        "latency_cycles": design.timing.latency,
        "layers": list(layers.items()),
    }


def _port(tensor: Tensor, stream: AxiStream) -> dict[str, Any]:
    return {
        "format": str(tensor.format),
        "shape": list(tensor.shape),
        "container_bits": stream.container_bits,
        "word_bytes": stream.word_bits // BYTE,
    }


def _inputs(parts: tuple[InputPart, ...]) -> dict[str, Any]:
    """What the host does for a port: for its tensor, or for each of the parts of its frame."""
    if len(parts) == 1:
        return {"encode": _encode(parts[0].host)}
    return {"parts": [{**_part(part), "encode": _encode(part.host)} for part in parts]}


def _outputs(parts: tuple[OutputPart, ...]) -> dict[str, Any]:
    if len(parts) == 1:
        return {"decode": _decode(parts[0].host)}
    return {"parts": [{**_part(part), "decode": _decode(part.host)} for part in parts]}


def _part(part: InputPart | OutputPart) -> dict[str, Any]:
    return {"name": part.name, "format": str(part.format), "shape": list(part.shape)}


def _encode(host: HostInput) -> dict[str, Any]:
    own = host.quantizer
    return {
        "quantises": host.quantizes,
        "rounding": host.rounding.value,
        "overflow": host.overflow.value,
        "quantiser": None if own is None else asdict(own) | {"rounding": own.rounding.value},
        "steps": list(map(as_json, host.steps)),
        "shape": host.shape,
        "entry": None if host.entry is None else str(host.entry),
    }


def _decode(host: HostOutput) -> dict[str, Any]:
    channels = host.channels
    scale, offset = (host.scale, 0.0) if channels is None else (channels.scale.tolist(), channels.offset.tolist())
    return {"scale": scale, "offset": offset, "steps": list(map(as_json, host.steps))}
