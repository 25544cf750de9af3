"""Whether this machine is the board that a package was made for, before anything is loaded into its logic."""

from __future__ import annotations

import re
from pathlib import Path

from shiftwire_boards.runtime.errors import HardwareError

DEVICE_TREE = Path("/proc/device-tree")
FAMILIES = {"xc7z": "xlnx,zynq-7000", "xcz": "xlnx,zynqmp", "xck": "xlnx,zynqmp"}
"""First letters of a part, and what the kernel calls its family; a K26 module is a Zynq UltraScale+."""

ZYNQ_7000 = "xc7z"
PYNQ_WITHOUT_ZYNQ_7000 = 4


def check_family(part: str, device_tree: Path = DEVICE_TREE) -> None:
    """Raises HardwareError where the kernel names another family of chips: a bitstream of it could hang the board."""
    wanted = next((family for start, family in FAMILIES.items() if part.startswith(start)), None)
    try:
        compatible = (device_tree / "compatible").read_bytes().decode("ascii", "replace").split("\0")
    except OSError:
        return  # no device tree: no board of these families, or a simulated one
    known = [family for family in compatible if family in FAMILIES.values()]
    if wanted is not None and known and wanted not in known:
        raise HardwareError(
            f"this board is a {known[0]}, and the package is for {part}, a {wanted}; convert the model for this board"
        )


def check_pynq(part: str, version: str) -> None:
    """Raises HardwareError for a pynq that cannot load an overlay on this family."""
    major = re.match("[0-9]+", version)
    if part.startswith(ZYNQ_7000) and major and int(major.group()) >= PYNQ_WITHOUT_ZYNQ_7000:
        raise HardwareError(
            f"found pynq {version}, which has no Zynq-7000 such as {part} any more; pip install pynq==3.1.2"
        )
