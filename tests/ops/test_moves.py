"""Crop, Select, DepthToSpace and SpaceToDepth: their cases, their meaning, their mutants, and how ONNX spells them."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

import onnx
from layer_case import LayerCase
from mutant import Mutant
from one_layer import S8, U6, of_one
from onnx import TensorProto, helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Op, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.moves import Crop, DepthOrder, DepthToSpace, Select, SpaceToDepth

CROPS = {
    "crop": of_one(Crop((1, 0, 2), (0, 2, 2)), (3, 4, 8)),
    "crop_whole_pixels": of_one(Crop((0, 1, 1), (1, 0, 2)), (3, 3, 6), U6),
    "crop_line": of_one(Crop((1, 0), (2, 0)), (5, 2)),
    "crop_vector": of_one(Crop((2,), (1,)), (7,)),
}
SELECTS = {
    "select": of_one(Select((3, 1, 2, 0)), (2, 3, 4)),
    "select_some": of_one(Select((5, 0, 0, 2)), (2, 2, 6), U6),
    "select_vector": of_one(Select((2, 0, 3)), (4,)),
}
DEPTHS = {
    "depth_to_space": of_one(DepthToSpace(2, DepthOrder.DCR), (2, 3, 8)),
    "depth_to_space_crd": of_one(DepthToSpace(2, DepthOrder.CRD), (2, 2, 12), U6),
    "depth_to_space_pixel": of_one(DepthToSpace(3, DepthOrder.CRD), (1, 1, 18)),
}
SPACES = {
    "space_to_depth": of_one(SpaceToDepth(2), (4, 6, 4)),
    "space_to_depth_block": of_one(SpaceToDepth(3), (3, 3, 2), U6),
}
NETWORKS = CROPS | SELECTS | DEPTHS | SPACES


def cropped(op: Crop, x: Any, y: Any) -> None:
    """y[i] = x[i + begin]."""
    for at in np.ndindex(*y.shape):
        y[at] = x[tuple(i + begin for i, begin in zip(at, op.begin, strict=True))]


def selected(op: Select, x: Any, y: Any) -> None:
    for at in np.ndindex(*y.shape):
        y[at] = x[(*at[:-1], op.channels[at[-1]])]


def spread(op: DepthToSpace, x: Any, y: Any) -> None:
    """Channel (i * block + j) * C + c, or c * block**2 + i * block + j, goes to row i and column j of a block."""
    block, rest = op.block, y.shape[-1]
    for row, column, c in np.ndindex(*y.shape):
        at = row % block * block + column % block
        channel = at * rest + c if op.order is DepthOrder.DCR else c * block**2 + at
        y[row, column, c] = x[row // block, column // block, channel]


def gathered(op: SpaceToDepth, x: Any, y: Any) -> None:
    for row, column, c in np.ndindex(*x.shape):
        place = (row % op.block * op.block + column % op.block) * x.shape[-1] + c
        y[row // op.block, column // op.block, place] = x[row, column, c]


def grow_crop(rng: np.random.Generator, axes: int) -> Crop:
    begin, end = (tuple(int(n) for n in rng.integers(0, 2, axes + 1)) for _ in range(2))
    return Crop(begin, end)


def grow_select(rng: np.random.Generator, axes: int) -> Select:
    return Select(tuple(int(c) for c in rng.permutation(int(rng.integers(1, 5)))))


def grow_depth(rng: np.random.Generator, axes: int) -> DepthToSpace:
    return DepthToSpace(int(rng.integers(1, 3)), DepthOrder.CRD if rng.integers(2) else DepthOrder.DCR)


def grow_space(rng: np.random.Generator, axes: int) -> SpaceToDepth:
    return SpaceToDepth(int(rng.integers(1, 4)))


CROP_KERNEL_MUTANTS = (
    Mutant("crop: the first lanes leave", "sw_crop.h", "beat[C::first_lane + l]", "beat[l]"),
    Mutant("crop: every row begins an image", "sw_crop.h", "row += 1", "row += 0"),
    Mutant("crop: a beat early", "sw_crop.h", "fold >= C::fold_begin && fold < C::fold_end",
           "fold >= C::fold_begin - 1 && fold < C::fold_end - 1"),
    Mutant("crop: a column late", "sw_crop.h", "column >= C::column_begin && column < C::column_end",
           "column > C::column_begin && column <= C::column_end"),
)  # fmt: skip
CROP_RTL_MUTANTS = (
    Mutant("crop: the first lanes leave", "sw_crop.sv", "beat[FIRST_LANE*CODE_BITS+:", "beat[0+:"),
    Mutant("crop: rows and columns count alike", "sw_crop.sv", "fire & ends_pixel & ends_row", "fire & ends_pixel"),
    Mutant("span: starts within", "sw_span.sv", "if (last) is_in <= BEGIN == 0;", "if (last) is_in <= 1'b1;"),
    Mutant("span: a step early", "sw_span.sv", "BITS'(BEGIN - 1)", "BITS'(BEGIN - 2)"),
)

LAYERS = (
    LayerCase(Crop, CROPS, cropped, grow_crop, CROP_KERNEL_MUTANTS, CROP_RTL_MUTANTS, frozenset({"sw_crop"})),
    LayerCase(Select, SELECTS, selected, grow_select, (), (), frozenset({"sw_reorder"})),
    LayerCase(DepthToSpace, DEPTHS, spread, grow_depth, (), (), frozenset({"sw_reorder"})),
    LayerCase(SpaceToDepth, SPACES, gathered, grow_space, (), (), frozenset({"sw_reorder"})),
)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_ours_says_the_same(name: str) -> None:
    """Written, run by onnxruntime, read back."""
    network = NETWORKS[name]
    model, x = to_onnx(network), network.input
    codes = np.random.default_rng(0).integers(x.format.lo, x.format.hi + 1, (5, *x.shape))
    expected = network.evaluate(codes)
    values = x.format.decode(codes) if len(x.shape) == 1 else np.moveaxis(x.format.decode(codes), -1, 1)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    again = network_from_model(model)
    assert again.nodes == network.nodes and np.array_equal(again.evaluate(codes), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_units_move_codes_as_the_layer_does(name: str) -> None:
    """At every fold, by the tables of the reorders and the iterations in which a crop's beats leave."""
    node, x = NETWORKS[name].nodes[0], NETWORKS[name].input
    places = np.arange(x.size).reshape(1, *x.shape)
    expected = node.op.evaluate((x,), places).ravel().tolist()
    for fold in node.op.folds((x,), NETWORKS[name].output):
        stream = places.ravel()
        for unit in node.op.units((x,), NETWORKS[name].output, fold):
            if unit.function == "reorder":
                stream = stream.reshape(unit.packets, -1)[:, unit.source].ravel()
            else:
                beats = stream.reshape(-1, unit.lanes)[unit.nest.writes.last]
                stream = beats[:, unit.first_lane : unit.first_lane + unit.taken].ravel()
            assert stream.size == unit.writes.codes
        assert stream.tolist() == expected


