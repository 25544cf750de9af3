"""A block design as the Tcl that makes project, bitstream, .hwh and .xsa of it, or says in one sentence why not.

Untested against the real Vivado: written after its documents (UG835, UG994), run under the checker beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from shiftwire_boards.catalog import BoardFilesSource, Family
from shiftwire_boards.vivado.cells import DMA
from shiftwire_boards.vivado.model import Address, BlockDesign, Cell, Link, Net
from shiftwire_boards.vivado.processing_systems import PORTS

SCRIPT = "build.tcl"
UTILIZATION, TIMING, POWER = "utilization.rpt", "timing_summary.rpt", "power.rpt"
REPORTS = (UTILIZATION, TIMING, POWER)
PRODUCTS = ("bit", "hwh", "xsa")
STOPPED = "STOPPED: "
"""Begins the line in which a script says why it stopped; Vivado shows the words of a Tcl error between others."""

EMPTY_ROM = "Synth 8-4445"
"""Vivado's message for a $readmemh file that it did not find: by itself a critical warning, and a ROM of zeros."""

EMPTY_ROM_IS_ERROR = f"set_msg_config -id {{[{EMPTY_ROM}]}} -new_severity ERROR"
"""Tcl for every script that synthesises."""

EXPORT = "Vitis HLS exports it there, as 'shiftwire build --inner hls' makes it do"
JOBS = 4
_REPORT_COMMANDS = ("report_utilization -hierarchical", "report_timing_summary", "report_power")


def build_script(design: BlockDesign) -> str:
    """Tcl for `vivado -mode batch -source`; everything it makes lies beside it, its project in vivado/."""
    parts = (_head, _project, _cells, _connections, _address_map, _finish, _runs, _gate, _outputs)
    return "\n".join(line for part in parts for line in part(design)) + "\n"


def outputs(design: BlockDesign) -> tuple[str, ...]:
    """Names of the files that a build leaves beside its script."""
    return (*(f"{design.name}.{ending}" for ending in PRODUCTS), *REPORTS)


def _head(design: BlockDesign) -> Iterator[str]:
    board, accelerator = design.board, design.accelerator
    yield f"# Block design and bitstream for {board.title}, the logic at {accelerator.clock_mhz:.3f} MHz."
    yield "# Written by shiftwire; run it with: vivado -mode batch -source build.tcl"
    yield "set out [file normalize [file dirname [info script]]]"
    yield f"set name {design.name}"
    yield "# whoever stops leaves nothing that could be taken for a bitstream, an older one neither"
    endings, path = " ".join(PRODUCTS), "[file join $::out $::name.$end]"
    yield f"proc clean {{}} {{ foreach end {{{endings}}} {{ file delete {path} }} }}"
    yield f'proc stop {{sentence}} {{ clean; puts "{STOPPED}$sentence"; error $sentence }}'
    yield "clean"
    yield from _await_proc(design)
    yield f"foreach report {{{' '.join(REPORTS)}}} {{ file delete [file join $out $report] }}"


def _project(design: BlockDesign) -> Iterator[str]:
    board, files = design.board, design.board.files
    every = f"{files.board_part.rpartition(':')[0]}:*"
    mend = (
        f"install those of {files.vendor} and name their folder with set_param board.repoPaths"
        if files.source is BoardFilesSource.TO_INSTALL
        else "install them with Vivado, or from its board store"
    )
    yield ""
    yield _unless(
        f"[llength [get_parts -quiet {board.part}]]",
        f"found no part {board.part} in this Vivado; add its device family with Vivado's installer",
    )
    yield "# the newest that this Vivado knows"
    yield f"set board_part [lindex [lsort -dictionary [get_board_parts -quiet {every}]] end]"
    yield _unless("[string length $board_part]", f"found no board files for {every}; {mend}")
    yield f"create_project $name [file join $out vivado] -part {board.part} -force"
    yield EMPTY_ROM_IS_ERROR
    yield "set_property board_part $board_part [current_project]"
    folders = " ".join(f"[file join $out {ip.folder}]" for ip in design.ips)
    yield f"set_property ip_repo_paths [list {folders}] [current_project]"
    yield "update_ip_catalog -rebuild"
    for ip, mend in zip(design.ips, ("it must lie there with its component.xml", EXPORT), strict=False):
        yield _unless(f"[llength [get_ipdefs -quiet {ip.vlnv}]]", f"found no IP {ip.vlnv} in {ip.folder}; {mend}")
    yield "create_bd_design $name"


