"""ONNX graphs as short texts, and what `canonical` must make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import onnx
from hand_spellings import by_hand, whole_array
from onnx import helper
from qonnx_nets import DOMAIN
from shiftwire.errors import InputError
from shiftwire.ir.host import step_name
from shiftwire.ir.network import Network
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runtime import run_onnx

Constants = dict[str, Any]
Case = tuple[list[object], Constants, str, str]
"""Shape, constants, the file and its canonical form."""
Reading = tuple[list[object], str | None, Constants, str, str]
"""Shape, format of the input where no quantizer stands there, constants, the file, and the network's layers."""
QUANT = 'qonnx.custom_op.general.Quant<signed=1, narrow=0, rounding_mode="ROUND">'
INF = np.float32(np.inf)


def array_of(value: Any) -> np.ndarray:
    """A tuple is the shape of random whole numbers; a float becomes float32."""
    if isinstance(value, tuple):
        return whole_array(*value)
    made = np.array(value)
    return made.astype(np.float32) if made.dtype.kind == "f" else made


def model_of_lines(lines: str, shape: list[object], constants: Constants, opset: int) -> onnx.ModelProto:
    """A file in ONNX's own textual form, nodes parted by semicolons, each called after its first output."""
    nodes = [onnx.parser.parse_node(line) for line in lines.split("; ")]
    for node in nodes:
        node.name = node.output[0]
    model = by_hand(nodes, shape, {name: array_of(value) for name, value in constants.items()}, opset)
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return model


def shown(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value).replace(" ", "")


def lines_of(model: onnx.ModelProto) -> list[str]:
    """Nodes as `outputs = Kind(inputs) attribute=value`, with the node's name in front where that is another."""
    found = []
    for node in model.graph.node:
        called = "" if node.name == node.output[0] else f"{node.name}: "
        attributes = [f" {entry.name}={shown(helper.get_attribute_value(entry))}" for entry in node.attribute]
        made = f"{', '.join(node.output)} = {node.op_type}({', '.join(node.input)})"
        found.append(called + made + "".join(sorted(attributes)))
    return found


def values(shape: list[object], count: int = 8) -> np.ndarray:
    drawn = np.random.default_rng(3).integers(-5, 6, (count, *map(int, shape[1:]))).astype(np.float32)  # type: ignore[call-overload]
    return drawn / 2


def agrees(case: Case, opset: int, count: Any) -> None:
    """The canonical form has the nodes wanted and the file's values, bit for bit."""
    shape, constants, lines, wanted = case
    model = model_of_lines(lines, shape, constants, opset)
    made = canonical(model)
    onnx.checker.check_model(made, full_check=True)
    assert lines_of(made) == wanted.split("; ")
    expected, found = run_onnx(model, values(shape), 8), run_onnx(made, values(shape), 8)
    assert np.array_equal(expected, found) and len(np.unique(expected)) > 2
    count(canonical_outputs=expected.size)


D = "qonnx.custom_op.general."
IMAGE: list[object] = ["N", 2, 4, 4]
ROW: list[object] = ["N", 4]
LINE: list[object] = ["N", 2, 6]
Q: Constants = {"s": 0.25, "z": 0.0, "b": 6.0}
Q2: Constants = {"s2": 0.5, "b2": 3.0}
WC: Constants = {"ws": 0.5, "wb": 4.0}


def q(x: str, out: str, s: str = "s", z: str = "z", b: str = "b", **changes: Any) -> str:
    """A node Quant."""
    attributes = {"signed": 1, "narrow": 0, "rounding_mode": '"ROUND"'} | changes
    return f"{out} = {D}Quant<{', '.join(f'{k}={v}' for k, v in attributes.items())}>({x}, {s}, {z}, {b}); "


X, WQ = q("x", "a"), q("w", "v", "ws", "z", "wb")


def declared(shape: list[object], form: str | None, constants: Constants, lines: str) -> onnx.ModelProto:
    """The file, its output's rank declared as ONNX's checker wants it."""
    model = model_of_lines(lines.rstrip("; "), shape, constants, 20)
    model.opset_import.append(helper.make_opsetid("shiftwire", 1))
    rank = 2 if "Gemm" in lines or "Flatten" in lines else len(shape) - ("ArgMax" in lines)
    kind = onnx.TensorProto.INT64 if "ArgMax" in lines else onnx.TensorProto.FLOAT
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", kind, [None] * rank))
    if form is not None:
        helper.set_model_props(model, {"shiftwire.input": form})
    return model


def told(network: Network) -> list[str]:
    """Format of the input, then every layer with what it reads and its format."""
    nodes = [
        f"{node.name} = {node.kind}({', '.join(node.inputs)}) {network.tensors[node.name]}" for node in network.nodes
    ]
    return [str(network.input), *nodes]


def is_read(reading: Reading, count: Any, steps: Sequence[str] = (), levels: int = 3) -> None:
    """The layers of a file and the host's steps behind them, and so many different values, which are onnxruntime's."""
    shape, form, constants, lines, wanted = reading
    model = declared(shape, form, constants, lines)
    network = network_from_model(model)
    assert told(network) == wanted.split("; ")
    host = network.host_output
    assert [step_name(step) for step in host.steps] == list(steps)
    given = values(shape, 16)
    if form is not None:
        x = network.input.format
        drawn = np.random.default_rng(2).integers(x.lo, x.hi + 1, given.shape)
        given = x.decode(drawn).astype(np.float32)
    found = host.decode(network.evaluate(network.host_input.encode(given, network.input.format)), network.output.format)
    expected = run_onnx(model, given, 16)
    if host.is_scaled or "softmax" in steps:
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-5)
    else:
        assert np.array_equal(found, expected)
    assert len(np.unique(expected)) >= levels
    count(onnxruntime_outputs=expected.size)


def assert_refused(case: Reading) -> None:
    """One sentence, with the words of a case last, that names the node."""
    shape, form, constants, lines, words = case
    with pytest.raises(InputError, match=words) as caught:
        network_from_model(declared(shape, form, constants, lines))
    assert any(words in caught.value.sentence() for words in ("in node '", "(in '", "the sum '"))
