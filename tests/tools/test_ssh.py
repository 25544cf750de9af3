"""The line to a board: a real ssh server on loopback, unknown hosts, wrong keys, a line that breaks."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from shiftwire.errors import InputError, ToolError
from shiftwire.tools import ssh
from shiftwire.tools.ssh import Remote
from ssh_host import SSHD, Server, server

pytestmark = pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("ssh") / "sshd") as running:
        yield running


def test_commands_are_words_not_shell(host: Server) -> None:
    words = "a b; echo $HOME `id` 'c'"
    assert host.remote.run("printf", "%s", words).output == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nobody", "nothing listens there"),
        ("locked", "accepts none of your keys"),
        ("unknown", "its key is not known here; compare it on the board, then add it with ssh-keyscan -H to ~/.ssh"),
        ("changed", "its key is another than last time; find out why, and only then forget the old one with ssh-key"),
        ("nowhere", "nobody knows that name; look at the address"),
    ],
)
def test_each_refusal_has_its_sentence(host: Server, address: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        Remote(address, host.config).run("true")


@pytest.mark.parametrize("address", ["-oProxyCommand=touch x", "a b", "a;b", "", "x@y@z"])
def test_an_address_is_no_option_and_no_command(address: str) -> None:
    with pytest.raises(InputError, match="wanted such as xilinx@pynq"):
        Remote(address)


def test_a_failing_command_is_quoted(host: Server) -> None:
    with pytest.raises(ToolError, match=r"on board, 'ls /nowhere/at/all' failed: .*No such file"):
        host.remote.run("ls", "/nowhere/at/all")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "a file"
    path.write_bytes(np.random.default_rng(0).bytes(24 << 20))
    return path


def test_a_broken_line_is_taken_up_again(
    host: Server, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt begins where the last one ended."""
    monkeypatch.setattr(ssh, "PAUSE_S", 0.2)
    starts: list[int] = []
    broken = threading.Event()

    def progress(done: int, _: int) -> None:
        if done > (8 << 20) and not broken.is_set():
            broken.set()
            host.kill_sessions()
        starts.append(done)

    host.remote.send(large, str(tmp_path / "there"), progress)
    assert broken.is_set()
    assert (tmp_path / "there").read_bytes() == large.read_bytes()
    assert not list(tmp_path.glob("*.part"))
    again = [later for earlier, later in pairwise(starts) if later <= earlier]
    assert all(at > ssh.CHUNK for at in again), "began anew"


@pytest.mark.whole
def test_what_is_wrong_is_sent_anew(host: Server, large: Path, tmp_path: Path) -> None:
    """Someone wrote into the half that was there."""
    checksum = hashlib.sha256(large.read_bytes()).hexdigest()
    (tmp_path / f"there.{checksum[:16]}.part").write_bytes(b"x" * 1000)
    host.remote.send(large, str(tmp_path / "there"))
    assert (tmp_path / "there").read_bytes() == large.read_bytes()


def test_a_folder_that_cannot_be_written(host: Server, large: Path) -> None:
    with pytest.raises(ToolError, match="cannot store a file: "):
        host.remote.send(large, "/proc/nothing")
