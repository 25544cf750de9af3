"""Build scripts under tclsh, with stand-ins for Vivado's commands: right ones pass, every fault is told."""

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from network_mutations import NETWORK_MUTATIONS
from script_mutations import MUTATIONS, Mutation
from shiftwire_boards.catalog import board_names, load_board
from shiftwire_boards.vivado import (
    SCRIPT,
    Accelerator,
    BlockDesign,
    NetworkIp,
    block_design,
    build_script,
    checker_arguments,
)

TCLSH = shutil.which("tclsh")
pytestmark = pytest.mark.skipif(TCLSH is None, reason="no tclsh on PATH; install the package tcl")
PLAIN = Accelerator("shiftwire:network:shiftwire:1.0", 32, 64, 100.0, 4096)
HLS_IP = NetworkIp("shiftwire:hls:shiftwire_hls_top:1.0", "s_data", "m_data", "ap_clk", "ap_rst_n", 16, 24)
WITH_IP = dataclasses.replace(PLAIN, network=HLS_IP)


def checked(design: BlockDesign, text: str, folder: Path) -> tuple[int, str]:
    script = folder / SCRIPT
    script.write_text(text, encoding="utf-8")
    command = [str(TCLSH), *checker_arguments(script, design)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    assert [path.name for path in folder.iterdir()] == [SCRIPT], "the checker wrote a file"
    return done.returncode, done.stdout


CASES = [*((name, (32, 64)) for name in board_names()), ("pynq-z2", (512, 128)), ("kv260", (8, 8))]


@pytest.mark.parametrize(("name", "bits"), CASES)
def test_every_boards_script_passes(name: str, bits: tuple[int, int], tmp_path: Path) -> None:
    accelerator = Accelerator(PLAIN.vlnv, *bits, PLAIN.clock_mhz, PLAIN.register_bytes)
    design = block_design(load_board(name), accelerator, ip_repo="../rtl")
    status, out = checked(design, build_script(design), tmp_path)
    assert (status, out) == (0, "OK 9 cells, 9 nets, 9 links; 31 faults of a build stop it\n")


@pytest.mark.parametrize("name", board_names())
def test_every_boards_script_passes_with_a_network_of_its_own(name: str, tmp_path: Path) -> None:
    design = block_design(load_board(name), WITH_IP, ip_repo="../hls/shell", network_repo="../hls/impl/ip")
    status, out = checked(design, build_script(design), tmp_path)
    assert (status, out) == (0, "OK 10 cells, 10 nets, 11 links; 34 faults of a build stop it\n")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mutation_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    judged(mutation, PLAIN, tmp_path)


@pytest.mark.parametrize("mutation", NETWORK_MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mutation_around_a_network_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    judged(mutation, WITH_IP, tmp_path)


def judged(mutation: Mutation, accelerator: Accelerator, tmp_path: Path) -> None:
    """Raises where a mutation is not told."""
    design = block_design(load_board("pynq-z2"), accelerator)
    script = build_script(design)
    broken = mutation.applied(script)
    assert broken != script
    status, out = checked(design, broken, tmp_path)
    assert status == 1
    faults = [line for line in out.splitlines() if line.startswith("ERR ")]
    assert any(mutation.words in fault for fault in faults), "\n".join(faults)


REDUNDANT = (
    "CONFIG.",  # those whose default would do as well: DEFAULTS
    "update_compile_order",
    'puts "shiftwire: ',
    "close $handle",
    "if {[lsearch $seen *DDR_HIGH*]",
    "if {!([llength $handoff])}",  # the copy behind it fails too, in Tcl's words
)
DEFAULTS = {
    *(
        "PCW_S_AXI_HP0_DATA_WIDTH",
        "PCW_FPGA0_PERIPHERAL_FREQMHZ",
        "CLKOUT1_REQUESTED_OUT_FREQ",
        "USE_LOCKED",
        "USE_RESET",
    ),
    *("c_sg_include_stscntrl_strm", "c_addr_width", "c_include_mm2s", "c_include_s2mm", "c_include_mm2s_dre"),
    *("c_include_s2mm_dre", "c_m_axi_mm2s_data_width", "c_m_axis_mm2s_tdata_width", "c_mm2s_burst_size"),
    *("c_s2mm_burst_size", "NUM_CLKS", "NUM_SI", "NUM_MI", "NUM_PORTS"),
}


@pytest.mark.slow
@pytest.mark.parametrize("accelerator", [PLAIN, WITH_IP], ids=["whole", "network outside"])
def test_no_line_can_be_left_out(accelerator: Accelerator, tmp_path: Path) -> None:
    """But what is said at the end, and settings whose default would do as well."""
    design = block_design(load_board("pynq-z2"), accelerator)
    lines = build_script(design).splitlines()
    kept = [at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    left_out = [
        lines[at].strip() for at in kept if not checked(design, "\n".join(lines[:at] + lines[at + 1 :]), tmp_path)[0]
    ]
    assert all(line.startswith(REDUNDANT) for line in left_out)
    settings = {line.split()[0].removeprefix("CONFIG.") for line in left_out if line.startswith("CONFIG.")}
    assert settings == DEFAULTS


def test_mutations_have_names_of_their_own() -> None:
    for mutations in (MUTATIONS, NETWORK_MUTATIONS):
        assert len({mutation.name for mutation in mutations}) == len(mutations) >= 20


def test_a_zynq_ultrascale_script_is_held_to_its_own_range(tmp_path: Path) -> None:
    design = block_design(load_board("zcu104"), PLAIN)
    script = build_script(design)
    status, out = checked(design, script.replace("-offset 0xA002", "-offset 0x4002"), tmp_path)
    assert status == 1 and "outside the PS's range 0xA0000000..0xAFFFFFFF: 0x40020000" in out
    status, out = checked(design, script.replace("M_AXI_GP2 {0}", "M_AXI_GP2 {1}"), tmp_path)
    assert status == 1 and "interface without a link: zynq_ultra_ps_e_0/M_AXI_HPM0_LPD" in out
