"""A speed check of every distinct unit, placed and routed alone on ECP5: another device, no promise for the board's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shiftwire.ir.rtl_network import NETWORK, RtlNetwork, RtlUnit
from shiftwire.project.project import Project
from shiftwire.rtl.emit import memory_file, unit_parameters
from shiftwire.synth.nextpnr import Routed, routed
from shiftwire.tools.process import Progress
from shiftwire.tools.yosys import Synthesis

LABEL = "a speed check on another device, no promise for the board's part"


@dataclass(frozen=True, slots=True)
class UnitSpeed:
    """A module under certain parameters, and the units that are just that."""

    module: str
    units: tuple[str, ...]
    routed: Routed


def unit_speeds(project: Project, progress: Progress = lambda done, total: None) -> list[UnitSpeed]:
    """The slowest first; constants do not make units distinct. Generic form, routed once for every content."""
    sources, network = project.rtl_sources(), project.design.rtl
    alike: dict[tuple[object, ...], list[RtlUnit]] = {}
    for unit in network.units:
        alike.setdefault(_shape(network, unit), []).append(unit)
    speeds = []
    for done, units in enumerate(alike.values()):
        progress(done, len(alike))
        speed = routed(_alone(project, sources, network, units[0]), project.reports_dir / "fmax")
        speeds.append(UnitSpeed(units[0].module.name, tuple(unit.name for unit in units), speed))
    progress(len(alike), len(alike))
    return sorted(speeds, key=lambda each: each.routed.fmax_mhz)


def _shape(network: RtlNetwork, unit: RtlUnit) -> tuple[object, ...]:
    parameters = unit_parameters(network, unit, NETWORK)
    return (unit.module.name, *sorted((name, value) for name, value in parameters.items() if name != "FILE"))


def _alone(project: Project, sources: tuple[Path, ...], network: RtlNetwork, unit: RtlUnit) -> Synthesis:
    data = tuple(project.rtl_dir / memory_file(NETWORK, unit, memory) for memory in unit.module.memories)
    return Synthesis(sources, unit.module.name, _plain(unit_parameters(network, unit, NETWORK)), data=data)


def _plain(parameters: Mapping[str, int | str]) -> dict[str, int | str]:
    """As yosys takes them on a command line: below 0 the bits of a number, for a name the number its letters make.

    An ECP5 has no DSP48, so what adds in one is plain operators too.
    """
    return {name: 0 if name == "BLOCK_CELL" else _number(value) for name, value in parameters.items()}


def _number(value: int | str) -> int | str:
    if value == "GENERIC":
        return 1
    if isinstance(value, int):
        return value if value >= 0 else f"32'sh{value % (1 << 32):x}"
    if "'h" in value:
        return value
    letters = value.encode("ascii")
    return f"{8 * len(letters)}'h{letters.hex()}"
