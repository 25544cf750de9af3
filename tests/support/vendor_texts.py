"""What vendors' tools print."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from shiftwire.hls.top import HLS_TOP, IP_FOLDER

SAMPLES = Path(__file__).with_name("vendor_samples")


BANNER = {
    "vitis_hls": "Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v{0} (64-bit)\\nTool Version Limit: 2022.10",
    "vitis-run": "\\n****** vitis-run v{0} (64-bit)\\n  **** SW Build 5239630 on 2024-11-10",
    "vivado": "vivado v{0} (64-bit)\\nTool Version Limit: 2022.10",
}


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


LICENCE = "ERROR: [Common 17-345] A valid license was not found for feature 'Synthesis' and/or device 'xczu7ev'."


class Bench:
    """A PATH of stand-ins and an hls folder."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.path, self.hls = folder / "bin", folder / "hls"
        self.path.mkdir()
        self.hls.mkdir()
        patch.setenv("PATH", f"{self.path}:/usr/bin:/bin")

    def install(self, name: str, version: str, body: str = "") -> None:
        """A program that tells its version, else notes its arguments and runs `body` as a shell script."""
        told = BANNER[name].format(version)
        text = f"#!/bin/sh\ncase \"$1\" in -version|--version) printf '{told}\\n'; exit 0;; esac\n"
        program = self.path / name
        program.write_text(f'{text}echo "$@" > arguments\n{body}\n', encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def arguments(self) -> str:
        return (self.hls / "arguments").read_text(encoding="utf-8").strip()


def leaves_reports(csynth: Path = SAMPLES / "csynth.xml") -> str:
    """What a run of every step leaves behind and says."""
    synthesis, simulation = f"{HLS_TOP}_prj/solution1/syn/report", f"{HLS_TOP}_prj/solution1/sim/report"
    return f"""
mkdir -p {synthesis} {simulation} {IP_FOLDER}
cp {SAMPLES}/component_2022.2.xml {IP_FOLDER}/component.xml
cp {csynth} {synthesis}/csynth.xml
cp {SAMPLES}/lenet_cosim.rpt {simulation}/lenet_cosim.rpt
echo '4 frames, 0 of 40 codes differ'
echo 'INFO: [SIM 211-1] CSim done with 0 errors.'
echo 'INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***'
"""
