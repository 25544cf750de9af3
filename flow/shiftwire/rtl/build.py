"""A design as SystemVerilog in a folder: units with buffers of the right depth, memory files, the network's module."""

from __future__ import annotations

from pathlib import Path

import shiftwire_hls
from shiftwire.rtl.depths import with_depths
from shiftwire.rtl.emit import memory_file, network_text
from shiftwire.rtl.lowering import lowered
from shiftwire.rtl.units import RtlNetwork
from shiftwire.streaming import Pipeline

MODULES = Path(shiftwire_hls.__file__).parent / "rtl"
"""The SystemVerilog modules that every network is made of."""


def rtl_network(pipeline: Pipeline) -> RtlNetwork:
    """Units, streams and depths of a pipeline."""
    return with_depths(lowered(pipeline))


def module_files() -> tuple[Path, ...]:
    """Every module, in the order of their names."""
    return tuple(sorted(MODULES.glob("*.sv")))


def write_network(network: RtlNetwork, folder: Path, name: str, generic: bool) -> Path:
    """Write the module `name` and its memory files; returns the file of the module."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in network.units:
        for memory in unit.memories:
            (folder / memory_file(name, unit, memory)).write_text(memory.text(), encoding="ascii")
    source = folder / f"{name}.sv"
    source.write_text(network_text(network, name, generic), encoding="utf-8")
    return source
