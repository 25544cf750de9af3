"""A stand-in for Vivado on PATH."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vendor_texts import BANNER, SAMPLES

TCLSH = shutil.which("tclsh")
STAND_IN = Path(__file__).with_name("vivado_stand_in.tcl")


class Vivado:
    """A stand-in on PATH."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, version: str = "2022.2") -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "samples").symlink_to(SAMPLES)
        shutil.copy(STAND_IN, folder)
        told = BANNER["vivado"].format(version)
        program = folder / "vivado"
        program.write_text(
            f"#!/bin/sh\n[ \"$1\" = -version ] && {{ printf '{told}\\n'; exit 0; }}\n"
            f'exec "{TCLSH}" "{folder / STAND_IN.name}" "$@"\n'
        )
        program.chmod(0o755)
        self.breaks("nothing")
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def breaks(self, fault: str) -> None:
        (self.folder / "fault").write_text(fault)
