"""shiftwire build: what a run of Vivado leaves is read, judged and shown; a stand-in runs the script."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from board_bench import small_project
from interrupts import started
from projects import conv_net
from shiftwire.board.build import FOLDER
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire.errors import ToolError
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.project.report_rows import Rows, write_rows
from shiftwire.schedule.design import Target, schedule
from shiftwire.synth.build_report import FILE, read_build
from shiftwire.synth.counts import FILE as COUNTED
from shiftwire.synth.vivado_power import power_report
from shiftwire.tools.resources import Evidence, Report, Resources
from shiftwire_boards.catalog import load_board
from small_disk import small_disk
from vendor_texts import sample
from verbs import run_verb
from vivado_bench import TCLSH, Vivado

pytestmark = pytest.mark.skipif(TCLSH is None, reason="found no tclsh; apt-get install tcl")
FINAL = ("shiftwire.bit", "shiftwire.hwh", "shiftwire.xsa")


@pytest.fixture
def vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vivado:
    return Vivado(tmp_path / "vivado", monkeypatch)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return small_project(tmp_path / "small")


def test_a_build_is_one_result(project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]) -> None:
    counted = Report(
        "network", Evidence.SYNTHESISED, "pyosys", "0.70", "xc7z020clg400-1", resources=Resources(1900, 2200, 1.5, 0)
    )
    write_rows(project.reports_dir / COUNTED, Rows(project.version_hash, (counted,)))
    status, out, err = run_verb(capsys, "build", project.path)
    assert status == 0, err
    assert (
        "bitstream: 7,421 LUT (13.9 % of 53,200), 9,876 FF (9.3 % of 106,400), 5.5 BRAM36 (3.9 % of 140), "
        "0 DSP (0.0 % of 220), all of the block design (routed, Vivado 2022.2, xc7z020clg400-1)"
    ) in out
    assert (
        "network in it: 2,010 LUT, 2,345 FF, 1.5 BRAM36, 0 DSP with its shell (routed, Vivado 2022.2); "
        "1,900 LUT, 2,200 FF, 1.5 BRAM36, 0 DSP without (synthesised, pyosys 0.70)"
    ) in out
    assert (
        "timing: met: worst slack 0.412 ns setup (0.000 ns in all), 0.021 ns hold, at 100.000 MHz "
        "(clk_out1_shiftwire_clk_wiz_0_0; routed, Vivado 2022.2)"
    ) in out
    assert (
        "power: 1.742 W on chip, 1.604 W dynamic and 0.138 W static: estimate of report_power (routed, Vivado 2022.2, "
        "confidence Medium, assumed toggle rates), no measurement"
    ) in out
    told = json.loads((project.reports_dir / FILE).read_text())
    assert told["version_hash"] == project.version_hash
    assert told["rows"][0]["resources"] == {
        "lut": 7421, "ff": 9876, "bram36": 5.5, "dsp": 0, "uram": 0, "lutram": 512, "srl": 354
    }  # fmt: skip
    assert told["rows"][0]["reached_ns"] == 9.588
    assert told["timing"]["worst_pulse"] == 3.75 and told["timing"]["is_met"] is True
    assert told["power"] == {
        "total_w": 1.742, "dynamic_w": 1.604, "static_w": 0.138, "confidence": "Medium", "activity": None,
        "evidence": "routed", "version": "2022.2", "label": "estimate of report_power",
    }  # fmt: skip
    _, out, _ = run_verb(capsys, "build", project.path, "--json")
    assert json.loads(out) == told


def test_the_page_shows_what_was_built(
    project: Project, vivado: Vivado, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert run_verb(capsys, "build", project.path)[0] == 0
    status, out, _ = run_verb(capsys, "report", project.path, "--html", page)
    label = "1.742 W on chip, 1.604 W dynamic and 0.138 W static: estimate of report_power (routed, Vivado 2022.2"
    assert status == 0 and label in out and label in page.read_text()
    assert "LUT and BRAM36 of layers are modelled" in out and "energy: " in out
    _, out, _ = run_verb(capsys, "report", project.path, "--json")
    assert json.loads(out)["built"]["power"]["total_w"] == 1.742
    (project.reports_dir / FILE).write_text("{}")
    status, _, err = run_verb(capsys, "report", project.path)
    assert status == 2 and "is damaged; remove it and build again" in err
    write_rows(project.reports_dir / FILE, Rows("another", (Report("x", Evidence.ROUTED, "t", "1", "p"),)))
    assert run_verb(capsys, "report", project.path)[0] == 2


FAULTS = {
    "part": (3, "found no part xc7z020clg400-1 in this Vivado; add its device family with Vivado's installer"),
    "board": (3, "found no board files for tul.com.tw:pynq-z2:part0:*; install those of"),
    "ip": (3, "found no IP shiftwire:network:shiftwire:1.0 in ../../rtl"),
    "version": (3, "its catalogue lacks an IP that the design wants; take the Vivado that the IP was packaged for"),
    "synthesis": (3, "synthesis failed: synth_design ERROR, its log is vivado/shiftwire.runs/synth_1/runme.log ("),
    "incomplete": (3, "implementation failed: route_design Running, its log is "),
    "raises": (3, "synthesis failed: synth_design ERROR, its log is vivado/shiftwire.runs/synth_1/runme.log ("),
    "ip_run": (3, "synthesis failed: synth_design ERROR, its log is "
               "vivado/shiftwire.runs/shiftwire_accel_0_0_synth_1/runme.log; Not started, its log is vivado/"),
    "rom": (3, "shiftwire_accel_0_0_synth_1/runme.log tells of Synth 8-4445: a ROM would be empty; convert again"),
    "sight": (3, "axi_dma_0/Data_MM2S sees no segment DDR_LOW, so no buffer; mend the board files' preset"),
    "pulses": (3, "timing is not met: total pulse width slack '-1.25' ns; convert with a longer --clock-ns"),
    "nets": (3, "2 nets are not routed; convert with less --fps"),
    "disk": (3, "found the disk full; free some 10 GB there (it said 'couldn't open"),
    "bit": (3, "impl_1/shiftwire_wrapper.bit\": no such file or directory'; read"),
    "hwh": (3, "Vivado wrote no shiftwire.hwh, without which PYNQ cannot load shiftwire.bit"),
    "xsa": (3, "the build left no shiftwire.xsa; look for the first error in vivado.log"),
    "power": (3, "the build left no power.rpt; look for the first error in vivado.log"),
    "setup": (1, "timing is not met: found -0.310 ns of worst setup slack at 100.000 MHz, wanted 0 or more; convert "
              "again with less --fps, which folds more, or with a slower clock, --clock-ns 10.4"),
    "ungated": (1, "timing is not met: found -0.310 ns of worst setup slack at 100.000 MHz"),
    "hold": (1, "timing is not met: found -0.042 ns of worst hold slack, wanted 0 or more; no clock mends that"),
    "pulse": (1, "timing is not met: found -0.125 ns of worst pulse width slack at 100.000 MHz"),
    "blocks": (1, "found 2 DSP blocks where none were asked for, wanted none ("),
    "clock": (2, "found the clocks clk_fpga_0 of 20 ns"),
    "unrouted": (2, "found a report of a design that is synthesised, wanted routed; build again (in "),
    "cut": (3, "found no Design Timing Summary in a timing report"),
    "binary": (2, "power.rpt cannot be read ("),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_sentence_and_leaves_no_bitstream(
    fault: str, project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older bitstream does not stay either."""
    wanted, words = FAULTS[fault]
    folder = project.reports_dir / FOLDER
    folder.mkdir(parents=True)
    for name in FINAL:
        (folder / name).write_text("old")
    vivado.breaks(fault)
    status, out, err = run_verb(capsys, "build", project.path)
    said_at_the_end = err.splitlines()[1:]
    assert (status, out, len(said_at_the_end)) == (wanted, "", 1), err
    assert err.count(words) == 1 and "Traceback" not in err and "while executing" not in err
    assert not [name for name in FINAL if (folder / name).exists()]
    status, _, err = run_verb(capsys, "package", project.path)
    assert status == 2 and "run 'shiftwire build' first" in err


