"""shiftwire build --inner hls: Vitis HLS, its gates, the exported IP, then Vivado; stand-ins for both tools."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from csynth_texts import Altered
from ip_texts import component_text, install_vitis
from projects import conv_net
from shiftwire.board.build import FOLDER
from shiftwire.board.export import STAMP, check_component
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire.errors import ToolError
from shiftwire.hls.top import IP_FOLDER
from shiftwire.project.project import Backend, Project, load_project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire.synth.build_report import read_build
from shiftwire.synth.vitis import Step, build_options
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.inner import Inner
from verbs import run_verb
from vivado_bench import TCLSH, Vivado

pytestmark = pytest.mark.skipif(TCLSH is None, reason="found no tclsh; apt-get install tcl")
FINAL = ("shiftwire.bit", "shiftwire.hwh", "shiftwire.xsa")


def written(folder: Path, backend: Backend) -> Project:
    write_project(schedule(conv_net(), load_board("pynq-z2"), target=Target(fps=10_000)), folder, backend)
    return load_project(folder)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("hls") / "small", Backend.HLS).path


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Project:
    return load_project(Path(shutil.copytree(template, tmp_path / "small")))


@pytest.fixture
def vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vivado:
    return Vivado(tmp_path / "vivado", monkeypatch)


def test_a_build_is_one_result(project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not asked for is what the project has; the second build goes on behind the IP."""
    runs = install_vitis(project, vivado.folder)
    status, out, err = run_verb(capsys, "build", project.path)
    assert status == 0, err
    both_cells = "2,010 LUT, 2,345 FF, 1.5 BRAM36, 0 DSP with its shell"
    assert f"network in it: {both_cells} (made by Vitis HLS; routed, Vivado 2022.2)" in out
    built = read_build(project)
    assert built is not None and built.inner is Inner.HLS
    assert json.loads((project.reports_dir / "build.json").read_text())["inner"] == "hls"
    assert (project.reports_dir / "vitis.json").is_file()
    status, _, err = run_verb(capsys, "build", project.path, "--inner", "hls")
    assert status == 0, err
    assert runs.read_text() == "2\n2\n", "reset and synth, then cosim and export"
    (project.hls_dir / IP_FOLDER / "component.xml").write_text(component_text(project, ("2112345678", "1")))
    assert run_verb(capsys, "build", project.path)[0] == 0
    assert runs.read_text() == "2\n2\n2\n2\n", "an IP that was changed is made again"


