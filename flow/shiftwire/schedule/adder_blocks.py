"""Adders of adder layers in DSP blocks: those of a board where they save most LUTs."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shiftwire.costs.blocks import block_levels
from shiftwire.errors import InputError
from shiftwire.ir.cost import AdderLevel
from shiftwire.ir.module import Module, Pe
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire_boards.catalog import Board
from shiftwire_boards.runtime.family import Family

MOST_SAVED = 96
"""LUTs that a block can save: four sums of 12 bits and an adder in front of each."""

TRANSFORMED = "sw_mvu"
"""The module whose adders may be blocks."""


class DspUse(enum.Enum):
    """What the SystemVerilog of a design may use DSP blocks for; none of them multiplies."""

    NONE = "none"
    ADDERS = "adders"


class Cell(enum.Enum):
    """The DSP block of a family of chips; the value is BLOCK_CELL of the modules."""

    DSP48E1 = 1
    DSP48E2 = 2

    @classmethod
    def of(cls, board: Board) -> Cell:
        """That of a board's chip; raises InputError where it has none."""
        if not board.dsp:
            raise InputError(
                f"found no DSP block on {board.title} ({board.part}), wanted some for --dsp adders; name another board "
                "or leave --dsp out"
            )
        return cls.DSP48E1 if board.family is Family.ZYNQ_7000 else cls.DSP48E2


def in_adder_blocks(network: RtlNetwork, board: Board) -> RtlNetwork:
    """The same network with the adders in blocks that save most LUTs of all that so many blocks can take.

    Units and streams keep their cycles. Raises InputError for a board without blocks.
    """
    cell, most = Cell.of(board), board.dsp
    levels = [module_levels(unit.module) for unit in network.units]
    units = tuple(
        replace(unit, module=_with_blocks(unit.module, count, cell)) if count else unit
        for unit, count in zip(network.units, best_levels(levels, most), strict=True)
    )
    return replace(network, units=units)


def saved(network: RtlNetwork) -> AdderLevel:
    """Blocks that a network's adders take, and the LUTs that they save."""
    own = ((unit.module, unit.module.parameters.get("BLOCK_LEVELS", 0)) for unit in network.units)
    taken = (level for module, count in own if isinstance(count, int) for level in module_levels(module)[:count])
    return sum(taken, AdderLevel(0, 0))


def module_levels(module: Module) -> tuple[AdderLevel, ...]:
    """Levels of adders of a unit that may be blocks, from its sums back; none of what is no adder layer."""
    if module.name != TRANSFORMED or module.pe is not Pe.ADDER:
        return ()
    return block_levels({name: value for name, value in module.parameters.items() if isinstance(value, int)})


def best_levels(units: Sequence[Sequence[AdderLevel]], most: int) -> list[int]:
    """How many levels of each unit become blocks, `most` blocks in all, so that most LUTs are saved: exact."""
    luts, taken = np.zeros(most + 1, np.int64), np.zeros((len(units), most + 1), np.int64)
    for at, levels in enumerate(units):
        options = np.full((len(levels) + 1, most + 1), -1)
        options[0] = luts
        whole = AdderLevel(0, 0)
        for count, level in enumerate(levels, 1):
            whole += level
            if whole.blocks <= most:
                options[count, whole.blocks :] = luts[: most + 1 - whole.blocks] + whole.lut
        taken[at], luts = options.argmax(axis=0), options.max(axis=0)
    counts: list[int] = []
    left = most
    for at in reversed(range(len(units))):
        counts.insert(0, int(taken[at, left]))
        left -= sum(level.blocks for level in units[at][: counts[0]])
    return counts


def _with_blocks(module: Module, levels: int, cell: Cell) -> Module:
    return replace(module, parameters={**module.parameters, "BLOCK_LEVELS": levels, "BLOCK_CELL": cell.value})
