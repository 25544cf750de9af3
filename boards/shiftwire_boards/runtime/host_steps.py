"""The closed steps of a model that stay with the processor: in front of its first quantizer, behind its last layer.

The flow's specification, C-simulation and boards all run these very classes, with numpy alone, in float32 as the
model's own runtime computes. Values are (N, ...) in the model's own layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence, Union

import numpy as np

from shiftwire_boards.runtime.errors import PackageError

Array = Any
"""numpy.ndarray; old versions of numpy cannot be subscripted."""


@dataclass(frozen=True, eq=False)
class Scale:
    """x * by, or x / by where it `divides`; `by` is float32 and broadcasts against (N, ...)."""

    by: Array
    divides: bool = False

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`."""
        return x / self.by if self.divides else x * self.by

    def undone(self, y: Array) -> Array:
        """float64 values that become `y`."""
        return y * np.float64(self.by) if self.divides else y / np.float64(self.by)


@dataclass(frozen=True, eq=False)
class Offset:
    """x + by; `by` is float32 and broadcasts against (N, ...)."""

    by: Array

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`."""
        return x + self.by

    def undone(self, y: Array) -> Array:
        """float64 values that become `y`."""
        return y - np.float64(self.by)


@dataclass(frozen=True)
class Clip:
    """Relu and Clip."""

    low: float
    high: float

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`."""
        return np.clip(x, np.float32(self.low), np.float32(self.high))

    def undone(self, y: Array) -> Array:
        """Values within the range are left alone."""
        return y


@dataclass(frozen=True, eq=False)
class Bend:
    """LeakyRelu and PRelu: x * slope below zero; `slope` is float32, above 0 and broadcasts against (N, ...)."""

    slope: Array

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`."""
        return np.where(x < 0, x * self.slope, x)

    def undone(self, y: Array) -> Array:
        """float64 values that become `y`."""
        return np.where(y < 0, y / np.float64(self.slope), y)


@dataclass(frozen=True)
class Whole:
    """Round (to even), Floor and Ceil."""

    rounding: str

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`."""
        return _WHOLES[self.rounding](x)

    def undone(self, y: Array) -> Array:
        """Whole numbers are left alone."""
        return y


_WHOLES: dict[str, Callable[[Array], Array]] = {"half_even": np.rint, "floor": np.floor, "ceil": np.ceil}


@dataclass(frozen=True)
class Curve:
    """Sigmoid and Tanh."""

    kind: str

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`, rounded once."""
        return _CURVES[self.kind](x.astype(np.float64)).astype(np.float32)

    def undone(self, y: Array) -> Array:
        """float64 values that become `y`."""
        return np.arctanh(y) if self.kind == "tanh" else np.log(y) - np.log1p(-y)


def _sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without an overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


_CURVES: dict[str, Callable[[Array], Array]] = {"sigmoid": _sigmoid, "tanh": np.tanh}


@dataclass(frozen=True)
class Softmax:
    """Softmax along an axis, or its logarithm."""

    axis: int
    is_log: bool = False

    def apply(self, x: Array) -> Array:
        """float32 values of the shape of `x`, rounded once."""
        below = x.astype(np.float64) - x.max(axis=self.axis, keepdims=True)
        total = np.exp(below).sum(axis=self.axis, keepdims=True)
        return (below - np.log(total) if self.is_log else np.exp(below) / total).astype(np.float32)


@dataclass(frozen=True)
class Arrange:
    """Transpose; `perm` counts the batch, which stays axis 0."""

    perm: tuple[int, ...]

    def apply(self, x: Array) -> Array:
        """The values in another order."""
        return np.transpose(x, self.perm)

    def undone(self, y: Array) -> Array:
        """The values in the order that they came in."""
        return np.transpose(y, np.argsort(self.perm))


@dataclass(frozen=True)
class Reshape:
    """A sample's shape `before` becomes `after`, in the order of the model's own layout."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    def apply(self, x: Array) -> Array:
        """The values in another shape."""
        return x.reshape(len(x), *self.after)

    def undone(self, y: Array) -> Array:
        """The values in the shape that they came in."""
        return y.reshape(len(y), *self.before)


@dataclass(frozen=True)
class Largest:
    """ArgMax, and TopK by its indices: where the `count` largest along an axis are, ties in ascending order.

    Without `keeps` the axis goes, which one index alone allows.
    """

    axis: int
    count: int = 1
    keeps: bool = True

    def apply(self, x: Array) -> Array:
        """int64 indices."""
        order = np.argsort(-x, axis=self.axis, kind="stable").take(range(self.count), axis=self.axis)
        return order if self.keeps else order.squeeze(self.axis)


FrontStep = Union[Scale, Offset, Clip, Bend, Whole, Curve, Arrange, Reshape]
"""What may stand in front of a quantizer: each value behind it comes of a value in front."""

HostStep = Union[FrontStep, Softmax, Largest]

STEPS = (Scale, Offset, Clip, Bend, Whole, Curve, Softmax, Arrange, Reshape, Largest)

_BY_NAME: dict[str, Any] = {kind.__name__.lower(): kind for kind in STEPS}


def run_steps(steps: Sequence[HostStep], x: Array) -> Array:
    """Values behind the steps, for float32 values (N, ...) in front of them; beyond float32 they become infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        for step in steps:
            x = step.apply(x)
    return x


def as_json(step: HostStep) -> dict[str, Any]:
    """A step as a manifest has it: its name, and its fields as numbers and lists."""
    fields = {name: getattr(step, name) for name in step.__dataclass_fields__}
    return {"step": type(step).__name__.lower(), **{name: _plain(value) for name, value in fields.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def read_step(entry: dict[str, Any]) -> HostStep:
    """The step that `as_json` wrote; raises PackageError for one that this runtime does not know."""
    fields = dict(entry)
    name = fields.pop("step", None)
    kind = _BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None or set(fields) != set(kind.__dataclass_fields__):
        raise PackageError(f"found the step {name} of {', '.join(fields)}, which is unknown here; update the runtime")
    for array in ("by", "slope"):
        if array in fields:
            fields[array] = np.array(fields[array], np.float32)
    step: HostStep = kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})
    for choice, known in ((getattr(step, "rounding", None), _WHOLES), (getattr(step, "kind", None), _CURVES)):
        if choice is not None and choice not in known:
            raise PackageError(f"found '{choice}' in the step {name}, which is unknown here; update the runtime")
    return step
