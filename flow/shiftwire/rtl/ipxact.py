"""component.xml of the shell's top for Vivado's IP catalogue, in IEEE 1685-2009.

Untested against the real tool: written after the standard's order of elements and files that Vivado itself packaged.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.rtl.axi_stream import BYTE, AxiStream
from shiftwire.rtl.registers import ADDRESS_BITS, REGISTERS, Access, Field, Register
from shiftwire.rtl.shell import NETWORK_IN, NETWORK_OUT, NETWORK_RESET, TOP, Port, Shell, whole_bytes
from shiftwire_boards.runtime.family import Family

COMPONENT = "component.xml"
SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
XILINX = "http://www.xilinx.com"
VENDOR, LIBRARY, NAME, VERSION = "shiftwire", "network", "shiftwire", "1.0"
VIEWS = (
    ("xilinx_anylanguagesynthesis", "Synthesis", ":vivado.xilinx.com:synthesis"),
    ("xilinx_anylanguagebehavioralsimulation", "Simulation", ":vivado.xilinx.com:simulation"),
)
LITE, STREAM_IN, STREAM_OUT = "S_AXI", "S_AXIS", "M_AXIS"
TO_NETWORK, FROM_NETWORK = NETWORK_IN.upper(), NETWORK_OUT.upper()
REGISTER_BITS = 32
ACTIVE_LOW = (("POLARITY", "ACTIVE_LOW"),)


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus interface; `maps` are logical and physical names, `type` names a definition of Vivado's."""

    name: str
    library: str
    type: str
    is_master: bool
    maps: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, object], ...]


def write_component(folder: Path, shell: Shell) -> Path:
    """Write component.xml beside the .sv and .mem files of a folder, all of which it lists; the top must be there."""
    if not (folder / f"{TOP}.sv").is_file():
        raise InputError(f"found no {TOP}.sv in {folder}, which component.xml would describe; write the top first")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".sv", ".mem"))
    component = folder / COMPONENT
    component.write_text(component_xml(shell, files), encoding="utf-8")
    return component


def component_xml(shell: Shell, files: Sequence[str]) -> str:
    """Text of component.xml; `files` are paths relative to it."""
    ET.register_namespace("spirit", SPIRIT)
    ET.register_namespace("xilinx", XILINX)
    identity = [_node("vendor", VENDOR), _node("library", LIBRARY), _node("name", NAME), _node("version", VERSION)]
    root = _node(
        "component",
        *identity,
        _node("busInterfaces", *(_bus_interface(bus) for bus in buses(shell))),
        _node("memoryMaps", _memory_map()),
        _node("model", _node("views", *_views()), _node("ports", *map(_port, shell.ports))),
        _node("fileSets", *(_file_set(view, files) for view, *_ in VIEWS)),
        _node("description", "A multiplication-free network behind AXI ports, written by shiftwire"),
        _node("parameters", _component_name()),
        _node("vendorExtensions", _core_extensions()),
    )
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def buses(shell: Shell) -> tuple[Bus, ...]:
    """The top's bus interfaces, clock and reset among them."""
    names = [port.name for port in shell.ports]
    outside = _buses_outside(shell) if shell.is_outside else ()
    clocked = ":".join([LITE, STREAM_IN, STREAM_OUT, *(bus.name for bus in outside if bus.type == "axis")])
    resets = ":".join(["aresetn", *(bus.name for bus in outside if bus.type == "reset")])
    lite = (("PROTOCOL", "AXI4LITE"), ("DATA_WIDTH", REGISTER_BITS), ("ADDR_WIDTH", ADDRESS_BITS))
    clock = (("ASSOCIATED_BUSIF", clocked), ("ASSOCIATED_RESET", resets))
    return (
        Bus(LITE, "interface", "aximm", False, _maps(names, "s_axi_"), lite),
        Bus(STREAM_IN, "interface", "axis", False, _maps(names, "s_axis_"), _axis(shell.input)),
        Bus(STREAM_OUT, "interface", "axis", True, _maps(names, "m_axis_"), _axis(shell.output)),
        Bus("aclk", "signal", "clock", False, (("CLK", "aclk"),), clock),
        Bus("aresetn", "signal", "reset", False, (("RST", "aresetn"),), ACTIVE_LOW),
        *outside,
    )


