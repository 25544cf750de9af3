"""Pad and Flatten: codes move, none changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Codes
from shiftwire.kernel import Kernel, settings
from shiftwire.network import Op, Operations, Tensor
from shiftwire.ops.window import Window


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zeros around an image; one entry a spatial axis in `begin` and `end`."""

    begin: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def _window(self) -> Window:
        ones = (1,) * len(self.begin)
        return Window(ones, ones, self.begin, self.end)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor((*self._window.output(x.shape[:-1]), x.shape[-1]), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        spatial = tuple(zip(self.begin, self.end, strict=True))
        return np.pad(codes[0], ((0, 0), *spatial, (0, 0)))

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        return Kernel("pad", self._window.settings(inputs[0].shape))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()


@dataclass(frozen=True, slots=True)
class Flatten(Op):
    """An image as a vector in ONNX's order: channel slowest, so that weights behind it keep their places."""

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if len(x.shape) < 2:
            raise InputError(f"a tensor of shape {x.shape} is flat already; drop the flatten")
        return Tensor((x.size,), x.format)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.moveaxis(codes[0], -1, 1).reshape(len(codes[0]), -1)

    def kernel(self, inputs: Sequence[Tensor], output: Tensor) -> Kernel:
        channels = inputs[0].shape[-1]
        return Kernel("flatten", settings(pixels=output.size // channels, channels=channels))

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations()
