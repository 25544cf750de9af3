"""A block design as one model, and the script, .hwh and .bit that are rendered from it."""

import dataclasses
import itertools
import re
import struct
import xml.etree.ElementTree as ET

import pytest

from shell_cases import CASES
from shiftwire.errors import InputError
from shiftwire.rtl.accelerator import accelerator
from shiftwire.rtl.ipxact import LITE, STREAM_IN, STREAM_OUT, buses
from shiftwire.rtl.registers import REGISTERS
from shiftwire_boards.catalog import board_names, load_board
from shiftwire_boards.vivado import (
    Accelerator,
    BlockDesign,
    BlockDesignError,
    NetworkIp,
    block_design,
    build_script,
    dummy_bit,
    hwh_text,
    outputs,
)
from shiftwire_boards.vivado.cells import ACCELERATOR, DMA, NETWORK, accelerator_cell
from shiftwire_boards.vivado.model import Direction, End

PLAIN = Accelerator("shiftwire:network:shiftwire:1.0", 32, 64, 100.0, 4096)
HLS_IP = NetworkIp("shiftwire:hls:shiftwire_hls_top:1.0", "s_data", "m_data", "ap_clk", "ap_rst_n", 16, 24)
WITH_IP = dataclasses.replace(PLAIN, network=HLS_IP)


def designed(name: str, plain: Accelerator = PLAIN) -> BlockDesign:
    return block_design(load_board(name), plain)


@pytest.mark.parametrize("plain", [PLAIN, WITH_IP], ids=["whole", "network outside"])
@pytest.mark.parametrize("name", board_names())
def test_every_pin_and_interface_is_connected_once(name: str, plain: Accelerator) -> None:
    design = designed(name, plain)
    pins = {End(cell.name, pin.name): pin for cell in design.cells for pin in cell.pins}
    loads = [end for net in design.nets for end in net.loads]
    assert sorted(map(str, loads)) == sorted(str(end) for end, pin in pins.items() if pin.direction is Direction.INPUT)
    for net in design.nets:
        assert pins[net.driver].direction is Direction.OUTPUT
        for end in net.loads:
            driver, load = pins[net.driver], pins[end]
            assert (load.kind, load.bits, load.clock_mhz) == (driver.kind, driver.bits, driver.clock_mhz), end
    faces = {End(cell.name, face.name): face for cell in design.cells for face in cell.interfaces}
    linked = [end for link in design.links for end in (link.master, link.slave)]
    assert sorted(map(str, linked)) == sorted(map(str, faces))
    for link in design.links:
        master, slave = faces[link.master], faces[link.slave]
        assert (master.bus, master.bits) == (slave.bus, slave.bits) and master.role is not slave.role


@pytest.mark.parametrize("name", board_names())
def test_addresses(name: str) -> None:
    large = dataclasses.replace(PLAIN, register_bytes=1 << 20)
    for design in (designed(name), designed(name, large)):
        spans = sorted((address.base, address.high) for address in design.addresses)
        assert all(high < base for (_, high), (base, _) in itertools.pairwise(spans))
        assert all(address.base % address.size == 0 for address in design.addresses)
    assert design.address(ACCELERATOR).size == 1 << 20
    assert designed("pynq-z2").address(DMA).base == 0x4000_0000
    assert designed("kv260").address(ACCELERATOR).base == 0xA002_0000


@pytest.mark.parametrize("name", board_names())
def test_script(name: str) -> None:
    board, design = load_board(name), designed(name)
    script = build_script(design)
    every = f"{board.files.board_part.rpartition(':')[0]}:*"
    assert f"-part {board.part} " in script and f"[get_board_parts -quiet {every}]" in script
    assert "set_property board_part $board_part " in script, "the newest board files, whatever Vivado it is"
    assert "CONFIG.CLKOUT1_REQUESTED_OUT_FREQ {100.000}" in script
    assert "CONFIG.c_sg_length_width {26}" in script and "CONFIG.c_include_sg {0}" in script
    assert script == build_script(designed(name)), "two runs give two texts"
    assert not re.search(r"(^|[ \[])/\w", script), "an absolute path"
    assert outputs(design)[:3] == ("shiftwire.bit", "shiftwire.hwh", "shiftwire.xsa")
    for cell in design.cells:
        assert script.count(f" {cell.name}\n") == 1