def _buses_outside(shell: Shell) -> tuple[Bus, ...]:
    """Of a network that is an IP of its own: its frames are counted, so its streams have neither TLAST nor TKEEP."""
    names = [port.name for port in shell.network_ports]
    bits = (shell.input.beat_bits, shell.output.beat_bits)
    read, written = (_axis_parameters(whole_bytes(each), ("HAS_TREADY",)) for each in bits)
    return (
        Bus(TO_NETWORK, "interface", "axis", True, _maps(names, f"{NETWORK_IN}_"), read),
        Bus(FROM_NETWORK, "interface", "axis", False, _maps(names, f"{NETWORK_OUT}_"), written),
        Bus(NETWORK_RESET, "signal", "reset", True, (("RST", NETWORK_RESET),), ACTIVE_LOW),
    )


def _maps(names: Sequence[str], prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.removeprefix(prefix).upper(), name) for name in names if name.startswith(prefix))


def _axis(stream: AxiStream) -> tuple[tuple[str, object], ...]:
    return _axis_parameters(stream.word_bits, ("HAS_TREADY", "HAS_TKEEP", "HAS_TLAST"))


def _axis_parameters(bits: int, present: Sequence[str]) -> tuple[tuple[str, object], ...]:
    """A stream's width in bytes, and which of the optional signals it has."""
    widths = tuple((name, 0) for name in ("TDEST_WIDTH", "TID_WIDTH", "TUSER_WIDTH"))
    optional = tuple((name, int(name in present)) for name in ("HAS_TSTRB", "HAS_TREADY", "HAS_TKEEP", "HAS_TLAST"))
    return (("TDATA_NUM_BYTES", bits // BYTE), *widths, *optional)


def _node(tag: str, /, *content: str | ET.Element, **attributes: str) -> ET.Element:
    """An element of the spirit namespace that holds a text or elements."""
    element = ET.Element(f"{{{SPIRIT}}}{tag}", {f"{{{SPIRIT}}}{key}": value for key, value in attributes.items()})
    for part in content:
        if isinstance(part, str):
            element.text = part
        else:
            element.append(part)
    return element


def _long(name: str, value: int) -> ET.Element:
    return _node(name, str(value), format="long")


def _parameter(name: str, value: object, owner: str = "PARAM_VALUE") -> ET.Element:
    element = _node("value", str(value), id=f"{owner}.{name}")
    return _node("parameter", _node("name", name), element)


def _component_name() -> ET.Element:
    """Vivado names each instance by it, so it must be the user's to set."""
    value = _node("value", f"{NAME}_v1_0", resolve="user", id="PARAM_VALUE.Component_Name", order="1")
    return _node("parameter", _node("name", "Component_Name"), value)


def _bus_interface(bus: Bus) -> ET.Element:
    definition = {"vendor": "xilinx.com", "library": bus.library, "version": "1.0"}
    slave = [_node("memoryMapRef", memoryMapRef=LITE)] if bus.name == LITE else []
    owner = f"BUSIFPARAM_VALUE.{bus.name.upper()}"
    return _node(
        "busInterface",
        _node("name", bus.name),
        _node("busType", **definition, name=bus.type),
        _node("abstractionType", **definition, name=f"{bus.type}_rtl"),
        _node("master") if bus.is_master else _node("slave", *slave),
        _node("portMaps", *(_port_map(logical, physical) for logical, physical in bus.maps)),
        _node("parameters", *(_parameter(name, value, owner) for name, value in bus.parameters)),
    )


def _port_map(logical: str, physical: str) -> ET.Element:
    logical_port = _node("logicalPort", _node("name", logical))
    return _node("portMap", logical_port, _node("physicalPort", _node("name", physical)))


def _memory_map() -> ET.Element:
    block = _node(
        "addressBlock",
        _node("name", "registers"),
        _long("baseAddress", 0),
        _long("range", 1 << ADDRESS_BITS),
        _long("width", REGISTER_BITS),
        _node("usage", "register"),
        _node("access", "read-write"),
        *map(_register, REGISTERS),
    )
    return _node("memoryMap", _node("name", LITE), block)


def _register(register: Register) -> ET.Element:
    reset = [] if register.reset is None else [_node("reset", _node("value", f"0x{register.reset:X}"))]
    fields = register.fields or (Field(register.name, 0, REGISTER_BITS, register.meaning),)
    return _node(
        "register",
        _node("name", register.name),
        _node("description", register.meaning),
        _node("addressOffset", f"0x{register.offset:X}"),
        _long("size", REGISTER_BITS),
        _node("volatile", "false" if register.access is Access.READ_WRITE else "true"),
        _node("access", _access(register)),
        *reset,
        *(_field(field, register) for field in fields),
    )


def _access(register: Register) -> str:
    return "read-only" if register.access is Access.READ_ONLY else "read-write"


def _field(field: Field, register: Register) -> ET.Element:
    cleared = [_node("modifiedWriteValue", "oneToClear")] if register.access is Access.CLEAR_BY_ONE else []
    return _node(
        "field",
        _node("name", field.name),
        _node("description", field.meaning),
        _node("bitOffset", str(field.low)),
        _long("bitWidth", field.bits),
        _node("access", _access(register)),
        *cleared,
    )


def _views() -> Iterator[ET.Element]:
    for name, shown, identifier in VIEWS:
        named = (_node("name", name), _node("displayName", shown), _node("envIdentifier", identifier))
        files = _node("fileSetRef", _node("localName", f"{name}_view_fileset"))
        yield _node("view", *named, _node("language", "SystemVerilog"), _node("modelName", TOP), files)


def _port(port: Port) -> ET.Element:
    vector = [_node("vector", _long("left", port.bits - 1), _long("right", 0))] if port.bits > 1 else []
    views = (_node("viewNameRef", name) for name, *_ in VIEWS)
    types = _node("wireTypeDefs", _node("wireTypeDef", _node("typeName", "logic"), *views))
    # a sender without TKEEP sends whole words; as a string of bits, since a long ends at 63
    ones = {"format": "bitString", "bitStringLength": str(port.bits)}
    driver = [_node("driver", _node("defaultValue", f"0x{(1 << port.bits) - 1:X}", **ones))]
    driver = driver if port.is_input and port.name.endswith("tkeep") else []
    direction = _node("direction", "in" if port.is_input else "out")
    return _node("port", _node("name", port.name), _node("wire", direction, *vector, types, *driver))


def _file_set(view: str, files: Sequence[str]) -> ET.Element:
    return _node("fileSet", _node("name", f"{view}_view_fileset"), *map(_file, files))


def _file(path: str) -> ET.Element:
    """A type that the standard does not name is the user's; a build stops where Vivado did not find a file of it."""
    if path.endswith(".sv"):
        return _node("file", _node("name", path), _node("fileType", "systemVerilogSource"))
    return _node("file", _node("name", path), _node("userFileType", "mem"))


def _core_extensions() -> ET.Element:
    extensions = ET.Element(f"{{{XILINX}}}coreExtensions")
    families = ET.SubElement(extensions, f"{{{XILINX}}}supportedFamilies")
    for family in Family:
        ET.SubElement(families, f"{{{XILINX}}}family", {f"{{{XILINX}}}lifeCycle": "Production"}).text = family.value
    taxonomies = ET.SubElement(extensions, f"{{{XILINX}}}taxonomies")
    ET.SubElement(taxonomies, f"{{{XILINX}}}taxonomy").text = "/Neural_Networks"
    ET.SubElement(extensions, f"{{{XILINX}}}displayName").text = "shiftwire network"
    ET.SubElement(extensions, f"{{{XILINX}}}coreRevision").text = "1"
    return extensions
