"""The folder rtl/ of a project: the network's module, the modules it is made of, its constants, their checksums."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.rtl.build import module_files, rtl_network, write_network
from shiftwire.rtl.units import RtlNetwork
from shiftwire.schedule import Design

NETWORK = "shiftwire_net"
"""The module of the network, as the HLS project calls its top function."""

SERIES_7 = "xc7"


def is_generic(design: Design) -> bool:
    """Whether the processing elements are plain operators; the others are LUTs and carry chains of the 7 series."""
    return not design.board.part.startswith(SERIES_7)


def write_rtl(design: Design, folder: Path) -> RtlNetwork:
    """Write the SystemVerilog of a design into a new folder."""
    network = rtl_network(design.pipeline)
    write_network(network, folder, NETWORK, is_generic(design))
    for module in module_files():
        shutil.copyfile(module, folder / module.name)
    return network


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def check_rtl(folder: Path, written: Mapping[str, str]) -> None:
    """Raise InputError that names the first file that is missing or is not as it was written."""
    found = checksums(folder) if folder.is_dir() else {}
    for name, checksum in written.items():
        if name not in found:
            raise InputError(f"found no {folder / name}; convert the model again with --backend rtl")
        if found[name] != checksum:
            raise InputError(f"{folder / name} was changed by hand; convert the model again")
