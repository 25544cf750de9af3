"""Models as a whole: what is checked, what an importer opens, what a runtime adds, what a canonical model carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
from hand_spellings import by_hand, node
from onnx import TensorProto, helper, numpy_helper
from onnx_lines import IMAGE, ROW, Q, X, declared, model_of_lines, q
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.canonical.draft import place_of
from shiftwire.onnx.canonical.opset import kind_in_file, modernised, with_opset
from shiftwire.onnx.canonical.shapes import PROBE
from shiftwire.onnx.file import MAX_ELEMENTS, check
from shiftwire.onnx.importer import check_contract, exact_tensors, network_from_model, opened
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runnable import runnable
from shiftwire.onnx.runtime import batch_size, codes_of, remark_on, run_onnx, run_tensors


def bounded(lines: str, value: float, is_node: bool = False) -> onnx.ModelProto:
    model = declared(IMAGE, "s6.2", {"c": np.float32(value), "p": [0] * 8}, lines)
    if is_node:
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "c")
        model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))
        model.graph.initializer.remove(tensor)
    return model


@pytest.mark.parametrize("is_node", [False, True])
@pytest.mark.parametrize(
    ("lines", "fits"),
    [
        ("y = Clip(x, c)", True),
        ("y = Clip(x, , c)", True),
        ("y = Clip(c, c)", False),
        ("y = Max(c, x)", True),
        ("y = Min(x, c)", True),
        ("y = Max(x, x, c)", False),
        ("y = Pad(x, p, c)", True),
        ("y = Add(x, c)", False),
        ("a = Clip(x, c); y = Add(a, c)", False),
    ],
)
def test_bounds_alone_may_be_infinite(lines: str, fits: bool, is_node: bool) -> None:
    check(bounded(lines, 1.0, is_node))
    if fits:
        check(bounded(lines, -np.inf, is_node))
    else:
        with pytest.raises(InputError, match=r"holds -inf at \[\]; weights must be finite"):
            check(bounded(lines, -np.inf, is_node))
    with pytest.raises(InputError, match=r"holds nan at \[\]"):
        check(bounded(lines, np.nan, is_node))


def test_constants_of_a_file() -> None:
    model = declared(ROW, "s6.2", {"c": [1.0, 2.0, np.inf, np.nan]}, "y = Clip(x, c)")
    with pytest.raises(InputError, match=r"initialiser 'c' holds inf at \[2\]; weights must be finite, train again"):
        check(model)
    model.graph.initializer[0].dims[:] = [1 << 14, 1 << 14, 2]
    with pytest.raises(
        InputError, match=f"initialiser 'c' of {1 << 29} elements is larger than {MAX_ELEMENTS}; shrink"
    ):
        check(model)
    model.graph.initializer[0].dims[:] = [3]
    with pytest.raises(InputError, match=r"initialiser 'c' cannot be read \(.*\); export the model again"):
        check(model)


@pytest.mark.parametrize(
    ("shape", "batch", "sample"),
    [
        (["N", 4], None, (4,)),
        ([3, 4], 3, (4,)),
        ([0, 1], None, (1,)),
        (["N", 2, 6], None, (2, 6)),
        (["N", 2, 4, 5], None, (2, 4, 5)),
        ([1, 1, 1, 1], 1, (1, 1, 1)),
    ],
)
def test_the_sample_that_a_graph_takes(shape: list[object], batch: int | None, sample: tuple[int, ...]) -> None:
    model = model_of_lines("y = Add(x, c)", shape, {"c": 1.0}, 20)
    constant = numpy_helper.from_array(np.float32(2), "d")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["d"], value=constant))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["e"], value_float=2.0))
    graph = opened(model)
    assert (graph.inputs, graph.outputs, graph.batch) == ({"x": sample}, ("y",), batch)
    assert {name: float(array) for name, array in graph.constants.items()} == {"c": 1, "d": 2}
    assert not graph.tensors and graph.is_raw("x") and not graph.is_raw("y")
    model.graph.input.append(helper.make_tensor_value_info("c", 1, []))
    helper.set_model_props(model, {"shiftwire.input": "u4.1"})
    graph = opened(model)
    assert (
        str(graph.tensors["x"].format) == "u4.1" and graph.known == {"x": "x"} and not graph.entered["x"].host.quantizes
    )


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (["N"], r"the graph input 'x' has 1 axes; give \(N, C\), \(N, C, L\) or \(N, C, H, W\)"),
        (["N", 2, "W"], r"axis 2 of the graph input 'x' is dynamic \('W'\)"),
        (["N", 2, 0], r"the graph input 'x' has shape \(2, 0\), which holds no elements"),
        (["N", 0, 2], r"the graph input 'x' has shape \(0, 2\), which holds no elements"),
        (["N", 2, -1], r"the graph input 'x' has shape \(2, -1\), which holds no elements"),
    ],
)
def test_samples_of_other_shapes(shape: list[object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        opened(model_of_lines("y = Relu(x)", shape, {}, 20))


def test_samples_of_more_axes_than_layers_read() -> None:
    """A reshape in front may bring them to fewer; without one the quantizer tells."""
    words = r"it quantizes samples of shape \(1, 2, 3, 4\); give \(N, C\), \(N, C, L\) or \(N, C, H, W\) tensors"
    with pytest.raises(InputError, match=words) as caught:
        network_from_model(declared(["N", 1, 2, 3, 4], None, Q, X + "y = Relu(a)"))
    assert caught.value.__notes__ == ["in node 'a' (Quant)"]


def test_what_else_a_graph_may_not_have() -> None:
    model = model_of_lines("y = Relu(x)", ROW, {}, 20)
    helper.set_model_props(model, {"shiftwire.input": "what"})
    with pytest.raises(InputError) as caught:
        opened(model)
    assert caught.value.__notes__ == ["in the metadata 'shiftwire.input'"]
    output = model.graph.output.pop()
    with pytest.raises(InputError, match=r"the graph has no outputs; export it with one at least"):
        opened(model)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    model.graph.output.append(output)
    with pytest.raises(InputError, match="the graph input 'x' is a double tensor, wanted float32, or codes of"):
        opened(model)
    del model.graph.input[:]
    with pytest.raises(InputError, match=r"the graph has no inputs; export it with one at least"):
        opened(model)
    model.opset_import.append(helper.make_opsetid("shiftwire", 1))
    check_contract(model)
    model.opset_import[-1].version = 2
    with pytest.raises(InputError, match="it speaks version 2 of the contract, wanted 1; export it again"):
        check_contract(model)


def test_tensors_that_are_layers(tmp_path: Path) -> None:
    """Of a file's own tensors those whose values are codes: not the one that is scaled, nor what rewrites made."""
    lines = X + "r = Relu(a); m = MaxPool<kernel_shape=[2,2]>(r); d = Mul(m, f); " + q("d", "y", "s2", "z", "b2")
    model = declared(IMAGE, None, Q | {"s2": 0.5, "b2": 3.0, "f": 0.7}, lines)
    onnx.save(model, tmp_path / "net.onnx")
    entry = network_from_model(model).entries
    made = exact_tensors(tmp_path / "net.onnx", entry)
    assert made.tensors == {"x": "a", "r": "r", "m": "m", "y": "y"}
    assert [layer.name for layer in made.network.nodes] == ["r", "m", "y"]
    (tmp_path / "no.onnx").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        exact_tensors(tmp_path / "no.onnx", entry)
    assert f"in {tmp_path / 'no.onnx'}" in caught.value.__notes__


