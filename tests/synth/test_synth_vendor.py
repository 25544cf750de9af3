"""shiftwire synth and cosim through vendor tools: a clear skip where there are none, stand-ins where there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csynth_texts import Altered, csynth_text
from shiftwire.cli import main
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.schedule.design import schedule
from shiftwire_boards.catalog import load_board
from test_tiny import tiny
from vendor_texts import SAMPLES, Bench, leaves_reports


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vendor") / "tiny"
    write_project(schedule(tiny(), load_board("pynq-z2")), path, Backend.BOTH)
    return path


def run_verb(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    status = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("synth", "--tool", "vitis"), "found neither 'vitis-run' nor 'vitis_hls' on PATH, which synthesise hls/; "),
        (("synth", "--tool", "vivado"), "found no 'vivado' on PATH, which places and routes; "),
        (("cosim", "--tool", "vitis"), "found neither 'vitis-run' nor 'vitis_hls' on PATH, which synthesise hls/; "),
    ],
)
def test_missing_tools_are_one_sentence(
    argv: tuple[str, ...], sentence: str, project: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run_verb(capsys, argv[0], project, *argv[1:])
    assert (status, out) == (3, "")
    assert err.splitlines()[-1] == (
        f"shiftwire {argv[0]}: {sentence}install AMD Vitis and source its settings64.sh (skipped: nothing was run)"
    )


def test_projects_without_the_sources(tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for backend in (Backend.HLS, Backend.RTL):
        write_project(schedule(tiny(), load_board("pynq-z2")), tmp_path / backend.value, backend)
    for tool, other, folder in (("vitis", "rtl", "hls"), ("vivado", "hls", "rtl")):
        status, _, err = run_verb(capsys, "synth", tmp_path / other, "--tool", tool)
        assert status == 2 and f"holds no {folder}/; convert the model again with --backend both" in err


def report_of(project: Path, folder: Path, altered: Altered | None = None) -> Path:
    """What synthesis of a project would leave."""
    report = folder / "made.xml"
    report.write_text(csynth_text(load_project(project).design, "2022.2", altered), encoding="utf-8")
    return report


def test_vitis_estimates(project: Path, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.install("vitis_hls", "2022.2", leaves_reports(report_of(project, tmp_path)))
    status, out, err = run_verb(capsys, "synth", project, "--tool", "vitis")
    assert status == 0, err
    assert "Vitis HLS 2022.2, xc7z020clg400-1, 10 ns asked for: modelled" in out
    status, out, _ = run_verb(capsys, "synth", project, "--tool", "vitis", "--json")
    assert json.loads(out)["rows"][0]["resources"]["lut"] == 20
    status, out, _ = run_verb(capsys, "cosim", project, "--tool", "vitis")
    assert status == 0 and "latency: 821 to 829 cycles" in out
    status, out, _ = run_verb(capsys, "cosim", project, "--tool", "vitis", "--json")
    assert json.loads(out)["interval"] == {"least": 789, "most": 791}


def test_a_kernel_that_missed_its_interval_fails_the_check(
    project: Path, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = load_project(project).design.pipeline.instances[0].name
    bench.install("vitis_hls", "2022.2", leaves_reports(report_of(project, tmp_path, Altered(unit, {"ii": 3}))))
    status, _, err = run_verb(capsys, "synth", project, "--tool", "vitis")
    assert status == 1 and f"unit '{unit}' " in err and "has II = 3 in its loop Cycle, wanted 1" in err


def test_what_was_refused_is_no_report_of_the_project(
    project: Path, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another project's figures leave what was known; those of a kernel that missed take it away."""
    rows = project / "reports/vitis.json"
    right = leaves_reports(report_of(project, tmp_path))
    unit = load_project(project).design.pipeline.instances[0].name
    missed = tmp_path / "missed.xml"
    missed.write_text(csynth_text(load_project(project).design, "2022.2", Altered(unit, {"ii": 2})), encoding="utf-8")
    for wrong, status in ((SAMPLES / "csynth.xml", 3), (missed, 1)):
        bench.install("vitis_hls", "2022.2", right)
        assert run_verb(capsys, "synth", project, "--tool", "vitis")[0] == 0
        known = {3: rows.read_text(encoding="utf-8"), 1: None}[status]
        bench.install("vitis_hls", "2022.2", leaves_reports(wrong))
        ended, out, err = run_verb(capsys, "synth", project, "--tool", "vitis")
        assert ended == status and (rows.read_text(encoding="utf-8") if rows.exists() else None) == known
        assert ("modelled" in out) == (status == 1)
        assert "csynth.xml" in err.splitlines()[-1] and "Traceback" not in err
        ended, out, err = run_verb(capsys, "cosim", project, "--tool", "vitis")
        assert (ended, out) == (status, ""), "no co-simulation of that"
        assert (rows.read_text(encoding="utf-8") if rows.exists() else None) == known


def test_conditions_that_vitis_has_not(project: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("--stall", "0.5"),
        ("--frames", "3"),
        ("--data", "none.npz"),
        ("--primitives",),
        ("--wave", "x.fst"),
    ):
        status, out, err = run_verb(capsys, "cosim", project, "--tool", "vitis", *words)
        assert (status, out) == (2, "")
        assert f"{words[0]} is for Verilator; Vitis HLS runs the frames of hls/tb_data: leave out {words[0]}" in err


def test_vivado_counts(project: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    leaves = f"cp {SAMPLES}/utilization_hierarchical.rpt utilization.rpt; cp {SAMPLES}/timing_met.rpt timing.rpt"
    bench.install("vivado", "2022.2", leaves)
    for top, clock in (("network", "clk"), ("shell", "aclk")):
        status, out, _ = run_verb(capsys, "synth", project, "--tool", "vivado", "--top", top)
        assert status == 0
        assert "net/inner/conv1" in out and "10 ns asked for" in out and "ns reached: " in out
        script = (project / "reports/vivado/synth.tcl").read_text(encoding="utf-8")
        is_error = script.index("set_msg_config -id {[Synth 8-4445]} -new_severity ERROR\n")
        assert is_error < script.index("synth_design"), "a ROM without its file would be one of zeros"
        assert f"[get_ports {clock}]" in script and "-period 10.000" in script
        sources = [line.split("{")[1].rstrip("}") for line in script.splitlines() if line.startswith("read_")]
        assert all((project / "reports/vivado" / source).is_file() for source in sources)
        assert any(source.endswith(".mem") for source in sources)
        assert "../../rtl/shiftwire_top.sv" in sources


def test_blocks_that_nobody_asked_for(project: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    counted = "sed '/(top)/s/ 0 |$/ 3 |/'"
    leaves = (
        f"{counted} {SAMPLES}/utilization_hierarchical.rpt >utilization.rpt; cp {SAMPLES}/timing_met.rpt timing.rpt"
    )
    bench.install("vivado", "2022.2", leaves)
    status, _, err = run_verb(capsys, "synth", project, "--tool", "vivado")
    assert status == 1 and "found 3 DSP blocks where none were asked for, wanted none (" in err
