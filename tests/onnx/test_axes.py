"""Axes that a node names: those of its tensor, each once, from either end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import onnx
from onnx import helper
from onnx_graphs import model_of
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.shapes import axes_from_first
from shiftwire.onnx.importer import network_from_model

IMAGE = ("N", 2, 4, 4)


def resize(axes: list[int]) -> onnx.ModelProto:
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], name="n", axes=axes, mode="nearest")
    return model_of([node], {"scales": np.full(len(axes), 2, np.float32)}, IMAGE)


def pad(axes: list[int], *behind: onnx.NodeProto) -> onnx.ModelProto:
    node = helper.make_node("Pad", ["x", "pads", "", "axes"], ["a" if behind else "y"], name="n")
    return model_of([node, *behind], {"pads": np.ones(2 * len(axes), np.int64), "axes": np.array(axes)}, IMAGE)


def pad_and_pool(axes: list[int]) -> onnx.ModelProto:
    return pad(axes, helper.make_node("AveragePool", ["a"], ["y"], kernel_shape=[2, 2], count_include_pad=1))


def mean(axes: list[int]) -> onnx.ModelProto:
    return model_of([helper.make_node("ReduceMean", ["x", "axes"], ["y"], name="n")], {"axes": np.array(axes)}, IMAGE)


def turned_mean(axes: list[int]) -> onnx.ModelProto:
    turn = helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1])
    node = helper.make_node("ReduceMean", ["a", "axes"], ["y"], name="n", keepdims=0)
    return model_of([turn, node], {"axes": np.array(axes)}, IMAGE)


FILES: dict[str, Callable[[list[int]], onnx.ModelProto]] = {
    "Resize": resize,
    "Pad": pad,
    "Pad in front of a pool": pad_and_pool,
}


@pytest.mark.parametrize("axes", [[2, 7], [2, 2], [2, -2], [2, 4], [-5, 3]], ids=str)
@pytest.mark.parametrize("kind", FILES)
def test_axes_outside_a_tensor_or_named_twice_are_refused(kind: str, axes: list[int]) -> None:
    with pytest.raises(InputError) as caught:
        network_from_model(FILES[kind](axes))
    said = f"axes of {axes} are not different axes of a tensor that has 4; name each once, from -4 to 3 (in node 'n'"
    assert said in caught.value.sentence()


@pytest.mark.parametrize("axes", [[2, 3], [-2, -1], [3, -2], [-1]], ids=str)
@pytest.mark.parametrize("kind", FILES)
def test_axes_are_counted_from_either_end(kind: str, axes: list[int]) -> None:
    plain = sorted(axis % 4 for axis in axes)
    assert network_from_model(FILES[kind](axes)).tensors == network_from_model(FILES[kind](plain)).tensors


@pytest.mark.parametrize("make", [mean, turned_mean])
def test_means_over_no_axes_of_the_tensor_are_refused(make: Callable[[list[int]], onnx.ModelProto]) -> None:
    with pytest.raises(InputError, match=r"axes of \[2, 7\] are not different axes of a tensor") as caught:
        network_from_model(make([2, 7]))
    assert caught.value.__notes__ == ["in node 'n' (ReduceMean)"]


def test_a_concat_behind_transposes_names_an_axis_of_its_tensor() -> None:
    turn = helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1])
    node = helper.make_node("Concat", ["a", "a"], ["y"], name="n", axis=7)
    with pytest.raises(InputError, match=r"axes of \[7\] are not different axes"):
        network_from_model(model_of([turn, node], shape=IMAGE))


def test_pads_of_another_count_in_front_of_a_pool_are_refused() -> None:
    model = pad_and_pool([2, 3])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.ones(6, np.int64), "pads"))
    with pytest.raises(InputError, match=r"pads of shape \(6,\) do not fit 2 axes"):
        network_from_model(model)


def test_places_of_axes() -> None:
    assert axes_from_first([-1, 0, 1], 3) == [2, 0, 1]