def test_a_clock_that_no_port_of_the_ps_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(schedule(conv_net(), load_board("pynq-z2"), 2.5, Target(fps=10_000)), tmp_path / "p", Backend.RTL)
    status, _, err = run_verb(capsys, "build", tmp_path / "p")
    assert status == 2 and "a clock of 400 MHz is beyond the 250 that AXI ports of the TUL PYNQ-Z2's PS take" in err
    assert "choose a period of 4 ns or more; convert with another --clock-ns" in err


def test_missed_timing_stays_on_the_page(project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]) -> None:
    vivado.breaks("setup")
    run_verb(capsys, "build", project.path)
    _, out, _ = run_verb(capsys, "report", project.path)
    assert "timing: NOT MET: worst slack -0.310 ns setup" in out
    built = read_build(project)
    assert built is not None and not built.timing.is_met and built.whole.reached_ns == 10.31


def test_a_bitstream_that_was_slipped_in_is_not_packed(
    project: Project, vivado: Vivado, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of a build elsewhere are held to the same gate."""
    assert run_verb(capsys, "build", project.path)[0] == 0
    (project.reports_dir / FILE).unlink()
    made = write_overlay(project, accelerator_design(project), tmp_path)
    for suffix in (".bit", ".hwh"):
        shutil.copy(made.with_suffix(suffix), project.reports_dir / FOLDER / f"shiftwire{suffix}")
    assert run_verb(capsys, "package", project.path)[0] == 0
    assert read_build(project) is not None, "reports of a build by hand are kept too"
    timing = project.reports_dir / FOLDER / "timing_summary.rpt"
    timing.write_text(timing.read_text().replace(" 0.412 ", "-0.001 "))
    status, _, err = run_verb(capsys, "package", project.path)
    assert status == 1 and "found -0.001 ns of worst setup slack" in err


def test_without_vivado_or_with_an_old_one(
    project: Project,
    vivado: Vivado,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = project.reports_dir / FOLDER
    assert run_verb(capsys, "build", project.path)[0] == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = run_verb(capsys, "build", project.path)
    assert status == 3 and "found no 'vivado' on PATH" in err
    assert all((folder / name).exists() for name in FINAL), "nothing was begun, nothing is lost"
    Vivado(tmp_path / "older", monkeypatch, "2020.2")
    status, _, err = run_verb(capsys, "build", project.path)
    assert status == 3 and "found vivado 2020.2, wanted Vivado 2022.2 or later" in err


def test_a_full_disk_here(project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it is that the disk is full: in the script, in Vivado's files, or in ours behind it."""
    folder = project.reports_dir / FOLDER
    folder.mkdir(parents=True)
    for kilobytes in (4, 16, 28, 40):
        with small_disk(folder, kilobytes):
            status, _, err = run_verb(capsys, "build", project.path)
            assert status in (2, 3) and "Traceback" not in err
            assert re.search("found the disk full|free space", err.splitlines()[-1]), err
            assert not [name for name in FINAL if (folder / name).exists()]


def test_ctrl_c_ends_vivado_and_its_runs(project: Project, vivado: Vivado) -> None:
    vivado.breaks("slow")
    runs = vivado.folder / "runs"
    with started(("build", project.path)) as process:
        for _ in range(600):
            if runs.is_file() and len(runs.read_text().split()) == 2:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted; nothing half-written is left" in err
    numbers = runs.read_text().split()
    assert len(numbers) == 2 and not [number for number in numbers if _lives(int(number))]
    folder = project.reports_dir / FOLDER
    assert not [name for name in FINAL if (folder / name).exists()]


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_power_reports() -> None:
    text = sample("power_routed.rpt")
    power = power_report(text)
    assert (power.total_w, power.dynamic_w, power.static_w) == (1.742, 1.604, 0.138)
    hot = text.replace("| 1.742        |", "| 1.742 (Junction temp exceeded!) |", 1)
    assert power_report(hot) == power
    active = text.replace("Activity File | ---", "Activity File | net.saif", 1)
    assert power_report(active).activity == "net.saif"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("| 1.742  ", "| 2.742  ", "found 1.604 W dynamic and 0.138 W static beside 2.742 W in a power report"),
        ("| 1.604  ", "| NA     ", r"found 'NA' for Dynamic \(W\) in a power report, wanted a number"),
        ("Device Static (W)", "Static (W)", r"found no line 'Device Static \(W\)' in a power report"),
        ("Confidence Level  ", "Confidence  ", "found no line 'Confidence Level'"),
        ("| Design State     : routed", "", "found no 'Design State'"),
    ],
)
def test_power_reports_that_are_none(old: str, new: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        power_report(sample("power_routed.rpt").replace(old, new, 1))