def _cells(design: BlockDesign) -> Iterator[str]:
    preset = PORTS[design.board.family].preset
    for cell in design.cells:
        yield ""
        yield f"create_bd_cell -type ip -vlnv {cell.vlnv} {cell.name}"
        if cell is design.cells[0]:
            rule = f"xilinx.com:bd_rule:{design.board.ps_ip}"
            yield f"apply_bd_automation -rule {rule} -config {{{preset}}} [get_bd_cells {cell.name}]"
        if cell.settings:
            yield _settings(cell)


def _settings(cell: Cell) -> str:
    lines = "".join(f"    CONFIG.{setting.name} {{{setting.value}}} \\\n" for setting in cell.settings)
    return f"set_property -dict [list \\\n{lines}] [get_bd_cells {cell.name}]"


def _connections(design: BlockDesign) -> Iterator[str]:
    yield ""
    yield from (_link(link) for link in design.links)
    yield ""
    yield from (_net(net) for net in design.nets)


def _link(link: Link) -> str:
    return f"connect_bd_intf_net [get_bd_intf_pins {link.master}] [get_bd_intf_pins {link.slave}]"


def _net(net: Net) -> str:
    ends = " ".join(f"[get_bd_pins {end}]" for end in (net.driver, *net.loads))
    return f"connect_bd_net {ends}"


def _address_map(design: BlockDesign) -> Iterator[str]:
    yield ""
    yield from (_address(design, address) for address in design.addresses)
    yield "# the DMA's own sight of DDR"
    yield "assign_bd_address"
    yield from _sight_of_memory(design)


def _sight_of_memory(design: BlockDesign) -> Iterator[str]:
    """assign_bd_address gives what the PS's preset shows, and says nothing where that is not all."""
    for space in (f"{DMA}/Data_MM2S", f"{DMA}/Data_S2MM"):
        yield f"set seen [get_bd_addr_segs -quiet -of_objects [get_bd_addr_spaces {space}]]"
        yield _unless(
            "[lsearch $seen *DDR_LOW*] >= 0",
            f"{space} sees no segment DDR_LOW, so no buffer; mend the board files' preset of the PS",
        )
        if design.board.family is Family.ZYNQ_ULTRASCALE_PLUS:
            warning = f"WARNING: {space} sees no DDR_HIGH: a buffer above 4 GB would be a decode error of the DMA"
            yield f'if {{[lsearch $seen *DDR_HIGH*] < 0}} {{ puts "{warning}" }}'


def _address(design: BlockDesign, address: Address) -> str:
    space = f"[get_bd_addr_spaces {design.master.cell}/Data]"
    segment = f"[get_bd_addr_segs -of_objects [get_bd_intf_pins {address.slave}]]"
    place = f"-offset 0x{address.base:08X} -range 0x{address.size:X}"
    return f"assign_bd_address {place} -target_address_space {space} {segment} -force"


def _finish(design: BlockDesign) -> Iterator[str]:
    yield ""
    yield "validate_bd_design"
    yield "save_bd_design"
    yield "set bd [get_files $name.bd]"
    yield "make_wrapper -files $bd -top -import"
    yield "set_property top ${name}_wrapper [current_fileset]"
    yield "update_compile_order -fileset sources_1"
    yield "generate_target all $bd"


def _runs(design: BlockDesign) -> Iterator[str]:
    yield ""
    yield from _run("synth_1", f"launch_runs synth_1 -jobs {JOBS}", "synthesis")
    yield from _run("impl_1", f"launch_runs impl_1 -to_step write_bitstream -jobs {JOBS}", "implementation")


def _run(run: str, launch: str, what: str) -> Iterator[str]:
    yield launch
    yield f"await {run} {what}"


