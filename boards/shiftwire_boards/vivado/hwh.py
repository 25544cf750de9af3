"""A block design as the .hwh that PYNQ reads: modules, parameters, registers, nets, interrupts and the memory map.

As much of the format as pynq 3.1.2 asks for; Vivado's own files say more.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from shiftwire_boards.catalog import Family
from shiftwire_boards.vivado.accelerator import Access, Register, RegisterField
from shiftwire_boards.vivado.model import (
    Address,
    BlockDesign,
    Bus,
    Cell,
    Direction,
    End,
    Interface,
    Net,
    Pin,
    PinKind,
    Role,
)

BLOCK = "Reg"
_TYPES = {
    (Bus.MEMORY, Role.MASTER): "MASTER",
    (Bus.MEMORY, Role.SLAVE): "SLAVE",
    (Bus.STREAM, Role.MASTER): "INITIATOR",
    (Bus.STREAM, Role.SLAVE): "TARGET",
}


def hwh_text(design: BlockDesign) -> str:
    """The .hwh of a design, with the addresses and registers of its model."""
    nets = {end: net for net in design.nets for end in (net.driver, *net.loads)}
    root = _node("EDKSYSTEM", _system(design), _node("EXTERNALPORTS"), _node("EXTERNALINTERFACES"), EDWVERSION="1.2")
    root.append(_node("MODULES", *(_module(design, cell, nets) for cell in (*design.cells[1:], design.cells[0]))))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _node(tag: str, /, *content: ET.Element, **attributes: object) -> ET.Element:
    element = ET.Element(tag, {key: str(value) for key, value in attributes.items()})
    element.extend(content)
    return element


def _system(design: BlockDesign) -> ET.Element:
    board = design.board
    name, *rest = board.part.removeprefix("xc").split("-")
    if board.family is Family.ZYNQ_7000:  # 7z020clg400-1; elsewhere zu7ev-ffvc1156-2-e
        name, rest = name[:5], [name[5:], *rest]
    facts = {"ARCH": board.family.value, "BOARD": board.files.board_part, "DEVICE": name, "PACKAGE": rest[0]}
    return _node("SYSTEMINFO", **facts, NAME=design.name, SPEEDGRADE=f"-{rest[1]}")


def _module(design: BlockDesign, cell: Cell, nets: dict[End, Net]) -> ET.Element:
    kind = cell.versioned.split(":")
    is_ps = cell is design.cells[0]
    known = [address for address in design.addresses if address.slave.cell == cell.name]
    blocks = _node("ADDRESSBLOCKS", *(_block(cell, address) for address in known))
    parts = [blocks, _parameters(cell, known), _ports(cell, nets), _interfaces(design, cell)]
    if is_ps:
        parts += [_memory_map(design), _node("PERIPHERALS", *(_peripheral(each) for each in design.addresses))]
    return _node(
        "MODULE",
        *parts,
        FULLNAME=f"/{cell.name}",
        HWVERSION=kind[3],
        INSTANCE=cell.name,
        IPTYPE="PERIPHERAL",
        IS_ENABLE=1,
        IS_PL="FALSE" if is_ps else "TRUE",
        MODCLASS="PROCESSOR" if is_ps else "PERIPHERAL",
        MODTYPE=kind[2],
        VLNV=cell.versioned,
    )


def _block(cell: Cell, address: Address) -> ET.Element:
    registers = _node("REGISTERS", *(_register(register) for register in cell.registers))
    place = {"INTERFACE": address.slave.name, "NAME": BLOCK, "RANGE": address.size}
    return _node("ADDRESSBLOCK", registers, ACCESS=Access.READ_WRITE.value, USAGE="register", **place)


def _register(register: Register) -> ET.Element:
    facts = {
        "DESCRIPTION": register.meaning,
        "ADDRESS_OFFSET": f"0x{register.offset:X}",
        "SIZE": 32,
        "ACCESS": register.access.value,
        "IS_ENABLED": "true",
        "RESET_VALUE": f"0x{register.reset:X}",
    }
    fields = _node("FIELDS", *(_field(field, register) for field in register.fields))
    return _node("REGISTER", *_properties(facts), fields, NAME=register.name)


def _field(field: RegisterField, register: Register) -> ET.Element:
    facts = {
        "DESCRIPTION": field.meaning,
        "ADDRESS_OFFSET": field.low,
        "ACCESS": register.access.value,
        "BIT_OFFSET": field.low,
        "BIT_WIDTH": field.bits,
    }
    return _node("FIELD", *_properties(facts), NAME=field.name)


def _properties(facts: dict[str, object]) -> Iterator[ET.Element]:
    return (_node("PROPERTY", NAME=name, VALUE=value) for name, value in facts.items())


def _parameters(cell: Cell, addresses: list[Address]) -> ET.Element:
    facts: dict[str, object] = {each.name: each.value for each in (*cell.settings, *cell.facts)}
    for address in addresses:
        facts |= {"C_BASEADDR": f"0x{address.base:08X}", "C_HIGHADDR": f"0x{address.high:08X}"}
    return _node("PARAMETERS", *(_node("PARAMETER", NAME=name, VALUE=value) for name, value in facts.items()))


def _ports(cell: Cell, nets: dict[End, Net]) -> ET.Element:
    return _node("PORTS", *(_port(cell, pin, nets.get(End(cell.name, pin.name))) for pin in cell.pins))


def _port(cell: Cell, pin: Pin, net: Net | None) -> ET.Element:
    facts: dict[str, object] = {"DIR": pin.direction.value, "NAME": pin.name, "SIGIS": pin.kind.value}
    if pin.clock_mhz is not None:
        facts["CLKFREQUENCY"] = round(pin.clock_mhz * 1e6)
    if pin.kind is PinKind.RESET:
        facts["POLARITY"] = "ACTIVE_LOW"
    if pin.bits > 1:
        facts |= {"LEFT": pin.bits - 1, "RIGHT": 0}
    if net is None:
        return _node("PORT", _node("CONNECTIONS"), **facts)
    others = net.loads if pin.direction is Direction.OUTPUT else (net.driver,)
    ends = (_node("CONNECTION", INSTANCE=end.cell, PORT=end.name) for end in others)
    return _node("PORT", _node("CONNECTIONS", *ends), **facts, SIGNAME=f"{net.driver.cell}_{net.driver.name}")


def _interfaces(design: BlockDesign, cell: Cell) -> ET.Element:
    return _node("BUSINTERFACES", *(_interface(design, cell, face) for face in cell.interfaces))


def _interface(design: BlockDesign, cell: Cell, face: Interface) -> ET.Element:
    end = End(cell.name, face.name)
    master = next(link.master for link in design.links if end in (link.master, link.slave))
    return _node(
        "BUSINTERFACE",
        BUSNAME=f"{master.cell}_{master.name}",
        DATAWIDTH=face.bits,
        NAME=face.name,
        TYPE=_TYPES[face.bus, face.role],
        VLNV=f"xilinx.com:interface:{face.bus.value}:1.0",
    )


def _memory_map(design: BlockDesign) -> ET.Element:
    return _node("MEMORYMAP", *(_range(design, address) for address in design.addresses))


def _range(design: BlockDesign, address: Address) -> ET.Element:
    return _node(
        "MEMRANGE",
        ADDRESSBLOCK=BLOCK,
        BASENAME="C_BASEADDR",
        BASEVALUE=f"0x{address.base:08X}",
        HIGHNAME="C_HIGHADDR",
        HIGHVALUE=f"0x{address.high:08X}",
        INSTANCE=address.slave.cell,
        IS_DATA="TRUE",
        IS_INSTRUCTION="TRUE",
        MASTERBUSINTERFACE=design.master.name,
        MEMTYPE="REGISTER",
        SLAVEBUSINTERFACE=address.slave.name,
    )


def _peripheral(address: Address) -> ET.Element:
    return _node("PERIPHERAL", INSTANCE=address.slave.cell)
