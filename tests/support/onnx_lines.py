"""ONNX graphs as short texts, and what `canonical` must make of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import onnx
from hand_spellings import by_hand, whole_array
from onnx import helper
from qonnx_nets import DOMAIN
from shiftwire.onnx.canonical.pipeline import canonical
from shiftwire.onnx.runtime import run_onnx

Constants = dict[str, Any]
Case = tuple[list[object], Constants, str, str]
"""Shape, constants, the file and its canonical form."""
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
