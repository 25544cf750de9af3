"""MaxPool, AveragePool and SumPool over windows of one or two axes, channel by channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import require_width
from shiftwire.kernel import CodeType, Kernel, settings
from shiftwire.network import Op, Operations, Tensor
from shiftwire.ops.window import Window


@dataclass(frozen=True, slots=True)
class MaxPool(Op):
    """The largest code of a window; padded positions are never chosen."""

    window: Window

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        patches = self.window.patches(codes[0], fill=inputs[0].format.lo)
        largest: Codes = np.max(patches, axis=tuple(range(-self.window.axes, 0)))
        return largest

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        return Kernel("max_pool", self.window.settings(inputs[0].shape))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(compares=output.size * (prod(self.window.kernel) - 1))


@dataclass(frozen=True, slots=True)
class AveragePool(Op):
    """The mean of 2**n positions, exact: the sum, read n bits finer; padded positions count as 0."""

    window: Window

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        area = prod(self.window.kernel)
        if area & (area - 1):
            raise InputError(
                f"an average over {area} positions divides by a number that is no power of two; "
                "pool over 2, 4, 8 or 16 positions"
            )
        require_width(2.0**x.format.bits * area)
        frac = x.format.frac + area.bit_length() - 1
        grid = Fixed.covering(x.format.lo * area, x.format.hi * area, frac)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), grid)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return _sums(self.window, codes[0])

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        return _sum_kernel(self.window, inputs[0], output)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size * (prod(self.window.kernel) - 1))


@dataclass(frozen=True, slots=True)
class SumPool(Op):
    """The sum of any number of positions, exact; who divides by their number keeps that in a scale."""

    window: Window

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        _require_values(self.window)
        area = prod(self.window.kernel)
        require_width(2.0**x.format.bits * area)
        held = Fixed.covering(x.format.lo * area, x.format.hi * area, x.format.frac)
        return Tensor((*self.window.output(x.shape[:-1]), x.shape[-1]), held)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return _sums(self.window, codes[0])

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        return _sum_kernel(self.window, inputs[0], output)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size * (prod(self.window.kernel) - 1))


def _sums(window: Window, x: Codes) -> Codes:
    total: Codes = np.sum(window.patches(x), axis=tuple(range(-window.axes, 0)))
    return total


def _sum_kernel(window: Window, x: Tensor, output: Tensor) -> Kernel:
    acc = settings(acc_t=CodeType(output.format.signed_bits))
    return Kernel("average_pool", window.settings(x.shape) + acc)


def _require_values(window: Window) -> None:
    """As ONNX asks: every window holds at least one position of the image."""
    rows = zip(window.kernel, window.begin, window.end, strict=True)
    if any(max(before, after) >= k for k, before, after in rows):
        raise InputError(f"pads of a whole kernel {window.kernel} leave windows with no value; pad less")
