"""Open synthesis: a project's SystemVerilog mapped to its part by yosys and counted, unit by unit, layer by layer."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shiftwire.errors import CheckFailedError, InputError
from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import NETWORK, RtlNetwork
from shiftwire.ir.weights import Weighted
from shiftwire.ops.add import Multiply
from shiftwire.ops.weights.integer import Int
from shiftwire.project.project import Project
from shiftwire.project.report_rows import Rows
from shiftwire.rtl.shell import TOP as SHELL
from shiftwire.schedule.adder_blocks import saved
from shiftwire.tools import yosys
from shiftwire.tools.resources import Evidence, Report, Resources
from shiftwire.tools.yosys import Netlist, Synthesis, synthesised
from shiftwire_boards.catalog import Board
from shiftwire_boards.runtime.family import Family

FILE = "synth.json"
"""Under reports/, what `shiftwire report` reads."""

SPREAD = "connections"
"""The row of what belongs to no unit; with the shell as top, the shell itself."""


class Top(enum.Enum):
    """What is mapped: the network alone or with the AXI shell around it."""

    NETWORK = "network"
    SHELL = "shell"

    @property
    def module(self) -> str:
        """Name of the SystemVerilog module that is mapped."""
        return NETWORK if self is Top.NETWORK else SHELL


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a resource is taken and how much the part has for it beside DMA and interconnect."""

    name: str
    used: float
    room: int

    @property
    def percent(self) -> float:
        """Of the room; over 100 where it does not fit."""
        return 100 * self.used / self.room


@dataclass(frozen=True)
class SynthReport:
    """What was counted; `blocks_allowed` says whether a product of data and weights could have become a DSP block."""

    project: Project
    top: Top
    rows: Rows
    modules: Mapping[str, str]
    blocks_allowed: bool
    netlist: Path

    @property
    def whole(self) -> Resources:
        """Counts of the top with everything below it."""
        assert self.rows.whole.resources is not None
        return self.rows.whole.resources

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Shares of the board beside the shell's budget."""
        return budget(self.whole, self.project.design.board)

    @property
    def overruns(self) -> list[Use]:
        """Resources of which more is taken than the part has room for."""
        return [use for use in self.uses if use.used > use.room]


def budget(counted: Resources, board: Board) -> tuple[Use, ...]:
    """Each resource beside what the board has for it; 8 K LUT and 6 BRAM36 belong to DMA and interconnect."""
    return (
        Use("LUT", counted.lut, board.lut - SHELL_LUT),
        Use("FF", counted.ff, board.flip_flop),
        Use("BRAM36", counted.bram36, board.bram36 - SHELL_BRAM36),
        Use("DSP", counted.dsp, board.dsp),
    )


def synthesise(project: Project, top: Top = Top.NETWORK) -> SynthReport:
    """Map the project's own files, once for every content.

    A network without multipliers is free to use DSP blocks: that it takes none shows that no datum is multiplied by a
    weight. Raises CheckFailedError where it does. Products that were not asked to be blocks are made of LUTs.
    """
    network = project.design.rtl
    blocks_allowed = asks_for_blocks(network) or not multiplies(project.design.network)
    netlist = synthesised(_synthesis(project, network, top, blocks_allowed), project.reports_dir / "synth")
    check_blocks(network, netlist.resources.dsp, netlist.verilog)
    rows = _rows(project, network, top, netlist)
    modules = {row.unit: unit.module.name for row, unit in zip(rows.rows[1:], network.units, strict=False)}
    return SynthReport(project, top, rows, modules, blocks_allowed, netlist.verilog)


def asks_for_blocks(network: RtlNetwork) -> bool:
    """Whether some unit is to multiply in DSP blocks."""
    return any(unit.module.pe is Pe.INT_IN_DSP or unit.module.parameters.get("DSP") for unit in network.units)


def check_blocks(network: RtlNetwork, dsp: int, source: Path) -> None:
    """Raise CheckFailedError for DSP blocks, counted in a netlist or a report, that no unit asks for."""
    adding = saved(network).blocks
    if asks_for_blocks(network):
        return
    if not adding:
        check_no_blocks(dsp, source)
    elif dsp != adding:
        raise CheckFailedError(
            f"found {dsp} DSP blocks where adders were to take {adding} and products none ({source}); report this"
        )


def check_no_blocks(dsp: int, source: Path) -> None:
    """Raise CheckFailedError for any DSP block."""
    if dsp:
        raise CheckFailedError(
            f"found {dsp} DSP blocks where none were asked for, wanted none ({source}); report this, please"
        )


def multiplies(network: Network) -> bool:
    """Whether some layer was asked to multiply."""
    layers = [node.op for node in network.nodes]
    return any(isinstance(op, Multiply) or (isinstance(op, Weighted) and isinstance(op.weights, Int)) for op in layers)


def sources_of(project: Project, top: Top) -> tuple[Path, ...]:
    """The project's own SystemVerilog; raises InputError where the network was too wide for a shell."""
    sources = project.rtl_sources()
    if top is Top.SHELL and not (project.rtl_dir / f"{SHELL}.sv").is_file():
        raise InputError(
            f"{project.path} has no AXI shell: its ends are wider than 32 bits; narrow them, or --top network"
        )
    return sources


def family(board: Board) -> yosys.Family:
    """The logic of a board's chip by yosys' name: that of a Zynq-7000 is of the 7 series."""
    return yosys.Family.SERIES_7 if board.family is Family.ZYNQ_7000 else yosys.Family.ULTRASCALE_PLUS


def _synthesis(project: Project, network: RtlNetwork, top: Top, dsp: bool) -> Synthesis:
    sources = sources_of(project, top)
    kept = tuple(sorted({unit.module.name for unit in network.units}))
    board = project.design.board
    return Synthesis(sources, top.module, family=family(board), dsp=dsp, kept=kept, data=project.rtl_data())


def _rows(project: Project, network: RtlNetwork, top: Top, netlist: Netlist) -> Rows:
    """The whole, every unit, and what belongs to none."""
    inner = "inner." if top is Top.SHELL else ""
    units = [(unit.name, netlist.units.get(f"{inner}unit_{unit.name}"), unit.layer) for unit in network.units]
    missing = [name for name, resources, _ in units if resources is None]
    if missing:
        raise InputError(f"found no unit '{missing[0]}' in {project.rtl_dir}; convert the model again")
    counted = [(name, resources) for name, resources, _ in units if resources is not None]
    rest = netlist.resources
    for _, resources in counted:
        rest -= resources
    named = [(top.module, netlist.resources), *counted, (SPREAD if top is Top.NETWORK else "shell", rest)]
    layer_of = {name: layer for name, _, layer in units}
    return Rows(project.version_hash, tuple(_reports(project, named, netlist.tool)), layer_of)


def _reports(project: Project, named: list[tuple[str, Resources]], tool: str) -> Iterator[Report]:
    program, _, version = tool.partition(" ")
    design = project.design
    for unit, resources in named:
        yield Report(
            unit=unit,
            evidence=Evidence.SYNTHESISED,
            tool=program,
            version=version,
            part=design.board.part,
            clock_ns=design.clock_ns,
            resources=resources,
        )