def _await_proc(design: BlockDesign) -> Iterator[str]:
    """Newer versions raise where a run failed, older ones warn; a run that an IP's own run stopped never starts."""
    mend = (
        "convert again, so that rtl/ holds all .mem files that its component.xml names"
        if design.accelerator.network is None
        else "export the IP again, whole"
    )
    stopped = f"$log tells of {EMPTY_ROM}: a ROM would be empty; {mend}"
    yield "proc await {run what} {"
    yield "    set raised [catch {wait_on_run $run} words]"
    yield "    foreach log [glob -nocomplain [file join $::out vivado $::name.runs * runme.log]] {"
    yield "        set handle [open $log]"
    yield "        set text [read $handle]"
    yield "        close $handle"
    yield f'        if {{[regexp {{(WARNING|ERROR): \\[{EMPTY_ROM}\\]}} $text]}} {{ stop "{stopped}" }}'
    yield "    }"
    yield '    if {!$raised && [get_property PROGRESS [get_runs $run]] eq "100%"} { return }'
    yield '    foreach each [get_runs [expr {$run eq "synth_1" ? "*synth_1" : $run}]] {'
    yield '        if {[get_property PROGRESS $each] eq "100%"} { continue }'
    yield '        lappend found "[get_property STATUS $each], its log is vivado/$::name.runs/$each/runme.log"'
    yield "    }"
    yield '    stop "$what failed: [expr {[info exists found] ? [join $found {; }] : $words}]"'
    yield "}"


def _gate(design: BlockDesign) -> Iterator[str]:
    yield ""
    yield "open_run impl_1"
    for command, file in zip(_REPORT_COMMANDS, REPORTS, strict=True):
        yield f"{command} -file [file join $out {file}]"
    yield from _routed()
    for figure, word in (("WNS", "setup"), ("WHS", "hold")):
        slack = figure.lower()
        yield f"set {slack} [get_property STATS.{figure} [get_runs impl_1]]"
        mend = (
            "convert with a longer --clock-ns"
            if figure == "WNS"
            else "build again with another implementation strategy"
        )
        yield _unless(
            f"[string is double -strict ${slack}] && ${slack} >= 0",
            f"timing is not met: worst {word} slack '${slack}' ns; {mend}",
        )


def _routed() -> Iterator[str]:
    """What a slack does not say; a version that does not count it tells nothing, and the reports are read behind it."""
    yield "set pulses [get_property STATS.TPWS [get_runs impl_1]]"
    yield _unless(
        "![string is double -strict $pulses] || $pulses >= 0",
        "timing is not met: total pulse width slack '$pulses' ns; convert with a longer --clock-ns",
    )
    yield "set nets [get_property STATS.FAILED_NETS [get_runs impl_1]]"
    yield _unless(
        "![string is integer -strict $nets] || $nets == 0",
        "$nets nets are not routed; convert with less --fps, which takes less of the part",
    )


def _outputs(design: BlockDesign) -> Iterator[str]:
    bitstream = "[file join $out vivado $name.runs impl_1 ${name}_wrapper.bit]"
    handoff = "[file join $out vivado $name.{gen,srcs} sources_1 bd $name hw_handoff $name.hwh]"
    yield ""
    yield f"file copy -force {bitstream} [file join $out $name.bit]"
    yield f"set handoff [glob -nocomplain {handoff}]"
    yield _unless("[llength $handoff]", "Vivado wrote no $name.hwh, without which PYNQ cannot load $name.bit")
    yield "file copy -force [lindex $handoff 0] [file join $out $name.hwh]"
    yield "write_hw_platform -fixed -include_bit -force -file [file join $out $name.xsa]"
    yield f"foreach file [list $name.bit $name.hwh $name.xsa {' '.join(REPORTS)}] {{"
    is_there = "[file exists [file join $out $file]] && [file size [file join $out $file]] > 0"
    yield "    " + _unless(is_there, "the build left no $file; look for the first error in vivado.log")
    yield "}"
    yield 'puts "shiftwire: $name.bit, $name.hwh and $name.xsa are made; worst slack $wns ns setup, $whs ns hold"'


def _unless(condition: str, sentence: str) -> str:
    return f'if {{!({condition})}} {{ stop "{sentence}" }}'
