"""Our .hwh and .bit, read by PYNQ's own parsers."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from shell_cases import CASES
from shiftwire.rtl.accelerator import accelerator
from shiftwire.rtl.registers import REGISTERS
from shiftwire_boards.catalog import Family, load_board
from shiftwire_boards.vivado import BlockDesign, block_design, dummy_bit, hwh_text
from shiftwire_boards.vivado.cells import ACCELERATOR, DMA, INTERRUPTS

BOARDS = ("pynq-z2", "zcu104")
pytest.importorskip("pynq", reason="no pynq; install 'pynq==3.1.2' 'pycparser<3' 'setuptools<81'")


def designed(name: str) -> BlockDesign:
    return block_design(load_board(name), accelerator(CASES["aligned"].shell, 10.0))


def parsed(design: BlockDesign, folder: Path) -> Any:
    """What pynq knows of a design before it loads the bitstream."""
    from pynq.metadata.runtime_metadata_parser import RuntimeMetadataParser  # noqa: PLC0415
    from pynqmetadata.frontends import Metadata  # noqa: PLC0415

    file = folder / f"{design.name}.hwh"
    file.write_text(hwh_text(design), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return RuntimeMetadataParser(Metadata(input=str(file)))


@pytest.mark.parametrize("name", BOARDS)
def test_addresses_registers_and_parameters(name: str, tmp_path: Path) -> None:
    design = designed(name)
    found = parsed(design, tmp_path).ip_dict
    assert {DMA, ACCELERATOR, INTERRUPTS, design.board.ps_cell} == set(found)
    for cell in (DMA, ACCELERATOR, INTERRUPTS):
        address = design.address(cell)
        assert (found[cell]["phys_addr"], found[cell]["addr_range"]) == (address.base, address.size)
    assert found[ACCELERATOR]["type"] == "shiftwire:network:shiftwire:1.0"
    registers = found[ACCELERATOR]["registers"]
    assert {key: each["address_offset"] for key, each in registers.items()} == {r.name: r.offset for r in REGISTERS}
    errors = registers["errors"]["fields"]
    assert {key: (each["bit_offset"], each["bit_width"]) for key, each in errors.items()} == {
        "early_tlast": (0, 1),
        "late_tlast": (1, 1),
        "null_bytes": (2, 1),
    }
    parameters = found[DMA]["parameters"]
    wanted = {"c_include_sg": "0", "c_include_mm2s": "1", "c_include_s2mm": "1", "c_sg_length_width": "26"}
    assert {key: parameters[key] for key in wanted} == wanted
    assert found[DMA]["registers"]["S2MM_LENGTH"]["address_offset"] == 0x58


@pytest.mark.parametrize("name", BOARDS)
def test_clocks_and_interrupts(name: str, tmp_path: Path) -> None:
    design = designed(name)
    known = parsed(design, tmp_path)
    assert [clock["enable"] for clock in known.clock_dict.values()] == [1, 0, 0, 0]
    is_7000 = design.board.family is Family.ZYNQ_7000
    assert known.interrupt_controllers[INTERRUPTS]["raw_irq"] == (61 if is_7000 else 121)
    pins = {pin: each["index"] for pin, each in known.interrupt_pins.items() if pin.startswith(DMA)}
    assert pins == {f"{DMA}/mm2s_introut": 0, f"{DMA}/s2mm_introut": 1}


def test_the_memory_port_gets_the_width_of_the_design(tmp_path: Path) -> None:
    """By pynq's own step at load: a port that was booted with another width would give wrong data, or hang."""
    from pynq.pl_server.embedded_device import EmbeddedDevice  # noqa: PLC0415

    device = Slcr()
    design = designed("zcu104")
    EmbeddedDevice.set_axi_port_width(device, parsed(design, tmp_path))
    assert design.board.ps.dma_bits == 64
    assert device.words[0xFD380000] & 3 == device.words[0xFD380014] & 3 == 1, "AFIFM2: 1 is 64 bits (UG1087)"
    assert device.words[0xFD615000] >> 8 & 3 == 0, "M_AXI_HPM0_FPD: 0 is 32 bits"


class Slcr:
    """Registers of the PS, all ones until they are written."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}

    def has_capability(self, name: str) -> bool:
        return name == "REGISTER_RW"

    def read_registers(self, address: int, length: int) -> bytes:
        return self.words.get(address, 0xFFFFFFFF).to_bytes(length, "little")

    def write_registers(self, address: int, data: bytes) -> None:
        self.words[address] = int.from_bytes(data, "little")


@pytest.mark.parametrize("name", BOARDS)
def test_bit(name: str) -> None:
    from pynq.pl_server.embedded_device import parse_bit_header  # noqa: PLC0415

    data = dummy_bit(designed(name))
    header = parse_bit_header(data)
    assert header["design"] == "shiftwire_wrapper" and int(header["length"]) == len(header["data"])
    assert data.endswith(header["data"]) and b"\xaa\x99\x55\x66" in header["data"]
    assert header["version"] == "Version=shiftwire-simulated"
