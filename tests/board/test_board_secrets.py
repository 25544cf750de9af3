"""deploy and measure with a key behind a passphrase: neither shows in any command line, environment, log or file."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from board_bench import small_project
from board_host import Bench, packed, until
from ssh_host import SSHD, Server, server
from tiers import part

pytestmark = pytest.mark.skipif(SSHD is None, reason="found no sshd; apt-get install openssh-server")
PASSPHRASE = "wort-das-niemand-kennt-7391"
SLOWLY = 'sleep 1; cp "$here/record" "$out"\n'


@contextmanager
def agent(host: Server) -> Iterator[dict[str, str]]:
    """An ssh-agent that holds a key of the user's; gives the environment in which ssh finds it."""
    key, ask, socket = host.folder / "locked", host.folder / "ask", host.folder / "agent"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", str(key)], check=True)
    with (host.folder / "authorized").open("a") as keys:
        keys.write(key.with_suffix(".pub").read_text())
    ask.write_text(f"#!/bin/sh\necho {PASSPHRASE}\n")
    ask.chmod(0o700)
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as process:
        until(socket.exists)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
        asking = {**environment, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
        subprocess.run(["ssh-add", "-q", str(key)], env=asking, check=True, stdin=subprocess.DEVNULL)
        try:
            yield environment
        finally:
            process.kill()


def secrets_of(*keys: Path) -> list[bytes]:
    """The passphrase, and every line of the keys' bodies but the common first."""
    lines = [line for key in keys for line in key.read_bytes().splitlines()[2:-1] if len(line) > 30]
    assert len(lines) >= 2 * len(keys)
    return [PASSPHRASE.encode(), *lines]


def sampled(command: list[str], environment: dict[str, str]) -> tuple[bytes, set[bytes]]:
    """What a command writes, and the command lines and environments of all other processes while it runs."""
    seen: set[bytes] = set()
    with (
        tempfile.TemporaryFile() as out,
        subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT) as process,
    ):
        while process.poll() is None:
            time.sleep(0.02)
            for other in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with suppress(OSError):
                        seen.add((other / name).read_bytes())
        out.seek(0)
        return out.read(), seen


@pytest.mark.parametrize("way", part(["agent", "key file"], (), ("key file",)))
def test_no_secret_is_anywhere(way: str, tmp_path: Path) -> None:
    project = small_project(tmp_path / "small")
    made = packed(project, tmp_path / "made", 2 << 20)
    archive = project.reports_dir / "small.tar.gz"
    archive.parent.mkdir(exist_ok=True)
    shutil.move(made, archive)
    with server(tmp_path / "ssh") as host, agent(host) as environment:
        config = host.folder / "config"
        if way == "agent":  # the key's file is there too, as on a desktop; nobody can read it without the passphrase
            text = config.read_text().replace(
                f"IdentityFile {host.folder / 'user'}\n", f"IdentityFile {host.folder / 'locked'}\n"
            )
            config.write_text(text)
        Bench(host, project, archive).tells(SLOWLY)
        words = ["--host", "board", "--ssh-config", str(config), "--seconds", "0"]
        told, seen = b"", set()
        for verb in (["deploy", str(project.path), "--measure"], ["measure", str(project.path), "--json"]):
            out, processes = sampled([sys.executable, "-m", "shiftwire", *verb, *words], environment)
            told, seen = told + out, seen | processes
        assert b"none differs" in told and any(b"StrictHostKeyChecking=yes" in each for each in seen), told.decode()
        kept = [path for folder in (project.path, host.home) for path in folder.rglob("*") if path.is_file()]
        texts = [told, (host.folder / "log").read_bytes(), *seen, gzip.decompress(archive.read_bytes())]
        texts += [path.read_bytes() for path in kept]
        assert len(seen) > 10 and len(kept) > 20
        for secret in secrets_of(host.folder / "locked", host.folder / "user"):
            assert not [text[:200] for text in texts if secret in text]
