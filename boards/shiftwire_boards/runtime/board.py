"""Whether this machine is the board that a package was made for, before anything is loaded into its logic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shiftwire_boards.runtime.errors import HardwareError
from shiftwire_boards.runtime.family import Family, family_of, family_of_machine
from shiftwire_boards.runtime.versions import numbers

DEVICE_TREE = Path("/proc/device-tree")
PYNQ_WITHOUT_ZYNQ_7000 = 4


def check_family(part: str, device_tree: Path = DEVICE_TREE) -> None:
    """Raises HardwareError where Linux names another family of chips: a bitstream of it could hang the board."""
    try:
        text = (device_tree / "compatible").read_bytes().decode("ascii", "replace")
    except OSError:
        return  # no device tree: no board of these families, or a simulated one
    family, expected = family_of_machine(tuple(text.split("\0"))), family_of(part)
    if family is not None and family is not expected:
        raise HardwareError(
            f"this board is a {family.title}, and the package is for {part}, a {expected.title}; "
            "convert the model for this board"
        )


def check_pynq(part: str, version: str) -> None:
    """Raises HardwareError for a pynq that cannot load an overlay on this family."""
    if family_of(part) is Family.ZYNQ_7000 and numbers(version) >= (PYNQ_WITHOUT_ZYNQ_7000,):
        raise HardwareError(
            f"found pynq {version}, which has no Zynq-7000 such as {part} any more; pip install pynq==3.1.2"
        )


def imported_pynq() -> Any:
    """The module, which no host needs; raises HardwareError where it is missing or broken."""
    try:
        import pynq  # noqa: PLC0415 - there is none on a host
    except ImportError as error:
        raise HardwareError(
            f"cannot import pynq ({error}); run on a board with PYNQ's own python3, in a login shell"
        ) from None
    return pynq


def active_device(pynq: Any) -> Any:
    """The board's logic as pynq sees it; raises HardwareError where it sees none."""
    try:
        return pynq.Device.active_device
    except RuntimeError as error:
        raise HardwareError(
            f"pynq finds no device here ({error}); run on the board as root in a login shell, which sets up XRT"
        ) from None
