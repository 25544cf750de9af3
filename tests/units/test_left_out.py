"""Which iterations a matrix-vector unit leaves out, against plain loops over its weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from one_layer import codes
from pruned import pruned, random_pruned
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold, divisors
from shiftwire.ir.module import Module
from shiftwire.ir.unit import Surroundings
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.units.reorder import Restore, moving_cost
from shiftwire.units.sums.matrix import MatrixUnit
from single_layers import pruned_layers

S8, U1, SUMS = Fixed(8, 4, signed=True), Fixed(1, 0, signed=False), Fixed(24, 4, signed=True)


def terms(count: int, shape: tuple[int, ...], seed: int = 0) -> Shift:
    """Weights without a zero."""
    rng = np.random.default_rng(seed)
    sign = rng.choice([-1, 1], (count, *shape)).astype(np.int8)
    return Shift(ShiftWeights(sign, rng.integers(-3, 1, sign.shape).astype(np.int8)))


def unit(weights: Weights, fold: Fold, groups: int = 1, x: Fixed = S8) -> MatrixUnit:
    return MatrixUnit(weights, Bias(codes((weights.shape[0],), -40, 40), 4), x, SUMS, 3, fold, groups)


def left(weights: Weights, made: MatrixUnit) -> list[list[list[int]]]:
    """For each neuron fold, for each synapse, the terms that take an iteration."""
    pe, simd, order, planes = made.fold.pe, made.fold.simd, made.order.tolist(), weights.planes
    folds = []
    for fold in range(len(order) // pe):
        rows = order[fold * pe : (fold + 1) * pe]
        neuron, own = fold % made.neuron_folds, []
        for synapse in range(made.synapse_folds):
            taps = slice(synapse * simd, (synapse + 1) * simd)
            kept = [term for term in range(len(planes)) if planes[term, rows, taps].any()]
            own.append(kept or ([0] if neuron == 0 else []))
        is_last = neuron == made.neuron_folds - 1
        if not any(own[1:] if is_last else own):
            own[-1] = [0]
        folds.append(own)
    return folds


def walked(made: MatrixUnit) -> list[tuple[int, int, int, bool]]:
    """Fold, synapse and word of each iteration, and whether a sum leaves: as the header goes on."""
    tables = {table.name: table.codes for table in made.cfg.tables}
    steps, synapse, fold, found = tables["last_term"].tolist(), 0, 0, []
    for cycle in range(len(tables["weight"])):
        following = synapse + steps[cycle % len(steps)]
        is_last = following >= made.synapse_folds
        found.append((fold, synapse, cycle, is_last))
        synapse, fold = following % made.synapse_folds, fold + is_last
    assert (synapse, fold) == (0, len(made.order) // made.fold.pe)
    return found


def of_module(module: Module) -> list[tuple[bool, bool, int]]:
    """The words of a list in the order of the iterations: ends a fold, ends a synapse, the place of its synapse."""
    (listed,) = (memory for memory in module.memories if memory.name == "list")
    told, bits = module.parameters, listed.bits
    words = [told["FIRST"], told["SECOND"], *listed.fields.ravel().tolist()[:-2]]
    assert words[:2] == listed.fields.ravel().tolist()[-2:] and told["LIST_BITS"] == bits
    return [(bool(w >> bits - 1), bool(w >> bits - 2 & 1), w & (1 << bits - 2) - 1) for w in words]


@pytest.mark.parametrize("seed", range(40))
def test_iterations_are_those_whose_weights_add_something(seed: int) -> None:
    """Their words, the way through them in C++, the list of the SystemVerilog, the formula and the nest."""
    rng = np.random.default_rng(seed)
    groups, taps = int(rng.choice([1, 1, 2, 3])), int(rng.choice([6, 8, 12]))
    shape = (groups * int(rng.choice([4, 6, 12])), taps)
    full = terms(int(rng.integers(1, 3)), shape, seed) if rng.integers(2) else Int(codes(shape, 1, 9), 3)
    weights = random_pruned(full, rng)
    fold = Fold(int(rng.choice(divisors(shape[0] // groups))), int(rng.choice(divisors(taps))))
    made = unit(weights, fold, groups)
    size = shape[0] // groups
    assert [sorted(part) for part in made.order.reshape(groups, -1).tolist()] == [
        list(range(group * size, (group + 1) * size)) for group in range(groups)
    ]
    if made.cycles_a_position == made.whole_cycles:
        return
    kept = left(weights, made)
    expected = [(n, s, t) for n, own in enumerate(kept) for s, ts in enumerate(own) for t in ts]
    rows = [made.order[n * fold.pe : (n + 1) * fold.pe] for n in range(len(kept))]
    words = [weights.planes[t, rows[n], s * fold.simd : (s + 1) * fold.simd].ravel().tolist() for n, s, t in expected]
    assert made.rom.reshape(len(expected), -1).tolist() == words
    found = walked(made)
    assert [(n, s) for n, s, _, _ in found] == [(n, s) for n, s, _ in expected]
    assert made.cycles_a_position == len(expected) and made.iterations == 3 * len(expected) == made.nest.iterations
    writing = [position * len(expected) + cycle for position in range(3) for _, _, cycle, ends in found if ends]
    assert made.nest.writes.last.tolist() == writing
    (summing, _) = made.modules(Surroundings(made.iterations, fold.pe))
    if made.steps.is_listed:
        ends = [one[:2] != other[:2] for one, other in pairwise(expected)] + [True]
        leaves = [ends for _, _, _, ends in found]
        assert of_module(summing) == list(zip(leaves, ends, [s for _, s, _ in expected], strict=True))
        assert "FOLD_TERMS" not in summing.parameters
    else:
        assert len(summing.memories) == 1


@pytest.mark.parametrize("groups", [1, 2])
def test_a_fold_of_zeros_takes_one_iteration(groups: int) -> None:
    """Not in its first place, where the next input is stored."""
    stay = np.ones((12, 8), bool)
    stay[2:4] = stay[4:6] = stay[10:] = False
    made = unit(pruned(terms(1, (12, 8)), stay), Fold(2, 2), groups)
    assert made.order.tolist() == list(range(12)) and not made.restored
    starts_whole = [0] if groups == 1 else [0, 3]
    sizes = [4 if fold in starts_whole or fold not in (1, 2, 5) else 1 for fold in range(6)]
    assert made.steps.counts.sum(axis=1).tolist() == sizes
    assert [made.steps.counts[fold].tolist() for fold in (1, 2, 5)] == [[0, 0, 0, 1]] * 3


def test_a_position_never_ends_where_the_next_one_begins() -> None:
    """An input is stored in the cycle in which the one before is read."""
    stay = np.ones((8, 8), bool)
    stay[2:, 2:] = False
    made = unit(pruned(terms(1, (8, 8)), stay), Fold(2, 2))
    assert made.steps.counts.tolist() == [[1, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 1]]


def test_filters_that_are_alike_share_a_fold() -> None:
    """Where that is worth putting them back in order, behind a wide unit."""
    stay = np.repeat(np.arange(64)[:, None] % 4 == np.arange(8) // 2, 32, axis=1)
    made = unit(pruned(terms(1, (64, 256)), stay), Fold(4, 32))
    assert made.restored and made.whole_cycles == 128
    assert made.cycles_a_position == 8 + 15 * 2
    assert all(len({int(row) % 4 for row in rows}) == 1 for rows in made.order.reshape(-1, 4))
    (restoring,) = made.restored
    assert restoring.source.tolist() == np.argsort(made.order).tolist()


def test_filters_keep_their_lanes_where_that_does() -> None:
    """Putting them back is cheaper then, so that it is worth it behind narrow folds."""
    filters = np.arange(64)
    stay = np.repeat(((filters // 4 + filters) % 4)[:, None] == np.arange(8) // 2, 4, axis=1)
    made = unit(pruned(terms(1, (64, 32)), stay), Fold(4, 4))
    assert made.cycles_a_position == 8 + 15 * 2 and made.whole_cycles == 128
    assert (made.order % 4).tolist() == [0, 1, 2, 3] * 16
    assert [type(each) for each in made.restored] == [Restore]
    assert made.cost.lut > sum(each.lut for each in map(moving_cost, [made.restored])) > 0


def test_an_order_that_saves_little_is_none() -> None:
    """Half of the weights, but anywhere, on a fold of a few hundred LUTs: it stays as it is."""
    weights = pruned(terms(1, (16, 16)), np.random.default_rng(1).random((16, 16)) < 0.5)
    assert unit(weights, Fold(4, 4)).cycles_a_position == 16
    assert not unit(weights, Fold(4, 4)).restored
    stay = np.ones((8, 8), bool)
    stay[1:4, :3] = False  # a seventh of the iterations of a unit that a list makes larger
    assert unit(pruned(terms(1, (8, 8)), stay), Fold(1, 1)).cycles_a_position == 64


def same(one: MatrixUnit, other: MatrixUnit) -> bool:
    """But for the weights themselves."""
    around = Surroundings(one.iterations, one.fold.pe)
    told = [[m.parameters for m in each.modules(around)] for each in (one, other)]
    return told[0] == told[1] and [t.codes.shape for t in one.cfg.tables] == [t.codes.shape for t in other.cfg.tables]


@pytest.mark.parametrize("simd", [1, 4])
def test_zeros_of_distances_and_of_bits_are_work(simd: int) -> None:
    """A weight of 0 costs the distance to it."""
    shape, x = (8, 8), Fixed(8, 3, signed=True)
    stay = np.repeat(np.arange(8) < 2, 8).reshape(shape)
    full, zeros = Adder(codes(shape, -99, 99), 3), Adder(codes(shape, -99, 99) * stay, 3)
    assert unit(zeros, Fold(2, simd), x=x).cycles_a_position == unit(full, Fold(2, simd), x=x).cycles_a_position
    bits = Binary(np.where(stay, 1, -1), 0)
    assert unit(bits, Fold(2, simd), x=U1).cycles_a_position == 4 * 8 // simd


def test_without_empty_folds_all_is_as_it_was() -> None:
    made = unit(terms(2, (8, 8)), Fold(2, 2))
    (summing, _) = made.modules(Surroundings(made.iterations, 2))
    assert "LIST_BITS" not in summing.parameters and summing.parameters["FOLD_TERMS"] == "8'haa"
    assert [memory.parameter for memory in summing.memories] == ["FILE"]
    last: Codes = made.cfg.tables[-1].codes
    assert last.tolist() == [0, 1] and made.cycles_a_position == made.whole_cycles == 32


def test_the_layers_that_every_engine_runs_leave_something_out() -> None:
    found = set()
    for network in pruned_layers().values():
        (node,) = network.nodes
        for fold in node.op.folds(network.sources(node), network.output):
            made = next(u for u in node.op.units(network.sources(node), network.output, fold) if u.function == "mvu")
            assert isinstance(made, MatrixUnit)
            found.add((node.kind, made.steps.is_listed, made.order.tolist() != sorted(made.order)))
    assert {(kind, True) for kind in ("ShiftDense", "IntDense", "ShiftConv")} <= {each[:2] for each in found}
    assert any(is_listed and is_sorted for _, is_listed, is_sorted in found)
