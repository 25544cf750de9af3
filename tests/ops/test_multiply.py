"""Multiply: its cases, its meaning, its mutants, the frame that waits for its factors, and how ONNX spells it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layer_case import LayerCase
from mutant import Mutant
from one_layer import S8, of_two
from shiftwire.errors import InputError
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Operations, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.add import Multiply
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pool import SumPool
from shiftwire.ops.requantize import Requantize
from shiftwire.schedule.lowering import in_dsp_blocks, rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from shiftwire.synth.counts import asks_for_blocks, multiplies

BIT = Fixed(1, 0, signed=True)


def gated(shape: tuple[int, ...], factor: Fixed, x: Fixed = S8) -> Network:
    """An image times a function of its sums, one a channel."""
    spatial = shape[:-1]
    zeros, ones = (0,) * len(spatial), (1,) * len(spatial)
    nodes = (
        Node("sums", SumPool(Window(spatial, ones, zeros, zeros)), ("x",)),
        Node("gate", Requantize(factor, Rounding.HALF_UP, Overflow.WRAP), ("sums",)),
        Node("y", Multiply(), ("x", "gate")),
    )
    return Network.of("x", Tensor(shape, x), nodes, "y")


def flat() -> Network:
    """Factors that a dense layer makes."""
    ones = Window((2, 2), (1, 1), (0, 0), (0, 0))
    nodes = (
        Node("sums", SumPool(ones), ("x",)),
        Node("row", Flatten(), ("sums",)),
        Node("gate", Requantize(Fixed(5, 2, signed=True), Rounding.FLOOR, Overflow.SATURATE), ("row",)),
        Node("y", Multiply(), ("x", "gate")),
    )
    return Network.of("x", Tensor((2, 2, 4), S8), nodes, "y")


NETWORKS = {
    "multiply": of_two(Multiply(), (3, 4, 4)),
    "multiply_gate": gated((3, 4, 6), Fixed(6, 3, signed=False)),
    "multiply_gate_signed": gated((2, 3, 4), Fixed(9, 2, signed=True)),
    "multiply_gate_of_a_line": gated((5, 3), Fixed(4, 1, signed=True), Fixed(5, 2, signed=False)),
    "multiply_gate_flat": flat(),
    "multiply_gate_of_bits": gated((3, 2, 2), BIT, Fixed(3, 0, signed=True)),
}


def definition(op: Multiply, a: Any, b: Any, y: Any) -> None:
    y[...] = a * b


def grow(rng: np.random.Generator, axes: int) -> Multiply:
    return Multiply()


LAYER = LayerCase(
    Multiply,
    NETWORKS,
    definition,
    grow,
    kernel_mutants=(
        Mutant("multiply: folds share a place", "sw_multiply.h", "else factor = kept[fold][l];",
               "else factor = kept[0][l];"),
        Mutant("multiply: nothing kept", "sw_multiply.h", "if (is_fresh) kept[fold][l] = factor;", "if (is_fresh) ;"),
        Mutant("multiply: a sum", "sw_multiply.h", "* A(factor)", "+ A(factor)"),
    ),
    rtl_mutants=(
        Mutant("multiply: what is fresh comes late", "sw_multiply.sv", "was_fresh ? fresh : kept", "kept"),
        Mutant("multiply: factors of the first fold", "sw_multiply.sv", ".from(fold)", ".from('0)"),
        Mutant("multiply: factors of every pixel", "sw_multiply.sv", "fire & is_fresh;", "fire;"),
        Mutant("multiply: b has no sign", "sw_multiply.sv", ".W_SIGNED(B_SIGNED)", ".W_SIGNED(0)"),
    ),
    modules=frozenset({"sw_multiply"}),
    joins=True,
)  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_ours_says_the_same(name: str) -> None:
    """Written, run by onnxruntime, read back."""
    network = NETWORKS[name]
    model, held = to_onnx(network), network.input.format
    codes = np.random.default_rng(0).integers(held.lo, held.hi + 1, (5, *network.input.shape))
    values = np.moveaxis(held.decode(codes), -1, 1)
    expected = network.evaluate(codes)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    again = network_from_model(model)
    assert again.output == network.output and np.array_equal(again.evaluate(codes), expected)


def test_by_hand() -> None:
    """Halves times quarters are eighths; -4 * -8 alone would need a bit more."""
    a, b = Tensor((1, 2, 2), Fixed(3, 1, signed=True)), Tensor((1, 1, 2), Fixed(4, 2, signed=True))
    op = Multiply()
    assert op.infer(a, b) == Tensor((1, 2, 2), Fixed(7, 3, signed=True))
    made = op.evaluate((a, b), np.array([[[[-4, 3], [1, -2]]]]), np.array([[[[-8, 5]]]]))
    assert made.tolist() == [[[[32, 15], [-8, -10]]]]
    assert op.operations((a, b), op.infer(a, b)) == Operations(multiplies=4)
    shown = op.witness((0, 1, 1), np.array([[[-4, 3], [1, -2]]]), np.array([[[-8, 5]]]))
    assert [(name, part.tolist()) for name, part in shown] == [("left", [-2]), ("right", [5])]


def test_a_whole_frame_waits_for_its_factors() -> None:
    """The FIFO beside the sums holds every beat of the image; no engine stands still."""
    network = NETWORKS["multiply_gate"]
    folds = {node.name: Fold(1) for node in network.nodes}
    units = pipeline(network, folds)
    depths = timing(units).depths
    (product,) = (each for each in units.instances if each.unit.function == "multiply")
    assert depths[product.inputs[0]] >= network.input.size and depths[product.inputs[1]] <= network.input.shape[-1] + 9


def test_it_says_that_it_multiplies() -> None:
    network = NETWORKS["multiply_gate"]
    units = pipeline(network, {node.name: Fold(2) for node in network.nodes})
    (unit,) = (each.unit for each in units.instances if each.unit.function == "multiply")
    assert multiplies(network) and unit.multiplies and unit.cost == Cost(lut=15 + 2 * 8 * 7 + 2 * 6)
    rtl = rtl_network(units)
    assert not asks_for_blocks(rtl) and asks_for_blocks(in_dsp_blocks(rtl))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(3, 4, 2\) and \(3, 1, 2\) cannot be multiplied; make them equal, or give"):
        Multiply().infer(Tensor((3, 4, 2), S8), Tensor((3, 1, 2), S8))
