"""A shelf: units of many networks in one top module, none joined to another, all counted by one run of yosys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit, Stream
from shiftwire.rtl.emit import instance_lines, memory_file, wire
from shiftwire.rtl.files import module_files
from shiftwire.tools.resources import Resources
from shiftwire.tools.yosys import Family, Synthesis, synthesised

SHELF = "shelf"


@dataclass(frozen=True)
class Shelf:
    """Units that stand beside each other, each with streams of its own."""

    network: RtlNetwork

    @classmethod
    def of(cls, networks: Mapping[str, RtlNetwork], wanted: Iterable[tuple[str, RtlUnit]]) -> Shelf:
        """Some units of networks, each named after its network's key and itself."""
        units: list[RtlUnit] = []
        streams: dict[str, Stream] = {}
        depths: dict[str, int] = {}
        blocks: set[str] = set()
        for key, unit in wanted:
            network, name = networks[key], shelf_name(key, unit)
            ends = {old: f"{name}_{side}_{old}" for side, olds in _sides(unit) for old in olds}
            streams |= {new: replace(network.streams[old], name=new) for old, new in ends.items()}
            depths |= {ends[old]: network.depths[old] for old in unit.outputs}
            blocks |= {ends[old] for old in unit.outputs if old in network.blocks}
            inputs, outputs = (tuple(ends[old] for old in olds) for _, olds in _sides(unit))
            units.append(replace(unit, name=name, inputs=inputs, outputs=outputs))
        read = tuple(stream for unit in units for stream in unit.inputs)
        written = tuple(stream for unit in units for stream in unit.outputs)
        return cls(RtlNetwork(SHELF, read, written, tuple(units), streams, depths, frozenset(blocks)))

    def text(self, generic: bool) -> str:
        """The top module, whose ports are all of the units' streams."""
        return "\n".join(self._lines(generic)) + "\n"

    def counted(self, folder: Path, family: Family, *, dsp: bool) -> Mapping[str, Resources]:
        """What each unit takes, by name, mapped as a project's are; DSP blocks are free to be taken where `dsp`."""
        folder.mkdir(parents=True, exist_ok=True)
        top = folder / f"{SHELF}.sv"
        top.write_text(self.text(family is not Family.SERIES_7), encoding="utf-8")
        units = self.network.units
        for unit in units:
            for memory in unit.module.memories:
                (folder / memory_file(SHELF, unit, memory)).write_text(memory.text(), encoding="ascii")
        kept = tuple(sorted({unit.module.name for unit in units}))
        data = tuple(sorted(folder.glob("*.mem")))
        synthesis = Synthesis((top, *module_files()), SHELF, family=family, dsp=dsp, kept=kept, data=data)
        netlist = synthesised(synthesis, folder / "maps")
        return {unit.name: netlist.units[f"unit_{unit.name}"] for unit in units}

    def _lines(self, generic: bool) -> Iterator[str]:
        network = self.network
        yield f"module {SHELF} #(parameter bit GENERIC = {int(generic)}) (input logic clk, input logic rst"
        for stream in (*network.inputs, *network.outputs):
            into = stream in network.inputs
            there, back = ("input", "output") if into else ("output", "input")
            here, width = wire(stream), network.streams[stream].width
            yield f"    , {there} logic {here}_valid, {back} logic {here}_ready"
            yield f"    , {there} logic [{width - 1}:0] {here}_data"
        yield ");"
        for unit in network.units:
            yield from instance_lines(network, unit, SHELF)
        yield "endmodule"


def shelf_name(key: str, unit: RtlUnit) -> str:
    """That of a unit on a shelf."""
    return f"{key}_{unit.name}"


def _sides(unit: RtlUnit) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "s", unit.inputs
    yield "m", unit.outputs