def test_wide_words_widen_the_memory_side() -> None:
    wide = dataclasses.replace(PLAIN, input_bits=512)
    script = build_script(designed("zcu104", wide))
    assert "CONFIG.c_m_axis_mm2s_tdata_width {512}" in script and "CONFIG.c_m_axi_mm2s_data_width {512}" in script
    assert "CONFIG.c_m_axi_s2mm_data_width {64}" in script


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input_bits": 24}, "words of 24 bits at the input are none that AXI DMA moves; take one of 8, 16"),
        ({"output_bits": 1024}, "words of 1024 bits at the output"),
        ({"clock_mhz": 5.0}, "a clock of 5 MHz is outside 10..500"),
        ({"clock_mhz": 501.0}, "a clock of 501 MHz is outside 10..500"),
        ({"register_bytes": 100}, "registers of 100 bytes are no power of two from 4096 on"),
        ({"register_bytes": 5000}, "registers of 5000 bytes"),
        ({"vlnv": "a:b:c"}, "found the IP name 'a:b:c', wanted vendor:library:name:version"),
        ({"vlnv": "a:b:c[exec]:1.0"}, "found the IP name"),
    ],
)
def test_an_accelerator_that_will_not_do(change: dict[str, object], words: str) -> None:
    with pytest.raises(BlockDesignError) as caught:
        dataclasses.replace(PLAIN, **change)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "mhz", "words"), [("pynq-z2", 250, "the 250 that AXI"), ("kv260", 1000 / 3, "the 333.333 that AXI")]
)
def test_a_clock_beyond_the_ports_of_the_ps(name: str, mhz: float, words: str) -> None:
    designed(name, dataclasses.replace(PLAIN, clock_mhz=mhz))
    with pytest.raises(BlockDesignError, match=f"is beyond {words} ports of the .* PS take; choose a period of .* ns"):
        designed(name, dataclasses.replace(PLAIN, clock_mhz=mhz + 1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vlnv": "a:b"}, "found the IP name 'a:b', wanted vendor:library:name:version"),
        ({"input_bits": 12}, "words of 12 bits at the network's input are no whole bytes, .*; take 16"),
        ({"output_bits": 0}, "words of 0 bits at the network's output are no whole bytes, .*; take 8"),
    ],
)
def test_a_network_that_will_not_do(change: dict[str, object], words: str) -> None:
    with pytest.raises(BlockDesignError, match=words):
        dataclasses.replace(HLS_IP, **change)


def test_a_network_of_its_own_in_the_hwh() -> None:
    """A cell without registers: nothing of it is in the processor's sight."""
    root = ET.fromstring(hwh_text(designed("pynq-z2", WITH_IP)))
    module = next(module for module in root.iter("MODULE") if module.get("INSTANCE") == NETWORK)
    assert module.get("VLNV") == HLS_IP.vlnv and not list(module.iter("ADDRESSBLOCK"))
    faces = {(face.get("NAME"), face.get("TYPE"), face.get("BUSNAME")) for face in module.iter("BUSINTERFACE")}
    assert faces == {("s_data", "TARGET", "accel_0_NET_IN"), ("m_data", "INITIATOR", "net_0_m_data")}
    assert not [each for each in root.iter("MEMRANGE") if each.get("INSTANCE") == NETWORK]


@pytest.mark.parametrize("path", ["/ip", "a b", "$x", "[exec x]", "a;b", "C:/ip"])
def test_an_ip_folder_that_will_not_do(path: str) -> None:
    with pytest.raises(BlockDesignError, match="wanted a plain relative path"):
        block_design(load_board("kv260"), PLAIN, ip_repo=path)
    with pytest.raises(BlockDesignError, match="wanted a plain relative path"):
        block_design(load_board("kv260"), WITH_IP, network_repo=path)


