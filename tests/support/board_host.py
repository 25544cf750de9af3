"""A board behind ssh for tests of the line: its python3 is a stand-in that sends a record that was made beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from records import measured
from shiftwire.board.package import package
from shiftwire.project.project import Project
from shiftwire_boards.runtime.overlay import SYNC, VLNV
from shiftwire_boards.runtime.record import Exactness, Identity, Record
from shiftwire_boards.runtime.record_json import write_record
from ssh_host import Server

PYTHON = """\
#!/bin/sh
# told: what it is to do, in shell
here="$(dirname "$0")"
printf '%s\\n' "$@" >"$here/arguments"
for word in "$@"; do out="$word"; done
echo started >>"$here/starts"
. "$here/told"
"""


@dataclass(frozen=True)
class Bench:
    """A project's package, and a server that it may be sent to."""

    host: Server
    project: Project
    archive: Path

    @property
    def folder(self) -> Path:
        """Where the package lies on the board."""
        (found,) = (path for path in (self.host.home / "shiftwire").iterdir() if path.name[0] != ".")
        return found

    def tells(self, script: str = "", **changes: object) -> Record:
        """The board's python3 runs a script, in which `cp "$here/record" "$out"` brings a sound record."""
        record = replace(
            measured(),
            identity=Identity(self.project.path.name, self.project.version_hash, "pynq-z2", measured().identity.badge),
            exactness=Exactness(1000, 0),
        )
        write_record(replace(record, **changes), self.host.programs / "record")  # type: ignore[arg-type]
        (self.host.programs / "told").write_text(script or 'cp "$here/record" "$out"\n')
        program = self.host.programs / "python3"
        program.write_text(PYTHON)
        program.chmod(0o755)
        (self.host.programs / "starts").write_text("")
        return record

    @property
    def starts(self) -> int:
        return (self.host.programs / "starts").read_text().count("started")


def packed(project: Project, folder: Path, size: int = 1000, seed: int = 0) -> Path:
    """A package around a .bit that is random but for its beginning, so that no archive makes it smaller."""
    folder.mkdir(parents=True, exist_ok=True)
    bit = folder / "some.bit"
    bit.write_bytes(SYNC + np.random.default_rng(seed).bytes(size))
    bit.with_suffix(".hwh").write_text(f'<EDKSYSTEM><MODULE VLNV="{VLNV}1.0"/></EDKSYSTEM>\n')
    return package(project, bit, bit.with_suffix(".hwh"), folder / f"{project.path.name}.tar.gz")


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.025)
    raise AssertionError("it did not come")