def test_a_runtime_in_batches(tmp_path: Path) -> None:
    """The model's output and those asked for, whatever the batch; a fixed batch is filled with zeros."""
    values = np.arange(28, dtype=np.float64).reshape(7, 4) - 9
    for shape in (["N", 4], [3, 4], [1, 4]):
        model = declared(shape, None, {"c": 1.0}, "a = Relu(x); b = Add(a, c); y = Neg(b)")
        for batch in (2, 7, 64):
            y, a, b, again = run_tensors(model, values, ["a", "b", "y"], batch)
            assert np.array_equal(a, np.maximum(values, 0)) and np.array_equal(b, a + 1)
            assert np.array_equal(y, -b) and np.array_equal(again, y)
            assert np.array_equal(run_onnx(model, values, batch), y)
        assert [entry.name for entry in model.graph.output] == ["y"]
    onnx.save(model, tmp_path / "net.onnx")
    assert np.array_equal(run_onnx(tmp_path / "net.onnx", values), y)
    assert remark_on(tmp_path / "net.onnx") is None
    with pytest.raises(InputError, match="onnxruntime cannot run the model: "):
        run_onnx(model, np.zeros((2, 5)))
    with pytest.raises(InputError, match="onnxruntime cannot run the model: "):
        run_tensors(model, values, ["nothing"])


def test_batches_and_codes() -> None:
    assert [batch_size(shape, 9) for shape in ([3, 4], ["N", 4], [0, 4], [], [None], [1])] == [3, 9, 9, 9, 9, 1]
    values = np.arange(24).reshape(1, 2, 3, 4) / 4
    codes = codes_of(values, Fixed(8, 2, signed=True))
    assert codes.dtype == np.int64 and np.array_equal(codes, np.moveaxis(values * 4, 1, -1))
    assert codes_of(values[:, :, 0, 0], Fixed(8, 3, signed=True)).tolist() == [[0, 24]]
    with pytest.raises(InputError, match=r"12 output values are not on the grid of s8.1; the file is not exact"):
        codes_of(values, Fixed(8, 1, signed=True))


