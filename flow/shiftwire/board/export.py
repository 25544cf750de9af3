"""The HLS IP of a project: Vitis HLS makes it, and its component.xml is held against what the shell is linked to.

Untested against the real tool: the samples of the tests were written by hand after published files.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.hls.top import INPUT, IP_FOLDER, OUTPUT, VLNV, ip_ports
from shiftwire.ir.pipeline import Pipeline
from shiftwire.project.project import Project
from shiftwire.rtl.ipxact import COMPONENT
from shiftwire.rtl.shell import Port
from shiftwire.synth.vendor_runs import vitis_simulation
from shiftwire.synth.vitis import Step, Vitis
from shiftwire.tools.atomic import replaced_file

STAMP = "exported.txt"
"""Under reports/: SHA-256 of what was exported and of what it was made from, so that a second build goes on."""

MEND = "export hls/ as 'shiftwire convert' wrote it, and if it stays so report it with the version of Vitis HLS"


def export_network(project: Project, vitis: Vitis) -> None:
    """Synthesise, co-simulate and export hls/, unless that was done; raises ToolError where it fails.

    Raises CheckFailedError for a kernel that is not as expected, before hours of co-simulation. No IP counts as
    exported before all of that is right.
    """
    stamp = project.reports_dir / STAMP
    if stamp.is_file() and stamp.read_text(errors="replace") == _digest(project):
        check_component(_component(project), project.design.pipeline)
        return
    stamp.unlink(missing_ok=True)
    vitis_simulation(project, vitis, Step.EXPORT)
    check_component(_component(project), project.design.pipeline)
    replaced_file(stamp, _digest(project))


def _component(project: Project) -> Path:
    return project.hls_dir / IP_FOLDER / COMPONENT


def _digest(project: Project) -> str:
    """Of sources and IP."""
    digest = hashlib.sha256(project.version_hash.encode())
    for folder in (project.hls_dir / "firmware", project.hls_dir / IP_FOLDER):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{file.relative_to(project.hls_dir).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def check_component(path: Path, pipeline: Pipeline) -> None:
    """Raise ToolError, in one sentence, for the first thing of an exported IP that no block design of ours links."""
    try:
        component = _plain(ET.parse(path).getroot())
        fault = next(_faults(component, ip_ports(pipeline)), None)
    except FileNotFoundError:
        raise ToolError(f"found no {path}, which Vitis HLS exports; {MEND}") from None
    except (ET.ParseError, ValueError) as error:
        raise ToolError(f"{path} is no well-formed component ({error}); {MEND}") from None
    if fault is not None:
        raise ToolError(f"{fault} in {path}; {MEND}")


def _plain(root: ET.Element) -> ET.Element:
    """Without namespaces."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _faults(component: ET.Element, wanted: Sequence[Port]) -> Iterator[str]:
    name = ":".join(component.findtext(part, "").strip() for part in ("vendor", "library", "name", "version"))
    if name != VLNV:
        yield f"found the IP {name}, wanted {VLNV}"
    yield from _port_faults({port.name: port for port in _ports(component)}, wanted)
    for face, role in ((INPUT, "slave"), (OUTPUT, "master")):
        bus = next((bus for bus in component.iterfind("busInterfaces/busInterface") if _name(bus) == face), None)
        if bus is None:
            others = ", ".join(map(_name, component.iterfind("busInterfaces/busInterface"))) or "none"
            yield f"found no stream {face} among the interfaces {others}, wanted it as a {role}"
        elif bus.find(role) is None:
            yield f"found the interface {face} at the wrong end of a stream, wanted it as a {role}"


def _port_faults(ports: dict[str, Port], wanted: Sequence[Port]) -> Iterator[str]:
    for port in wanted:
        there = ports.get(port.name)
        if there is None:
            yield f"found no port {port.name} among {', '.join(ports) or 'none'}, wanted one of {_width(port)}"
        elif there.is_input != port.is_input:
            yield f"found the {_way(there)} {port.name}, wanted an {_way(port)}"
        elif there.bits != port.bits:
            yield f"found the port {port.name} of {_width(there)}, wanted {_width(port)}"
    known = {port.name for port in wanted}
    for port in ports.values():
        if port.is_input and port.name not in known:
            yield f"found the input {port.name}, which nothing drives, wanted streams of plain words alone"


def _ports(component: ET.Element) -> Iterator[Port]:
    """Raises ValueError for a width that is no number."""
    for port in component.iterfind("model/ports/port"):
        left, right = (int(port.findtext(f"wire/vector/{end}", "0")) for end in ("left", "right"))
        yield Port(port.findtext("wire/direction", "").strip() == "in", abs(left - right) + 1, _name(port))


def _name(element: ET.Element) -> str:
    return element.findtext("name", "").strip()


def _width(port: Port) -> str:
    return f"{port.bits} bit{'s' if port.bits > 1 else ''}"


def _way(port: Port) -> str:
    return "input" if port.is_input else "output"
