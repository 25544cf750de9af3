"""Integer tensors as float tensors of codes less their zero point, in which zero is zero.

QuantizeLinear becomes the contract's Codes, DequantizeLinear a Mul, ConvInteger and MatMulInteger become Conv and
MatMul of Scaled constants. What an integer file computes in float32 stays in its own operations and their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from onnx import helper
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.draft import Draft
from shiftwire.onnx.canonical.parameters import scaled_node

Array = npt.NDArray[Any]
FLOAT = onnx.TensorProto.FLOAT

_T = onnx.TensorProto
RANGES: Mapping[int, tuple[int, int]] = {
    _T.UINT4: (0, 15),
    _T.INT4: (-8, 7),
    _T.UINT8: (0, 255),
    _T.INT8: (-128, 127),
    _T.UINT16: (0, 65535),
    _T.INT16: (-32768, 32767),
    _T.INT32: (-(1 << 31), (1 << 31) - 1),
    _T.INT64: (-(1 << 62), 1 << 62),
}
"""Codes of the types that stand for codes."""


@dataclass(frozen=True, slots=True)
class Integers:
    """An integer tensor of the file is the float tensor `name` plus `zero_point`."""

    name: str
    zero_point: int = 0


@dataclass
class Unifier:
    """`known` are the file's integer tensors, by their own names."""

    draft: Draft
    known: dict[str, Integers] = field(default_factory=dict)

    def constant(self, name: str) -> Array | None:
        """A constant's values, None where it is computed or absent."""
        return self.draft.constants.get(name) if name else None

    def wanted(self, node: onnx.NodeProto, at: int, what: str) -> Array:
        """A constant input; raises InputError where it is none."""
        value = self.constant(node.input[at]) if at < len(node.input) else None
        if value is None:
            raise InputError(
                f"its {what} is computed when the network runs; quantize the model statically, with calibration data"
            )
        return value

    def zero_point(self, node: onnx.NodeProto, at: int) -> int:
        """One zero point of a tensor; 0 where it is left out."""
        if at >= len(node.input) or not node.input[at]:
            return 0
        values = self.wanted(node, at, "zero point").astype(np.int64).ravel()
        if values.size and (values != values[0]).any():
            raise InputError("its zero points differ between channels; use one for the tensor")
        return int(values[0]) if values.size else 0

    def scale(self, node: onnx.NodeProto, at: int) -> np.float32:
        """One scale of a tensor."""
        values = self.wanted(node, at, "scale").astype(np.float32).ravel()
        if not values.size or (values != values[0]).any():
            raise InputError("its scales differ between channels; use one for the tensor")
        return np.float32(values[0])

    def scalar(self, wish: str, value: float) -> str:
        """A new constant of one number."""
        return self.draft.constant(f"{wish}_zero", np.array(value, np.float32))

    def shifted(self, node: onnx.NodeProto, name: str, zero_point: int) -> str | None:
        """The float tensor of an integer tensor's codes less a zero point; None for a tensor that is not known."""
        codes = self.known.get(name)
        if codes is None:
            return None
        if codes.zero_point == zero_point:
            return codes.name
        moved = self.draft.fresh(f"{node.output[0]}_{name}_shifted")
        self.insert(node, helper.make_node("Add", [codes.name, self.scalar(moved, codes.zero_point - zero_point)],
                                           [moved], name=moved))  # fmt: skip
        return moved

    def insert(self, before: onnx.NodeProto, *nodes: onnx.NodeProto) -> None:
        """New nodes in front of another."""
        at = next(at for at, node in enumerate(self.draft.nodes) if node is before)
        self.draft.nodes[at:at] = nodes

    def scaled(self, wish: str, codes: Array, scale: Array, origin: str | None = None) -> tuple[str, onnx.NodeProto]:
        """A quantized parameter: whole numbers times a scale that broadcasts."""
        output = self.draft.fresh(f"{wish}_scaled")
        return output, scaled_node(self.draft, codes, scale, output, origin)
