"""Lookup: its cases, its meaning, its mutants, and the function of the contract."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from layer_case import LayerCase
from mutant import Mutant
from one_layer import S8, U6, codes, of_one, shift
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.unit import Surroundings
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.threshold import Lookup
from shiftwire.passes.flatten_in_stream_order import flatten_in_stream_order

S5, WIDE, BIT = Fixed(5, 2, signed=True), Fixed(9, 1, signed=True), Fixed(1, 0, signed=True)


def table(rows: int, x: Fixed, low: int, high: int) -> Codes:
    return codes((rows, 1 << x.bits), low, high, seed=3)


NETWORKS = {
    "lookup": of_one(Lookup(table(4, S5, -90, 70), S5, 3), (3, 5, 4), S5),
    "lookup_of_all": of_one(Lookup(table(1, S8, -9, 120), S8, 1), (3, 4, 6)),
    "lookup_unsigned": of_one(Lookup(table(6, U6, 0, 40), U6, -2), (4, 6), U6),
    "lookup_wide": of_one(Lookup(table(1, WIDE, -30000, 30000), WIDE, 5), (9,), WIDE),
    "lookup_of_a_bit": of_one(Lookup(table(5, BIT, -3, 3), BIT, 0), (7, 5), BIT),
}


def definition(op: Lookup, x: Any, y: Any) -> None:
    """The word that stands as many places behind the first as there are codes below."""
    for at in itertools.product(*map(range, y.shape)):
        place = x[at] * Fraction(2) ** op.x.frac - op.x.lo
        y[at] = Fraction(int(op.table[at[-1] if len(op.table) > 1 else 0][int(place)])) / Fraction(2) ** op.frac


def grow(rng: np.random.Generator, axes: int) -> Lookup:
    return Lookup(rng.integers(-40, 60, (1, 1 << S5.bits)), S5, int(rng.integers(-1, 4)))


LAYER = LayerCase(
    Lookup,
    NETWORKS,
    definition,
    grow,
    kernel_mutants=(
        Mutant("lookup: the first channel for all", "sw_lookup.h", ": first + C::codes", ": 0"),
        Mutant("lookup: a fold too many", "sw_lookup.h", "C::words - C::codes ?", "C::words ?"),
        Mutant("lookup: places from 0 on", "sw_lookup.h", "- V(C::lowest)", "- V(0)"),
        Mutant("lookup: tables of the first lane", "sw_lookup.h", "output[l]", "output[0]"),
    ),
    rtl_mutants=(
        Mutant("lookup: negative codes last", "sw_lookup.sv", "IN_BITS'(IN_SIGNED)", "IN_BITS'(0)"),
        Mutant("lookup: tables of the first lane", "sw_lookup.sv", "ROWS > 1 ? l : 0", "0"),
        Mutant("lookup: one fold for all", "sw_lookup.sv", "{fold, place}", "{FOLD_BITS'(0), place}"),
    ),
    modules=frozenset({"sw_lookup"}),
    reads=S5,
)


def every_code(x: Tensor) -> Codes:
    """Frames in which every code stands at every place."""
    every = np.arange(x.format.lo, x.format.hi + 1).reshape(-1, *[1] * len(x.shape))
    return np.broadcast_to(every, (len(every), *x.shape)).copy()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_ours_says_the_same(name: str) -> None:
    """Written, run by onnxruntime, read back: every code of the input in every channel."""
    network = NETWORKS[name]
    model = to_onnx(network)
    frames = every_code(network.input)
    expected = network.evaluate(frames)
    values = np.moveaxis(network.input.format.decode(frames), -1, 1)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    again = network_from_model(model)
    assert again.output.format == network.output.format and np.array_equal(again.evaluate(frames), expected)


def test_a_table_by_hand() -> None:
    """Codes -2 to 1 of two channels; outputs in halves."""
    op = Lookup(np.array([[5, 0, -1, 2], [7, 7, 3, 6]]), Fixed(2, 0, signed=True), 1)
    x = Tensor((2,), op.x)
    assert op.infer(x) == Tensor((2,), Fixed(4, 1, signed=True)) and op.weight_bits == 8 * 4
    frames = np.array([[-2, -2], [-1, -1], [0, 0], [1, 1], [1, -2]])
    assert op.evaluate((x,), frames).tolist() == [[5, 7], [0, 7], [-1, 3], [2, 6], [2, 7]]
    assert [part.tolist() for _, part in op.witness((1,), np.array([0, 1]))] == [[1], [6]]


def test_memories_are_those_of_a_lane() -> None:
    """Four channels in twos: lane 1 has those of channels 1 and 3, one behind the other; a common table stands once."""
    op = NETWORKS["lookup"].nodes[0].op
    assert isinstance(op, Lookup)
    (unit,) = op.units((NETWORKS["lookup"].input,), NETWORKS["lookup"].output, Fold(2))
    (module,) = unit.modules(Surroundings(unit.iterations, 2))
    assert [memory.name for memory in module.memories] == ["0000", "0001"]
    assert module.memories[1].fields.ravel().tolist() == [*op.table[1], *op.table[3]]
    assert dict(module.parameters) == {
        "LANES": 2, "FOLDS": 2, "IN_BITS": 5, "IN_SIGNED": 1, "OUT_BITS": 8, "ROWS": 2, "ROM_BLOCK": 0
    }  # fmt: skip
    assert unit.cfg.tables[0].memory == (64, 8) and unit.cost == Cost(15 + 2 * 8)
    network = NETWORKS["lookup_wide"]
    (wide,) = network.nodes[0].op.units((network.input,), network.output, Fold(3))
    (module,) = wide.modules(Surroundings(wide.iterations, 3))
    assert len(module.memories) == 1 and module.stages == 2 and wide.cost == Cost(15, bram36=1.5)


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"the codes of s11.0 has 2048 words; 10 bits would do, so quantize to them"):
        Lookup(np.zeros((1, 2048), np.int64), Fixed(11, 0, signed=True), 0)
    with pytest.raises(InputError, match=r"shape \(1, 16\) does not fit codes of s5.2; give \(channels or 1, 32\)"):
        Lookup(np.zeros((1, 16), np.int64), S5, 0)
    op = Lookup(np.zeros((3, 32), np.int64), S5, 0)
    with pytest.raises(InputError, match=r"tables of 3 channels cannot read shape \(2, 4\); its last axis must match"):
        op.infer(Tensor((2, 4), S5))
    with pytest.raises(InputError, match=r"a table of the codes of s5.2 cannot read u5.2; write it for these"):
        op.infer(Tensor((2, 3), replace(S5, signed=False)))


@pytest.mark.parametrize(("name", "value"), [("lowest", -15), ("input_frac", 3)])
def test_a_table_of_other_codes_is_refused(name: str, value: int) -> None:
    model = to_onnx(NETWORKS["lookup"])
    (node,) = (node for node in model.graph.node if node.op_type == "Lookup")
    next(entry for entry in node.attribute if entry.name == name).i = value
    with pytest.raises(InputError, match=r"does not hold those of s5.2; give \(channels or 1, codes\) for all of them"):
        network_from_model(model)


@pytest.mark.parametrize(("rows", "kept"), [(1, True), (3, False)])
def test_a_flatten_in_front_of_one_table_may_be_the_stream(rows: int, kept: bool) -> None:
    """Tables a channel would meet other channels."""
    nodes = (
        Node("flat", Flatten(), ("x",)),
        Node("curve", Lookup(table(12 if rows > 1 else 1, S5, -9, 9), S5, 2), ("flat",)),
        Node("y", Dense(shift((2, 12), 1, 0, 2), Bias.none(2)), ("curve",)),
    )
    network = Network.of("x", Tensor((2, 2, 3), S5), nodes, "y")
    moved = flatten_in_stream_order(network)
    assert ("flat_hwc" in moved.tensors) == kept
    frames = codes((9, 2, 2, 3), S5.lo, S5.hi)
    assert np.array_equal(moved.evaluate(frames), network.evaluate(frames))
