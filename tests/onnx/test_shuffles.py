"""Parts and shuffles as exporters spell them: what `canonical` makes of them, and the layers that follow."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import onnx
from foreign_files import File
from onnx_lines import Q2, Case, Constants, Q, Reading, agrees, declared, is_read, q
from shiftwire.errors import InputError
from shiftwire.onnx.importer import network_from_model

IMAGE: list[object] = ["N", 4, 2, 6]
DEEP: list[object] = ["N", 8, 2, 3]
SIX: list[object] = ["N", 6, 2, 2]
TWICE = "a = Add(x, x); "
"""No tensor of the host's in front of the first layer."""
SHUFFLE: Constants = {"s": [0, 2, 2, 2, 6], "e": [0, 4, 2, 6]}
BLOCKS: Constants = {"s": [-1, 2, 2, 2, 2, 3], "e": [-1, 2, 4, 6]}
DEPTH: Constants = {"s": [0, 4, 1, 2, 3, 2], "e": [0, 16, 1, 3]}

CANONICAL: dict[str, tuple[int, Case]] = {
    "parts by an input": (
        13,
        (IMAGE, {"p": [1, 3]}, "b, c = Split<axis=1>(x, p); y = Concat<axis=1>(c, b)",
         "b = Slice(x, b_start, b_end, b_axis); c = Slice(x, c_start, c_end, c_axis); y = Concat(c, b) axis=1"),
    ),
    "parts by an attribute": (
        9,
        (IMAGE, {}, "b, c = Split<axis=-1, split=[4, 2]>(x); y = Add(c, c)",
         "c = Slice(x, c_start, c_end, c_axis); y = Add(c, c)"),
    ),
    "parts that are alike": (
        18,
        (["N", 5, 2, 2], {}, "b, c = Split<axis=1, num_outputs=2>(x); y = Add(c, c)",
         "c = Slice(x, c_start, c_end, c_axis); y = Add(c, c)"),
    ),
    "parts of channels that come last": (
        20,
        (IMAGE, {"s": [1], "e": [3], "i": [-1], "t": [1]},
         TWICE + "b = Transpose<perm=[0, 2, 3, 1]>(a); c = Slice(b, s, e, i, t); y = Transpose<perm=[0, 3, 1, 2]>(c)",
         "a = Add(x, x); c: y = Slice(a, s, e, c_axes, t)"),
    ),
    "parts of axes in order, rows second": (
        20,
        (IMAGE, {"s": [0, 1], "e": [9, 2]},
         TWICE + "b = Transpose<perm=[0, 2, 3, 1]>(a); c = Slice(b, s, e); y = Transpose<perm=[0, 3, 1, 2]>(c)",
         "a = Add(x, x); c: y = Slice(a, s, e, c_axes)"),
    ),
    "a channel shuffle": (
        20,
        (IMAGE, SHUFFLE, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 2, 1, 3, 4]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y = Gather(a, y_channels) axis=1"),
    ),
    "a channel shuffle of a row": (
        20,
        (["N", 6], {"s": [0, 2, 3], "e": [0, 6]},
         TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 2, 1]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y = Gather(a, y_channels) axis=1"),
    ),
    "a channel shuffle that is read within": (
        20,
        (IMAGE, SHUFFLE, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 2, 1, 3, 4]>(b); d = Reshape(c, e); "
         "f = Reshape(b, e); y = Add(d, f)",
         "a = Add(x, x); b = Reshape(a, b_shape_2); c = Transpose(b) perm=[0,2,1,3,4]; d = Reshape(c, d_shape_2); "
         "y = Add(d, a)"),
    ),
    "blocks are slowest": (
        20,
        (DEEP, BLOCKS, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 3, 4, 1, 5, 2]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y = DepthToSpace(a) blocksize=2 mode=DCR"),
    ),
    "channels are slowest": (
        20,
        (DEEP, BLOCKS, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 1, 4, 2, 5, 3]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y = DepthToSpace(a) blocksize=2 mode=CRD"),
    ),
    "depth, blocks slowest": (
        20,
        (IMAGE, DEPTH, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 3, 5, 1, 2, 4]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y = SpaceToDepth(a) blocksize=2"),
    ),
    "depth, channels slowest": (
        20,
        (IMAGE, DEPTH, TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 1, 3, 5, 2, 4]>(b); y = Reshape(c, e)",
         "a = Add(x, x); y_blocks = SpaceToDepth(a) blocksize=2; y = Gather(y_blocks, y_channels) axis=1"),
    ),
    "an image turned is no shuffle": (
        20,
        (["N", 2, 2, 2], {"s": [0, 2, 4], "e": [0, 2, 2, 2]},
         TWICE + "b = Reshape(a, s); c = Transpose<perm=[0, 2, 1]>(b); y = Reshape(c, e)",
         "a = Add(x, x); b = Reshape(a, b_shape_2); c = Transpose(b) perm=[0,2,1]; y = Reshape(c, y_shape_2)"),
    ),
    "in front of the first layer it is the host's": (
        20,
        (IMAGE, SHUFFLE, "b = Reshape(x, s); c = Transpose<perm=[0, 2, 1, 3, 4]>(b); d = Reshape(c, e); y = Relu(d)",
         "b = Reshape(x, b_shape_2); c = Transpose(b) perm=[0,2,1,3,4]; d = Reshape(c, d_shape_2); y = Relu(d)"),
    ),
    "behind what treats numbers alike": (
        20,
        (DEEP, {"f": -1.5}, TWICE + 'b = DepthToSpace<blocksize=2, mode="CRD">(a); c = Relu(b); y = Mul(c, f)',
         "a = Add(x, x); c: c_moved = Relu(a); y: y_moved = Mul(c_moved, y_c); b: y = DepthToSpace(y_moved) "
         "blocksize=2 mode=CRD"),
    ),
    "in front of what does not": (
        20,
        (SIX, {"f": [[[0.5, 1.5]]]}, TWICE + "b = SpaceToDepth<blocksize=1>(a); y = Mul(b, f)",
         "a = Add(x, x); b = SpaceToDepth(a) blocksize=1; y = Mul(b, y_c)"),
    ),
    "in front of two readers": (
        20,
        (DEEP, {}, TWICE + "b = DepthToSpace<blocksize=2>(a); c = Relu(b); y = Add(b, c)",
         "a = Add(x, x); b = DepthToSpace(a) blocksize=2; c = Relu(b); y = Add(b, c)"),
    ),
    "a part in front of the first layer": (
        20,
        (IMAGE, {"i": [3, 0]}, "b = Gather<axis=1>(x, i); y = Relu(b)",
         "y: y_moved = Relu(x); b: y = Gather(y_moved, i) axis=1"),
    ),
    "a part behind a layer": (
        20,
        (IMAGE, {"i": [3, 0]}, TWICE + "b = Gather<axis=1>(a, i); y = Relu(b)",
         "a = Add(x, x); b = Gather(a, i) axis=1; y = Relu(b)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CANONICAL)
def test_shuffles_have_one_spelling(name: str, count: Any) -> None:
    opset, case = CANONICAL[name]
    agrees(case, opset, count)


W: Constants = {"w": (8, 4, 1, 1), "ws": (np.arange(3, 19, 2) / np.float32(512)).reshape(8, 1, 1, 1), "z": 0.0,
                "wb": 4.0}  # fmt: skip
CONV = q("w", "v", "ws", "z", "wb") + "c = Conv<kernel_shape=[1, 1]>(x, v); "
READ: dict[str, tuple[Reading, tuple[str, ...]]] = {
    "parts change places": (
        (
            IMAGE,
            "s8.0",
            {"p": [1, 3]},
            "b, c = Split<axis=1>(x, p); y = Concat<axis=1>(c, b)",
            "s8.0[2x6x4]; b = Crop(x) s8.0[2x6x1]; c = Crop(x) s8.0[2x6x3]; y = Concat(c, b) s8.0[2x6x4]",
        ),
        (),
    ),
    "every second channel of a part of the rows": (
        (
            SIX,
            "s8.0",
            {"s": [0, 1], "e": [6, 2], "a": [1, 2], "t": [2, 1]},
            "y = Slice(x, s, e, a, t)",
            "s8.0[2x2x6]; y_part = Crop(x) s8.0[1x2x6]; y = Select(y_part) s8.0[1x2x3]",
        ),
        (),
    ),
    "unlike scales meet behind the last layer": (
        (IMAGE, "s8.0", W, CONV + "y = DepthToSpace<blocksize=2>(c)", "s8.0[2x6x4]; c = ShiftConv(x) s13.8[2x6x8]"),
        ("reshape", "arrange", "reshape"),
    ),
    "unlike scales meet as codes": (
        (
            IMAGE,
            "s8.0",
            W | Q2,
            CONV + "d = DepthToSpace<blocksize=2>(c); r = Relu(d); " + q("r", "y", "s2", "z", "b2"),
            "s8.0[2x6x4]; c = ShiftConv(x) s13.8[2x6x8]; y_moved = Threshold(c) u2.1[2x6x8]; "
            "y = DepthToSpace(y_moved) u2.1[4x12x2]",
        ),
        (),
    ),
    "unlike scales move along": (
        (
            IMAGE,
            "s8.0",
            W | {"i": [7, 0, 3]},
            CONV + "y = Gather<axis=1>(c, i)",
            "s8.0[2x6x4]; c = ShiftConv(x) s13.8[2x6x8]; y = Select(c) s13.8[2x6x3]",
        ),
        (),
    ),
    "a quantizer behind a part of the input": (
        (
            IMAGE,
            None,
            Q | {"i": [2, 0]},
            "g = Gather<axis=1>(x, i); " + q("g", "a") + "y = Relu(a)",
            "s6.2[2x6x4]; y_moved = Relu(x) u5.2[2x6x4]; y = Select(y_moved) u5.2[2x6x2]",
        ),
        (),
    ),
    "a shuffle in front of the quantizer": (
        (
            IMAGE,
            None,
            Q | {"t": SHUFFLE["s"], "e": SHUFFLE["e"]},
            "f = Reshape(x, t); c = Transpose<perm=[0, 2, 1, 3, 4]>(f); d = Reshape(c, e); "
            + q("d", "a")
            + "y = Relu(a)",
            "s6.2[2x6x4]; y = Relu(x) u5.2[2x6x4]",
        ),
        (),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_scales_move_along(name: str, count: Any) -> None:
    reading, steps = READ[name]
    is_read(reading, count, steps)


class Shuffle(nn.Module):
    """As ShuffleNet spells it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        return x.view(batch, 4, channels // 4, height, width).transpose(1, 2).reshape(batch, -1, height, width)


class Parts(nn.Module):
    """Chunks, a part from behind, and channels by their numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, 1)
        return torch.cat([right, x[:, -3:], left, x.index_select(1, torch.tensor([6, 0])), x[:, ::2], x[:, 1:4]], 1)


class Unit(nn.Module):
    """Parts that are joined again, then shuffled: the shape of what is joined follows from those of the parts."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x.chunk(2, 1)
        return nn.functional.relu(Shuffle()(torch.cat([right, left], 1)))


TORCH: dict[str, tuple[nn.Module, set[str]]] = {
    "pixel shuffle": (nn.PixelShuffle(2), {"DepthToSpace"}),
    "pixel unshuffle": (nn.PixelUnshuffle(2), {"SpaceToDepth", "Select"}),
    "channel shuffle": (Shuffle(), {"Select"}),
    "a unit of ShuffleNet": (Unit(), {"Crop", "Concat", "Select", "Relu"}),
    "parts": (Parts(), {"Crop", "Select", "Concat"}),
}


@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.parametrize("name", TORCH)
def test_what_torch_exports(name: str, dynamo: bool, count: Any) -> None:
    module, kinds = TORCH[name]
    x = np.random.default_rng(0).integers(-128, 128, (4, 8, 4, 6))
    network = network_from_model(exported(module, dynamo))
    assert {node.kind for node in network.nodes} == kinds
    found = np.moveaxis(network.evaluate(np.moveaxis(x, 1, -1)), -1, 1)
    assert np.array_equal(found, module(torch.from_numpy(x)).numpy())
    count(torch_codes=found.size)


def exported(module: nn.Module, dynamo: bool) -> onnx.ModelProto:
    """The file, with an open batch and an input of codes of s8.0."""
    x, file = torch.zeros(2, 8, 4, 6), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            batch = ({0: torch.export.Dim.DYNAMIC},)
            model = torch.onnx.export(module, (x,), dynamo=True, dynamic_shapes=batch, verbose=False).model_proto
        else:
            axes = {"x": {0: "batch"}}
            torch.onnx.export(module, (x,), file, dynamo=False, opset_version=17, input_names=["x"], dynamic_axes=axes)
            model = onnx.load_from_string(file.getvalue())
    onnx.helper.set_model_props(model, {"shiftwire.input": "s8.0"})
    return model


@pytest.mark.parametrize(
    ("split", "attributes", "sentence"),
    [
        ([np.array([1, 2])], {"axis": 1}, r"parts of \[1, 2\] do not make the 4 of axis 1; give one for each of the 2"),
        ([np.array([3, 4])], {"axis": 0}, "it takes some samples of the batch"),
    ],
)
def test_splits_that_do_not_fit_are_refused(split: list[np.ndarray], attributes: dict[str, int], sentence: str) -> None:
    file = File((4, 2, 2), batch=7)
    file.nodes.append(
        onnx.helper.make_node("Split", ["x", file.constant(split[0])], ["b", "y"], name="p", **attributes)
    )
    model = onnx.ModelProto()
    model.CopyFrom(declared([7, 4, 2, 2], "s8.0", {}, "y = Relu(x)"))
    del model.graph.node[:]
    model.graph.node.extend(file.nodes)
    model.graph.initializer.extend(file.tensors)
    with pytest.raises(InputError, match=sentence):
        network_from_model(model)
