"""A tensor's format from its calibration values, and inputs whose channels the host scales apart beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import onnx
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding, Values, quantize
from shiftwire.onnx.context.host import Raw
from shiftwire.onnx.context.view import Constants
from shiftwire.quantize.options import Options, Ranging
from shiftwire_boards.runtime.host_steps import FrontStep, Offset, Scale

SAMPLED = 1 << 18
"""Values that a mean square is taken over; every n-th of a larger tensor."""
FINEST_FRAC = 56
"""Finest grid that is chosen; values below it are those of layers that training left at nothing, and count as 0."""
FINER = 6
"""How many finer grids than the covering one are tried; each clips twice as much."""
APART = 16.0
"""Ratio of ranges, or of a range to how far it lies from zero, that takes four bits of the finest channel."""


def choose_format(name: str, values: npt.NDArray[Any], bits: int, options: Options) -> Fixed:
    """The format of `bits` for values of any shape, signed where one is negative; the user's own where he named one."""
    asked = options.formats.get(name)
    if asked is not None:
        _require_range(name, values, asked)
        return asked
    match options.ranging:
        case Ranging.MINMAX:
            return covering(float(values.min()), float(values.max()), bits)
        case Ranging.PERCENTILE:
            low, high = np.percentile(values, [100 - options.percentile, options.percentile])
            return covering(min(float(low), 0.0), float(high), bits)
        case Ranging.MSE:
            return _least_square(values, bits)


def covering(low: float, high: float, bits: int) -> Fixed:
    """The finest format of `bits` that holds low..high after rounding; unsigned where low is not negative."""
    signed = low < 0
    magnitude = max(-low, high)
    if magnitude <= 0:
        return Fixed(bits, bits - signed, signed)
    frac = min(bits - signed - int(np.frexp(magnitude)[1]) + 1, FINEST_FRAC)
    while not _holds(Fixed(bits, frac, signed), low, high):
        frac -= 1
    return Fixed(bits, frac, signed)


def _holds(format: Fixed, low: float, high: float) -> bool:
    lowest, highest = (float(np.rint(np.ldexp(end, format.frac))) for end in (low, high))
    return highest <= format.hi and lowest >= format.lo


def _least_square(values: npt.NDArray[Any], bits: int) -> Fixed:
    """The power-of-two step of least mean square error; of equals the wider range."""
    flat = values.reshape(-1)
    flat = flat[:: max(flat.size // SAMPLED, 1)].astype(np.float64)
    widest = covering(float(values.min()), float(values.max()), bits)
    tried = [Fixed(bits, widest.frac + finer, widest.signed) for finer in range(FINER)]
    errors = [mean_square(flat, format) for format in tried]
    return tried[int(np.argmin(errors))]


def mean_square(values: npt.NDArray[np.float64], format: Fixed) -> float:
    """Mean square of what rounding and saturation into a format lose."""
    rounded = format.decode(quantize(values, format, Rounding.HALF_EVEN, Overflow.SATURATE))
    return float(np.mean(np.square(rounded - values)))


def _require_range(name: str, values: npt.NDArray[Any], asked: Fixed) -> None:
    low, high = float(values.min()), float(values.max())
    if not _holds(asked, low, high):
        fits = covering(low, high, asked.bits)
        raise InputError(
            f"the values of '{name}' reach from {low:.6g} to {high:.6g}, beyond the format {asked} asked for; "
            f"{fits} would do"
        )


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
