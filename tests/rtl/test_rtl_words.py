"""The SystemVerilog as other tools read it: attributes by each tool's own words, and a second front end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rtl_nets import hardware
from shell_cases import CASES
from shiftwire.rtl.files import MODULES, module_files, write_network
from shiftwire.rtl.shell import TOP
from single_layers import single_layers

VIVADO = {
    "async_reg": {'"true"', '"false"'},
    "dont_touch": {'"yes"', '"no"', '"true"', '"false"'},
    "keep": {'"true"', '"false"', '"soft"'},
    "keep_hierarchy": {'"yes"', '"no"', '"soft"'},
    "max_fanout": None,
    "ram_style": {'"block"', '"distributed"', '"registers"', '"ultra"', '"mixed"', '"auto"'},
    "rom_style": {'"block"', '"distributed"', '"ultra"'},
    "rw_addr_collision": {'"auto"', '"yes"', '"no"'},
    "shreg_extract": {'"yes"', '"no"'},
    "srl_style": {'"register"', '"srl"', '"srl_reg"', '"reg_srl"', '"reg_srl_reg"', '"block"'},
    "use_dsp": {'"yes"', '"no"', '"logic"', '"simd"'},
}
"""Attributes and values that UG901 (synthesis attributes) documents; None takes any whole number."""

YOSYS = {"ram_style": {'"block"', '"distributed"'}, "rom_style": {'"block"', '"logic"'}, "no_rw_check": {None}}
"""What memory_libmap of yosys reads: "distributed" would be a RAM that is never written, where a ROM is logic."""

ATTRIBUTE = re.compile(r"\(\*\s(.*?)\s\*\)", re.DOTALL)
CHOICE = re.compile(r"`ifdef (\w+)\n(.*?)(?:`else\n(.*?))?`endif\n", re.DOTALL)


def as_read(text: str, defined: str | None) -> str:
    """A source without comments, by a tool that defines one macro or none."""
    text = re.sub(r"//.*", "", text)
    return CHOICE.sub(lambda match: match[2] if match[1] == defined else match[3] or "", text)


def attributes(text: str) -> Iterator[tuple[str, str | None]]:
    """Names and values of the attributes in a source."""
    for match in ATTRIBUTE.finditer(text):
        for part in match[1].split(","):
            name, _, value = part.partition("=")
            yield name.strip(), value.strip() or None


def strange(text: str, defined: str | None, known: dict[str, set[str] | None]) -> list[str]:
    """Attributes of a source that no manual of a tool knows."""
    found = []
    for name, value in attributes(as_read(text, defined)):
        values = known.get(name, set())
        fits = value is not None and value.isdigit() if values is None else value in values
        if not fits:
            found.append(f"{name} = {value}")
    return found


def sources(folder: Path) -> Iterator[Path]:
    """Every module of ours, and the text of a network with one layer of every kind."""
    yield from module_files()
    for at, network in enumerate(single_layers().values()):
        yield from write_network(hardware(f"n{at}", network, at), folder / str(at), generic=False)


def test_attributes_are_words_of_the_tool_that_reads_them(tmp_path: Path) -> None:
    both = {**VIVADO, **YOSYS, "use_dsp": VIVADO["use_dsp"]}
    seen = set()
    for file in sources(tmp_path):
        text = file.read_text(encoding="utf-8")
        assert not strange(text, None, VIVADO), f"{file.name}: no words of UG901"
        assert not strange(text, "YOSYS", both), f"{file.name}: no words of yosys"
        seen |= {name for name, _ in attributes(text)}
    assert seen >= {"ram_style", "rom_style", "rw_addr_collision", "no_rw_check", "use_dsp", "max_fanout"}


def test_words_of_nobody_are_seen() -> None:
    assert strange('(* rom_style = "logic" *) logic x;', None, VIVADO) == ['rom_style = "logic"']
    assert strange('(* ram_style = "block", no_rw_check *) logic x;', None, VIVADO) == ["no_rw_check = None"]
    assert strange("(* max_fanout = some *) logic x;", None, VIVADO) == ["max_fanout = some"]
    told = "`ifdef YOSYS\n(* no_rw_check *)\n`else\n(* rom_style = 7 *)\n`endif\n"
    assert strange(told, None, VIVADO) == ["rom_style = 7"] and not strange(told, "YOSYS", {**VIVADO, **YOSYS})


def test_collisions_are_disclaimed_in_one_module() -> None:
    """The one whose simulation gives a wrong word on a collision: whoever says that there is none goes through it."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in module_files()}
    saying = {name for name, text in texts.items() if re.search("no_rw_check|rw_addr_collision", text)}
    assert saying == {"sw_memory.sv"}


def slang_errors(files: Sequence[Path], *options: str) -> int:
    """How many errors slang finds; it prints them."""
    driver = pytest.importorskip("pyslang.driver", reason="pyslang is not installed; pip install 'shiftwire[dev]'")
    run = driver.Driver()
    run.addStandardArgs()
    assert run.parseCommandLine(" ".join(["slang", *options, *map(str, files)])) and run.processOptions()
    assert run.parseAllSources()
    run.reportCompilation(run.createCompilation(), True)
    return 0 if run.reportDiagnostics(True) else 1


CELLS = sorted((MODULES / "sim").glob("*.sv"))


@pytest.mark.parametrize("defined", [(), ("-D", "YOSYS"), ("-D", "VERILATOR")], ids=["plain", "yosys", "verilator"])
def test_slang_finds_no_error_in_a_module(defined: tuple[str, ...]) -> None:
    assert not slang_errors([*module_files(), *CELLS], *defined)


def test_slang_finds_no_error_in_a_network(tmp_path: Path) -> None:
    for at, network in enumerate(single_layers().values()):
        design = hardware(f"n{at}", network, at)
        files = write_network(design, tmp_path / str(at), generic=False)
        assert not slang_errors([*files, *module_files(), *CELLS], "--top", design.name), design.name


@pytest.mark.parametrize("name", sorted(CASES))
def test_slang_finds_no_error_in_a_shell(name: str, tmp_path: Path) -> None:
    assert not slang_errors(CASES[name].files(tmp_path), "--top", TOP)


def test_slang_sees_an_error(tmp_path: Path) -> None:
    source = tmp_path / "a.sv"
    source.write_text("module a (output logic signed [3:0] y); b u (.y); endmodule\n", encoding="utf-8")
    inner = tmp_path / "b.sv"
    inner.write_text("module b (output logic [3:0] y); assign y = 4'd1; endmodule\n", encoding="utf-8")
    assert slang_errors([source, inner])
