"""What units say of themselves in HLS: steps of an iteration, cycles of a frame, formats, the widest word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from one_layer import S8, U6, codes, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network
from shiftwire.ir.unit import Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.units.fork import Fork
from shiftwire.units.reorder import Reorder
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.vector import VectorUnit
from shiftwire.units.width import Narrow, Widen
from shiftwire.units.window import Taps, WindowUnit
from single_layers import single_layers

CASES = single_layers()
ONE = Fixed(1, 0, signed=False)
SUMS = Fixed(20, 4, signed=True)
NINE, DEPTHWISE = Int(codes((4, 9), -8, 7), 0), Adder(codes((4, 3, 3, 1), -9, 9), 4)
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))


def last(network: Network, fold: Fold) -> Unit:
    node = network.nodes[-1]
    return node.op.units(network.sources(node), network.output, fold)[-1]


def matrix(pe: int, simd: int) -> MatrixUnit:
    return MatrixUnit(shift((4, 16), 2, -3, 0), Bias.none(4), S8, SUMS, 5, Fold(pe, simd))


STEPS = {
    "fork": (Fork(Port(3, 5), S8), 1),
    "narrow": (Narrow(S8, Port(2, 6), Port(6, 2)), 1),
    "widen": (Widen(S8, Port(2, 6), Port(6, 2)), 1),
    "relu": (last(CASES["relu"], Fold(2)), 1),
    "add": (last(CASES["add"], Fold(2)), 1),
    "concat": (last(CASES["concat"], Fold(2)), 1),
    "multiply": (last(CASES["multiply_gate"], Fold(2)), 2 + 3),  # a memory, then a product
    "upsample": (last(CASES["upsample"], Fold(2)), 2 + 1),  # a memory, then it or what is fresh
    "reorder": (Reorder(Port(2, 6), np.arange(12)[::-1], S8, 1), 2 + 2 + 1),  # an address, a word, a lane
    "window": (WindowUnit(SAME, (8, 8, 4), S8, 4, Taps(3, 4, 4)), 2 + 4),
    "requantize": (last(CASES["requantize_half_even_wrap"], Fold(4)), 6),
    "max_pool": (last(CASES["max_pool"], Fold(2, 4)), 4 + 1),
    "max_pool, one position": (last(CASES["max_pool"], Fold(4, 1)), 1 + 1),
    "sum_pool": (last(CASES["sum_pool"], Fold(4, 3)), 3 + 1),
    "affine": (last(CASES["affine"], Fold(2)), 2 + 3 * 2 + 2),  # three terms
    "threshold": (last(CASES["threshold"], Fold(2)), 3 * 3 + 3),  # seven thresholds, three stages
    "threshold_counted": (last(CASES["threshold_counted"], Fold(2)), 3 * 3 + 3),
    "sign": (last(CASES["sign"], Fold(3)), 3 + 3),
    "mvu": (matrix(2, 1), 2 + 2 + 0 + 1 + 3),
    "mvu of two": (matrix(2, 2), 2 + 2 + 1 + 1 + 3),
    "mvu of eight": (matrix(1, 8), 2 + 2 + 3 + 1 + 3),
    "mvu of three": (MatrixUnit(NINE, Bias.none(4), S8, SUMS, 1, Fold(1, 3)), 2 + 2 + 2 + 1 + 3),
    "vvu": (VectorUnit(DEPTHWISE, Bias.none(4), S8, SUMS, 5, Fold(2, 9)), 2 + 2 + 4 + 1 + 3),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_of_an_iteration(name: str) -> None:
    """A beat takes three cycles to come in and go out, a step one; then two rest between frames."""
    unit, steps = STEPS[name]
    assert unit.hls_steps == steps
    assert unit.hls_latency == 3 + steps
    assert unit.hls_cycles == unit.nest.iterations + 3 + steps + 2


def test_formats_that_are_read() -> None:
    coarse = Fixed(5, 2, signed=False)
    for name in ("fork", "narrow", "widen", "reorder", "window"):
        assert STEPS[name][0].read_formats == (S8,)
    for name in ("relu", "max_pool", "sum_pool", "affine", "threshold", "sign", "requantize", "mvu", "vvu", "upsample"):
        unit = STEPS[name][0]
        assert unit.read_formats == (S8,)
    for name in ("relu", "sum_pool", "affine", "threshold", "requantize", "mvu"):
        assert STEPS[name][0].format != S8
    for name in ("add", "concat"):
        assert STEPS[name][0].read_formats == (S8, coarse)


@pytest.mark.parametrize("name", CASES)
def test_every_input_has_its_format(name: str) -> None:
    """Those of the tensors that a layer reads, for its first unit; then what the unit before writes."""
    network = CASES[name]
    node = network.nodes[-1]
    inputs = network.sources(node)
    for fold in node.op.folds(inputs, network.output):
        units = node.op.units(inputs, network.output, fold)
        formats = tuple(tensor.format for tensor in inputs)
        for unit in units:
            assert unit.read_formats == formats and len(unit.reads) == len(formats)
            formats = (unit.format,)
        assert not units or formats == (network.output.format,)


@pytest.mark.parametrize(
    ("unit", "bits"),
    [
        (Fork(Port(3, 5), S8), 3 * 8),
        (Narrow(S8, Port(2, 6), Port(6, 2)), 6 * 8),
        (Widen(S8, Port(2, 6), Port(6, 2)), 6 * 8),
        (last(CASES["relu"], Fold(4)), 4 * 8),  # reads 8 bits, writes 7
        (last(CASES["add"], Fold(4)), 4 * 9),  # writes a bit more than it reads
        (last(CASES["max_pool"], Fold(4, 4)), 4 * 4 * 8),
        (last(CASES["sum_pool"], Fold(4, 1)), 4 * 11),
        (WindowUnit(SAME, (8, 8, 4), S8, 4, Taps(3, 4, 4)), 3 * 4 * 8),
        (WindowUnit(SAME, (8, 8, 4), S8, 4, Taps(1, 4, 4)), 4 * 8),
        (last(CASES["affine"], Fold(2)), 2 * 14),  # as wide as two of its outputs; 2 * 3 terms of 4 bits are less
        (Reorder(Port(2, 6), np.arange(12)[::-1], S8, 1), 2 * 8),
        (Reorder(Port(2, 64), np.arange(128)[::-1], ONE, 1), 2 * 6),  # places among 64 words, more than a bit each
        (Reorder(Port(32, 2), np.arange(64)[::-1], ONE, 1), 32 * 5),  # lanes of 32
        (Reorder(Port(64, 1), np.arange(64)[::-1], ONE, 1), 64),  # wires
        (matrix(1, 1), 20),
        (matrix(2, 8), 2 * 8 * 4),  # weights of a sign and three bits, more than 8 inputs or 2 sums
        (matrix(1, 8), 8 * 8),  # inputs, more than 8 weights
        (replace(matrix(4, 1), x=U6), 4 * 20),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Unit) else str(value),
)
def test_widest_words(unit: Unit, bits: int) -> None:
    assert unit.widest_word == bits


def test_a_single_word_is_wires() -> None:
    """All weights of a filter at once are constants, not a memory."""
    ones = Int(codes((4, 16), -8, 7), 0)
    at_once = MatrixUnit(ones, Bias.none(4), S8, SUMS, 5, Fold(4, 16))
    assert at_once.cycles_a_position == 1 and at_once.widest_word == 16 * 8
    halves = MatrixUnit(ones, Bias.none(4), S8, SUMS, 5, Fold(4, 8))
    assert halves.cycles_a_position == 2 and halves.widest_word == 4 * 8 * 4
    affine = last(CASES["affine"], Fold(4))
    narrow = replace(affine, format=Fixed(2, 0, signed=True), x=Fixed(2, 0, signed=True))  # type: ignore[type-var]
    assert narrow.widest_word == 4 * 2  # four channels of four
    beats = replace(narrow, port=Port(2, 60))  # type: ignore[call-arg]
    assert beats.widest_word == 2 * 3 * 4  # two lanes of three terms of four bits, over four


@pytest.mark.parametrize("name", CASES)
def test_no_word_is_wider_than_that(name: str) -> None:
    """Beats, and rows of tables of more than one: for every fold."""
    network = CASES[name]
    node = network.nodes[-1]
    inputs = network.sources(node)
    for fold in node.op.folds(inputs, network.output):
        for unit in node.op.units(inputs, network.output, fold):
            words = [port.lanes * format.bits for port, format in zip(unit.reads, unit.read_formats, strict=True)]
            words.append(unit.writes.lanes * unit.format.bits)
            if unit.function not in ("threshold", "lookup"):  # whose lanes have memories of their own
                words += [
                    table.codes.shape[1] * table.type.bits
                    for table in unit.cfg.tables
                    if table.codes.ndim == 2 and len(table.codes) > 1
                ]
            assert unit.widest_word == max(words), (unit.function, fold)
