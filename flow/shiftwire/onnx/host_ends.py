"""The host's steps as ONNX nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shiftwire.onnx.context.writer import Writer
from shiftwire_boards.runtime.host_steps import (
    Arrange,
    Bend,
    Clip,
    Curve,
    HostStep,
    Largest,
    Offset,
    Reshape,
    Scale,
    Softmax,
    Whole,
)

_ROUNDINGS = {"half_even": "Round", "floor": "Floor", "ceil": "Ceil"}
_CURVES = {"sigmoid": "Sigmoid", "tanh": "Tanh"}


def write_steps(writer: Writer, steps: Sequence[HostStep], source: str, stem: str | None = None) -> str:
    """A node a step behind the tensor `source`; returns the name behind the last, called after `stem`."""
    for at, step in enumerate(steps):
        name = f"{stem or source}_host{at}"
        source = _write(writer, step, source, name)
        stem = stem or name.removesuffix("_host0")
    return source


def _write(writer: Writer, step: HostStep, source: str, name: str) -> str:
    match step:
        case Scale(by, divides):
            writer.node("Div" if divides else "Mul", [source, writer.constant(f"{name}_by", by)], name)
        case Offset(by):
            writer.node("Add", [source, writer.constant(f"{name}_by", by)], name)
        case Clip(low, high):
            ends = [
                writer.constant(f"{name}_{which}", np.array(end, np.float32))
                for which, end in (("min", low), ("max", high))
            ]
            writer.node("Clip", [source, *ends], name)
        case Bend(slope):
            writer.node("PRelu", [source, writer.constant(f"{name}_slope", slope)], name)
        case Whole(rounding):
            writer.node(_ROUNDINGS[rounding], [source], name)
        case Curve(kind):
            writer.node(_CURVES[kind], [source], name)
        case Softmax(axis, is_log):
            writer.node("LogSoftmax" if is_log else "Softmax", [source], name, axis=axis)
        case Arrange(perm):
            writer.node("Transpose", [source], name, perm=list(perm))
        case Reshape(_, after):
            shape = writer.constant(f"{name}_shape", np.array([0, *after], np.int64))
            writer.node("Reshape", [source, shape], name)
        case Largest(axis, 1, keeps):
            writer.node("ArgMax", [source], name, axis=axis, keepdims=int(keeps))
        case Largest(axis, count):
            most = writer.constant(f"{name}_k", np.array([count], np.int64))
            writer.largest(source, most, name, axis)
    return name
