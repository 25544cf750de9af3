"""The SystemVerilog that a layer asks for: parameters by hand, and memories read as the modules read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from one_layer import frames, of_one
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.module import Module
from shiftwire.ir.network import Network
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.threshold import Threshold
from single_layers import single_layers

CASES = single_layers()
S8 = {"IN_BITS": 8, "IN_SIGNED": 1}
TWO = {"A_BITS": 8, "A_SIGNED": 1, "SHIFT_A": 0, "B_BITS": 5, "B_SIGNED": 0, "SHIFT_B": 2}
CUT = {"LANES": 4, "DROP": 3, "HALF_UP": 0, "HALF_EVEN": 0, "SATURATE": 0, "OUT_SIGNED": 1, "OUT_BITS": 4, **S8}
NO_EDGES = {"BEGIN_DOWN": 0, "BEGIN_ACROSS": 0, "END_DOWN": 0, "END_ACROSS": 0}

EXPECTED: dict[str, tuple[Fold, str, dict[str, int], int]] = {
    "relu": (Fold(2), "sw_relu", {"LANES": 2, **S8, "OUT_BITS": 7}, 0),
    "max_pool": (Fold(2, 2), "sw_pool", {"PE": 2, "SIMD": 2, "SYNAPSES": 2, "LARGEST": 1, **S8, "OUT_BITS": 8}, 1),
    "sum_pool": (Fold(4, 3), "sw_pool", {"PE": 4, "SIMD": 3, "SYNAPSES": 2, "LARGEST": 0, **S8, "OUT_BITS": 11}, 2),
    "add": (Fold(2), "sw_add", {"LANES": 2, **TWO, "OUT_BITS": 9}, 0),
    "concat": (Fold(4), "sw_concat", {"LANES": 4, "FOLDS_A": 1, "FOLDS_B": 1, **TWO, "OUT_BITS": 8}, 0),
    "requantize_floor_wrap": (Fold(4), "sw_requantize", CUT, 1),
    "requantize_half_up_saturate": (Fold(4), "sw_requantize", CUT | {"HALF_UP": 1, "SATURATE": 1}, 1),
    "requantize_half_even_wrap": (Fold(4), "sw_requantize", CUT | {"HALF_EVEN": 1}, 1),
    "requantize_finer": (
        Fold(4),
        "sw_requantize",
        CUT | {"DROP": -2, "HALF_EVEN": 1, "SATURATE": 1, "OUT_SIGNED": 0, "OUT_BITS": 6},
        1,
    ),
    "upsample": (
        Fold(2),
        "sw_upsample",
        {"WIDTH": 16, "FOLDS": 2, "ROWS": 3, "COLUMNS": 4, "DOWN": 2, "ACROSS": 3, "ROW_BLOCK": 0} | NO_EDGES,
        1,
    ),
    "upsample_line": (
        Fold(1),
        "sw_upsample",
        {"WIDTH": 8, "FOLDS": 2, "ROWS": 1, "COLUMNS": 5, "DOWN": 1, "ACROSS": 4, "ROW_BLOCK": 0} | NO_EDGES,
        1,
    ),
    "upsample_edges": (
        Fold(4),
        "sw_upsample",
        {
            "WIDTH": 32,
            "FOLDS": 1,
            "ROWS": 3,
            "COLUMNS": 4,
            "DOWN": 2,
            "ACROSS": 2,
            "ROW_BLOCK": 0,
            "BEGIN_DOWN": 1,
            "BEGIN_ACROSS": 0,
            "END_DOWN": 1,
            "END_ACROSS": 2,
        },
        1,
    ),
    # 13 fraction bits go, and 9 leave nothing of 8
    "requantize_far": (Fold(4), "sw_requantize", CUT | {"DROP": 9, "OUT_BITS": 3}, 1),
}


def last_unit(network: Network, fold: Fold) -> Unit:
    node = network.nodes[-1]
    return node.op.units(network.sources(node), network.tensors[node.name], fold)[-1]


def module(network: Network, fold: Fold, slower: int = 1) -> Module:
    """The last module of a network of one layer, in a design `slower` times as slow as its unit."""
    unit = last_unit(network, fold)
    return unit.modules(Surroundings(unit.iterations * slower, fold.pe))[-1]


@pytest.mark.parametrize("name", EXPECTED)
def test_parameters_are_those_of_the_layer(name: str) -> None:
    fold, kind, parameters, stages = EXPECTED[name]
    made = module(CASES[name], fold)
    assert (made.name, dict(made.parameters), made.stages) == (kind, parameters, stages)
    assert made.is_paced == (kind == "sw_pool")
    unit = last_unit(CASES[name], fold)
    assert made.nest.iterations == unit.iterations
    assert len(made.nest.writes.last) == unit.writes.beats
    assert [len(use.last) for use in made.nest.reads] == [port.beats for port in unit.reads]
    assert not made.memories and not made.reads_stem and not made.has_forms


@pytest.mark.parametrize(("slower", "terms"), [(1, 3), (2, 2), (3, 1), (9, 1)])
def test_an_affine_takes_as_many_terms_as_its_pace_wants(slower: int, terms: int) -> None:
    made = module(CASES["affine"], Fold(2), slower)
    steps = -(-3 // terms)
    assert made.parameters == {
        "LANES": 2, "FOLDS": 2, "STEPS": steps, "TERMS": terms, "WINDOW_BITS": 3, "GRID": 0, **S8, "OUT_BITS": 14,
        "ROM_BLOCK": 0,
    }  # fmt: skip
    assert made.name == "sw_affine" and made.has_forms and made.reads_stem
    assert made.stages == {1: 3, 2: 4, 3: 5}[terms]
    assert made.nest.iterations == 60 * steps and len(made.nest.writes.last) == 60


@pytest.mark.parametrize("slower", [1, 2, 3])
@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_an_affine_by_its_memories(slower: int, lanes: int) -> None:
    """Each field is {zero, sign, exponent}: shifted inputs added up, moved to the bias's grid, the bias added."""
    network = CASES["affine"]
    made = module(network, Fold(lanes), slower)
    scale, bias = made.memories
    given: dict[str, Any] = dict(made.parameters)
    steps, terms, window = given["STEPS"], given["TERMS"], given["WINDOW_BITS"]
    assert (scale.name, scale.bits, bias.name, bias.bits) == ("scale", window + 2, "bias", 14)
    codes = frames(network)
    x = codes.reshape(len(codes), -1, 4)
    found = np.zeros_like(x)
    for channel in range(4):
        fold, lane = divmod(channel, lanes)
        for step in range(steps):
            for field in scale.fields[fold * steps + step].reshape(lanes, terms)[lane]:
                term = x[..., channel] << (int(field) & (1 << window) - 1)
                signed = -term if int(field) >> window & 1 else term
                found[..., channel] += 0 if int(field) >> window + 1 else signed
        found[..., channel] = (found[..., channel] << given["GRID"]) + bias.fields[fold, lane]
    assert np.array_equal(found.reshape(codes.shape), network.evaluate(codes))


