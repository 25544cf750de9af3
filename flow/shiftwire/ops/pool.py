"""MaxPool and AveragePool over windows of one or two axes, channel by channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes, Fixed
from shiftwire.interval import require_width
from shiftwire.kernel import CodeType, Fold, Kernel, Port, divisors, settings
from shiftwire.network import Op, Operations, Tensor
from shiftwire.ops.window import Taps, Window


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

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return _folds(self.window, output)

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        return _cycles(self.window, inputs[0], output, fold)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        return _kernels("max_pool", self.window, (inputs[0], output), fold, inputs[0].format.lo)

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
        total: Codes = np.sum(self.window.patches(codes[0]), axis=tuple(range(-self.window.axes, 0)))
        return total

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return _folds(self.window, output)

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        return _cycles(self.window, inputs[0], output, fold)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        return _kernels("sum_pool", self.window, (inputs[0], output), fold, 0)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size * (prod(self.window.kernel) - 1))


def _folds(window: Window, output: Tensor) -> tuple[Fold, ...]:
    """PE divides the channels, SIMD the positions of a window."""
    return tuple(Fold(pe, simd) for pe in divisors(output.shape[-1]) for simd in divisors(prod(window.kernel)))


def _cycles(window: Window, x: Tensor, output: Tensor, fold: Fold) -> int:
    taps = Taps(fold.simd, fold.pe, fold.pe)
    return max(window.cycles(x.shape, fold.pe, taps), output.size // fold.pe * (prod(window.kernel) // fold.simd))


def _kernels(reduce: str, window: Window, tensors: tuple[Tensor, Tensor], fold: Fold, fill: int) -> tuple[Kernel, ...]:
    """A window unit over the first of `tensors`, and the unit that reduces each window to the second."""
    x, output = tensors
    taps = window.kernel_for(x.shape, x.format, fold.pe, Taps(fold.simd, fold.pe, fold.pe), fill)
    synapses = prod(window.kernel) // fold.simd
    writes = Port(fold.pe, output.size // fold.pe)
    members = settings(
        outputs=writes.beats,
        synapse_folds=synapses,
        pe=fold.pe,
        simd=fold.simd,
        acc_t=CodeType(output.format.signed_bits),
    )
    return (taps, Kernel(reduce, (taps.writes,), writes, output.format, writes.beats * synapses, members))


def _require_values(window: Window) -> None:
    """As ONNX asks: every window holds at least one position of the image."""
    rows = zip(window.kernel, window.begin, window.end, strict=True)
    if any(max(before, after) >= k for k, before, after in rows):
        raise InputError(f"pads of a whole kernel {window.kernel} leave windows with no value; pad less")
