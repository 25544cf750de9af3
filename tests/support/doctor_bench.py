"""A board of files: a /proc, a /sys and a Python's packages below a folder, for the tests of its doctor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from board_bench import small_project
from shiftwire.board.simulated import accelerator_design, write_overlay
from shiftwire_boards.runtime.doctor.command import examine
from shiftwire_boards.runtime.doctor.finding import Finding, Level
from shiftwire_boards.runtime.doctor.machine import Machine
from shiftwire_boards.runtime.doctor.package import package_of
from shiftwire_boards.runtime.doctor.software import Pynq, load_pynq

SITE = "usr/lib/python3/dist-packages"
COMMON = {
    "proc/self/environ": "HOME=/root\0XILINX_XRT=/usr\0",
    "proc/self/status": "Name:\tpython3\nUid:\t1000\t0\t0\t0\n",
    "proc/meminfo": "MemTotal: 500000 kB\nCmaTotal:         131072 kB\nCmaFree:          120000 kB\n",
    "proc/locks": "",
    "etc/profile.d/xrt_setup.sh": "export XILINX_XRT=/usr\n",
    "etc/profile.d/pynq_venv.sh": "",
    "sys/class/fpga_manager/fpga0/state": "operating\n",
    "usr/lib/libxrt_core.so": "",
}
PYNQ = """
class Device:
    class _One:
        name = "{name}"
    devices = [_One]
class Clocks:
    fclk0_mhz = 100.0
"""
RAILS = """
class _Reading:
    value = 14.05
class _Rail:
    power = _Reading
def get_rails():
    return {"12V": _Rail}
"""
BOARDS: dict[str, dict[str, str]] = {
    "pynq-z2": {
        "proc/device-tree/compatible": "xlnx,zynq-7000\0",
        "etc/profile.d/boardname.sh": "export BOARD=Pynq-Z2\n",
    },
    "kv260": {
        "proc/device-tree/model": "ZynqMP SMK-K26 Rev1\0",
        "proc/device-tree/compatible": "xlnx,zynqmp-smk-k26-rev1\0xlnx,zynqmp\0",
        "sys/class/hwmon/hwmon2/name": "ina260_u14\n",
        "sys/class/hwmon/hwmon2/power1_input": "4810000\n",
    },
    "zcu104": {
        "proc/device-tree/model": "ZynqMP ZCU104 RevC\0",
        "proc/device-tree/compatible": "xlnx,zynqmp-zcu104-revC\0xlnx,zynqmp\0",
    },
}
VERSIONS = {"pynq": "3.1.2", "numpy": "1.26.4", "pycparser": "2.22", "setuptools": "59.6.0"}


def install(root: Path, package: str, version: str) -> None:
    """What pip leaves of a package, and for pynq its module."""
    for old in (root / SITE).glob(f"{package}-*.dist-info"):
        shutil.rmtree(old)
    folder = root / SITE / f"{package}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def packed(board: str, folder: Path) -> Path:
    """A bitstream with its files for a board."""
    project = small_project(folder / "small", board=board)
    return write_overlay(project, accelerator_design(project), folder / "overlay")


@contextmanager
def other_pynq(prepend: Callable[[str], None]) -> Iterator[Callable[[Path], Pynq]]:
    """Import the pynq of a folder, as a board's Python would; this Python's own is back afterwards."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "pynq"}

    def load(site: Path) -> Pynq:
        prepend(str(site))
        return load_pynq()

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == "pynq"]:
        del sys.modules[name]
    sys.modules.update(kept)


class Bench:
    """A board of files that a test changes, then examines."""

    def __init__(self, root: Path, board: str, bitfile: Path, load: Callable[[Path], Pynq]) -> None:
        self.root, self.load = root, load
        self.machine = Machine(root, (str(root / SITE),), (3, 10, 4))
        lay(root, {**COMMON, **BOARDS[board]})
        lay(root / SITE, {"pynq/__init__.py": PYNQ.format(name=board), "pynq/pmbus.py": RAILS})
        lay(root / SITE, {"pkg_resources/__init__.py": ""})
        for name, version in VERSIONS.items():
            install(root, name, version)
        folder = shutil.copytree(bitfile.parent, root / "package")
        self.bitfile = folder / bitfile.name

    def found(self, batch: int = 64) -> tuple[Finding, ...]:
        return examine(self.machine, package_of(self.bitfile, Path()), self.load(self.root / SITE), batch)

    def one(self, check: str, **options: int) -> Finding:
        """The finding of a check; no other is worse than fine, but for those that follow from a pynq that is gone."""
        found = self.found(**options)
        others = {finding.check for finding in found if finding.level is not Level.OK} - {check}
        allowed = {"device", "clock", "power"} if check == "pynq" else set()
        assert others <= allowed, [str(finding) for finding in found]
        return next(finding for finding in found if finding.check == check)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As a user runs it in the package's folder."""
        command = [sys.executable, "-m", "shiftwire_boards.runtime", "doctor", *words, "--root", str(self.root)]
        return subprocess.run(
            command,
            cwd=self.bitfile.parent,
            env={**os.environ, "PYTHONPATH": str(self.root / SITE)},
            capture_output=True,
            text=True,
            check=False,
        )