def test_places_by_hand() -> None:
    """A pixel of eight channels as two by two pixels of two."""
    pixel = np.arange(8).reshape(1, 1, 1, 8)
    x = (Tensor((1, 1, 8), S8),)
    dcr = DepthToSpace(2, DepthOrder.DCR).evaluate(x, pixel)
    crd = DepthToSpace(2, DepthOrder.CRD).evaluate(x, pixel)
    assert dcr.tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]
    assert crd.tolist() == [[[[0, 4], [1, 5]], [[2, 6], [3, 7]]]]
    assert SpaceToDepth(2).evaluate((Tensor((2, 2, 2), S8),), dcr).tolist() == pixel.tolist()
    assert DepthToSpace(2, DepthOrder.CRD).source_channels(8).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    row = np.arange(6).reshape(1, 1, 6)
    assert Crop((0, 1), (0, 2)).evaluate((Tensor((1, 6), S8),), row).tolist() == [[[1, 2, 3]]]
    assert Select((4, 0)).evaluate((Tensor((1, 6), S8),), row).tolist() == [[[4, 0]]]


@pytest.mark.parametrize(
    ("name", "lanes"),
    [("crop", [1, 2, 4]), ("crop_whole_pixels", [1, 3]), ("select_some", [1, 2, 4]), ("select_vector", [1, 3]),
     ("depth_to_space_crd", [1, 3]), ("space_to_depth", [1, 2, 4])],
)  # fmt: skip
def test_folds_divide_channels_or_take_whole_pixels(name: str, lanes: list[int]) -> None:
    node, network = NETWORKS[name].nodes[0], NETWORKS[name]
    assert [fold.pe for fold in node.op.folds((network.input,), network.output)] == lanes


def test_settings_of_a_crop_by_hand() -> None:
    (unit,) = CROPS["crop"].nodes[0].op.units((CROPS["crop"].input,), CROPS["crop"].output, Fold(2))
    assert {member.name: member.value for member in unit.cfg.members} == {
        "iterations": 48, "lanes": 2, "first_lane": 0, "folds": 4, "width": 4, "fold_begin": 1, "fold_end": 3,
        "column_begin": 0, "column_end": 2, "row_begin": 1, "row_end": 3,
    }  # fmt: skip
    passing = [4 * (4 * row + column) + fold for row in (1, 2) for column in (0, 1) for fold in (1, 2)]
    assert unit.nest.writes.last.tolist() == passing and unit.nest.reads[0].last.tolist() == list(range(48))
    (whole,) = CROPS["crop_whole_pixels"].nodes[0].op.units((CROPS["crop_whole_pixels"].input,),
                                                            CROPS["crop_whole_pixels"].output, Fold(3))  # fmt: skip
    assert (whole.lanes, whole.first_lane, whole.taken, whole.image) == (6, 1, 3, (3, 3, 1))


