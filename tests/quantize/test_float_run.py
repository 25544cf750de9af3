"""The float network under onnxruntime: batches, constants, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from onnx import helper, numpy_helper
from shiftwire.errors import InputError
from shiftwire.quantize.floats import float_run
from shiftwire.quantize.floats.float_run import FloatModel, constant_tensors, tensors


def doubled(batch: int | str = "N") -> onnx.ModelProto:
    """y = 2 x and z = y - 1, of two values."""
    net = FloatNet((2,))
    net.node("Mul", "y", net.constant("two", np.array(2.0))).node("Sub", "z", net.constant("one", np.array(1.0)))
    model = net.model()
    if isinstance(batch, int):
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
        model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = batch
    return model


@pytest.mark.parametrize(("batch", "sizes"), [("N", [16, 16, 8]), (7, [7] * 5 + [5]), (1, [1] * 40)])
def test_batches_are_as_large_as_the_file_takes(batch: int | str, sizes: list[int]) -> None:
    """Where the file fixes the batch, the last one is filled up and the filling dropped."""
    values = np.arange(80, dtype=np.float64).reshape(40, 2)
    batches = list(FloatModel(doubled(batch), ["z", "y"]).batches(values))
    assert [len(part) for _, part in batches] == sizes
    assert np.array_equal(np.concatenate([y for _, y in batches]), 2 * values)
    assert np.array_equal(np.concatenate([z for z, _ in batches]), 2 * values - 1)


def test_an_output_is_that_of_all_samples() -> None:
    told: list[tuple[int, int]] = []
    values = np.arange(80.0).reshape(40, 2)
    output = FloatModel(doubled(), ["y"]).output(values, lambda done, total: told.append((done, total)))
    assert np.array_equal(output, 2 * values) and output.dtype == np.float32
    assert told == [(16, 40), (32, 40), (40, 40)]


def test_tensors_come_by_their_names_with_the_input() -> None:
    told: list[tuple[int, int]] = []
    values = np.arange(80.0).reshape(40, 2)
    found = tensors(doubled(), ["y", "z"], values, lambda done, total: told.append((done, total)))
    assert list(found) == ["y", "z", "x"] and found["x"].dtype == np.float32
    assert np.array_equal(found["x"], values) and np.array_equal(found["z"], 2 * values - 1)
    assert told == [(16, 40), (32, 40), (40, 40)]


@pytest.mark.parametrize(("most", "kept"), [(255, 16), (256, 32), (400, 32), (512, 40)])
def test_no_more_samples_than_fit(most: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of 16 has 256 bytes: two tensors of two floats a sample."""
    monkeypatch.setattr(float_run, "MOST_BYTES", most)
    found = tensors(doubled(), ["y", "z"], np.ones((40, 2)), lambda *_: None)
    assert [len(tensor) for tensor in found.values()] == [kept] * 3


def test_constants_are_what_constants_make() -> None:
    net = FloatNet((2,))
    for name, value in (("a", [1.0, 2.0]), ("b", [3.0, 5.0])):
        net.constant(name, np.array(value))
    net.node("Mul", "y", "m")
    net.nodes.insert(0, helper.make_node("Add", ["a", "b"], ["s"], name="s"))
    net.nodes.insert(1, helper.make_node("Mul", ["s", "a"], ["m"], name="m"))
    net.nodes.insert(2, helper.make_node("Clip", ["m", "", ""], ["c"], name="c"))
    net.nodes.insert(3, helper.make_node("Constant", [], ["k"], name="k", value=numpy_helper.from_array(np.float32(7))))
    model = net.model()
    before = model.SerializeToString(deterministic=True)
    found = constant_tensors(model)
    assert {name: value.tolist() for name, value in found.items()} == {
        "s": [4.0, 7.0], "m": [4.0, 14.0], "c": [4.0, 14.0], "k": 7.0
    }  # fmt: skip
    assert model.SerializeToString(deterministic=True) == before
    assert constant_tensors(doubled()) == {}


def test_a_file_that_does_not_run_is_refused() -> None:
    broken = doubled()
    broken.graph.node[1].input[1] = "nowhere"
    with pytest.raises(InputError, match=r"^onnxruntime cannot run the float model: .*nowhere"):
        FloatModel(broken, ["z"])


def test_a_batch_that_does_not_run_is_refused() -> None:
    """The file says that any batch will do, and reshapes to one of four samples."""
    net = FloatNet((2,))
    shape = numpy_helper.from_array(np.array([4, 2]), "shape")
    net.node("Reshape", "y", "shape")
    model = net.model()
    model.graph.initializer.append(shape)
    with pytest.raises(
        InputError, match=r"^onnxruntime cannot run the network on a batch of samples \(.*\); export it"
    ):
        FloatModel(model, ["y"]).output(np.ones((5, 2)), lambda *_: None)
