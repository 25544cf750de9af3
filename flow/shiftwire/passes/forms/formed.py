"""A network on a board, its layers in the forms that a user asks for or that take least."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.passes.forms.block_choice import with_blocks
from shiftwire.passes.forms.factor_choice import FactorForm, Pace, summed_by_factors
from shiftwire.passes.forms.rescale_choice import Rescale, scheduled
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.design import Design, Target, schedule
from shiftwire_boards.catalog import Board


def formed(
    network: Network,
    board: Board,
    clock_ns: float | None,
    target: Target,
    folds: Mapping[str, Fold],
    *,
    rescale: Rescale = Rescale.AUTO,
    factors: FactorForm = FactorForm.AUTO,
    dsp: DspUse = DspUse.NONE,
) -> Design:
    """Scheduled to its target, `folds` fixing the PE and SIMD of some layers; the board's own clock period for None.

    With `dsp` DSP blocks add, and the design grows into the LUTs that they save.
    """

    def scheduled_on(network: Network, folds: Mapping[str, Fold]) -> Design:
        def build(target: Target) -> Design:
            return schedule(network, board, clock_ns, target, folds)

        return with_blocks(build, target, board) if dsp is DspUse.ADDERS else build(target)

    pace = Pace.asked(target, board.clock_ns if clock_ns is None else clock_ns)
    network = summed_by_factors(network, folds, factors, pace, scheduled_on)
    return scheduled(network, folds, rescale, target, scheduled_on)
