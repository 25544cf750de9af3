"""What convert refuses: one sentence that names the node, what was found and the mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import onnx
from one_layer import S8
from onnx import TensorProto, helper
from onnx_graphs import conv, dense_constants, dense_node, model_of, quant, quant_constants
from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import import_onnx
from single_layers import single_layers

CASES = single_layers()


def nan_in_a_weight() -> onnx.ModelProto:
    weight = np.array([[1, np.nan], [0, 2]], np.float32)
    return model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weight}, ("N", 2))


def external(location: str) -> onnx.ModelProto:
    model = model_of([dense_node()], dense_constants())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


ROOTS = np.sqrt(np.arange(1, 9, dtype=np.float32)).reshape(4, 2)
dense_attributes = {"exponent_min": -3, "exponent_max": 0, "bias_frac": 0}
REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "float weights": (
        lambda: model_of(
            [helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], {"w": ROOTS}
        ),
        r"'w' is a float tensor; convert takes files whose weights and activations are all quantized.*in node 'm'",
    ),
    "float activations": (
        lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], fmt=None), "'y', a float tensor on no known grid"
    ),
    "unsupported op": (
        lambda: model_of([helper.make_node("Sin", ["x"], ["y"], name="s")]),
        r"the operation Sin \(in 's'\) is not supported: replace it by layers that are",
    ),
    "a number a channel": (
        lambda: model_of([helper.make_node("Max", ["x", "c"], ["y"], name="m")], {"c": np.float32([0.25, 0.5])}),
        r"the operation Max \(in 'm'\) is not supported: a maximum with one number is a Relu or Clip; give one for all",
    ),
    "what follows from it": (
        lambda: model_of(
            [
                helper.make_node("QuantizeLinear", ["x", "s"], ["q"]),
                helper.make_node("Max", ["q", "c"], ["m"], name="m"),
                helper.make_node("DequantizeLinear", ["m", "s"], ["y"]),
            ],
            {"c": np.uint8([1, 2]), "s": np.float32(0.25)},
            fmt=None,
        ),
        r"the operation Max \(in 'm'\) is not supported: a maximum with one number is a Relu or Clip; give one for all "
        r"channels, and no second tensor \(in /",
    ),
    "float attribute": (
        lambda: model_of([helper.make_node("LeakyRelu", ["x"], ["y"], alpha=-0.3)]),
        "it reads 'y', float values of a LeakyRelu; quantize them",
    ),
    "dilation": (lambda: conv(dilations=[2, 2]), r"dilations = \[2, 2\] is not handled.*in node 'c1' \(ShiftConv\)"),
    "auto_pad": (lambda: conv(auto_pad="SAME_UPPER"), "auto_pad = SAME_UPPER is not handled"),
    "unknown attribute": (lambda: conv(flavour=3), "flavour = 3 is not handled"),
    "missing attribute": (
        lambda: model_of([helper.make_node("ShiftDense", ["x", "sign", "exponent", "bias"], ["y"], domain="shiftwire")],
                         dense_constants()),
        "'exponent_min' is missing",
    ),
    "nan": (nan_in_a_weight, r"initialiser 'w' holds nan at \[0, 1\]; weights must be finite"),
    "exponent outside": (
        lambda: model_of([dense_node()], dense_constants(exponent=np.full((1, 2, 4), 3, np.int8))),
        r"the exponent 3 at \[0, 0, 0\] is outside the range -3\.\.0",
    ),
    "sign of two": (
        lambda: model_of([dense_node()], dense_constants(sign=np.full((1, 2, 4), 2, np.int8))),
        "a sign of 2 is none of -1, 0, 1",
    ),
    "float signs": (
        lambda: model_of([dense_node()], dense_constants(sign=np.ones((1, 2, 4), np.float32))),
        "'sign' .* is a float32 tensor, not integer codes",
    ),
    "dynamic": (
        lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], shape=("N", 1, "H", 5)),
        r"axis 2 of the graph input 'x' is dynamic \('H'\); only the batch",
    ),
    "zero size": (
        lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], shape=("N", 0)),
        r"'x' has shape \(0,\), which holds no elements",
    ),
    "zero-size weights": (
        lambda: model_of([dense_node()], dense_constants(sign=np.ones((0, 2, 4), np.int8))),
        r"'sign' has shape \(0, 2, 4\) and holds no elements",
    ),
    "zero point": (lambda: model_of([quant()], quant_constants(zeropt=3.5)), "zeropt 3.5 with bitwidth"),
    "two inputs": (
        lambda: helper.make_model(
            helper.make_graph(
                [helper.make_node("Add", ["a", "b"], ["y"])], "g",
                [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 3]) for n in "ab"],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
            ), opset_imports=[helper.make_opsetid("", 20)], ir_version=10),
        r"it reads 'a', a float tensor on no known grid; .* or in the metadata 'shiftwire\.input\.NAME'",
    ),
    "softmax inside": (
        lambda: model_of(
            [helper.make_node("Softmax", ["x"], ["s"]), helper.make_node("ShiftDense", ["s", *"abc"], ["y"], name="d",
                                                                         domain="shiftwire", **dense_attributes)],
            dict(zip("abc", dense_constants().values(), strict=True)),
        ),
        "it reads 's', behind a Softmax that only the host computes; that may stand at the network's end alone.*'d'",
    ),
    "constant operand": (
        lambda: model_of([helper.make_node("Add", ["x", "c"], ["y"])], {"c": np.ones(4, np.int32)}),
        "computes with the constant 'c'",
    ),
    "computed weights": (
        lambda: model_of([helper.make_node("AdderDense", ["x", "x"], ["y"], domain="shiftwire", weight_frac=4)]),
        "its input 'weight' is computed in the graph",
    ),
    "wrapped adder weights": (
        lambda: model_of(
            [helper.make_node("AdderDense", ["x", "w"], ["y"], domain="shiftwire", weight_frac=-60)],
            {"w": np.array([[1, 5, -128, 0]], np.int8)},
        ),
        "would need 7. bits, more than 63",
    ),
    "exponent beyond int8": (
        lambda: model_of(
            [dense_node(exponent_max=400)], dense_constants(exponent=np.full((1, 2, 4), 300, np.int32))
        ),
        r"an exponent of 300 is outside -127\.\.127",
    ),
    "huge bias": (
        lambda: model_of([dense_node()], dense_constants(bias=np.array([np.iinfo(np.int64).min, 0]))),
        "'bias' holds codes beyond",
    ),
    "attribute of another type": (
        lambda: model_of([dense_node(bias_frac=1.5)], dense_constants()),
        r"bias_frac = 1\.5 is not handled; give a whole number",
    ),
    "strides as text": (lambda: conv(strides="ab"), "strides = .* is not handled; give 2 whole numbers"),
    "group of zero": (lambda: conv(group=0), "group = 0 is not handled; give a whole number from 1 on"),
    "signed of seven": (
        lambda: model_of(
            [helper.make_node("Requantize", ["x"], ["y"], domain="shiftwire", bits=8, frac=0, signed=7,
                              rounding="floor", overflow="wrap")]),
        "signed = 7 is not handled; give 0 or 1",
    ),
    "absurd grid": (lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], fmt="s8.1100"), "grid of 1100 fraction"),
    "huge pads": (lambda: conv(pads=[10**9] * 4), "holds more than 16777216 elements; shrink it"),
    "flatten to one row": (
        lambda: model_of([helper.make_node("Reshape", ["x", "shape"], ["y"])], {"shape": np.array([1, -1])}),
        r"a reshape of samples of shape \(4,\) to \[1, -1\] is not handled; keep the batch on axis 0, as in \(N, 4\)",
    ),
    "softmax over the batch": (
        lambda: model_of([helper.make_node("Softmax", ["x"], ["y"], axis=0)]),
        "axis = 0 is the batch's, and samples know nothing of each other; name another axis",
    ),
    "pads as wide as the pool": (
        lambda: model_of(
            [helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], pads=[2, 0, 0, 0])],
            shape=("N", 1, 5, 5),
        ),
        "leave windows with no value",
    ),
    "zero scale": (lambda: model_of([quant()], quant_constants(scale=0)), "scale of 0 is not positive"),
    "pads of another rank": (
        lambda: model_of([helper.make_node("Pad", ["x", "p"], ["y"])], {"p": np.zeros(6, np.int64)}, ("N", 1, 4, 4)),
        r"pads of shape \(6,\) do not fit 4 axes",
    ),
    "bad format": (lambda: model_of([helper.make_node("Relu", ["x"], ["y"])], fmt="q7"), "'q7' is no number format"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_convert_refuses(case: str, tmp_path: Path) -> None:
    make, words = REFUSED[case]
    path = tmp_path / "model.onnx"
    path.write_bytes(make().SerializeToString())
    with pytest.raises(InputError) as caught:
        import_onnx(path)
    assert re.search(words, caught.value.sentence(), re.S), caught.value.sentence()
    assert "model.onnx" in caught.value.sentence()


def test_broken_files(tmp_path: Path) -> None:
    good = to_onnx(CASES["shift_conv"]).SerializeToString()
    path = tmp_path / "model.onnx"
    with pytest.raises(InputError, match="found no file"):
        import_onnx(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty; export the model again"):
        import_onnx(path)
    for length in (10, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(InputError, match=r"truncated|export the model again|refuses the file"):
            import_onnx(path)
    path.write_bytes(np.random.default_rng(0).bytes(4000))
    with pytest.raises(InputError, match=r"no ONNX file|holds no ONNX graph|refuses"):
        import_onnx(path)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "sub/../../secret.bin"])
def test_external_data_stays_in_its_folder(location: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    path = folder / "model.onnx"
    path.write_bytes(external(location).SerializeToString())
    with pytest.raises(InputError, match="outside the model's folder; move the data beside the model"):
        import_onnx(path)


def test_external_data_beside_the_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(external("signs.bin").SerializeToString())
    with pytest.raises(InputError, match="is missing; restore it"):
        import_onnx(path)
    (tmp_path / "signs.bin").write_bytes(np.ones(8, np.int8).tobytes())
    assert import_onnx(path).evaluate(np.array([[2, 4, 6, 8]])).tolist() == [[20, 20]]


def test_declared_input_without_a_quantizer_must_be_on_its_grid() -> None:
    with pytest.raises(InputError, match=r"1 values such as 0.1 are not codes of s8.4 .*no quantizer at its input"):
        HostInput().encode(np.array([[0.1, 0.0625]], np.float32), S8)
    with pytest.raises(InputError, match="2 NaN or infinite values"):
        HostInput(True).encode(np.array([[np.nan, np.inf]], np.float32), S8)
