"""Faults of a build script for the PYNQ-Z2, each with a sentence that the checker must say."""

from __future__ import annotations

from dataclasses import dataclass

PS = "processing_system7_0"
GATE = "if {!([string is double -strict $wns] && $wns >= 0)}"
WNS = "set wns [get_property STATS.WNS [get_runs impl_1]]"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` becomes `new`, once; with `is_line`, the whole line that holds `old` does."""

    name: str
    old: str
    new: str
    words: str
    is_line: bool = False

    def applied(self, script: str) -> str:
        if not self.is_line:
            assert self.old in script, self.name
            return script.replace(self.old, self.new, 1)
        lines = script.splitlines()
        at = next(at for at, line in enumerate(lines) if self.old in line)
        return "\n".join([*lines[:at], *([self.new] if self.new else []), *lines[at + 1 :]]) + "\n"


def without(name: str, old: str, words: str) -> Mutation:
    return Mutation(name, old, "", words, is_line=True)


def pin(path: str) -> str:
    return f" [get_bd_pins {path}]"


STRUCTURE = (
    Mutation("a driver is missing", pin("axi_dma_0/axi_resetn"), "", "input without a driver: axi_dma_0/axi_resetn"),
    Mutation("a clock is missing", pin("accel_0/aclk"), "", "input without a driver: accel_0/aclk"),
    Mutation(
        "two drivers",
        pin("rst_0/dcm_locked"),
        pin("rst_0/dcm_locked") + pin("rst_0/interconnect_aresetn"),
        "net of two drivers: clk_wiz_0/locked rst_0/interconnect_aresetn",
    ),
    Mutation(
        "two nets made one",
        pin(f"{PS}/IRQ_F2P"),
        pin(f"{PS}/IRQ_F2P") + pin("accel_0/aclk") + pin("axi_dma_0/axi_resetn"),
        "pin on two nets: accel_0/aclk",
    ),
    Mutation(
        "two clocks",
        pin("accel_0/aclk"),
        f"\nconnect_bd_net{pin(f'{PS}/FCLK_CLK0')}{pin('accel_0/aclk')}",
        "linked interfaces on two clocks: axi_dma_0/M_AXIS_MM2S accel_0/S_AXIS",
    ),
    Mutation(
        "no driver",
        "connect_bd_net [get_bd_pins clk_wiz_0/locked]",
        "connect_bd_net",
        "net without a driver: rst_0/dcm",
    ),
    Mutation("a pin twice", pin("sc_mem/aclk"), 2 * pin("sc_mem/aclk"), "pin connected twice: sc_mem/aclk"),
    Mutation("a pin that is none", "accel_0/aclk]", "accel_0/ap_clk]", "no such pin: accel_0/ap_clk"),
    Mutation("a cell that is none", "[get_bd_pins irq_cat/In0]", "[get_bd_pins cat/In0]", "no such cell: cat/In0"),
    Mutation("an interface that is none", "accel_0/S_AXIS]", "accel_0/in_r]", "no such interface: accel_0/in_r"),
    without("no link", "axi_dma_0/M_AXI_S2MM", "interface without a link: axi_dma_0/M_AXI_S2MM"),
    Mutation("a link twice", "sc_ctrl/M02_AXI", "sc_ctrl/M01_AXI", "interface connected twice: sc_ctrl/M01_AXI"),
    Mutation(
        "two masters", "accel_0/S_AXIS]", "accel_0/M_AXIS]", "two masters are linked: axi_dma_0/M_AXIS_MM2S accel_0"
    ),
    Mutation(
        "two types",
        "accel_0/S_AXIS]",
        "accel_0/S_AXI]",
        "interfaces of two types are linked: axi_dma_0/M_AXIS_MM2S (axis)",
    ),
    Mutation(
        "streams of two widths",
        "c_m_axis_mm2s_tdata_width {32}",
        "c_m_axis_mm2s_tdata_width {64}",
        "streams of two widths are linked: axi_dma_0/M_AXIS_MM2S (64) accel_0/S_AXIS (32)",
    ),
    Mutation(
        "a stream wider than memory",
        "c_m_axi_s2mm_data_width {64}",
        "c_m_axi_s2mm_data_width {32}",
        "stream of axi_dma_0 is wider than its memory side: S2MM",
    ),
    Mutation(
        "a clock at resets",
        "connect_bd_net" + pin("rst_0/peripheral_aresetn"),
        "connect_bd_net" + pin("clk_wiz_0/clk_out1"),
        "rst pin is driven by a clk pin: axi_dma_0/axi_resetn by clk_wiz_0/clk_out1",
    ),
    Mutation(
        "a reset at clocks",
        "connect_bd_net" + pin("clk_wiz_0/clk_out1"),
        "connect_bd_net" + pin("rst_0/interconnect_aresetn"),
        "clk pin is driven by a rst pin: accel_0/aclk by rst_0/interconnect_aresetn",
    ),
    Mutation(
        "a reset as the lock",
        "connect_bd_net" + pin("clk_wiz_0/locked"),
        "connect_bd_net" + pin("rst_0/interconnect_aresetn"),
        "data pin is driven by a rst pin: rst_0/dcm_locked by rst_0/interconnect_aresetn",
    ),
    Mutation(
        "the clock of the PS",
        pin("clk_wiz_0/clk_in1"),
        pin("clk_wiz_0/clk_in1") + pin("clk_wiz_0/resetn"),
        "rst pin is driven by a clk pin: clk_wiz_0/resetn by " + PS,
    ),
    Mutation(
        "active-high reset",
        "RESET_TYPE {ACTIVE_LOW}",
        "RESET_TYPE {ACTIVE_HIGH}",
        "data pin is driven by a rst pin: clk_wiz_0/resetn",
    ),
    Mutation("interrupt as a bus", "C_IRQ_CONNECTION {1}", "C_IRQ_CONNECTION {0}", "no such pin: axi_intc_0/irq"),
    Mutation("too few ports", "NUM_MI {3}", "NUM_MI {2}", "no such interface: sc_ctrl/M02_AXI"),
    Mutation("too many ports", "NUM_MI {3}", "NUM_MI {4}", "interface without a link: sc_ctrl/M03_AXI"),
    Mutation("scatter-gather", "c_include_sg {0}", "c_include_sg {1}", "interface without a link: axi_dma_0/M_AXI_SG"),
    Mutation("short transfers", "length_width {26}", "length_width {14}", "transfer length of axi_dma_0 is 14 bits"),
    Mutation("no memory port", "PCW_USE_S_AXI_HP0 {1}", "PCW_USE_S_AXI_HP0 {0}", f"no such interface: {PS}/S_AXI_HP0"),
    Mutation("an odd list", "CONFIG.NUM_CLKS {1}", "CONFIG.NUM_CLKS", "odd -dict list for cell:sc_ctrl"),
    Mutation(
        "a setting that is none", "c_include_sg {0}", "c_includesg {0}", "no such setting of axi_dma_0: CONFIG.c_i"
    ),
    Mutation("no CONFIG", "CONFIG.NUM_PORTS", "NUM_PORTS", "no such setting of irq_cat: NUM_PORTS"),
    Mutation("an IP without a model", "ip:xlconcat", "ip:xlslice", "no model of IP xilinx.com:ip:xlslice"),
    Mutation("one name twice", "smartconnect sc_mem", "smartconnect sc_ctrl", "two cells of one name: sc_ctrl"),
    Mutation("an unknown command", "save_bd_design\n", "save_bd_desing\n", "unknown command: save_bd_desing"),
    Mutation(
        "no end", "set name shiftwire", "while 1 { set name shiftwire }", "the script stopped: command count limit"
    ),
    Mutation("a bracket", "[current_fileset]", "[current_fileset", "the script stopped: missing close-bracket"),
    Mutation("a Tcl error", "set name shiftwire", "set name", "the script stopped: can't read"),
    without("no preset", "apply_bd_automation", f"no board preset for {PS}"),
    Mutation("the preset off", 'board_preset "1"', 'board_preset "0"', f"no board preset for {PS}"),
    without("no board part", "set_property board_part", "create_bd_design before board_part is set"),
    Mutation(
        "another part", "-part xc7z020clg400-1", "-part xc7z010clg400-1", "the project's part is 'xc7z010clg400-1'"
    ),
    without("no folder of our IP", "set_property ip_repo_paths", "update_ip_catalog before ip_repo_paths is set"),
    Mutation(
        "another clock", "OUT_FREQ {100.000}", "OUT_FREQ {150.000}", "clk_wiz_0 gives 150.000 MHz, wanted 100.000"
    ),
    without("a clock from a pin", "PRIM_SOURCE", "clk_wiz_0 wants a clock from a pin of the part"),
    Mutation("far memory", "c_addr_width {32}", "c_addr_width {40}", "addresses of axi_dma_0 are 40 bits, those of"),
    without("no catalogue", "update_ip_catalog", "create_bd_design before update_ip_catalog"),
)

ADDRESSES = (
    without("no address", "get_bd_intf_pins accel_0/S_AXI]]", "no address for accel_0/S_AXI"),
    Mutation(
        "one address twice", "-offset 0x40020000", "-offset 0x40010000", "addresses overlap: accel_0/S_AXI axi_intc_0"
    ),
    Mutation(
        "outside the window", "-offset 0x40020000", "-offset 0xA0020000", "address of accel_0/S_AXI is outside the PS's"
    ),
    Mutation(
        "unaligned", "-offset 0x40020000", "-offset 0x40028000", "address of accel_0/S_AXI is no multiple of its range"
    ),
    Mutation("an odd range", "-range 0x10000", "-range 0x9000", "range of axi_dma_0/S_AXI_LITE is no power of two"),
    Mutation(
        "no number", "-offset 0x40020000", "-offset here", "address of accel_0/S_AXI: 'here' and '0x10000' are no"
    ),
    Mutation("no sight of memory", "\nassign_bd_address\n", "\n", "no address for the DMA"),
    Mutation(
        "sight not asked for",
        "[lsearch $seen *DDR_LOW*] >= 0",
        "1",
        "goes on where the DMA does not see DDR for reading",
    ),
    Mutation(
        "sight of another", "axi_dma_0/Data_S2MM]", "axi_dma_0/Data_MM2S]", "goes on where the DMA does not see DDR"
    ),
)

STATUS = (
    without("no validation", "validate_bd_design", "save_bd_design before validate_bd_design"),
    without("no wrapper", "make_wrapper", "a run is launched without make_wrapper"),
    without("no top", "set_property top", "a run is launched before top is set"),
    without("nothing generated", "generate_target", "a run is launched before generate_target"),
    without("no wait", "await synth_1", "impl_1 is launched before synth_1 has ended"),
    Mutation("nobody waits", "wait_on_run $run", "set run $run", "the script stopped: synthesis failed"),
    Mutation(
        "what is raised is left to Tcl",
        "[catch {wait_on_run $run} words]",
        "0; wait_on_run $run",
        "stops without a word of runs/run:synth_1/runme.log where wait_on_run raises",
    ),
    Mutation(
        "the runs of IPs are not asked",
        '"*synth_1"',
        '"synth_1"',
        "stops without a word of runs/run:shiftwire_accel_0_0_synth_1/runme.log",
    ),
    without("empty ROMs pass", "WARNING|ERROR", "goes on where a ROM of the IP is empty"),
    Mutation("one log is read", "$::name.runs * runme", "$::name.runs synth_1 runme", "goes on where a ROM of the IP"),
    Mutation(
        "a setting is taken for a fault",
        "(WARNING|ERROR): \\[Synth 8-4445\\]",
        "Synth 8-4445",
        "the script stopped: ",
    ),
    without("an empty ROM is but a warning", "set_msg_config", "a run is launched while an empty ROM is no error"),
    Mutation(
        "both runs at once", "launch_runs synth_1 -jobs 4", "launch_runs impl_1", "launched before synth_1 has ended"
    ),
    Mutation(
        "a time limit", "wait_on_run $run}", "wait_on_run $run -timeout 360}", "wait_on_run with -timeout returns"
    ),
    Mutation(
        "progress not looked at", ' eq "100%"} { return }', ' ne ""} { return }', "goes on where synthesis failed"
    ),
    Mutation(
        "words of Vivado's alone", "[join $found {; }]", "$words", "stops without a word of runs/run:impl_1/runme.log"
    ),
    without("pulses not looked at", "-strict $pulses", "goes on where pulses are too short: read STATS.TPWS"),
    without("nets not looked at", "-strict $nets", "goes on where nets are not routed: read STATS.FAILED_NETS"),
    without("setup not looked at", GATE, "goes on where setup time is not met: read STATS.WNS"),
    Mutation("the gate's sign", "$wns >= 0", "$wns >= -1", "goes on where setup time is not met"),
    Mutation(
        "an empty slack passes",
        "[string is double -strict $wns] && $wns >= 0",
        "![string match -* $wns]",
        "goes on where there is no setup slack",
    ),
    without("hold not looked at", "-strict $whs]", "goes on where hold time is not met: read STATS.WHS"),
    without("slack of nowhere", WNS, 'the script stopped: can\'t read "wns"'),
    Mutation("no bitstream", " -to_step write_bitstream", "", "impl_1 is launched without -to_step write_bitstream"),
    without("the part not asked for", "get_parts", "goes on where this Vivado lacks the part"),
    without("board files not asked for", "[string length $board_part]", "goes on where the board files are not inst"),
    Mutation("old board files", "lsort -dictionary", "lsort", "the board files asked for are others than those used"),
    Mutation(
        "other board files used",
        "board_part $board_part",
        "board_part tul.com.tw:pynq-z1:part0:1.0",
        "the board files asked for are others than those used",
    ),
    without("the IP not asked for", "get_ipdefs", "goes on where the IP is not found"),
    without("no .hwh", "file copy -force [lindex $handoff 0]", "the script stopped: the build left no shiftwire.hwh"),
    Mutation(
        "a .hwh of another name", "$name.hwh]\nwrite", "x.hwh]\nwrite", "the script stopped: the build left no shift"
    ),
    without("no .xsa", "write_hw_platform", "the script stopped: the build left no shiftwire.xsa"),
    Mutation(
        "no .xsa looked for", "$name.hwh $name.xsa util", "$name.hwh util", "no shiftwire.xsa was made: look for it"
    ),
    Mutation("sizes not looked at", " > 0)", " >= 0)", "shiftwire.bit is empty: look at its size"),
    Mutation("no report looked for", " power.rpt] {", "] {", "goes on where no power.rpt was made"),
    without("no timing report", "report_timing_summary", "the script stopped: the build left no timing_summary.rpt"),
    Mutation("a report of another", "report_timing_summary", "report_power", "the build leaves no report of timing"),
    without("reports of nothing", "open_run", "report_timing_summary before open_run"),
    Mutation("old files stay", "\nclean\n", "\n", "leaves shiftwire.bit where no shiftwire_wrapper.bit was made"),
    Mutation(
        "a .bit stays", "{sentence} { clean; ", "{sentence} { ", "leaves shiftwire.bit where shiftwire.bit is empty"
    ),
    without("old reports stay", "foreach report", "goes on where no power.rpt was made"),
    Mutation("a bare .xsa", " -include_bit", "", "the .xsa is written without -include_bit"),
)

MUTATIONS = (*STRUCTURE, *ADDRESSES, *STATUS)
