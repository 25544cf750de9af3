"""Vivado and Vitis HLS by reports in their forms and stand-ins on PATH; the real ones never ran."""

from pathlib import Path

import pytest

from shiftwire.errors import CheckFailedError, ToolError
from shiftwire.synth.vitis import OPTIONS, Step, Vitis, build_options, find_vitis, run_vitis
from shiftwire.synth.vitis_reports import cosim_report, csynth_reports
from shiftwire.synth.vivado import find_vivado, run_script
from shiftwire.synth.vivado_reports import hierarchy_reports, timing_summary, utilization_report
from shiftwire.tools.resources import Cycles, Evidence, Resources
from shiftwire.tools.vendor import VendorTool
from vendor_texts import LICENCE, SAMPLES, Bench, leaves_reports, sample


@pytest.mark.parametrize(
    ("installed", "arguments"),
    [
        ({"vitis_hls": "2022.2"}, "-f build_top.tcl"),
        ({"vitis_hls": "2024.1", "vitis-run": "2024.1"}, "--mode hls --tcl build_top.tcl"),
        ({"vitis_hls": "2023.2", "vitis-run": "2023.2"}, "-f build_top.tcl"),
        ({"vitis-run": "2025.2"}, "--mode hls --tcl build_top.tcl"),
    ],
)
def test_every_version_gets_its_arguments(bench: Bench, installed: dict[str, str], arguments: str) -> None:
    for name, version in installed.items():
        bench.install(name, version, leaves_reports())
    rows = run_vitis(find_vitis(), bench.hls, list(Step))
    assert bench.arguments() == arguments
    assert [row.evidence for row in rows] == [*[Evidence.MODELLED] * 4, Evidence.SIMULATED]
    assert rows[-1].latency == Cycles(821, 829)
    assert (bench.hls / "vitis.log").read_text(encoding="utf-8").count("PASS") == 1


def test_steps_are_asked_for_by_name() -> None:
    assert "csim 1" in build_options([Step.CSIM])
    assert "synth 0" in build_options([Step.CSIM])
    assert "reset 1" in build_options([Step.CSYNTH])
    assert all(f" {name} " in build_options([]) for name in OPTIONS)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'echo "{LICENCE}"; exit 1', r"found no licence to run csim, .*'Synthesis'.*; name a licence in XILINXD"),
        (
            "echo 'ERROR: [HLS 200-1715] Encountered problem'; exit 1",
            r"failed to run csim, it said 'ERROR: \[HLS 200-1715",
        ),
        ("echo 'ERROR: [HLS 200-70] caught'; exit 0", "failed to run csim, it said 'ERROR: "),
        ("exit 3", "failed with status 3 to run csim and told no error; read .*vitis.log"),
        ("kill -KILL $$", "was ended by SIGKILL while it was to run csim; free memory"),
        ("exit 137", "was ended by SIGKILL"),
        ("exit 0", "ended run csim without the words 'CSim done with 0 errors'"),
    ],
)
def test_failures_are_one_sentence(bench: Bench, body: str, said: str) -> None:
    bench.install("vitis_hls", "2022.2", body)
    with pytest.raises(ToolError, match=said) as caught:
        run_vitis(find_vitis(), bench.hls, [Step.CSIM])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("vitis_hls 2022.2 ")


def test_differing_codes_are_a_failed_check(bench: Bench) -> None:
    body = "echo '4 frames, 3 of 40 codes differ'; echo \"ERROR: [SIM 211-100] 'csim_design' failed: nonzero\"; exit 1"
    bench.install("vitis_hls", "2022.2", body)
    with pytest.raises(CheckFailedError, match="found 3 of 40 codes of 4 frames to differ from tb_data"):
        run_vitis(find_vitis(), bench.hls, [Step.CSIM])


def test_synthesis_without_a_report_is_a_failure(bench: Bench) -> None:
    bench.install("vitis_hls", "2022.2")
    with pytest.raises(ToolError, match=r"left 0 files .*csynth\.xml in .*, wanted one"):
        run_vitis(find_vitis(), bench.hls, [Step.CSYNTH])


def test_missing_and_old_tools(bench: Bench) -> None:
    with pytest.raises(ToolError, match="found neither 'vitis-run' nor 'vitis_hls' on PATH"):
        find_vitis()
    with pytest.raises(ToolError, match="found no 'vivado' on PATH"):
        find_vivado()
    bench.install("vitis_hls", "2020.2")
    bench.install("vivado", "2020.2")
    with pytest.raises(ToolError, match=r"found vitis_hls 2020\.2, wanted Vitis HLS 2022\.2 or later"):
        find_vitis()
    with pytest.raises(ToolError, match=r"found vivado 2020\.2, wanted Vivado 2022\.2 or later"):
        find_vivado()
    bench.install("vivado", "unknown")
    with pytest.raises(ToolError, match=r"vivado told 'vivado vunknown .*' where its version was wanted"):
        find_vivado()


def test_vivado_runs_scripts(bench: Bench) -> None:
    bench.install("vivado", "2022.2", "echo done")
    script = bench.hls / "build.tcl"
    assert run_script(find_vivado(), script, bench.hls, "route") == "done\n"
    assert bench.arguments() == f"-mode batch -nojournal -nolog -notrace -source {script}"
    bench.install("vivado", "2022.2", f'echo "{LICENCE}"; exit 1')
    with pytest.raises(ToolError, match=r"vivado 2022\.2 found no licence to route"):
        run_script(find_vivado(), script, bench.hls, "route")


