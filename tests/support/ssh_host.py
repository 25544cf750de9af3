"""A real ssh server on loopback, with keys made for the occasion."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shiftwire.tools.ssh import Remote

SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)
NAME = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """`folder` holds the keys, ssh's configuration as `config`, the log of the server, and a home of its own.

    Programs in `programs` come first on the PATH there.
    """

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def remote(self) -> Remote:
        return Remote("board", self.config)

    def kill_sessions(self) -> None:
        """Break every line, as a pulled cable does."""
        for number in self._sessions():
            subprocess.run(["kill", "-9", number], check=False)

    def end(self) -> None:
        """Break every line, and let none come back."""
        sessions = self._sessions()
        self.process.kill()
        self.process.wait()
        subprocess.run(["kill", "-9", *sessions], check=False)

    def _sessions(self) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                found.append(process.name)
        return found


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().rsplit(" ", 1)[0]


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Serve until the end of the block; the user is whoever runs the tests."""
    for each in (folder / "home", folder / "programs"):
        each.mkdir(parents=True)
    path = f"PATH='{folder / 'programs'}':$PATH"
    (folder / "login").mkdir()
    (folder / "login" / ".bash_profile").write_text(f"export {path}\n")
    begin = f"export HOME='{folder / 'login'}'\ncd '{folder / 'home'}' || exit 1\n"
    (folder / "shell").write_text(f'{begin}{path} exec sh -c "$SSH_ORIGINAL_COMMAND"\n')
    with socket.socket() as probe:
        probe.bind((NAME, 0))
        port = probe.getsockname()[1]
    host_key, user_key = _key(folder / "host"), _key(folder / "user")
    (folder / "authorized").write_text(user_key + "\n")
    (folder / "known").write_text(f"[{NAME}]:{port} {host_key}\n")
    (folder / "changed").write_text(f"[{NAME}]:{port} {user_key}\n")
    Path("/run/sshd").mkdir(exist_ok=True)
    settings = (
        f"Port {port}", f"ListenAddress {NAME}", f"HostKey {folder / 'host'}", "PidFile none", "UsePAM no",
        f"AuthorizedKeysFile {folder / 'authorized'}", "PasswordAuthentication no", "StrictModes no",
        f"ForceCommand sh '{folder / 'shell'}'", "PermitRootLogin prohibit-password", "KbdInteractiveAuthentication no",
    )  # fmt: skip
    (folder / "sshd_config").write_text("\n".join(settings) + "\n")
    told = (
        "Host board stranger", f"  HostName {NAME}", f"  Port {port}", f"  IdentityFile {folder / 'user'}",
        "  IdentitiesOnly yes", f"  UserKnownHostsFile {folder / 'known'}",
        "Host nowhere", "  HostName no-such-host.invalid",
        "Host changed", f"  HostName {NAME}", f"  Port {port}", f"  IdentityFile {folder / 'user'}",
        "  IdentitiesOnly yes", f"  UserKnownHostsFile {folder / 'changed'}",
        "Host nobody", f"  HostName {NAME}", "  Port 1",
        "Host locked", f"  HostName {NAME}", f"  Port {port}", f"  IdentityFile {folder / 'host'}",
        "  IdentitiesOnly yes", f"  UserKnownHostsFile {folder / 'known'}",
        "Host unknown", f"  HostName {NAME}", f"  Port {port}", f"  IdentityFile {folder / 'user'}",
        "  IdentitiesOnly yes", f"  UserKnownHostsFile {folder / 'empty'}",
    )  # fmt: skip
    (folder / "config").write_text("\n".join(told) + "\n")
    assert SSHD is not None
    with (folder / "log").open("wb") as log:
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        with subprocess.Popen(command, stderr=log) as process:
            try:
                _wait_for(port)
                yield Server(folder, process)
            finally:
                process.kill()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex((NAME, port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")
