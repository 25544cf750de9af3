"""The two ends of a host as files of ONNX's own operations, and what onnxruntime makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foreign_files import NUMPY, File, executed
from host_ends_cases import Case
from onnx import TensorProto
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.float_quantizer import FloatQuantizer
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

F32, F64, INT64 = int(TensorProto.FLOAT), int(TensorProto.DOUBLE), int(TensorProto.INT64)
KINDS = {np.dtype(kind): number for number, kind in NUMPY.items()} | {np.dtype(np.float64): F64}
NEAR = 2e-6
"""How far onnxruntime's curves in float32 may lie from ours, which are rounded once, as a share of 1 + |value|."""


@dataclass(frozen=True)
class Reference:
    """What onnxruntime makes of a case: codes (N, ..., C) of its values, and values of its codes.

    Curves compute in float64 and are rounded once; `distance` is how far the same in float32 lies from that.
    """

    codes: Codes
    values: npt.NDArray[Any]
    distance: float


def referred(case: Case) -> Reference:
    """Its optimiser off."""
    x = case.x.astype(np.uint8) if case.x.dtype == bool else case.x
    codes = executed(_front(case.host, case.grid, x).model(), x).astype(np.int64)
    values, narrow = (
        executed(_tail(case.back, case.grid, case.codes, curves).model(), case.codes.astype(np.float64))
        for curves in (F64, F32)
    )
    apart = np.abs(values.astype(np.float64) - narrow) / (1 + np.abs(values))
    return Reference(codes, values, float(apart.max()))


def _front(host: HostInput, grid: Fixed, x: npt.NDArray[Any]) -> File:
    """From values to codes."""
    axes = len(_shape_behind(host, x)) + 1
    file = File(x.shape[1:], kind=KINDS[x.dtype], result=F64, rank=axes)
    last = file.add("Cast", "x", to=F32 if host.quantizes or host.steps else F64)
    for step in host.steps:
        last = _step(file, step, last, F64)
    last = file.add("Transpose", last, perm=[0, *range(2, axes), 1])
    if host.quantizer is not None:
        last = _float_quantizer(file, host.quantizer, last)
    else:
        last = _grid(file, host, grid, file.add("Cast", last, to=F64))
    file.add("Cast", last, to=F64, out="y")
    return file


def _shape_behind(host: HostInput, x: npt.NDArray[Any]) -> tuple[int, ...]:
    """A sample's behind the steps, channels first."""
    shape = x.shape[1:]
    for step in host.steps:
        if isinstance(step, Arrange):
            shape = tuple(shape[axis - 1] for axis in step.perm[1:])
        elif isinstance(step, Reshape):
            shape = step.after
    return shape


def _tail(back: HostOutput, grid: Fixed, codes: Codes, curves: int) -> File:
    """From codes, channels last, to values."""
    ends = [step for step in back.steps if isinstance(step, Largest)]
    kind = INT64 if ends else F32 if back.steps else F64
    rank = codes.ndim
    for step in back.steps:
        if isinstance(step, Reshape):
            rank = len(step.after) + 1
        elif isinstance(step, Largest) and not step.keeps:
            rank -= 1
    file = File(codes.shape[1:], kind=F64, result=kind, rank=rank)
    last = _double(file, "Mul", "x", 2.0**-grid.frac)
    channels = back.channels
    last = _double(file, "Mul", last, back.scale if channels is None else channels.scale)
    last = _double(file, "Add", last, 0.0 if channels is None else channels.offset)
    last = file.add("Transpose", last, perm=[0, codes.ndim - 1, *range(1, codes.ndim - 1)])
    if back.steps:
        last = file.add("Cast", last, to=F32)
    for step in back.steps:
        last = _step(file, step, last, curves)
    file.add("Identity", last, out="y")
    return file


def _double(file: File, operation: str, x: str, number: Any) -> str:
    """With a constant of float64."""
    array = np.asarray(number, np.float64)
    return file.add(operation, x, file.constant(array, F64))


