"""Inputs whose channels differ so much in range that one format holds some of them badly: the host scales each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import onnx
from shiftwire.numbers.fixed import Values
from shiftwire.onnx.context.host import Raw
from shiftwire.onnx.context.view import Constants
from shiftwire_boards.runtime.host_steps import FrontStep, Offset, Scale

APART = 16.0
"""Ratio of ranges, or of a range to how far it lies from zero, that takes four bits of the finest channel."""


@dataclass(frozen=True, eq=False)
class InputRanges:
    """x = centre + factor * x', channel by channel; factor (C,) powers of two, centre (C,) float32, 0 for images."""

    centre: Values
    factor: Values

    def narrowed(self, values: Values) -> Values:
        """x' (N, ..., C) of x."""
        return (values - self.centre) / self.factor

    def steps(self, rank: int) -> tuple[FrontStep, ...]:
        """The same for values (N, C, ...) of so many axes."""
        shape = (-1, *[1] * (rank - 2))
        scale = Scale((1 / self.factor).astype(np.float32).reshape(shape))
        if not self.centre.any():
            return (scale,)
        return (Offset(-self.centre.astype(np.float32).reshape(shape)), scale)


def unlike_ranges(raw: Raw, values: Values, readers: list[onnx.NodeProto], constants: Constants) -> InputRanges | None:
    """How the host scales (N, ..., C); None where one format serves, or a reader's weights cannot take it in."""
    if not readers or not all(_takes_factors(node, constants) for node in readers):
        return None
    channels = values.shape[-1]
    flat = values.reshape(-1, channels).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    centre = np.zeros(channels)
    if len(raw.shape) == 1:
        half = np.maximum(high - low, np.finfo(np.float32).tiny) / 2
        far = np.abs(high + low) / 2 >= APART * half
        centre = np.where(far, (high + low) / 2, 0).astype(np.float32).astype(np.float64)
    reach = np.abs(flat - centre).max(axis=0)
    live = reach[reach > 0]
    if not live.size or (live.max() < APART * live.min() and not centre.any()):
        return None
    exponent = np.where(reach > 0, np.ceil(np.log2(np.maximum(reach, live.min()))), 0)
    return InputRanges(centre, 2.0**exponent)


def _takes_factors(node: onnx.NodeProto, constants: Constants) -> bool:
    """Whether a node is a layer of float weights whose inputs are all the channels."""
    if node.op_type not in ("Conv", "Gemm", "MatMul") or node.domain not in ("", "ai.onnx") or len(node.input) < 2:
        return False
    groups = next((entry.i for entry in node.attribute if entry.name == "group"), 1)
    return groups == 1 and node.input[1] in constants and constants[node.input[1]].dtype.kind == "f"
