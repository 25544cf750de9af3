"""Pieces of files of integers: codes of every type behind QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

from typing import Any

import numpy as np

from foreign_files import File
from onnx import TensorProto

T = TensorProto
ENDS = {
    T.UINT4: (0, 15), T.INT4: (-8, 7), T.UINT8: (0, 255), T.INT8: (-128, 127), T.UINT16: (0, 65535),
    T.INT16: (-32768, 32767),
}  # fmt: skip
NAMES = {kind: str(T.DataType.Name(kind)) for kind in ENDS}
WEIGHT_ENDS = {T.UINT8: (0, 255), T.INT8: (-64, 63)}
"""onnxruntime's uint8 by int8 adds pairs in 16 bits on some processors, which saturate beyond seven bits."""
PAIRS = [(T.UINT8, T.UINT8), (T.UINT8, T.INT8), (T.INT8, T.INT8)]
"""Types of data and weights that it has layers for."""
SPAN = 6.0
"""Of a range of values that an activation's codes cover."""


def opset_of(*kinds_: int) -> int:
    """int4 and the types of 16 bits are new in opset 21."""
    return 20 if set(kinds_) <= {T.UINT8, T.INT8} else 21


def inner_zero(kind: int) -> int:
    """A zero point inside the range of a type, no power of two away from an end."""
    low, high = ENDS[kind]
    return low + (high - low) * 7 // 16


Grid = tuple[float, int, int]
"""Scale, ONNX's type of the codes and zero point."""


def qdq(file: File, x: str, grid: Grid, out: str = "") -> str:
    """Codes of values and their values again."""
    scale, kind, zero = grid
    names = file.constant(np.float32(scale)), file.constant(np.array(zero), kind)
    codes = file.add("QuantizeLinear", x, *names)
    return file.add("DequantizeLinear", codes, *names, out=out)


def drawn(rng: np.random.Generator, shape: tuple[int, ...], kind: int) -> np.ndarray:
    """Random codes of a type, not beyond 100."""
    low, high = ENDS[kind]
    return rng.integers(max(low, -100), min(high, 100) + 1, shape)


def weight(file: File, codes: np.ndarray, grid: tuple[Any, int, int], axis: int = 0) -> str:
    """Constant codes behind a DequantizeLinear; a scale for each of an axis where it is a row."""
    scale, kind, zero = grid
    names = file.constant(codes, kind), file.constant(np.float32(scale))
    zeros = file.constant(np.full(np.shape(scale), zero), kind)
    return file.add("DequantizeLinear", *names, zeros, **({"axis": axis} if np.ndim(scale) else {}))


def step(kind: int, is_power: bool) -> float:
    low, high = ENDS[kind]
    odd = SPAN / (high - low) * 1.037
    return float(2.0 ** np.floor(np.log2(odd))) if is_power else odd
