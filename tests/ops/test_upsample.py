"""Upsample: its cases, its meaning, its mutants, and what ONNX's Resize must say to be one."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
from layer_case import LayerCase
from mutant import Mutant
from one_layer import S8, U6, of_one
from onnx import TensorProto, helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.ir.network import Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.upsample import Upsample

NETWORKS = {
    "upsample": of_one(Upsample((2, 3)), (3, 4, 4)),
    "upsample_rows": of_one(Upsample((3, 1)), (2, 3, 2), U6),
    "upsample_columns": of_one(Upsample((1, 2)), (3, 3, 6)),
    "upsample_line": of_one(Upsample((4,)), (5, 2)),
    "upsample_pixel": of_one(Upsample((2, 2)), (1, 1, 3)),
    "upsample_edges": of_one(Upsample((2, 2), (1, 0), (1, 2)), (3, 4, 4)),
    "upsample_edges_alone": of_one(Upsample((1, 1), (0, 2), (1, 0)), (3, 2, 2), U6),
    "upsample_edges_of_a_line": of_one(Upsample((1,), (2,), (1,)), (4, 3)),
    "upsample_edges_of_a_pixel": of_one(Upsample((1, 2), (1, 1), (2, 1)), (1, 1, 2)),
}


def definition(op: Upsample, x: Any, y: Any) -> None:
    """y[i] = x[(i - begin) // factor], or the pixel of the image that is nearest to it."""
    begin = op.begin or (0,) * len(op.factors)
    for pixel in itertools.product(*map(range, y.shape[:-1])):
        places = [(i - first) // factor for i, first, factor in zip(pixel, begin, op.factors, strict=True)]
        y[pixel] = x[tuple(min(max(place, 0), size - 1) for place, size in zip(places, x.shape, strict=False))]


def grow(rng: np.random.Generator, axes: int) -> Upsample:
    factors = tuple(int(factor) for factor in rng.integers(1, 4, axes))
    factors = factors if max(factors) > 1 else (2, *factors[1:])
    if rng.random() < 0.5:
        return Upsample(factors)
    begin, end = (tuple(int(count) for count in rng.integers(0, 3, axes)) for _ in range(2))
    return Upsample((1,) * axes, begin, (end[0] + 1, *end[1:]))  # a file has a node for both


LAYER = LayerCase(
    Upsample,
    NETWORKS,
    definition,
    grow,
    kernel_mutants=(
        Mutant("upsample: folds share a place", "sw_upsample.h", "pixel : place + 1", "pixel : place"),
        Mutant("upsample: columns share a place", "sw_upsample.h", "pixel += C::folds", "pixel += 0"),
        Mutant("upsample: rows once more", "sw_upsample.h", "down == C::factor_down - 1 +", "down == C::factor_down +"),
        Mutant("upsample: nothing kept", "sw_upsample.h", "if (is_fresh) row[place][l] = code;", "if (is_fresh) ;"),
        Mutant("upsample: edges of all rows", "sw_upsample.h", "(line == 0 ? C::begin_down : 0)", "C::begin_down"),
        Mutant("upsample: no last column", "sw_upsample.h", "(column == C::width - 1 ? C::end_across : 0)", "0"),
    ),
    rtl_mutants=(
        Mutant("upsample: columns share a place", "sw_upsample.sv", "pixel + PLACE'(FOLDS)", "pixel"),
        Mutant("upsample: a beat taken in every row", "sw_upsample.sv", "down == '0 & across == '0", "across == '0"),
        Mutant("upsample: edges of all columns", "sw_upsample.sv", "(column == '0 ? BEGIN_ACROSS : 0)", "BEGIN_ACROSS"),
        Mutant("upsample: no last row", "sw_upsample.sv", "(ends_image ? END_DOWN : 0)", "0"),
        Mutant("upsample: what is fresh comes late", "sw_upsample.sv", "was_fresh ? fresh : kept", "kept"),
    ),
    modules=frozenset({"sw_upsample"}),
)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_of_ours_says_the_same(name: str) -> None:
    """Written, run by onnxruntime, read back."""
    network = NETWORKS[name]
    model = to_onnx(network)
    codes = np.random.default_rng(0).integers(
        network.input.format.lo, network.input.format.hi + 1, (5, *network.input.shape)
    )
    values = np.moveaxis(network.input.format.decode(codes), -1, 1)
    expected = network.evaluate(codes)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    assert np.array_equal(network_from_model(model).evaluate(codes), expected)


def resize(spatial: tuple[int, ...], scales: list[float] | None, sizes: list[int] | None = None, opset: int = 20,
           kind: str = "Resize", **attributes: Any) -> onnx.ModelProto:  # fmt: skip
    """A file that resizes codes of s8.0, (N, 2, *spatial)."""
    names = ["x", "roi", "scales", "sizes"] if kind == "Resize" and opset > 10 else ["x", "scales"]
    tensors = {
        "roi": np.zeros(0, np.float32) if opset < OPTIONAL_ROI else None,
        "scales": None if scales is None else np.array(scales, np.float32),
        "sizes": None if sizes is None else np.array(sizes, np.int64),
    }
    inputs = [name if name == "x" or tensors.get(name) is not None else "" for name in names]
    while not inputs[-1]:
        inputs.pop()
    node = helper.make_node(kind, inputs, ["y"], name="y", **attributes)
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, *spatial])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * (len(spatial) + 2))],
        [
            numpy_helper.from_array(array, name)
            for name, array in tensors.items()
            if array is not None and name in inputs
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, {"shiftwire.input": "s8.0"})
    return model


