"""How a window moves over a picture: kernel, strides and pads of each axis."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from shiftwire_models.contract import Attribute, Shape
from shiftwire_models.errors import ModelsError

Sides = int | tuple[int, ...]
"""One number for every axis, or one an axis; pads also as all begins, then all ends."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Axes in the order (height, width); `begin` and `end` are the zeros put before and after each."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride, 1) < 1 or min(*self.begin, *self.end, 0) < 0:
            raise ModelsError(
                f"a window of kernel {self.kernel}, stride {self.stride} and pads {self.begin + self.end} moves "
                "nowhere; take kernels and strides of at least 1 and no negative pads"
            )

    @classmethod
    def of(cls, kernel: Sides, stride: Sides, padding: Sides, axes: int = 2) -> "Geometry":
        """From what a layer's caller writes; padding of twice `axes` numbers is begins, then ends."""
        pads = padding if isinstance(padding, tuple) and len(padding) == 2 * axes else _each(padding, axes) * 2
        return cls(_each(kernel, axes), _each(stride, axes), pads[:axes], pads[axes:])

    def padded(self, x: Tensor, value: float = 0.0) -> Tensor:
        """(N, C, ...) with this window's zeros, or another value, around it."""
        if not any(self.begin + self.end):
            return x
        # torch names the last axis first
        sides = [side for pair in zip(reversed(self.begin), reversed(self.end), strict=True) for side in pair]
        return functional.pad(x, sides, value=value)

    def area(self, sides: Shape) -> Shape:
        """Positions along each axis."""
        return tuple(
            (side + before + after - kernel) // stride + 1
            for side, kernel, stride, before, after in zip(
                sides, self.kernel, self.stride, self.begin, self.end, strict=True
            )
        )

    def out_shape(self, channels: int) -> Callable[[Shape], Shape]:
        """Output shape from an input's (N, C, ...)."""
        return lambda x: (x[0], channels, *self.area(x[2:]))

    def attributes(self) -> dict[str, Attribute]:
        """`strides` and `pads` as ONNX lists them."""
        return {"strides": list(self.stride), "pads": [*self.begin, *self.end]}


def _each(sides: Sides, axes: int) -> tuple[int, ...]:
    values = (sides,) * axes if isinstance(sides, int) else sides
    if len(values) != axes:
        raise ModelsError(f"{values} does not fit {axes} axes; give one number, or one for each axis")
    return values
