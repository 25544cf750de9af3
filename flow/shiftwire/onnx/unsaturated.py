"""Sums of products of codes as onnxruntime computes them exactly on every processor: uint8 weights for int8 ones.

Its instructions for uint8 data and int8 weights add pairs of products in 16 bits on processors without VNNI, and what
does not fit saturates. With 128 added to codes and zero point the sums are the same numbers, and nothing saturates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import onnx
from onnx import numpy_helper

REMARK = (
    "int8 weights beside uint8 data were given to onnxruntime as uint8, 128 above, for its sums of them saturate on "
    "processors without VNNI"
)
HALF = 128


@dataclass(frozen=True, slots=True)
class _Places:
    """Inputs of an operation: zero point of the data, codes of the weights and their zero point."""

    data_zero: int
    weights: int
    zero: int


PLACES: Mapping[str, _Places] = {
    "QLinearConv": _Places(2, 3, 5),
    "QLinearMatMul": _Places(2, 3, 5),
    "QGemm": _Places(2, 3, 5),
    "ConvInteger": _Places(2, 1, 3),
    "MatMulInteger": _Places(2, 1, 3),
}


def unsaturated(model: onnx.ModelProto) -> bool:
    """Replace int8 weights beside uint8 data in a model; returns whether there were any.

    Only constants that no other node reads are changed.
    """
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    uses = [name for node in model.graph.node for name in node.input]
    changed = False
    for node in model.graph.node:
        places = PLACES.get(node.op_type)
        if places is None or len(node.input) <= max(places.data_zero, places.zero):
            continue
        names = [node.input[at] for at in (places.data_zero, places.weights, places.zero)]
        if not all(name in constants for name in names) or uses.count(names[1]) > 1:
            continue
        data_zero, codes, zero = (numpy_helper.to_array(constants[name]) for name in names)
        if data_zero.dtype != np.uint8 or codes.dtype != np.int8 or zero.dtype != np.int8:
            continue
        for at, array in ((places.weights, codes), (places.zero, zero)):
            name = f"{node.input[at]}_of_{node.output[0]}_above"
            model.graph.initializer.append(numpy_helper.from_array(_above(array), name))
            node.input[at] = name
        changed = True
    return changed


def _above(codes: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    raised: npt.NDArray[np.uint8] = (codes.astype(np.int16) + HALF).astype(np.uint8)
    return raised
