"""The folds worth having, against every fold of layers whose cycles and costs are a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.ir.cost import BRAM36_IN_LUT, Cost
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network, Node, Op, Operations, Tensor
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.schedule.fold_choice import Choice, intervals, picked, slowest_layer
from shiftwire.units.fork import Fork
from shiftwire.units.reorder import Reorder
from usual_folds import choices

S8 = Fixed(8, 0, signed=True)
X = Tensor((2, 3), S8)

Row = tuple[int, int, int, int]
"""PE, then cycles, LUTs and BRAM36 of that fold."""


@dataclass(frozen=True)
class Priced(Op):
    """As many units as rows ask for, of which the last one is the slowest."""

    rows: tuple[Row, ...]
    unit_types = (Fork,)

    def row(self, fold: Fold) -> Row:
        return next(row for row in self.rows if row[0] == fold.pe)

    def infer(self, *inputs: Tensor) -> Tensor:
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return codes[0]

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return tuple(Fold(pe) for pe, *_ in self.rows)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        cycles = self.row(fold)[1]
        return Fork(Port(1, 1), S8), Fork(Port(1, cycles), S8), Fork(Port(1, 1), S8)

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        return Cost(*self.row(fold)[2:])

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


def chained(*layers: Op) -> Network:
    names = ["x", *(f"l{at}" for at in range(len(layers)))]
    nodes = tuple(Node(names[at + 1], layer, (names[at],)) for at, layer in enumerate(layers))
    return Network.of("x", X, nodes, names[-1])


def random_layer(seed: int) -> Priced:
    rng = np.random.default_rng(seed)
    rows = [(pe, *(int(number) for number in rng.integers((1, 1, 0), (12, 400, 3)))) for pe in range(1, 13)]
    return Priced(tuple(rows))  # type: ignore[arg-type]


def price(row: Row) -> int:
    return row[2] + 120 * row[3]


def worth_having(rows: Sequence[Row]) -> list[Row]:
    """Rows of which no other one is as fast and as cheap; of equals the narrowest."""

    def is_better(other: Row, row: Row) -> bool:
        if (other[1], price(other)) == (row[1], price(row)):
            return other[0] < row[0]
        return other[1] <= row[1] and price(other) <= price(row)

    kept = [row for row in rows if not any(is_better(other, row) for other in rows)]
    return sorted(kept, key=lambda row: row[1])


def test_a_block_ram_has_its_price() -> None:
    assert BRAM36_IN_LUT == 120
    assert Choice(4, Cost(10, 3), Fold(1)).price == 370


@pytest.mark.parametrize("seed", range(8))
def test_what_is_worth_having(seed: int) -> None:
    layer = random_layer(seed)
    (kept,) = choices(chained(layer), {}).values()
    assert kept == [Choice(cycles, Cost(lut, bram), Fold(pe), 8) for pe, cycles, lut, bram in worth_having(layer.rows)]
    assert all(a.cycles < b.cycles and a.price > b.price for a, b in pairwise(kept))


def test_of_equals_the_narrowest_is_kept() -> None:
    rows = ((3, 5, 100, 0), (2, 5, 100, 0), (1, 9, 100, 0), (4, 9, 99, 0))
    (kept,) = choices(chained(Priced(rows)), {}).values()
    assert [(choice.fold.pe, choice.cycles) for choice in kept] == [(2, 5), (4, 9)]


@pytest.mark.parametrize("seed", range(4))
def test_what_a_number_of_cycles_picks(seed: int) -> None:
    layers = [random_layer(3 * seed + at) for at in range(3)]
    among = choices(chained(*layers), {})
    fastest = [min(row[1] for row in layer.rows) for layer in layers]
    assert list(among) == ["l0", "l1", "l2"]
    assert slowest_layer(among) == (f"l{fastest.index(max(fastest))}", max(fastest))
    turns, before = [], None
    for cycles in range(max(fastest), 13):
        cheapest = [min(price(row) for row in layer.rows if row[1] <= cycles) for layer in layers]
        assert [choice.price for choice in picked(among, cycles).values()] == cheapest
        assert all(choice.cycles <= cycles for choice in picked(among, cycles).values())
        if cheapest != before:
            turns.append(cycles)
        before = cheapest
    assert intervals(among) == turns


def test_a_fold_that_is_given() -> None:
    first, second = random_layer(1), random_layer(2)
    among = choices(chained(first, second), {"l1": Fold(7)})
    _, cycles, lut, bram = second.row(Fold(7))
    assert among["l1"] == [Choice(cycles, Cost(lut, bram), Fold(7), 8)]
    assert among["l0"] == choices(chained(first, second), {})["l0"]


def test_the_first_of_unknown_layers_is_named() -> None:
    with pytest.raises(InputError, match="found a fold for 'a', which is no layer; name one of l0, l1"):
        choices(chained(Relu(), Relu()), {"l0": Fold(1), "z": Fold(1), "a": Fold(1)})


def test_a_fold_that_does_not_divide() -> None:
    said = r"a fold of PE 2 and SIMD 1 does not divide layer 'l1' \(Relu\); give a PE of 1, 3 and a SIMD of 1$"
    with pytest.raises(InputError, match=said):
        choices(chained(Relu(), Relu()), {"l1": Fold(2)})


def test_a_layer_without_units_takes_no_cycles() -> None:
    among = choices(chained(Flatten(in_stream_order=True)), {"l0": Fold(1)})
    assert [choice.cycles for choice in among["l0"]] == [0]
    assert slowest_layer(among) == ("l0", 1)
    assert intervals(among) == [1]


@dataclass(frozen=True)
class Broad(Priced):
    """Beats of as many codes of 8 bits as its fold has lanes."""

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        return Fork(Port(1, 1), S8), Fork(Port(fold.pe, self.row(fold)[1]), S8)


BROAD = Broad(((1024, 1, 900, 0), (513, 2, 800, 0), (512, 3, 700, 0), (2, 9, 100, 0)))
TOO_BROAD = Broad(BROAD.rows[:2])


def test_words_of_hls_have_4096_bits() -> None:
    """512 codes of 8 bits are just narrow enough; without HLS every width is."""
    assert [(c.fold.pe, c.widest) for c in choices(chained(BROAD), {})["l0"]] == [
        (1024, 8192), (513, 4104), (512, 4096), (2, 16),
    ]  # fmt: skip
    assert [c.fold.pe for c in choices(chained(BROAD), {}, for_hls=True)["l0"]] == [512, 2]


@pytest.mark.parametrize("seed", range(4))
def test_cycles_of_hls_count_the_drain(seed: int) -> None:
    """A port of three cycles, a step and two of rest behind the iterations of each."""
    layer = random_layer(seed)
    plain, in_hls = choices(chained(layer), {})["l0"], choices(chained(layer), {}, for_hls=True)["l0"]
    assert [choice.cycles + 3 + 1 + 2 for choice in plain] == [choice.cycles for choice in in_hls]
    assert [choice.fold for choice in plain] == [choice.fold for choice in in_hls]


def test_what_drains_longest_need_not_iterate_longest() -> None:
    """A row of 8 iterations of 5 steps takes longer than one of 10 of 1."""
    reversal = Reorder(Port(1, 4), np.arange(4)[::-1], S8, 1)

    class Two(Priced):
        def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
            return Fork(Port(1, 10), S8), reversal

    two = chained(Two(((1, 0, 1, 0),)))
    assert choices(two, {})["l0"][0].cycles == 10
    assert choices(two, {}, for_hls=True)["l0"][0].cycles == 8 + 3 + 5 + 2


def test_a_given_fold_that_is_too_wide_for_hls() -> None:
    said = (
        r"^a fold of PE 513 and SIMD 1 of layer 'l1' makes words of more than the 4096 bits that HLS takes; give a "
        r"smaller PE or SIMD, or take the RTL back end alone$"
    )
    given = {"l1": Fold(513)}
    with pytest.raises(InputError, match=said):
        choices(chained(BROAD, BROAD), given, for_hls=True)
    assert [choice.fold for choice in choices(chained(BROAD, BROAD), given)["l1"]] == [Fold(513)]
    given = {"l1": Fold(512)}
    assert [choice.fold for choice in choices(chained(BROAD, BROAD), given, for_hls=True)["l1"]] == [Fold(512)]


def test_a_layer_that_no_fold_makes_narrow_enough_for_hls() -> None:
    said = r"^layer 'l1' has no fold whose words keep to the 4096 bits of HLS; take the RTL back end$"
    with pytest.raises(InputError, match=said):
        choices(chained(BROAD, TOO_BROAD), {}, for_hls=True)
    assert len(choices(chained(BROAD, TOO_BROAD), {})["l1"]) == 2
