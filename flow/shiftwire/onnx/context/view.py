"""One ONNX node as the readers see it: attributes by name, constants by position, every complaint with a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import MAX_FRAC
from shiftwire.numbers.float_quantizer import shortest
from shiftwire.onnx.canonical.draft import place_of

Constants = Mapping[str, npt.NDArray[Any]]


MAX_CODE = 1 << 60
"""Largest code of an initialiser; sums of a few stay within int64."""


class View:
    """A node, its constants and the attributes nobody has read yet."""

    def __init__(self, node: onnx.NodeProto, constants: Constants) -> None:
        self._node = node
        self._constants = constants
        self._unread = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}

    @property
    def key(self) -> tuple[str, str]:
        """Domain and operation; the default domain is ''."""
        domain = self._node.domain
        return ("" if domain == "ai.onnx" else domain, self._node.op_type)

    @property
    def output(self) -> str:
        """ONNX name of the first output, after which the layer is called."""
        return str(self._node.output[0])

    @property
    def outputs(self) -> list[str]:
        """ONNX names of all outputs, '' where one is left out."""
        return list(self._node.output)

    @property
    def place(self) -> str:
        """Where a sentence about the node points to."""
        return place_of(self._node)

    @property
    def inputs(self) -> Sequence[str]:
        """ONNX names of all inputs, '' where one is left out."""
        return list(self._node.input)

    def is_constant(self, position: int) -> bool:
        """Whether an input is an initialiser; one behind a quantizer is none."""
        return self._node.input[position] in self._constants

    def constant(self, position: int, name: str) -> npt.NDArray[Any]:
        """A constant input; raises InputError where the value is computed or missing."""
        if position >= len(self._node.input) or not self._node.input[position]:
            raise InputError(f"its input '{name}' is missing; the contract asks for it")
        value = self._constants.get(self._node.input[position])
        if value is None:
            raise InputError(f"its input '{name}' is computed in the graph; make it an initialiser")
        if not value.size:
            raise InputError(f"its input '{name}' has shape {value.shape} and holds no elements; give at least one")
        return value

    def integers(self, position: int, name: str) -> npt.NDArray[np.int64]:
        """A constant input of an integer type, as codes."""
        value = self.constant(position, name)
        if value.dtype.kind not in "iu":
            raise InputError(
                f"its input '{name}' ('{self._node.input[position]}') is a {value.dtype} tensor, not integer codes; "
                "quantize it to a power-of-two grid"
            )
        if int(value.max()) > MAX_CODE or int(value.min()) < -MAX_CODE:
            raise InputError(f"its input '{name}' holds codes beyond {MAX_CODE}; rescale the layer")
        return value.astype(np.int64)

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute's value; without a default it must be there."""
        value = self._unread.pop(name, default)
        if value is None:
            raise InputError(f"its attribute '{name}' is missing; the contract asks for it")
        return value

    def peek(self, name: str, default: Any) -> Any:
        """An attribute's value, which stays unread."""
        return self._unread.get(name, default)

    def whole(self, name: str, default: int | None = None, lowest: int | None = None) -> int:
        """An integer attribute, not below `lowest`."""
        value = self.attribute(name, default)
        if type(value) is not int or (lowest is not None and value < lowest):
            wanted = "a whole number" if lowest is None else f"a whole number from {lowest} on"
            raise InputError(f"attribute {name} = {value} is not handled; give {wanted}")
        return value

    def frac(self, name: str) -> int:
        """An attribute that names a grid."""
        value = self.whole(name)
        if abs(value) > MAX_FRAC:
            raise InputError(
                f"attribute {name} = {value} names a grid outside -{MAX_FRAC}..{MAX_FRAC}; rescale the layer"
            )
        return value

    def flag(self, name: str, default: int | None = None) -> bool:
        """An attribute that is 0 or 1."""
        value = self.attribute(name, default)
        if value not in (0, 1):
            raise InputError(f"attribute {name} = {value} is not handled; give 0 or 1")
        return bool(value)

    def wholes(self, name: str, count: int, default: list[int] | None = None) -> tuple[int, ...]:
        """An attribute of `count` integers."""
        value = self.attribute(name, default)
        if not isinstance(value, list) or len(value) != count or any(type(item) is not int for item in value):
            raise InputError(f"attribute {name} = {value} is not handled; give {count} whole numbers")
        return tuple(value)

    def text(self, name: str, default: str | None = None) -> str:
        """An attribute that is a word; bytes that are no UTF-8 are shown escaped."""
        value = self.attribute(name, default)
        return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)

    def insist(self, name: str, *allowed: Any, default: Any) -> None:
        """Refuse an attribute of any other value than those that leave the meaning unchanged."""
        value = self.attribute(name, default)
        value = value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
        if value not in allowed:
            raise InputError(f"attribute {name} = {_told(value)} is not handled; only {_either(allowed)}")

    def insist_ones(self, name: str, axes: int) -> None:
        """Refuse an attribute, such as dilations, that has other entries than 1 or not one an axis."""
        self.insist(name, [1] * axes, default=[1] * axes)

    def finish(self) -> None:
        """Refuse attributes that no reader asked for."""
        for name, value in self._unread.items():
            raise InputError(f"attribute {name} = {_told(value)} is not handled; export the layer without it")


def _told(value: Any) -> str:
    """An attribute's value; ONNX's floats have 32 bits."""
    return shortest(value) if isinstance(value, float) else str(value)


def _either(allowed: Sequence[Any]) -> str:
    return " or ".join(map(_told, allowed)) + " is"
