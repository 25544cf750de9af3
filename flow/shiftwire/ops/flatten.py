"""Flatten: an image as a vector; codes move, none changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.kernel import Fold, Kernel, Port, divisors
from shiftwire.ir.network import Op, Operations, Tensor
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.folded import reorder_kernel


@dataclass(frozen=True, slots=True)
class Flatten(Op):
    """An image as a vector in ONNX's order, channel slowest, so that weights behind it keep their places.

    With `in_stream_order` the channel is fastest, as codes travel, and the layer needs no hardware.
    """

    in_stream_order: bool = False

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if len(x.shape) < 2:
            raise InputError(f"a tensor of shape {x.shape} is flat already; drop the flatten")
        return Tensor((x.size,), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        image = codes[0] if self.in_stream_order else np.moveaxis(codes[0], -1, 1)
        return image.reshape(len(image), -1)

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        return tuple(Fold(lanes) for lanes in divisors(inputs[0].shape[-1]))

    def cycles(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> int:
        return 0 if self.in_stream_order else 2 * output.size // fold.pe

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        if self.in_stream_order:
            return ()
        (x,) = inputs
        source = np.moveaxis(np.arange(x.size).reshape(x.shape), -1, 0).ravel()
        port = Port(fold.pe, output.size // fold.pe)
        return (reorder_kernel(source, port, output.format, 1),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
