"""The folds that take fewest LUTs within so many block RAMs, against all combinations of folds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.schedule.fold_choice import Choice
from shiftwire.schedule.knapsack import packed


def layers(seed: int) -> dict[str, list[Choice]]:
    rng = np.random.default_rng(seed)
    return {
        f"l{at}": [
            Choice(1, Cost(int(rng.integers(1, 400)), int(rng.integers(0, 7)) / 2), Fold(pe)) for pe in range(1, 6)
        ]
        for at in range(4)
    }


@pytest.mark.parametrize("seed", range(6))
def test_none_takes_fewer_luts(seed: int) -> None:
    among, halves = layers(seed), 18
    pack = packed(among, halves)
    costs = [sum((choice.cost for choice in every), Cost()) for every in product(*among.values())]
    for most in range(halves + 1):
        within = [cost.lut for cost in costs if 2 * cost.bram36 <= most]
        assert pack.luts[most] == min(within, default=np.inf)
        if within:
            chosen = pack.choices(most)
            assert list(chosen) == list(among) and all(choice in among[name] for name, choice in chosen.items())
            total = sum((choice.cost for choice in chosen.values()), Cost())
            assert total.lut == min(within) and 2 * total.bram36 <= most


def test_no_block_ram_at_all() -> None:
    among = {"a": [Choice(1, Cost(9, 0.5), Fold(1)), Choice(1, Cost(90), Fold(2))]}
    assert packed(among, 0).luts.tolist() == [90]
    assert packed(among, 0).choices(0)["a"].fold == Fold(2)
    assert packed({"a": among["a"][:1]}, 0).luts.tolist() == [np.inf]