def test_a_model_gets_the_functions_that_it_lacks() -> None:
    plain = declared(ROW, None, {}, "y = Relu(x)")
    assert runnable(plain).model is plain and runnable(plain).remark is None
    model = declared(ROW, None, Q, X + "r = Relu(a); " + q("r", "y"))
    model.ir_version = 7
    made = runnable(model)
    assert made.remark is None and made.model.ir_version == 8 and not model.functions
    assert [(f.domain, f.name) for f in made.model.functions] == [("qonnx.custom_op.general", "Quant")]
    assert {e.domain: e.version for e in made.model.functions[0].opset_import}[""] == 20
    assert runnable(made.model).model is made.model
    made.model.ir_version = 10
    model.ir_version = 10
    assert runnable(model).model.ir_version == 10
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", 13))
    older = runnable(model).model
    assert {e.domain: e.version for e in older.functions[0].opset_import}[""] == 13
    assert {e.domain: e.version for e in older.opset_import} == {"": 13, "qonnx.custom_op.general": 1, "ai.onnx.ml": 2}
    model.graph.node[0].op_type = "Nothing"
    with pytest.raises(InputError, match=r"onnxruntime cannot execute Nothing of 4 inputs \(domain qonnx"):
        runnable(model)


def test_what_a_canonical_model_carries() -> None:
    model = declared([3, 2, 4, 4], "s6.2", {"w": (3, 2, 1, 1)}, "a = Conv(x, w); b = Relu(a); y = Flatten(b)")
    model.producer_name, model.graph.name, model.ir_version = "maker", "", 12
    made = canonical(model)
    assert (made.producer_name, made.graph.name, made.ir_version) == ("maker", "network", 10)
    assert [(entry.key, entry.value) for entry in made.metadata_props] == [("shiftwire.input", "s6.2")]
    shown = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*made.graph.input, *made.graph.value_info, *made.graph.output)
    }
    assert shown == {"x": ["N", 2, 4, 4], "a": ["N", 3, 4, 4], "b": ["N", 3, 4, 4], "y": ["N", 48]}
    assert [value.name for value in made.graph.value_info] == ["a", "b"]
    kept = canonical(declared([3, 4], "s6.2", {"to": [0, 2, 2]}, "a = Reshape(x, to); y = Relu(a)"))
    assert kept.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 3
    free = canonical(declared(["M", 4], "s6.2", {"to": [0, 2, 2]}, "a = Reshape(x, to); y = Relu(a)"))
    assert free.graph.input[0].type.tensor_type.shape.dim[0].dim_value == PROBE or (
        free.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    )


def test_one_modern_opset() -> None:
    old = by_hand([node("Relu", "x", "a"), node("Upsample", "a s", "y", mode="nearest")], ["N", 2, 3, 3],
                  {"s": np.array([1, 1, 2, 2], np.float32)}, 9)  # fmt: skip
    helper.set_model_props(old, {"key": "value"})
    made = modernised(old)
    assert [entry.op_type for entry in made.graph.node if entry.op_type != "Constant"] == ["Relu", "Resize"]
    assert [kind_in_file(entry) for entry in made.graph.node if entry.op_type != "Constant"] == ["Relu", "Upsample"]
    assert place_of(made.graph.node[-1]).endswith("(Upsample)")
    assert (made.opset_import[0].version, made.ir_version) == (20, 10)
    assert [(entry.key, entry.value) for entry in made.metadata_props] == [("key", "value")]
    new = by_hand([node("Relu", "x", "y")], ["N", 2], {}, 20)
    assert modernised(new) is new
    newer = by_hand([node("Relu", "x", "y")], ["N", 2], {}, 99)
    assert modernised(newer) is newer
    new.opset_import.insert(0, helper.make_opsetid("other", 3))
    assert [(entry.domain, entry.version) for entry in with_opset(new)] == [("", 20), ("other", 3)]
    del new.opset_import[:]
    assert [(entry.domain, entry.version) for entry in with_opset(new)] == [("", 1)]


def test_modules_of_an_exporter_are_inlined() -> None:
    body = onnx.parser.parse_function('<domain: "torch.nn", opset_import: ["" : 20]> Block (a) => (b) { b = Relu(a) }')
    model = model_of_lines("t = torch.nn.Block(x); y = Neg(t)", ROW, {}, 20)
    model.opset_import.append(helper.make_opsetid("torch.nn", 1))
    model.functions.append(body)
    assert [entry.op_type for entry in modernised(model).graph.node] == ["Relu", "Neg"]
    assert [entry.op_type for entry in canonical(model).graph.node] == ["Relu", "Mul"]
