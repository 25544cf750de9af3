"""What the C++ of a layer is set up with, how it folds, and what its units are modelled to cost."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from one_layer import S8, codes, of_one, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import CodeType, Element
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network
from shiftwire.ir.unit import Unit
from shiftwire.ir.window import Window
from shiftwire.ops.conv import Conv
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.weights.adder import Adder
from shiftwire.units.reorder import Reorder
from shiftwire.units.sums.vector import VectorUnit
from single_layers import single_layers

CASES = single_layers()
BEATS = {"iterations": 60, "lanes": 2}
JOINED = {"shift_a": 0, "shift_b": 2}
CUT = {"iterations": 10, "lanes": 4, "drop": 3, "half_up": False, "half_even": False, "saturate": False, "lo": -8,
       "hi": 7, "bits": 4, "is_signed": True, "wide_t": CodeType(9)}  # fmt: skip
NO_EDGES = {"begin_down": 0, "begin_across": 0, "end_down": 0, "end_across": 0}
UPSAMPLED = {"iterations": 144, "lanes": 2, "folds": 2, "height": 3, "width": 4, "factor_down": 2, "factor_across": 3,
             "words": 8}  # fmt: skip

EXPECTED: dict[str, tuple[Fold, dict[str, object], int]] = {
    "relu": (Fold(2), BEATS, 15 + 2 * 11),  # one and a half LUTs for each of 7 bits
    "add": (Fold(2), BEATS | JOINED | {"acc_t": CodeType(9)}, 15 + 2 * 14),
    "concat": (
        Fold(4),
        {"iterations": 60, "folds_a": 1, "folds_b": 1, "lanes": 4} | JOINED | {"acc_t": CodeType(8)},
        15 + 4 * 12,
    ),
    "max_pool": (
        Fold(2, 2),
        {"iterations": 72, "synapse_folds": 2, "pe": 2, "simd": 2, "acc_t": CodeType(8)},
        20 + 2 * 3 * 8,
    ),
    "sum_pool": (
        Fold(4, 3),
        {"iterations": 30, "synapse_folds": 2, "pe": 4, "simd": 3, "acc_t": CodeType(11)},
        20 + 4 * 4 * 11,
    ),
    "average_pool": (
        Fold(1, 4),
        {"iterations": 72, "synapse_folds": 1, "pe": 1, "simd": 4, "acc_t": CodeType(10)},
        20 + 5 * 10,
    ),
    "affine": (
        Fold(2),
        BEATS
        | {"folds": 2, "terms": 3, "sum_t": CodeType(14), "lane": Element.SHIFT, "magnitude_bits": 3, "exponents": 6}
        | {"acc_t": CodeType(14), "grid_shift": 0},
        15 + 2 * 56,  # 1.33 LUTs for each of three terms and 14 bits of a lane of two channels
    ),
    "threshold": (
        Fold(2),
        BEATS
        | {"folds": 2, "counts": 8, "has_outputs": True, "output_words": 16, "base": 0}
        | {"acc_t": CodeType(6), "wide_t": CodeType(9)},  # one bound beyond all codes, 128
        15 + 2 * 28,  # three compares of 8 bits, 28 bounds of 8 bits in LUTs of 64 words
    ),
    "threshold_counted": (
        Fold(4),
        {"iterations": 30, "lanes": 4, "folds": 1, "counts": 8, "has_outputs": False, "output_words": 1, "base": -20}
        | {"acc_t": CodeType(6), "wide_t": CodeType(9)},
        15 + 4 * 25,  # each lane has the 5 bounds of its own channel
    ),
    "requantize_floor_wrap": (Fold(4), CUT, 15 + 4 * 12),
    "requantize_half_up_saturate": (Fold(4), CUT | {"half_up": True, "saturate": True}, 15 + 4 * 12),
    "requantize_half_even_wrap": (Fold(4), CUT | {"half_even": True}, 15 + 4 * 12),
    "requantize_finer": (
        Fold(4),
        CUT
        | {"drop": -2, "half_even": True, "saturate": True, "lo": 0, "hi": 63, "bits": 6, "is_signed": False}
        | {"wide_t": CodeType(11)},
        15 + 4 * 14,
    ),
    "requantize_far": (
        Fold(4),
        CUT | {"drop": 9, "lo": -4, "hi": 3, "bits": 3, "wide_t": CodeType(10)},
        15 + 4 * 11,
    ),
    "upsample": (Fold(2), UPSAMPLED | NO_EDGES, 45 + 16),
    "upsample_columns": (
        Fold(3),
        {
            "iterations": 36,
            "lanes": 3,
            "folds": 2,
            "height": 3,
            "width": 3,
            "factor_down": 1,
            "factor_across": 2,
            "words": 2,
        }
        | NO_EDGES,
        45 + 24,
    ),
    "upsample_line": (
        Fold(1),
        {
            "iterations": 40,
            "lanes": 1,
            "folds": 2,
            "height": 1,
            "width": 5,
            "factor_down": 1,
            "factor_across": 4,
            "words": 2,
        }
        | NO_EDGES,
        45 + 8,
    ),
}


def units(network: Network, fold: Fold) -> tuple[Unit, ...]:
    node = network.nodes[-1]
    return node.op.units(network.sources(node), network.output, fold)


@pytest.mark.parametrize("name", EXPECTED)
def test_settings_and_costs_are_those_of_the_layer(name: str) -> None:
    fold, members, lut = EXPECTED[name]
    unit = units(CASES[name], fold)[-1]
    assert {member.name: member.value for member in unit.cfg.members} == members
    assert not any(isinstance(member.value, float) for member in unit.cfg.members)
    assert unit.cost == Cost(lut=lut) and type(unit.cost.lut) is type(unit.iterations) is int
    assert unit.writes == Port(fold.pe, CASES[name].output.size // fold.pe)


@pytest.mark.parametrize("name", ["pad", "flatten"])
def test_layers_that_move_codes_cost_as_if_codes_passed(name: str) -> None:
    node = CASES[name].nodes[-1]
    assert node.op.cost(CASES[name].sources(node), CASES[name].output, Fold(2)) == Cost(lut=15 + 2 * 12)


def divide(*wholes: int) -> list[tuple[int, ...]]:
    """Every choice of a divisor of each number, ascending."""
    return list(product(*([part for part in range(1, whole + 1) if whole % part == 0] for whole in wholes)))


FOLDS = {
    "relu": (4, 1),
    "affine": (4, 1),
    "threshold": (4, 1),
    "sign": (9, 1),
    "requantize_finer": (40, 1),
    "add": (4, 1),
    "concat": (4, 1),
    "flatten": (4, 1),
    "pad": (4, 1),
    "upsample_columns": (6, 1),
    "max_pool": (4, 4),
    "sum_pool": (4, 6),
    "max_pool_line": (2, 3),
    "shift_dense": (5, 9),
    "adder_dense": (6, 7),
    "shift_conv": (6, 24),
    "shift_conv_grouped": (2, 12),  # filters of a group
    "shift_conv_depthwise": (4, 6),
    "shift_conv_multiplied": (2, 6),
    "adder_conv": (5, 24),
}


@pytest.mark.parametrize("name", FOLDS)
def test_folds_divide_outputs_and_inputs(name: str) -> None:
    node = CASES[name].nodes[-1]
    folds = node.op.folds(CASES[name].sources(node), CASES[name].output)
    assert [(fold.pe, fold.simd) for fold in folds] == divide(*FOLDS[name])


def test_a_flattened_image_leaves_channel_by_channel() -> None:
    """The stream has channels fastest; ONNX has them slowest."""
    (unit,) = units(of_one(Flatten(), (3, 2, 4)), Fold(2))
    assert isinstance(unit, Reorder)
    assert unit.source.tolist() == [
        (row * 2 + column) * 4 + c for c in range(4) for row in range(3) for column in (0, 1)
    ]
    assert (unit.port, unit.packets, unit.format) == (Port(2, 12), 1, S8)
    streaming = of_one(Flatten(in_stream_order=True), (3, 2, 4))
    assert units(streaming, Fold(2)) == ()
    places = np.arange(48).reshape(2, 3, 2, 4)
    assert streaming.evaluate(places).tolist() == [list(range(24)), list(range(24, 48))]


@pytest.mark.parametrize(
    ("name", "lanes"),
    [("upsample", 2), ("upsample_rows", 1), ("upsample_columns", 2), ("upsample_line", 1), ("upsample_pixel", 3)],
)
def test_an_upsample_reads_a_beat_where_it_is_first_used(name: str, lanes: int) -> None:
    """Rows, their repeats, columns, their repeats, beats of a pixel; a beat is read at its first use alone."""
    network = CASES[name]
    channels = network.output.shape[-1]
    (unit,) = units(network, Fold(lanes))
    height, width = network.input.shape[-3:-1] if len(network.input.shape) == 3 else (1, network.input.shape[0])
    down, across = network.output.shape[0] // height, network.output.shape[-2] // width
    if len(network.input.shape) == 2:
        down = 1
    loops = product(range(height), range(down), range(width), range(across), range(channels // lanes))
    first = [at for at, (_, again, _, repeat, _) in enumerate(loops) if again == repeat == 0]
    total = network.output.size // lanes
    assert unit.nest.iterations == unit.iterations == total
    assert unit.nest.reads[0].first.tolist() == unit.nest.reads[0].last.tolist() == first
    assert unit.nest.writes.first.tolist() == unit.nest.writes.last.tolist() == list(range(total))
    assert unit.reads == (Port(lanes, network.input.size // lanes),)


@pytest.mark.parametrize(("pe", "simd"), [(2, 2), (1, 3), (4, 1), (1, 4)])
def test_a_pool_reads_each_part_of_a_window(pe: int, simd: int) -> None:
    """Beats of `simd` positions of `pe` channels; a window leaves behind its last."""
    network = CASES["max_pool"] if simd != 3 else CASES["sum_pool"]
    area = 4 if simd != 3 else 6
    *_, unit = units(network, Fold(pe, simd))
    outputs, parts = network.output.size // pe, area // simd
    assert unit.reads == (Port(simd * pe, outputs * parts),)
    assert unit.nest.reads[0].last.tolist() == list(range(outputs * parts))
    assert unit.nest.writes.last.tolist() == list(range(parts - 1, outputs * parts, parts))


WIDE = Window((3, 2), (2, 1), (1, 0), (1, 1))


@pytest.mark.parametrize("fold", [Fold(1, 6), Fold(2, 1), Fold(4, 3)], ids=str)
def test_a_depthwise_layer_has_channels_side_by_side(fold: Fold) -> None:
    network = CASES["shift_conv_depthwise"]
    window, *_, sums = units(network, fold)
    assert isinstance(sums, VectorUnit)
    assert sums.reads[0].lanes == fold.pe * fold.simd and sums.writes.lanes == fold.pe
    assert window.taps.channels == window.taps.block_channels == fold.pe  # type: ignore[attr-defined]
    assert window.lanes == fold.pe  # type: ignore[attr-defined]


@pytest.mark.parametrize("fold", [Fold(1, 24), Fold(2, 1), Fold(3, 8), Fold(6, 6)], ids=str)
def test_a_convolution_has_taps_of_all_its_channels(fold: Fold) -> None:
    network = CASES["shift_conv"]
    window, *_ = units(network, fold)
    assert window.taps.block_channels == 4  # type: ignore[attr-defined]
    assert window.taps.channels == {24: 4, 1: 1, 8: 4, 6: 2}[fold.simd]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("filters", "groups", "channels", "is_depthwise", "is_pointwise"),
    [(4, 4, 1, True, True), (8, 4, 1, False, True), (4, 2, 1, False, True), (1, 1, 1, False, True)],
)
def test_a_depthwise_layer_has_a_filter_of_one_channel_each(
    filters: int, groups: int, channels: int, is_depthwise: bool, is_pointwise: bool
) -> None:
    point = Window((1, 1), (1, 1), (0, 0), (0, 0))
    op = Conv(Adder(codes((filters, 1, 1, channels), -9, 9), 4), Bias.none(filters), point, groups)
    assert (op.is_depthwise, op.is_pointwise) == (is_depthwise, is_pointwise)


def test_names_and_bits_of_weights() -> None:
    kinds = {name: CASES[name].nodes[-1].op.kind for name in ("shift_conv", "adder_dense", "int_conv", "relu")}
    assert list(kinds.values()) == ["ShiftConv", "AdderDense", "IntConv", "Relu"]
    biased = Conv(shift((2, 1, 1, 3), 1, 0, 3), Bias(np.array([3, -4]), 4), Window((1, 1), (1, 1), (0, 0), (0, 0)))
    assert biased.weight_bits == biased.weights.bits + 2 * 3
    assert CASES["threshold"].nodes[0].op.weight_bits == 28 * 8 + 4 * 3 + 4 * 3