def test_a_name_that_will_not_do() -> None:
    with pytest.raises(BlockDesignError, match="found the name 'a-b', wanted letters, digits and underscores"):
        block_design(load_board("kv260"), PLAIN, name="a-b")


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_flows_own_top(name: str) -> None:
    """The interfaces of component.xml are those of the model; words that no DMA moves are told."""
    shell = CASES[name].shell
    try:
        plain = accelerator(shell, 10.0)
    except InputError as error:
        assert "are none that AXI DMA moves" in str(error)
        return
    widths = {face.name: face.bits for face in accelerator_cell(plain).interfaces}
    assert widths == {LITE: 32, STREAM_IN: shell.input.word_bits, STREAM_OUT: shell.output.word_bits}
    pins = {pin.name for pin in accelerator_cell(plain).pins}
    assert {*widths, *pins} == {bus.name for bus in buses(shell)}
    assert [(each.name, each.offset) for each in plain.registers] == [(each.name, each.offset) for each in REGISTERS]
    assert max(register.offset for register in plain.registers) < plain.register_bytes


@pytest.mark.parametrize("name", board_names())
def test_hwh_is_the_same_design(name: str) -> None:
    design = designed(name)
    text = hwh_text(design)
    root = ET.fromstring(text)
    modules = {module.get("INSTANCE"): module for module in root.iter("MODULE")}
    assert set(modules) == {cell.name for cell in design.cells}
    assert all(re.fullmatch(r".+:.+:\w+:\d+\.\d+", module.get("VLNV", "")) for module in modules.values())
    ranges = {each.get("INSTANCE"): each.get("BASEVALUE") for each in modules[design.board.ps_cell].iter("MEMRANGE")}
    assert ranges == {each.slave.cell: f"0x{each.base:08X}" for each in design.addresses}
    faces = {
        (instance, face.get("NAME")): (face.get("TYPE"), face.get("BUSNAME"), face.get("DATAWIDTH"))
        for instance, module in modules.items()
        for face in module.iter("BUSINTERFACE")
    }
    assert faces[ACCELERATOR, "S_AXIS"] == ("TARGET", "axi_dma_0_M_AXIS_MM2S", "32")
    assert faces[DMA, "S_AXIS_S2MM"] == ("TARGET", "accel_0_M_AXIS", "64")
    assert faces[ACCELERATOR, "S_AXI"] == ("SLAVE", "sc_ctrl_M01_AXI", "32")
    assert faces[design.master.cell, design.master.name][0] == "MASTER"
    for each in modules[design.board.ps_cell].iter("MEMRANGE"):
        assert (each.get("INSTANCE"), each.get("SLAVEBUSINTERFACE")) in faces
        assert each.get("MASTERBUSINTERFACE") == design.master.name
    blocks = {block.get("INTERFACE"): len(list(block.iter("REGISTER"))) for block in root.iter("ADDRESSBLOCK")}
    assert blocks == {"S_AXI_LITE": 10, "S_AXI": len(design.accelerator.registers), "s_axi": 0}
    connected = {
        frozenset(((instance, port.get("NAME")), (end.get("INSTANCE"), end.get("PORT"))))
        for instance, module in modules.items()
        for port in module.iter("PORT")
        for end in port.iter("CONNECTION")
    }
    assert connected == {
        frozenset(((net.driver.cell, net.driver.name), (end.cell, end.name)))
        for net in design.nets
        for end in net.loads
    }
    assert text == hwh_text(designed(name)) and "TIMESTAMP" not in text


@pytest.mark.parametrize(("name", "part"), [("pynq-z1", "7z020clg400"), ("kv260", "xck26-sfvc784-2LV-c")])
def test_dummy_bit(name: str, part: str) -> None:
    """Read back by the lengths in its header: two bytes, then keys a to d, then e and four bytes of length."""
    data = dummy_bit(designed(name))
    at = 2 + struct.unpack(">H", data[:2])[0]
    assert data[at : at + 2] == b"\0\1"
    at, texts = at + 2, {}
    while (key := data[at : at + 1]) != b"e":
        size = struct.unpack(">H", data[at + 1 : at + 3])[0]
        texts[key] = data[at + 3 : at + 3 + size]
        at += 3 + size
    assert texts[b"b"] == part.encode() + b"\0" and texts[b"a"].startswith(b"shiftwire_wrapper;UserID=")
    assert list(texts) == [b"a", b"b", b"c", b"d"]
    assert struct.unpack(">I", data[at + 1 : at + 5])[0] == len(data) - at - 5
    assert b"\xaa\x99\x55\x66" in data and data == dummy_bit(designed(name))
