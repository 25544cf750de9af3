"""shiftwire deploy over a real ssh server: lines that break, disks that are full, names and archives that bite."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from board_bench import small_project
from board_host import Bench, packed, until
from shiftwire.board import deploy as board_deploy
from shiftwire.board.deploy import deploy
from shiftwire.board.package import folder_of
from shiftwire.errors import InputError, ToolError
from shiftwire.project.project import Project, load_project
from shiftwire.tools import ssh
from small_disk import small_disk
from ssh_host import SSHD, Server, server
from tiers import some
from verbs import run_verb

pytestmark = pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server")
MB = 1 << 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return small_project(tmp_path_factory.mktemp("deploy") / "small")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(ssh, "PAUSE_S", 0.1)
    with server(tmp_path / "ssh") as running:
        yield running


def tree(folder: Path) -> dict[str, str]:
    """Checksums of all that lies below, by path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check_whole(host: Server, project: Project, archive: Path) -> None:
    """Every file there is that of the archive and that of its manifest, and there is nothing else."""
    home = host.home / "shiftwire"
    with tarfile.open(archive) as tar:
        sent = {
            member.name: hashlib.sha256(tar.extractfile(member).read()).hexdigest()  # type: ignore[union-attr]
            for member in tar.getmembers()
        }
    assert tree(home) == sent
    assert [path.name for path in home.iterdir()] == [folder_of(project)]
    told = json.loads((home / folder_of(project) / f"{project.path.name}.manifest.json").read_text())
    for name, checksum in told["files"].items():
        assert sent[f"{folder_of(project)}/{name}"] == checksum


@pytest.mark.whole
def test_a_line_that_breaks_while_files_go(host: Server, project: Project, tmp_path: Path) -> None:
    """It goes on where it broke, though it breaks twice."""
    archive = packed(project, tmp_path / "made", 12 * MB)
    cuts = [3 * MB, 7 * MB]
    seen: list[int] = []

    def progress(done: int, _: int) -> None:
        seen.append(done)
        if cuts and done > cuts[0]:
            cuts.pop(0)
            host.kill_sessions()

    deploy(archive, host.remote, progress)
    assert not cuts
    # a line may break just where all that was sent had arrived: then nothing is sent twice
    starts = [after for before, after in pairwise(seen) if after <= before]
    assert len(starts) <= 2 and all(start > ssh.CHUNK for start in starts), "began anew"
    check_whole(host, project, archive)