def test_the_script_alone(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run_verb(capsys, "build", project.path, "--script", "--inner", "hls")
    assert status == 0 and "checked: OK 10 cells, 10 nets, 11 links; 34 faults of a build stop it" in out
    assert "first: vitis_hls -f build_top.tcl in hls/, with synth, cosim and export set to 1" in out
    script = (project.reports_dir / FOLDER / "build.tcl").read_text()
    folders = "[file join $out ../../hls/shell] [file join $out ../../hls/shiftwire_hls_top_prj/solution1/impl/ip]"
    assert f"set_property ip_repo_paths [list {folders}]" in script
    assert str(project.path) not in script
    assert (project.path / "hls/shell/component.xml").is_file()


STUBS = """
foreach name {set_top add_files set_part create_clock config_compile csynth_design cosim_design export_design} {
    proc $name args "puts $name"
}
proc open_project args { puts "open_project $args" }
proc open_solution args { puts "open_solution $args" }
source build_top.tcl
"""


@pytest.mark.parametrize(
    ("steps", "opened", "done"),
    [
        ([Step.CSYNTH], "open_project -reset shiftwire_hls_top_prj", ["csynth_design"]),
        ([Step.COSIM, Step.EXPORT], "open_project shiftwire_hls_top_prj", ["cosim_design", "export_design"]),
    ],
)
def test_what_follows_a_synthesis_goes_on_with_it(
    steps: list[Step], opened: str, done: list[str], project: Project
) -> None:
    (project.hls_dir / "build_opt.tcl").write_text(build_options(steps))
    said = subprocess.run(
        [TCLSH], input=STUBS, cwd=project.hls_dir, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert said[0] == opened
    (solution,) = (line for line in said if line.startswith("open_solution"))
    assert ("-reset" in solution) == ("-reset" in opened)
    assert said[-len(done) :] == done and not {line for line in said[: -len(done)] if line.endswith("_design")}


def test_both_forms_of_one_project(tmp_path: Path, vivado: Vivado, capsys: pytest.CaptureFixture[str]) -> None:
    """rtl/ where nothing is asked for; what was built of one is not packed as the other."""
    project = written(tmp_path / "both", Backend.BOTH)
    install_vitis(project, vivado.folder)
    assert run_verb(capsys, "build", project.path)[0] == 0
    built = read_build(project)
    assert built is not None and built.inner is Inner.RTL
    status, out, err = run_verb(capsys, "build", project.path, "--inner", "hls")
    assert status == 0 and f"next: shiftwire package {project.path} --inner hls" in out, err
    made = write_overlay(project, accelerator_design(project, Inner.HLS), tmp_path / "o", Inner.HLS)
    for suffix in (".bit", ".hwh"):
        shutil.copy(made.with_suffix(suffix), project.reports_dir / FOLDER / f"shiftwire{suffix}")
    status, _, err = run_verb(capsys, "package", project.path)
    assert status == 2 and "describes a network in its form hls, wanted rtl; give --inner hls, or run" in err
    built = read_build(project)
    assert built is not None and built.inner is Inner.HLS, "what was refused leaves no trace"
    status, _, err = run_verb(capsys, "package", project.path, "--inner", "hls")
    assert status == 0, err
    with tarfile.open(project.reports_dir / "both.tar.gz") as tar:
        member = tar.extractfile(next(name for name in tar.getnames() if name.endswith("both.manifest.json")))
        assert member is not None and json.loads(member.read())["inner"] == "hls"
    words = ("deploy", project.path, "--host", "nowhere.invalid")
    status, _, err = run_verb(capsys, *words)
    assert status == 2 and "holds a network in its form hls, wanted rtl; give --inner hls, or run 'shiftwire pac" in err


FAULTS = {
    "interval": (1, "has II = 3 in its loop Cycle, wanted 1"),
    "cosim": (3, "without the words 'C/RTL co-simulation finished: PASS'"),
    "port": (3, "found no port s_data_TDATA among "),
    "net": (
        3,
        "found no IP shiftwire:hls:shiftwire_hls_top:1.0 in ../../hls/shiftwire_hls_top_prj/solution1/impl/ip",
    ),
    "ip": (3, "found no IP shiftwire:network:shiftwire:1.0 in ../../hls/shell; it must lie there with its component"),
    "blocks": (1, "found 2 DSP blocks where none were asked for, wanted none ("),
    "setup": (1, "timing is not met: found -0.310 ns of worst setup slack"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_sentence_and_leaves_no_bitstream(
    fault: str, project: Project, vivado: Vivado, capsys: pytest.CaptureFixture[str]
) -> None:
    status, words = FAULTS[fault]
    unit = project.design.pipeline.instances[0].name
    changes = [("s_data_TDATA", "s_data_V_TDATA")] if fault == "port" else []
    altered = Altered(unit, {"ii": 3}) if fault == "interval" else None
    how = "FAIL" if fault == "cosim" else "PASS"
    runs = install_vitis(project, vivado.folder, *changes, altered=altered, cosim=how)
    vivado.breaks(fault)
    folder = project.reports_dir / FOLDER
    folder.mkdir(parents=True)
    for name in FINAL:
        (folder / name).write_text("old")
    ended, out, err = run_verb(capsys, "build", project.path)
    assert (ended, out, len(err.splitlines())) == (status, "", 2), err
    assert words in err and "Traceback" not in err
    assert not [name for name in FINAL if (folder / name).exists()]
    assert runs.read_text() == ("2\n" if fault == "interval" else "2\n2\n"), "no co-simulation of a kernel that missed"
    assert (project.reports_dir / STAMP).exists() == (fault not in ("interval", "cosim", "port"))


def test_without_a_tool_nothing_is_begun(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of Vitis HLS are not spent where Vivado is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = run_verb(capsys, "build", project.path)
    assert status == 3 and "found neither 'vitis-run' nor 'vitis_hls' on PATH" in err and "build.tcl" in err
    runs = install_vitis(project, tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    status, _, err = run_verb(capsys, "build", project.path)
    assert status == 3 and "found no 'vivado' on PATH" in err and not runs.exists()


@pytest.mark.parametrize("verb", [("build",), ("build", "--script"), ("package",), ("deploy", "--host", "a@b")])
def test_the_form_that_a_project_has_not(
    verb: tuple[str, ...], project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rtl = written(tmp_path / "rtl", Backend.RTL)
    for path, missing in ((project.path, "rtl"), (rtl.path, "hls")):
        status, out, err = run_verb(capsys, verb[0], path, *verb[1:], "--inner", missing)
        assert (status, out) == (2, "")
        assert f"{path} holds no {missing}/; convert the model again with --backend both" in err


def test_a_shell_that_was_changed_by_hand(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    top = project.hls_dir / "shell" / "shiftwire_top.sv"
    top.write_text(top.read_text() + "// mine\n")
    status, _, err = run_verb(capsys, "build", project.path, "--script")
    assert status == 2 and f"{top} was changed by hand; convert the model again with --backend hls" in err
    top.unlink()
    status, _, err = run_verb(capsys, "measure", project.path, "--sim")
    assert status == 2 and f"found no {top}; convert the model again with --backend hls" in err


INPUT_PORT = "<spirit:name>s_data_TREADY</spirit:name>\n        <spirit:wire>\n          <spirit:direction>out"
WIRE = "<spirit:wire><spirit:direction>{}</spirit:direction></spirit:wire>"
EXTRA = f"<spirit:ports>\n      <spirit:port><spirit:name>{{}}</spirit:name>{WIRE}</spirit:port>"
COMPONENTS = [
    ((">7<", ">15<"), "found the port s_data_TDATA of 16 bits, wanted 8 bits in "),
    (("m_data_TREADY", "m_data_V_TREADY"), "found no port m_data_TREADY among ap_clk, ap_rst_n, s_data_TDATA, "),
    (("ap_rst_n", "ap_rst"), "found no port ap_rst_n among ap_clk, ap_rst, "),
    ((INPUT_PORT, INPUT_PORT[:-3] + "in"), "found the input s_data_TREADY, wanted an output in "),
    (("<spirit:ports>", EXTRA.format("ap_start", "in")), "found the input ap_start, which nothing drives, wanted "),
    (("<spirit:ports>", EXTRA.format("s_data_TLAST", "in")), "found the input s_data_TLAST, which nothing drives"),
    (("<spirit:name>s_data</", "<spirit:name>s_data_V</"), "found no stream s_data among the interfaces s_data_V, m_d"),
    (("<spirit:master/>", "<spirit:slave/>"), "found the interface m_data at the wrong end of a stream, wanted it as "),
    (("<spirit:library>hls<", "<spirit:library>x<"), "found the IP shiftwire:x:shiftwire_hls_top:1.0, wanted shiftwi"),
    (("</spirit:component>", ""), "is no well-formed component ("),
    ((">7<", ">left<"), "is no well-formed component (invalid literal"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), COMPONENTS, ids=[words[:40] for _, words in COMPONENTS])
def test_an_ip_whose_ports_are_others(change: tuple[str, str], words: str, template: Path, tmp_path: Path) -> None:
    project, file = load_project(template), tmp_path / "component.xml"
    file.write_text(component_text(project, change))
    with pytest.raises(ToolError) as caught:
        check_component(file, project.design.pipeline)
    assert words in str(caught.value) and str(file) in str(caught.value)
    assert str(caught.value).endswith("; export hls/ as 'shiftwire convert' wrote it, and if it stays so report it "
                                      "with the version of Vitis HLS")  # fmt: skip


def test_an_ip_as_it_should_be(template: Path, tmp_path: Path) -> None:
    """An output that nobody asked for stays open."""
    project, file = load_project(template), tmp_path / "component.xml"
    with pytest.raises(ToolError, match=r"found no .*component\.xml, which Vitis HLS exports; "):
        check_component(file, project.design.pipeline)
    file.write_text(component_text(project, ("<spirit:ports>", EXTRA.format("ap_local_block", "out"))))
    check_component(file, project.design.pipeline)
