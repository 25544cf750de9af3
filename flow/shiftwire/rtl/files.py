"""The folder rtl/ of a project: the network's module, the modules it is made of, its constants, their checksums."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import shiftwire_hls
from shiftwire.errors import InputError
from shiftwire.ir.rtl_network import NETWORK, RtlNetwork
from shiftwire.rtl.emit import memory_file, network_text
from shiftwire.rtl.ip import end_fits, network_shell
from shiftwire.rtl.ipxact import write_component
from shiftwire.rtl.shell import TOP, top_text

MODULES = Path(shiftwire_hls.__file__).parent / "rtl"
"""The SystemVerilog modules that every network is made of."""


def module_files() -> tuple[Path, ...]:
    """Every module, in the order of their names."""
    return tuple(sorted(MODULES.glob("*.sv")))


def cell_files(networks: Iterable[RtlNetwork], *, generic: bool) -> tuple[Path, ...]:
    """Models of the chip's cells that a simulation of networks needs: none of plain operators.

    DSP48E2 stand beside plain operators, as nothing else of an UltraScale+ is spelled as cells.
    """
    cells = {unit.module.parameters.get("BLOCK_CELL") for network in networks for unit in network.units}
    return () if generic and cells <= {None, 1} else tuple(sorted((MODULES / "sim").glob("*.sv")))


def write_network(network: RtlNetwork, folder: Path, *, generic: bool) -> list[Path]:
    """Write the network's module, those of its own layers and the memory files; returns the SystemVerilog."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {network.name: network_text(network, generic)}
    for unit in network.units:
        texts |= unit.module.sources
        for memory in unit.module.memories:
            (folder / memory_file(network.name, unit, memory)).write_text(memory.text(), encoding="ascii")
    for name, text in texts.items():
        (folder / f"{name}.sv").write_text(text, encoding="utf-8")
    return [folder / f"{name}.sv" for name in texts]


def write_modules(network: RtlNetwork, folder: Path, *, generic: bool) -> None:
    """Write the network's module, its constants and the modules that it and its shell are made of."""
    write_network(network, folder, generic=generic)
    for module in module_files():
        shutil.copyfile(module, folder / module.name)


def write_shell(network: RtlNetwork, folder: Path, version: str) -> None:
    """Write the AXI shell around the network and component.xml; `version` is the project's hash.

    A network whose ends are wider than the DMA's containers gets none: it has to be narrowed first.
    """
    if all(end_fits(network.streams[name]) for name in (*network.inputs, *network.outputs)):
        shell = network_shell(network, int(version[:8], 16))
        (folder / f"{TOP}.sv").write_text(top_text(shell, NETWORK), encoding="utf-8")
        write_component(folder, shell)


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file, by name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def check_rtl(folder: Path, written: Mapping[str, str], mend: str) -> None:
    """Raise InputError that names the first file that is missing, and its mend, or that is not as it was written."""
    sums = checksums(folder) if folder.is_dir() else {}
    for name, checksum in written.items():
        if name not in sums:
            raise InputError(f"found no {folder / name}; {mend}")
        if sums[name] != checksum:
            raise InputError(f"{folder / name} was changed by hand; convert the model again")
