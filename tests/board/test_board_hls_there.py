"""The HLS form from a project of hls/ alone to a board behind ssh: package, deploy, measure, the record."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import stalls
from board_bench import USUAL_BOARD, needs_pynq
from python_there import python_there
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.measure import STAND_IN
from shiftwire_boards.runtime.record_json import read_record
from ssh_host import SSHD, Server, server
from verbs import run_verb

pytestmark = [
    needs_pynq,
    pytest.mark.whole,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    design = schedule(stalls.residual(), load_board(USUAL_BOARD), target=Target(fps=20_000))
    return write_project(design, tmp_path_factory.mktemp("there") / "residual", Backend.HLS)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("ssh") / "sshd") as running:
        yield running


def test_package_deploy_and_measure(
    host: Server, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bit = write_overlay(project, accelerator_design(project), tmp_path / "overlay")
    status, _, err = run_verb(capsys, "package", project.path, "--bit", bit)
    assert status == 0, err
    with tarfile.open(project.reports_dir / "residual.tar.gz") as tar:
        member = tar.extractfile(next(name for name in tar.getnames() if name.endswith("residual.manifest.json")))
        assert member is not None and json.loads(member.read())["inner"] == "hls"
    to_board = ("--host", "board", "--ssh-config", host.config, "--python", python_there(project, tmp_path))
    status, out, err = run_verb(capsys, "deploy", project.path, *to_board, "--measure", "--seconds", "0")
    assert status == 0, err
    assert "none differs" in out and "inner network: hls: the compiled C++, a stand-in for the IP of Vitis HLS" in out
    record = read_record(project.reports_dir / "record.json")
    assert record.identity.inner is Inner.HLS and record.notes == (STAND_IN,)
    status, out, err = run_verb(
        capsys, "measure", project.path, *to_board, "--seconds", "0", "--inner", "hls", "--json"
    )
    assert status == 0 and json.loads(out)["identity"]["inner"] == "hls", err
    for page in ("record.html", "record.json"):
        assert "those of a stand-in" in (project.reports_dir / page).read_text()
    folder = next(path for path in (host.home / "shiftwire").iterdir())
    manifest = folder / "residual.manifest.json"
    manifest.write_text(manifest.read_text().replace('"inner": "hls"', '"inner": "rtl"'))
    status, _, err = run_verb(capsys, "measure", project.path, *to_board)
    assert status == 2 and "found the form rtl of residual on board, wanted hls; give --inner rtl, or run" in err
