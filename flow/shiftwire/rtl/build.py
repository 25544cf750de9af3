"""A design as SystemVerilog in a folder: units with buffers of the right depth, memory files, the network's module."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import shiftwire_hls
from shiftwire.rtl.depths import with_depths
from shiftwire.rtl.emit import memory_file, network_text
from shiftwire.rtl.lowering import lowered
from shiftwire.rtl.roms import moved
from shiftwire.rtl.units import RtlNetwork
from shiftwire.streaming import Pipeline

MODULES = Path(shiftwire_hls.__file__).parent / "rtl"
"""The SystemVerilog modules that every network is made of."""


NETWORK = "shiftwire_net"
"""The module of a network, as the HLS project calls its top function."""


def rtl_network(pipeline: Pipeline, name: str = NETWORK, *, unroll: bool = False, spare_bram36: int = 0) -> RtlNetwork:
    """Units, streams and depths of a pipeline; with `unroll`, layers that meet all weights at once become logic.

    Small memories of weights move into `spare_bram36` block RAMs that the board does not need otherwise. Raises
    ToolError where unrolling needs an optimiser that is not installed.
    """
    found = lowered(pipeline, name, unroll=unroll)
    in_block = moved(found, spare_bram36)
    if in_block:
        again = lowered(pipeline, name, unroll=unroll, in_block=in_block)
        found = replace(again, moved_bram36=sum(in_block.values()))
    return with_depths(found)


def module_files() -> tuple[Path, ...]:
    """Every module, in the order of their names."""
    return tuple(sorted(MODULES.glob("*.sv")))


def write_network(network: RtlNetwork, folder: Path, *, generic: bool) -> list[Path]:
    """Write the network's module, those of its own layers and the memory files; returns the SystemVerilog."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {network.name: network_text(network, generic)}
    for unit in network.units:
        texts |= unit.sources
        for memory in unit.memories:
            (folder / memory_file(network.name, unit, memory)).write_text(memory.text(), encoding="ascii")
    for name, text in texts.items():
        (folder / f"{name}.sv").write_text(text, encoding="utf-8")
    return [folder / f"{name}.sv" for name in texts]