def test_a_reorder_costs_a_copy_a_lane_unless_a_packet_is_one_beat() -> None:
    """A pixel of four codes of eight bits: one lane, two lanes of a copy each, or the whole pixel."""
    network, op = SELECTS["select"], SELECTS["select"].nodes[0].op
    luts = [op.cost((network.input,), network.output, fold).lut for fold in op.folds((network.input,), network.output)]
    assert luts == [30 + 8, 30 + 2 * 16, 30 + 32]


def test_a_witness_is_the_code_itself() -> None:
    for name in ("crop", "select"):
        network = NETWORKS[name]
        given = np.arange(network.input.size).reshape(network.input.shape)
        made = network.nodes[0].op.evaluate((network.input,), given[None])[0]
        for index in itertools.islice(np.ndindex(*made.shape), 20):
            ((what, shown),) = network.nodes[0].op.witness(index, given)
            assert what == "input" and shown.tolist() == [made[index]]


@pytest.mark.parametrize(
    ("op", "shape", "sentence"),
    [
        (Crop((1,), (0,)), (3, 4), r"a crop by \(1,\) and \(0,\) cannot read shape \(3, 4\); give whole numbers"),
        (Crop((2, 0), (1, 0)), (3, 4), "leaves nothing of shape"),
        (Select((0, 4)), (3, 4), r"channels \(0, 4\) are not all there .* name some of 0 to 3"),
        (Select((0, 1, 1)), (3, 2), "3 channels are more than the 2 .* join them by a Concat"),
        (DepthToSpace(2, DepthOrder.DCR), (3, 3, 6), "give channels that 4 divides"),
        (DepthToSpace(2, DepthOrder.DCR), (3, 4), r"shape \(3, 4\) has no height and width"),
        (SpaceToDepth(0), (3, 3, 4), "blocks of 0 hold no pixels"),
        (SpaceToDepth(2), (4, 3, 4), "give whole blocks"),
    ],
)
def test_what_does_not_fit_is_refused(op: Op, shape: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        op.infer(Tensor(shape, S8))
    assert re.search(sentence, caught.value.sentence())


def one(kind: str, constants: list[np.ndarray], opset: int = 20, shape: tuple[int, ...] = (6, 4, 4),
        **attributes: Any) -> onnx.ModelProto:  # fmt: skip
    """A file of one operation on codes of s8.0, (N, *shape)."""
    names = [f"c{at}" for at in range(len(constants))]
    node = helper.make_node(kind, ["x", *names], ["y"], name="y", **attributes)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * (len(shape) + 1))],
        [numpy_helper.from_array(array, name) for name, array in zip(names, constants, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, {"shiftwire.input": "s8.0"})
    return model


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


MOST = 2**63 - 1


@pytest.mark.parametrize(
    "model",
    [
        one("Slice", [ints(1), ints(4), ints(1)]),
        one("Slice", [ints(-3), ints(MOST), ints(-3)]),
        one("Slice", [ints(-1, 1), ints(-MOST, MOST), ints(1, 2), ints(-2, 1)]),
        one("Slice", [ints(0, 0, 1, 0), ints(MOST, MOST, 3, MOST)]),
        one("Slice", [], 9, starts=[2, 1], ends=[5, -1], axes=[1, 3]),
        one("Slice", [ints(0), ints(MOST), ints(2)]),
        one("Slice", [ints(1), ints(5), ints(1)], shape=(6,)),
        one("Gather", [ints(4, -1, 0)], axis=1),
        one("Gather", [ints(0, 1, 2, 3, 4, 5)], axis=-3),
        one("DepthToSpace", [], 10, shape=(8, 3, 2), blocksize=2),
        one("DepthToSpace", [], blocksize=1),
        one("SpaceToDepth", [], blocksize=2),
    ],
)
def test_spellings_are_read_as_onnxruntime_runs_them(model: onnx.ModelProto) -> None:
    shape = tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:])
    x = np.random.default_rng(1).integers(-128, 128, (3, *shape))
    network = network_from_model(model)
    made = network.host_output.decode(network.evaluate(np.moveaxis(x, 1, -1)), Fixed(8, 0, signed=True))
    assert np.array_equal(made, run_onnx(model, x.astype(np.float32)))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (one("Slice", [ints(0), ints(4), ints(2), ints(2)]), "it takes some pixels and leaves others out between"),
        (one("Slice", [ints(3), ints(3), ints(1)]), "it leaves nothing of samples of shape"),
        (one("Slice", [ints(1), ints(MOST), ints(0)]), "it takes some samples of the batch"),
        (one("Gather", [ints(0, 1)], axis=2), r"indices of shape \(2,\) along axis 2; gather a list of channels"),
        (one("Gather", [ints(1, 1)], axis=3), r"indices of shape \(2,\) along axis 3"),
        (one("Gather", [ints(0, 6)], axis=1), "beyond the 6 there are"),
    ],
)
def test_other_spellings_are_refused(model: onnx.ModelProto, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        network_from_model(model)
    assert re.search(sentence, caught.value.sentence()) and "in node 'y'" in caught.value.sentence()