def test_csynth_reports() -> None:
    rows = {row.unit: row for row in csynth_reports(SAMPLES / "csynth.xml")}
    assert list(rows) == ["lenet", "conv1_U0", "conv1_U0/grp_mvu_fu_96", "fc1_U0"]
    top = rows["lenet"]
    assert (top.tool, top.version, top.part, top.clock_ns) == ("Vitis HLS", "2022.2", "xc7z020-clg400-1", 10.0)
    assert top.resources == Resources(lut=15120, ff=10234, bram36=6.5, dsp=0)
    assert (top.latency, top.interval, top.reached_ns) == (Cycles(812, 818), Cycles(788, 790), 7.142)
    assert rows["fc1_U0"].latency is None
    assert rows["fc1_U0"].interval == Cycles(64, 66)
    assert rows["conv1_U0/grp_mvu_fu_96"].resources == rows["fc1_U0"].resources


def test_cosim_report(tmp_path: Path) -> None:
    synthesis = csynth_reports(SAMPLES / "csynth.xml")[0]
    row = cosim_report(SAMPLES / "lenet_cosim.rpt", synthesis)
    assert (row.evidence, row.unit, row.part) == (Evidence.SIMULATED, "lenet", "xc7z020-clg400-1")
    assert (row.latency, row.interval, row.resources) == (Cycles(821, 829), Cycles(789, 791), None)
    text = (SAMPLES / "lenet_cosim.rpt").read_text(encoding="utf-8")
    failed = tmp_path / "failed.rpt"
    failed.write_text(text.replace("Pass", "Fail"), encoding="utf-8")
    with pytest.raises(ToolError, match="co-simulation ended with 'Fail'"):
        cosim_report(failed, synthesis)
    failed.write_text(text.replace("Verilog", "SystemC"), encoding="utf-8")
    with pytest.raises(ToolError, match="found no simulated language"):
        cosim_report(failed, synthesis)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("</profile>", "", "is no well-formed XML"),
        ("TopModelName", "TopName", "found no UserAssignments/TopModelName"),
        ("<LUT>15120</LUT>", "<LUT>~0</LUT>", "found '~0' for LUT in .*, wanted a number"),
        ("<FF>10234</FF>", "", "found no AreaEstimates/Resources/FF"),
    ],
)
def test_broken_reports_are_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    broken = tmp_path / "csynth.xml"
    broken.write_text((SAMPLES / "csynth.xml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ToolError, match=said):
        csynth_reports(broken)


def test_utilization_reports() -> None:
    placed = utilization_report(sample("utilization_placed.rpt"), 10.0)
    assert (placed.evidence, placed.unit, placed.clock_ns) == (Evidence.PLACED, "design_1_wrapper", 10.0)
    assert (placed.tool, placed.version, placed.part) == ("Vivado", "2022.2", "xc7z020clg400-1")
    assert placed.resources == Resources(lut=21345, ff=30111, bram36=45.5, dsp=0, lutram=1345, srl=2000)
    synthesised = utilization_report(sample("utilization_synth.rpt"))
    assert (synthesised.evidence, synthesised.version) == (Evidence.SYNTHESISED, "2023.1")
    assert synthesised.resources == Resources(lut=700, ff=650, bram36=0, dsp=0, uram=3, lutram=24, srl=0)


def test_hierarchy_reports() -> None:
    rows = {row.unit: row for row in hierarchy_reports(sample("utilization_hierarchical.rpt"))}
    assert list(rows) == ["design_1_wrapper", "dma", "net", "net/inner", "net/inner/conv1", "net/shell"]
    assert {row.evidence for row in rows.values()} == {Evidence.ROUTED}
    assert rows["net/inner/conv1"].resources == Resources(lut=4000, ff=5000, bram36=6.5, dsp=0, lutram=100, srl=0)
    with pytest.raises(ToolError, match="ask for report_utilization -hierarchical"):
        hierarchy_reports(sample("utilization_placed.rpt"))


def test_timing_summaries() -> None:
    met = timing_summary(sample("timing_met.rpt"))
    assert (met.worst_setup, met.total_setup, met.worst_hold, met.total_hold) == (0.412, 0.0, 0.021, 0.0)
    assert met.is_met
    assert met.period_ns == {"clk_fpga_0": 10.0, "clk_out1_design_1_clk_wiz_0": 8.0}
    violated = timing_summary(sample("timing_violated.rpt"))
    assert (violated.worst_setup, violated.is_met) == (-1.234, False)
    with pytest.raises(ToolError, match="give the design a clock by create_clock"):
        timing_summary(sample("timing_met.rpt").replace("0.412", "NA"))
    with pytest.raises(ToolError, match="found no Design Timing Summary"):
        timing_summary("nothing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| Slice LUTs ", "| Slices     ", "found no line 'Slice LUTs'"),
        ("| Design State", "| State", "found no 'Design State' in the head"),
        ("Fully Placed", "Unknown", "found the design state 'unknown', wanted one of synth"),
    ],
)
def test_strange_reports_are_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        utilization_report(sample("utilization_placed.rpt").replace(old, new))


def test_tools_name_their_version() -> None:
    tool = VendorTool(Path("/opt/vitis_hls"), (2022, 2))
    assert str(tool) == "vitis_hls 2022.2"
    assert Vitis(tool, unified=False).arguments("x.tcl") == ["-f", "x.tcl"]
