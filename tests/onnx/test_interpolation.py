"""Resize by linear interpolation and Pad by the edge, held against onnxruntime: exact to the last pixel's last bit."""

from __future__ import annotations

import numpy as np
import pytest

import onnx
from foreign_files import File
from onnx_lines import QUANT, model_of_lines
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.conv import Conv
from shiftwire.ops.upsample import Upsample
from shiftwire.passes.pipeline import run_pipeline

Shape = tuple[int, ...]


def resized(spatial: Shape, factors: Shape, how: str, channels: int = 3) -> onnx.ModelProto:
    file = File((channels, *spatial), metadata={"shiftwire.input": "s8.3"})
    scales = np.array([1, 1, *factors], np.float32)
    file.add("Resize", "x", "", scales, mode="linear", coordinate_transformation_mode=how, out="y")
    return file.model()


def agrees(model: onnx.ModelProto) -> Network:
    """The file under onnxruntime, its network, what the network writes, and that read again."""
    network = network_from_model(model)
    x = network.input
    codes = np.random.default_rng(1).integers(x.format.lo, x.format.hi + 1, (4, *x.shape))
    values = np.moveaxis(x.format.decode(codes), -1, 1).astype(np.float32)
    expected = np.moveaxis(run_onnx(model, values), 1, -1)
    found = network.evaluate(codes)
    assert np.array_equal(network.output.format.decode(found), expected)
    again = to_onnx(network)
    assert np.array_equal(codes_of(run_onnx(again, values), network.output.format), found)
    both = run_pipeline(network_from_model(again))
    assert np.array_equal(both.evaluate(codes), found)
    assert [node.kind for node in both.nodes] == [node.kind for node in network.nodes]
    return network


@pytest.mark.parametrize("how", ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric"])
@pytest.mark.parametrize(
    ("spatial", "factors"),
    [((3, 4), (2, 2)), ((2, 5), (4, 4)), ((3, 3), (2, 4)), ((4, 3), (1, 2)), ((3, 2), (2, 1)), ((5,), (2,)),
     ((4,), (8,)), ((1, 3), (2, 2)), ((1, 1), (4, 2))],
)  # fmt: skip
def test_every_pixel_is_exact(how: str, spatial: Shape, factors: Shape) -> None:
    network = agrees(resized(spatial, factors, how))
    is_copy = set(spatial) == {1}
    assert [node.name for node in network.nodes] == (["y"] if is_copy else ["y_pixels", "y"])
    bits = sum(int(factor).bit_length() - 1 + (how != "asymmetric") * (factor > 1) for factor in factors)
    assert network.output.format.frac == 3 + (0 if is_copy else bits)  # two bits an axis at twice the size


def test_by_hand() -> None:
    """Quarters and three quarters between pixels, copies beyond the edge; taps are powers of two."""
    network = agrees(resized((3,), (2,), "half_pixel", 1))
    codes = np.array([0, 8, 24]).reshape(1, 3, 1)
    found = network.output.format.decode(network.evaluate(codes)).ravel()
    assert found.tolist() == [0, 0.25, 0.75, 1.5, 2.5, 3]
    pixels, mean = (node.op for node in network.nodes)
    assert pixels == Upsample((2,), (1,), (1,)) and isinstance(mean, Conv)
    assert mean.weights.rows.tolist() == [[1, 2, 1]] and mean.terms == 1


def test_a_scale_waits() -> None:
    constants = {"s": 0.37, "z": 0.0, "b": 6.0, "n": [1.0, 1.0, 2.0, 2.0], "t": 0.21}
    lines = f'q = {QUANT}(x, s, z, b); r = Resize<mode="linear">(q, , n); y = {QUANT}(r, t, z, b)'
    model = model_of_lines(lines, ["N", 2, 3, 4], constants, 20)
    network = network_from_model(model)
    x = np.random.default_rng(0).normal(0, 4, (9, 2, 3, 4)).astype(np.float32)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    difference = np.abs(network.host_output.scores(codes, network.output.format) - run_onnx(model, x))
    assert (difference > 1e-5).mean() < 0.01 and len(np.unique(codes)) > 10


def test_integers_are_interpolated_as_floats() -> None:
    file = File((2, 3, 3), batch=1)
    q = file.add("QuantizeLinear", "x", np.float32(0.5), np.int8(0))
    r = file.add("Resize", q, "", np.array([1, 1, 2, 2], np.float32), mode="linear")
    file.add("DequantizeLinear", r, np.float32(0.5), np.int8(0), out="y")
    with pytest.raises(InputError, match="it interpolates integers; put it behind DequantizeLinear"):
        network_from_model(file.model())


@pytest.mark.parametrize("pads", [[0, 0, 1, 2, 0, 0, 0, 3], [0, 0, 2, 0, 0, 0, 2, 0], [0, 0, 0, 0, 0, 0, 1, 1]])
def test_pads_by_the_edge(pads: list[int]) -> None:
    model = model_of_lines('y = Pad<mode="edge">(x, p)', ["N", 2, 3, 4], {"p": np.array(pads)}, 20)
    onnx.helper.set_model_props(model, {"shiftwire.input": "s8.3"})
    assert [node.kind for node in agrees(model).nodes] == ["Upsample"]


def test_a_resize_and_a_pad_of_a_file_are_one_layer() -> None:
    """Behind the passes; where something else reads the pixels between, they stay."""
    scales, pads = np.array([1, 1, 2, 2], np.float32), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    for between, kinds in ((False, ["Upsample"]), (True, ["Upsample", "Upsample", "Crop", "Concat"])):
        file = File((2, 3, 3), metadata={"shiftwire.input": "s8.3"})
        wide = file.add("Resize", "x", "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
                        nearest_mode="floor")  # fmt: skip
        edged = file.add("Pad", wide, pads, mode="edge", out="edged" if between else "y")
        if between:
            inner = file.add("Slice", edged, np.array([1, 1]), np.array([7, 7]), np.array([2, 3]))
            file.add("Concat", inner, wide, axis=1, out="y")
        assert [node.kind for node in run_pipeline(network_from_model(file.model())).nodes] == kinds


@pytest.mark.parametrize("mode", ["reflect", "wrap"])
def test_other_pads_are_refused(mode: str) -> None:
    model = model_of_lines(f'y = Pad<mode="{mode}">(x, p)', ["N", 2, 3, 4], {"p": [0, 0, 1, 1, 0, 0, 1, 1]}, 20)
    onnx.helper.set_model_props(model, {"shiftwire.input": "s8.3"})
    with pytest.raises(InputError, match=f"attribute mode = {mode} is not handled; pad with the constant 0 or with"):
        network_from_model(model)