def test_an_affine_with_a_finer_bias() -> None:
    network = CASES["affine"]
    op = network.nodes[0].op
    assert isinstance(op, Affine)
    finer = of_one(Affine(op.scale, type(op.bias)(op.bias.codes * 2 + 1, 12)), (6, 5, 4))
    low = op.scale.exponent_range[0]
    assert low == -4 and module(finer, Fold(2)).parameters["GRID"] == 12 - (4 - low)


def test_a_scale_has_a_zero_bit_though_no_term_is_zero() -> None:
    """Steps that a channel lacks are zeros."""
    scale = ShiftWeights(np.ones((1, 2), np.int8), np.array([[0, 3]], np.int8))
    made = module(of_one(Affine(scale, Bias.none(2)), (3, 2)), Fold(1))
    assert (made.memories[0].bits, made.memories[0].fields.tolist()) == (4, [[0], [3]])


def counting() -> Network:
    """Steps of one from the same base: what is counted needs no table."""
    rows = np.array([[-5, 0, 9], [1, 2, 300], [-200, -1, 7]])
    return of_one(Threshold(rows, np.full(3, -2), np.full(3, 1), 4, 0), (4, 3))


def few(step: int, steps: int) -> Network:
    """Too few steps to fill the last level of a search; the largest bound is the largest code."""
    rows = np.array([[-128, -3, -3, 12, 127], [-9, 0, 1, 2, 3]])[:, :steps]
    return of_one(Threshold(rows, np.array([5, 5]), np.full(2, step), 4, 0), (130, 2))


STAIRCASES = {
    "threshold": CASES["threshold"],
    "sign": CASES["sign"],
    "counting": counting(),
    "few counted": few(1, 5),
    "two counted": few(1, 2),
    "few": few(-2, 5),
}


@pytest.mark.parametrize("name", STAIRCASES)
def test_a_staircase_by_its_memories(name: str) -> None:
    """A search: at each level one bound decides which half follows; the count then names the output."""
    network = STAIRCASES[name]
    made, codes = module(network, Fold(1)), frames(network)
    channels = network.output.shape[-1]
    given: dict[str, Any] = dict(made.parameters)
    stages, has_table = given["STAGES"], given["LEVELS"]
    (*levels,) = made.memories[:stages]
    assert [memory.name for memory in made.memories] == ["a", "b", "c"][:stages] + ["y"] * has_table
    assert made.name == "sw_threshold" and made.reads_stem and made.stages == stages + has_table
    assert (given["LANES"], given["CHANNELS"]) == (1, channels)
    assert all(memory.bits == given["BOUND_BITS"] for memory in levels)
    x = codes.reshape(len(codes), -1, channels)
    found = np.zeros_like(x)
    for channel in range(channels):
        count = np.zeros_like(x[..., channel])
        for level, memory in enumerate(levels):
            bound = memory.fields[(channel << level) + count, 0]
            count = 2 * count + (x[..., channel] >= bound)
        if has_table:
            found[..., channel] = made.memories[-1].fields[(channel << stages) + count, 0]
        else:
            found[..., channel] = given["BASE"] + count
    assert np.array_equal(found.reshape(codes.shape), network.evaluate(codes))


def test_bounds_beyond_every_code_are_never_reached() -> None:
    made = module(counting(), Fold(3))
    bits = made.parameters["BOUND_BITS"]
    assert isinstance(bits, int)
    held = Fixed(bits, 0, signed=True)
    fields = np.concatenate([memory.fields for memory in made.memories])
    assert held.holds(fields) and not Fixed(bits - 1, 0, signed=True).holds(fields)
    assert made.parameters["LEVELS"] == 0 and made.parameters["BASE"] == -2


@pytest.mark.parametrize(("largest", "bits"), [(127, 9), (254, 9), (255, 10)])
def test_a_bound_is_as_wide_as_one_beyond_all_others(largest: int, bits: int) -> None:
    op = Threshold(np.array([[-5, 0, largest]]), np.zeros(1, int), np.ones(1, int), 4, 0)
    assert module(of_one(op, (4, 1)), Fold(1)).parameters["BOUND_BITS"] == bits
