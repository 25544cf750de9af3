"""component.xml, read back: ports as yosys sees the top, registers of the map, files that exist."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from shell_cases import CASES, Case
from shiftwire.errors import InputError
from shiftwire.rtl.ipxact import SPIRIT, component_xml, write_component
from shiftwire.rtl.registers import REGISTERS, Access
from shiftwire.rtl.shell import TOP

NS = {"s": SPIRIT}


def text(element: ET.Element, path: str) -> str:
    found = element.findtext("/".join(f"s:{part}" for part in path.split("/")), namespaces=NS)
    assert found is not None, path
    return found


def every(element: ET.Element, path: str) -> list[ET.Element]:
    return element.findall("/".join(f"s:{part}" for part in path.split("/")), NS)


def packaged(case: Case, folder: Path) -> ET.Element:
    """A component beside its files, parsed."""
    case.files(folder)
    (folder / "weights").mkdir()
    (folder / "weights/layer.mem").write_text("0\n", encoding="utf-8")
    (folder / "notes.txt").write_text("not part of it\n", encoding="utf-8")
    return ET.parse(write_component(folder, case.shell)).getroot()


def yosys_ports(case: Case, folder: Path) -> dict[str, tuple[str, int]]:
    script = [f"read_verilog -sv -defer {source}" for source in case.files(folder)]
    script += [f"hierarchy -top {TOP}", "proc", f"write_json {folder}/top.json"]
    program = f"from pyosys import libyosys as y; d = y.Design(); [y.run_pass(line, d) for line in {script!r}]"
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    ports = json.loads((folder / "top.json").read_text(encoding="utf-8"))["modules"][TOP]["ports"]
    return {name: (port["direction"].removesuffix("put"), len(port["bits"])) for name, port in ports.items()}


@pytest.mark.parametrize("name", ["aligned", "wide words", "one word"])
def test_ports_are_those_of_the_top(name: str, tmp_path: Path) -> None:
    component = packaged(CASES[name], tmp_path)
    told = {}
    for port in every(component, "model/ports/port"):
        left = port.findtext("s:wire/s:vector/s:left", "0", NS)
        told[text(port, "name")] = (text(port, "wire/direction"), int(left) + 1)
    assert told == yosys_ports(CASES[name], tmp_path)


def test_every_port_belongs_to_one_interface(tmp_path: Path) -> None:
    component = packaged(CASES["aligned"], tmp_path)
    buses = {text(bus, "name"): bus for bus in every(component, "busInterfaces/busInterface")}
    mapped = [text(link, "physicalPort/name") for bus in buses.values() for link in every(bus, "portMaps/portMap")]
    assert sorted(mapped) == sorted(text(port, "name") for port in every(component, "model/ports/port"))
    links = {text(link, "logicalPort/name") for link in every(buses["S_AXI"], "portMaps/portMap")}
    assert links >= {"AWADDR", "AWVALID", "AWREADY", "WDATA", "WSTRB", "BRESP", "ARADDR", "RDATA", "RRESP", "RREADY"}
    assert {name: bus.find("s:master", NS) is not None for name, bus in buses.items()} == {
        "S_AXI": False,
        "S_AXIS": False,
        "M_AXIS": True,
        "aclk": False,
        "aresetn": False,
    }


def test_clock_and_reset_name_what_they_drive(tmp_path: Path) -> None:
    component = packaged(CASES["aligned"], tmp_path)
    found = {}
    for bus in every(component, "busInterfaces/busInterface"):
        parameters = every(bus, "parameters/parameter")
        found[text(bus, "name")] = {text(each, "name"): text(each, "value") for each in parameters}
    assert found["aclk"] == {"ASSOCIATED_BUSIF": "S_AXI:S_AXIS:M_AXIS", "ASSOCIATED_RESET": "aresetn"}
    assert found["aresetn"] == {"POLARITY": "ACTIVE_LOW"}
    assert found["S_AXI"]["PROTOCOL"] == "AXI4LITE"
    assert found["S_AXIS"]["TDATA_NUM_BYTES"] == "8"


def test_registers_are_those_of_the_map(tmp_path: Path) -> None:
    component = packaged(CASES["aligned"], tmp_path)
    block = component.find("s:memoryMaps/s:memoryMap/s:addressBlock", NS)
    assert block is not None
    assert text(block, "range") == "4096"
    reference = component.find("s:busInterfaces/s:busInterface/s:slave/s:memoryMapRef", NS)
    assert reference is not None
    assert reference.get(f"{{{SPIRIT}}}memoryMapRef") == text(component, "memoryMaps/memoryMap/name")
    for element, known in zip(every(block, "register"), REGISTERS, strict=True):
        assert (text(element, "name"), int(text(element, "addressOffset"), 16)) == (known.name, known.offset)
        assert (text(element, "access") == "read-only") == (known.access is Access.READ_ONLY)
        reset = element.findtext("s:reset/s:value", None, NS)
        assert (None if reset is None else int(reset, 16)) == known.reset
        fields = {text(field, "name"): field for field in every(element, "field")}
        assert len(fields) == max(1, len(known.fields))
        for field in known.fields:
            assert int(text(fields[field.name], "bitOffset")) == field.low
        cleared = any(every(field, "modifiedWriteValue") for field in fields.values())
        assert cleared == (known.access is Access.CLEAR_BY_ONE)


def test_every_file_is_listed_and_there(tmp_path: Path) -> None:
    component = packaged(CASES["aligned"], tmp_path)
    sets = {text(files, "name"): files for files in every(component, "fileSets/fileSet")}
    for view in every(component, "model/views/view"):
        assert text(view, "modelName") == TOP
        listed = {text(file, "name"): file for file in every(sets[text(view, "fileSetRef/localName")], "file")}
        there = [
            path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.suffix in (".sv", ".mem")
        ]
        assert sorted(listed) == sorted(there)
        assert text(listed[f"{TOP}.sv"], "fileType") == "systemVerilogSource"
        assert text(listed["weights/layer.mem"], "userFileType") == "mem"


def test_children_stand_in_the_order_of_the_schema() -> None:
    """IEEE 1685-2009 prescribes sequences; a reader may refuse others."""
    component = ET.fromstring(component_xml(CASES["aligned"].shell, ["shiftwire_top.sv"]))
    order = ["vendor", "library", "name", "version", "busInterfaces", "memoryMaps", "model", "fileSets", "description"]
    assert [child.tag.partition("}")[2] for child in component] == [*order, "parameters", "vendorExtensions"]
    register = component.find(".//s:register", NS)
    assert register is not None
    tags = [child.tag.partition("}")[2] for child in register]
    assert tags == ["name", "description", "addressOffset", "size", "volatile", "access", "reset", "field"]


def test_equal_tops_give_equal_text(tmp_path: Path) -> None:
    case = CASES["aligned"]
    packaged(case, tmp_path)
    first = (tmp_path / "component.xml").read_bytes()
    assert write_component(tmp_path, case.shell).read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_a_folder_without_a_top_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found no shiftwire_top\.sv .* write the top first"):
        write_component(tmp_path, CASES["aligned"].shell)