OPTIONAL_ROI = 13
"""First opset in which the region of interest may be left out."""
MODES = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("nearest", NEAREST)
@pytest.mark.parametrize("mode", MODES)
def test_modes_that_repeat_pixels_are_read_and_no_others(mode: str, nearest: str, factor: int) -> None:
    """onnxruntime decides which ones do."""
    attributes = {"coordinate_transformation_mode": mode, "nearest_mode": nearest, "mode": "nearest"}
    model = resize((3, 2), [1, 1, factor, 2], **attributes)
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    repeats = np.array_equal(run_onnx(model, x), np.repeat(np.repeat(x, factor, axis=2), 2, axis=3))
    try:
        network = network_from_model(model)
    except InputError as error:
        assert not repeats and "does not repeat each of" in error.sentence()
    else:
        codes = np.moveaxis(x, 1, -1).astype(np.int64)
        assert repeats and np.array_equal(
            network.evaluate(codes), np.repeat(np.repeat(codes, factor, axis=1), 2, axis=2)
        )


@pytest.mark.parametrize(
    "model",
    [
        resize((3, 2), None, [1, 2, 6, 6]),
        resize((3, 2), [2.0, 3.0], axes=[2, 3], mode="nearest"),
        resize((3, 2), [1, 1, 2, 3], opset=10),
        resize((3, 2), [1, 1, 2, 3], opset=9, kind="Upsample"),
        resize((3, 2), [1, 1, 2, 3], opset=11, coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    ],
    ids=["sizes", "axes", "opset 10", "Upsample of opset 9", "opset 11"],
)
def test_every_spelling_is_read(model: onnx.ModelProto) -> None:
    network = network_from_model(model)
    codes = np.random.default_rng(1).integers(-128, 128, (2, 3, 2, 2))
    repeated = np.repeat(np.repeat(codes, 2, axis=1), 3, axis=2)
    assert np.array_equal(network.evaluate(codes), repeated)


@pytest.mark.parametrize("spatial", [(3, 2), (3,), ()])
def test_a_resize_by_one_is_nothing(spatial: tuple[int, ...]) -> None:
    model = resize(spatial, [1] * (len(spatial) + 2))
    model.graph.node.append(helper.make_node("Relu", ["y"], ["z"], name="z"))
    model.graph.output[0].name = "z"
    assert [node.name for node in network_from_model(model).nodes] == ["z"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (resize((3, 2), [1, 1, 1.5, 2]), r"scales of 1, 1, 1.5, 2 are not handled; give 1 for batch and"),
        (resize((3, 2), [1, 1, 0.5, 1]), "whole numbers from 1 on for height and width"),
        (resize((3, 2), [1, 2, 1, 1]), "give 1 for batch and channels"),
        (resize((3, 2), [1, 1, 2, 2], mode="cubic"), "mode = cubic is not handled; resize by nearest or linear"),
        (resize((3, 2), [1, 1, 3, 2], mode="linear"), "by a factor of 3 is not exact in fixed point; resize by powers"),
        (resize((3, 2), [1, 1, 2.5, 2], mode="linear"), "whole numbers from 1 on for height and width"),
        (
            resize((3, 2), [1, 1, 2, 2], mode="linear", coordinate_transformation_mode="align_corners"),
            r"not supported in this form: align_corners interpolates at fractions that no shift is; use half_pixel",
        ),
        (
            resize((3, 2), [1, 1, 2, 2], mode="linear", coordinate_transformation_mode="tf_half_pixel_for_nn"),
            "coordinate_transformation_mode = tf_half_pixel_for_nn with mode = linear is not handled; use half_pixel",
        ),
        (resize((3, 2), [2, 2], mode="nearest"), r"scales of shape \(2,\) do not fit 4 axes"),
        (
            resize((3, 2), [1, 1, 2, 2], opset=9, kind="Upsample", mode="cubic"),
            r"Upsample \(in 'y'\) is not supported in this form: mode = cubic is not handled; resize by nearest",
        ),
        (resize((3, 2), None, mode="nearest"), "it has neither the input 'scales' nor 'sizes'; give one of them"),
        (resize((3, 2), [1, 1, 1e9, 2]), r"a tensor of shape \(3000000000, 4, 2\) holds more than"),
    ],
)
def test_other_resizes_are_refused(model: onnx.ModelProto, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        network_from_model(model)
    assert re.search(sentence, caught.value.sentence())


def test_factors_fit_the_image() -> None:
    with pytest.raises(InputError, match=r"factors \(2,\) cannot read shape \(3, 2, 4\); give one for each of its 2"):
        Upsample((2,)).infer(Tensor((3, 2, 4), S8))
    with pytest.raises(InputError, match=r"factors of \(0, 2\) leave no pixels"):
        Upsample((0, 2))
    assert Upsample((2, 2)).infer(Tensor((3, 2, 4), Fixed(3, 1, signed=True))).shape == (6, 4, 4)


def test_the_module_is_the_size_of_a_row(tmp_path: Path) -> None:
    """Rows that do not repeat need no line buffer of a row."""
    for name, words in (("upsample", 4), ("upsample_columns", 1), ("upsample_rows", 3)):
        node = NETWORKS[name].nodes[0]
        fold = max(node.op.folds((NETWORKS[name].input,), NETWORKS[name].output))
        (unit,) = node.op.units((NETWORKS[name].input,), NETWORKS[name].output, fold)
        assert unit.cfg.members[-1].value == words