def _step(file: File, step: HostStep, x: str, curves: int) -> str:
    """One node; a curve computes in the type `curves`."""
    constants: list[Any] = []
    attributes: dict[str, Any] = {}
    match step:
        case Scale(by) | Offset(by):
            kind, constants = "Add" if isinstance(step, Offset) else "Div" if step.divides else "Mul", [by]
        case Clip(low, high):
            kind, constants = "Clip", [np.float32(low), np.float32(high)]
        case Bend(slope):
            kind, constants = "PRelu", [slope]
        case Whole(rounding):
            kind = {"half_even": "Round", "floor": "Floor", "ceil": "Ceil"}[rounding]
        case Curve(name):
            kind = {"sigmoid": "Sigmoid", "tanh": "Tanh"}[name]
        case Softmax(axis, is_log):
            kind, attributes = "LogSoftmax" if is_log else "Softmax", {"axis": axis}
        case Arrange(perm):
            kind, attributes = "Transpose", {"perm": list(perm)}
        case Reshape(_, after):
            kind, constants = "Reshape", [np.array([0, *after])]
        case Largest(axis, 1, keeps):
            kind, attributes = "ArgMax", {"axis": axis, "keepdims": int(keeps)}
        case Largest(axis, count):
            kind, constants, attributes = "TopK", [np.array([count])], {"axis": axis}
    if isinstance(step, (Curve, Softmax)):
        return file.add("Cast", file.add(kind, file.add("Cast", x, to=curves), **attributes), to=F32)
    values = file.add(kind, x, *constants, **attributes)
    if kind != "TopK":
        return values
    file.nodes[-1].output.append(f"{values}_at")
    return f"{values}_at"


def _float_quantizer(file: File, own: FloatQuantizer, x: str) -> str:
    """round(clip(x / scale + zero, lo, hi)) - zero, as QONNX defines the roundings."""
    scaled = file.add("Add", file.add("Div", x, own.scale), float(own.zero_point))
    bounds = np.float32(own.lo), np.float32(own.hi)
    scaled = file.add("Clip", scaled, *bounds)
    sign, size = file.add("Sign", scaled), file.add("Abs", scaled)
    rounding = own.rounding.value
    if rounding == "half_even":
        whole = file.add("Round", scaled)
    elif rounding in ("floor", "ceil"):
        whole = file.add(rounding.capitalize(), scaled)
    elif rounding == "sign":
        whole = file.add("Where", file.add("GreaterOrEqual", scaled, 0.0), 1.0, -1.0)
    else:
        moved = {"up": 0.0, "down": 0.0, "half_up": 0.5, "half_down": -0.5}[rounding]
        upward = "Ceil" if rounding in ("up", "half_down") else "Floor"
        whole = file.add("Mul", sign, file.add(upward, file.add("Add", size, moved)))
    return file.add("Sub", file.add("Clip", whole, *bounds), float(own.zero_point))


def _grid(file: File, host: HostInput, grid: Fixed, x: str) -> str:
    """Multiples of a power of two, of a range."""
    scaled = _double(file, "Mul", x, 2.0**grid.frac)
    if host.rounding is Rounding.HALF_EVEN:
        whole = file.add("Round", scaled)
    else:
        whole = file.add("Floor", _double(file, "Add", scaled, 0.5 if host.rounding is Rounding.HALF_UP else 0.0))
    lo, hi, size = (np.float64(each) for each in (grid.lo, grid.hi, 2**grid.bits))
    if host.overflow is Overflow.SATURATE:
        return file.add("Clip", whole, file.constant(lo, F64), file.constant(hi, F64))
    turns = file.add("Floor", _double(file, "Div", whole, size))
    rest = file.add("Sub", whole, _double(file, "Mul", turns, size))
    return file.add("Where", _double(file, "Greater", rest, hi), _double(file, "Sub", rest, size), rest)
