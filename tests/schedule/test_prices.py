"""What a BRAM36 is worth where LUTs or block RAM run out: memories that move, folds that change, designs that fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from nets import PLANS, network
from one_layer import of_one, shift
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import BRAM36_IN_LUT, SHELL_BRAM36, SHELL_LUT, Cost, Store, is_block, is_rom_block, memory, rom
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ops.dense import Dense
from shiftwire.schedule.design import Design, Target, folded, schedule
from shiftwire.schedule.fold_choice import every_choice, intervals, picked, worth_having
from shiftwire.schedule.prices import PRICES, Market
from shiftwire_boards.catalog import Board, load_board
from usual_folds import choices

BOARD, CLOCK_NS = load_board("pynq-z2"), 10.0


def dense() -> Network:
    """64 Kwords of weights of 5 bits or so: nine BRAM36, or 6,000 LUTs."""
    return of_one(Dense(shift((64, 1024), 1, -7, 0), Bias.none(64)), (1024,))


def at_usual_price(network: Network, board: Board, percent: float) -> Design | None:
    """The fastest design that fits of the folds that the usual price picks."""
    among = choices(network, {})
    for interval in intervals(among):
        folds = {name: choice.fold for name, choice in picked(among, interval).items()}
        design = folded(network, board, CLOCK_NS, folds)
        need = design.resources
        if need.lut <= board.lut * percent / 100 and need.bram36 <= board.bram36 - SHELL_BRAM36:
            return design
    return None


class TestMemories:
    def test_each_moves_at_its_price(self) -> None:
        cost = Cost(10) + rom(1024, 18) + memory(129, 16)
        assert cost.stores == (Store(0.5, 346), Store(0.5, 87))  # 1.2 and 1.8 LUTs a bit and 64 words
        assert cost.at(BRAM36_IN_LUT) == Cost(10, 1)
        assert cost.at(173) == Cost(10, 1) and cost.at(174) == Cost(97, 0.5)
        assert cost.at(691) == Cost(97, 0.5) and cost.at(692) == Cost(443)
        assert (2 * 3, cost * 3) == (6, Cost(30, 3)) and (cost * 3).at(692) == Cost(3 * 443)

    def test_modules_lie_where_the_model_has_them(self) -> None:
        assert [is_block(129, 16, price) for price in (120, 173, 174)] == [1, 1, 0]
        assert [is_rom_block(1024, 18, price) for price in (691, 692)] == [1, 0]

    def test_the_usual_border_stands_below(self) -> None:
        assert memory(129, 16).at(1) == memory(129, 16)


class TestPrices:
    def test_the_usual_one_comes_first(self) -> None:
        assert PRICES[0] == BRAM36_IN_LUT and min(PRICES) == 30 and max(PRICES) == 960
        assert list(PRICES[1:]) == sorted(set(PRICES) - {BRAM36_IN_LUT})

    def test_at_any_price_no_fold_is_beaten(self) -> None:
        (every,) = every_choice(dense(), {}).values()
        for price in PRICES:
            kept = worth_having(every, price)
            assert all(a.cycles < b.cycles for a, b in pairwise(kept))
            for choice in every:
                best = [each for each in kept if each.cycles <= choice.cycles][-1]
                assert best.cost.priced(price) <= choice.cost.at(price).priced(price)

    def test_needs_are_those_of_layers(self) -> None:
        market = Market(every_choice(network(PLANS["LeNet"](), adder=False), {}))
        cycles = market.intervals
        for priced in market.prices[::4]:
            luts, blocks = priced.needs(cycles)
            for at in range(0, len(cycles), 7):
                assert priced.layers(cycles[at]) == Cost(luts[at], blocks[at])


class TestBlockRamThatRunsOut:
    def test_weights_go_to_luts(self) -> None:
        """At the same speed, in as many LUTs as the missing blocks hold."""
        folds = {"y": Fold(1, 8)}
        usual = schedule(dense(), BOARD, folds=folds)
        assert usual.resources.bram36 > 2 and usual.bram36_lut == BRAM36_IN_LUT
        short = replace(BOARD, bram36=SHELL_BRAM36 + 2)
        design = schedule(dense(), short, folds=folds)
        assert design.timing == usual.timing and design.bram36_lut > BRAM36_IN_LUT
        assert design.resources.bram36 <= 2 and design.resources.lut > usual.resources.lut
        blocks = [unit.module.set_up.get("ROM_BLOCK") for each in (usual, design) for unit in each.rtl.units[:1]]
        assert blocks == [1, 0]

    def test_a_speed_is_reached(self) -> None:
        fps = 100e6 / 8192
        need = schedule(dense(), BOARD, target=Target(fps=fps)).resources
        short = replace(BOARD, bram36=SHELL_BRAM36 + int(need.bram36) - 1)
        assert schedule(dense(), short, target=Target(fps=fps)).frames_per_second >= fps

    def test_neither_is_left(self) -> None:
        with pytest.raises(InputError, match=r"no fold fits 100 % .* and \d+(\.5)? of 1 BRAM36 \(modelled\)"):
            schedule(dense(), replace(BOARD, lut=SHELL_LUT + 900, bram36=7), target=Target(lut_percent=100))


@pytest.mark.parametrize(
    ("plan", "kind", "bram36", "before", "after"),
    [
        ("LeNet", {"adder": False}, 20, 21_259, 115_207),
        ("LeNet", {"adder": True}, 20, None, 115_207),
        ("ResNet-8", {"adder": False}, 30, 3_052, 6_104),
        ("ResNet-8", {"adder": True}, 40, 1_526, 8_138),
    ],
)
def test_what_a_moving_price_gains(
    plan: str, kind: dict[str, bool], bram36: int, before: int | None, after: int
) -> None:
    """Frames a second on 70 % of a PYNQ-Z2's LUTs; None where nothing fits at the usual price."""
    built, board = network(PLANS[plan](), **kind), replace(BOARD, bram36=bram36)
    usual = at_usual_price(built, board, 70.0)
    assert (round(usual.frames_per_second) if usual else None) == before
    assert round(schedule(built, board, target=Target(lut_percent=70)).frames_per_second) == after


def test_a_network_that_fits_once_block_ram_is_dear() -> None:
    built = network(PLANS["VGG19-small"](), adder=False)
    design = schedule(built, BOARD, target=Target(lut_percent=70))
    assert round(design.frames_per_second) == 1_808 and design.bram36_lut > BRAM36_IN_LUT
    assert design.resources.bram36 <= BOARD.bram36 - SHELL_BRAM36