@pytest.mark.whole
def test_a_second_run_goes_on(host: Server, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that stays away ends the first; what had arrived is not sent again."""
    archive = packed(project, tmp_path / "made", 6 * MB)
    monkeypatch.setattr(ssh, "ATTEMPTS", 1)

    def cut(done: int, _: int) -> None:
        if done > 3 * MB:
            host.kill_sessions()

    with pytest.raises(ToolError, match=r"the line to board broke .*; run it again, it goes on from there"):
        deploy(archive, host.remote, cut)
    seen: list[int] = []
    deploy(archive, host.remote, lambda done, _: seen.append(done))
    assert seen[0] > MB
    check_whole(host, project, archive)


@pytest.mark.whole
def test_a_line_that_breaks_while_it_is_unpacked(host: Server, project: Project, tmp_path: Path) -> None:
    """The board unpacks on; whoever comes back waits for that."""
    tar = host.programs / "tar"
    tar.write_text(f'#!/bin/sh\necho x >>"{host.programs}/unpacked"\nsleep 4\nexec {shutil.which("tar")} "$@"\n')
    tar.chmod(0o755)
    archive = packed(project, tmp_path / "made")

    def cut() -> None:
        until((host.programs / "unpacked").exists)
        host.kill_sessions()

    thread = threading.Thread(target=cut)
    thread.start()
    deploy(archive, host.remote)
    thread.join()
    assert (host.programs / "unpacked").read_text() == "x\n", "unpacked once"
    check_whole(host, project, archive)


@pytest.mark.whole
def test_a_full_board_keeps_what_it_had(
    host: Server, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, while it is, and while it is unpacked."""
    first, second = packed(project, tmp_path / "made"), packed(project, tmp_path / "large", 3 * MB, seed=1)
    home = host.home / "shiftwire"
    home.mkdir()
    for kilobytes, spare in ((4096, 0), (2048, -100 * MB), (4096, -100 * MB)):
        with small_disk(home, kilobytes):
            monkeypatch.setattr(board_deploy, "SPARE_BYTES", -100 * MB)
            deploy(first, host.remote)
            before = tree(home)
            monkeypatch.setattr(board_deploy, "SPARE_BYTES", spare)
            with pytest.raises(ToolError, match=r"found (no room left|[\d,]+ bytes free) on board.*; remove old"):
                deploy(second, host.remote)
            assert tree(home) == before
            assert [path.name for path in home.iterdir()] == [folder_of(project)]
            check_whole(host, project, first)


def test_a_board_without_df_or_flock_tells_by_itself(host: Server, project: Project, tmp_path: Path) -> None:
    df = host.programs / "df"
    df.write_text("#!/bin/sh\necho 'df: unrecognized option' >&2\nexit 1\n")
    df.chmod(0o755)
    archive = packed(project, tmp_path / "made")
    deploy(archive, host.remote)
    check_whole(host, project, archive)


@pytest.mark.whole
def test_a_folder_that_cannot_be_replaced(host: Server, project: Project, tmp_path: Path) -> None:
    """What fails after the old one was moved away puts it back."""
    archive = packed(project, tmp_path / "made")
    deploy(archive, host.remote)
    before = tree(host.home)
    move = host.programs / "mv"
    move.write_text(
        f'#!/bin/sh\ncase "$1" in *part/*) echo "mv: cannot" >&2; exit 1;; esac\nexec {shutil.which("mv")} "$@"\n'
    )
    move.chmod(0o755)
    with pytest.raises(ToolError, match="failed: mv: cannot"):
        deploy(packed(project, tmp_path / "again", seed=2), host.remote)
    assert tree(host.home) == before
    assert [path.name for path in (host.home / "shiftwire").iterdir()] == [folder_of(project)]


@pytest.mark.parametrize(
    "name", some(["we ird", "a'b\"c", "x;touch hit", "$(touch hit)", "-rf", "`touch hit`", "a\\b*"], "$(touch hit)")
)
def test_names_are_never_commands(
    name: str, host: Server, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(project.path, tmp_path / name)
    named = load_project(tmp_path / name)
    archive = packed(named, tmp_path / "made")
    where = ("--host", "board", "--ssh-config", host.config)
    status, _, err = run_verb(capsys, "deploy", tmp_path / name, "--archive", archive, *where)
    assert status == 0, err
    check_whole(host, named, archive)
    bench = Bench(host, named, archive)
    bench.tells()
    status, _, err = run_verb(capsys, "measure", tmp_path / name, *where)
    assert status == 0, err
    assert f"./{name}.bit" in (host.programs / "arguments").read_text().split("\n")
    assert not list(tmp_path.rglob("hit")) and not Path("hit").exists()


@pytest.mark.parametrize(
    "address", ["-oProxyCommand=touch hit", "-lroot", "a b", "a;touch hit", "$(touch hit)", "a@-oProxyCommand=x", ""]
)
@pytest.mark.parametrize("verb", ["deploy", "measure"])
def test_addresses_are_never_options(
    verb: str, address: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run_verb(capsys, verb, project.path, f"--host={address}")
    assert status == 2 and f"found the host '{address}', wanted such as xilinx@pynq" in err


def tarred(path: Path, change: Callable[[tarfile.TarInfo], tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in ("small-1/small.manifest.json", "small-1/small.bit"):
            member = change(tarfile.TarInfo(name))
            tar.addfile(member, io.BytesIO(b""))
    return path


def renamed(old: str, new: str) -> Callable[[tarfile.TarInfo], tarfile.TarInfo]:
    def change(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.name = member.name.replace(old, new)
        return member

    return change


def linked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


BITING = (
    renamed("small-1", ".."),
    renamed("small-1", "/etc"),
    renamed("small-1/", "small-1/../../"),
    renamed("small-1", "."),
    renamed("small-1/", ""),
    renamed("small-1", "small\n1"),
    linked,
)


@pytest.mark.parametrize("change", BITING)
def test_archives_that_bite(change: Callable[[tarfile.TarInfo], tarfile.TarInfo], tmp_path: Path) -> None:
    """Refused before a line is opened."""
    archive = tarred(tmp_path / "bad.tar.gz", change)
    with pytest.raises(InputError, match="is no package that 'shiftwire package' wrote; name another"):
        deploy(archive, ssh.Remote("nowhere.invalid"))


UNREACHED = {
    "nobody": "nothing listens there",
    "locked": "it accepts none of your keys",
    "unknown": "its key is not known here; compare it",
    "changed": "its key is another than last time",
    "nowhere": "nobody knows that name",
}


@pytest.mark.parametrize("address", UNREACHED)
def test_boards_that_cannot_be_reached(
    address: str, host: Server, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By either verb, in one sentence, and nothing is left there."""
    archive = packed(project, tmp_path / "made")
    where = ("--host", address, "--ssh-config", host.config)
    for command in (("deploy", project.path, "--archive", archive, *where), ("measure", project.path, *where)):
        status, _, err = run_verb(capsys, *command)
        assert status == 3 and f"cannot reach {address}: {UNREACHED[address]}" in err.splitlines()[-1]
    assert not list(host.home.iterdir())
