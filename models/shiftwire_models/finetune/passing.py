"""Layers of an exact file that have no weights to train, and what gradients pass through them."""

from collections.abc import Sequence
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import straight_through
from shiftwire_models.window import Geometry

_AROUND = 2
"""Steps on each side over which the slope of a staircase is taken."""


class Staircase(nn.Module):
    """Threshold: base + step * count(x >= thresholds), channel by channel; the gradient is that of the line through it.

    thresholds  (C, steps) in codes of 2**-threshold_frac, ascending; base, step  (C,) in codes of 2**-frac
    """

    thresholds: Tensor
    base: Tensor
    step: Tensor
    slope: Tensor

    def __init__(self, thresholds: Tensor, base: Tensor, step: Tensor, threshold_frac: int, frac: int) -> None:
        super().__init__()
        values = thresholds.double() * 2.0**-threshold_frac
        self.register_buffer("thresholds", values)
        self.register_buffer("base", base.double() * 2.0**-frac)
        self.register_buffer("step", step.double() * 2.0**-frac)
        self.register_buffer("slope", _slopes(values, self.step), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...), the same shape out."""
        rows = x.detach().double().transpose(0, 1).flatten(1).contiguous()
        count = torch.searchsorted(self.thresholds, rows, right=True)
        y = self.base[:, None] + self.step[:, None] * count
        slope = self.slope.gather(1, count)
        shape = (x.shape[1], x.shape[0], *x.shape[2:])
        back = [values.reshape(shape).transpose(0, 1).to(x.dtype) for values in (y, slope)]
        return straight_through(back[0], back[1] * x)


class Table(nn.Module):
    """Lookup: a code for each code of x; the gradient is the difference of its neighbours.

    table  (C or 1, codes) in codes of 2**-frac, the first for the code `lowest` of x on 2**-input_frac
    """

    words: Tensor
    slope: Tensor

    def __init__(self, table: Tensor, lowest: int, input_frac: int, frac: int) -> None:
        super().__init__()
        self.lowest, self.input_frac = lowest, input_frac
        words = table.double() * 2.0**-frac
        ends = functional.pad(words[None], (1, 1), mode="replicate")[0]
        self.register_buffer("words", words)
        self.register_buffer("slope", (ends[:, 2:] - ends[:, :-2]) / 2 * 2.0**input_frac, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...) on its grid, the same shape out."""
        rows, codes = self.words.shape
        place = (x.detach().double() * 2.0**self.input_frac).long() - self.lowest
        first = torch.arange(rows, device=x.device).reshape(-1, *[1] * (x.dim() - 2)) * codes
        at = place.clamp(0, codes - 1) + first
        y, slope = (table.flatten()[at].to(x.dtype) for table in (self.words, self.slope))
        return straight_through(y, slope * x)


class PartialPool(nn.Module):
    """Sums over windows times divisor / positions that count; `counted` pads count as positions of value 0."""

    def __init__(self, window: Geometry, counted: Geometry, divisor: int) -> None:
        super().__init__()
        self.window, self.counted, self.divisor = window, counted, divisor

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H', W')."""
        wide = self.counted.padded(x)
        counts = self._sums(torch.ones_like(wide[:1, :1]))
        return self._sums(wide) * (self.divisor / counts)

    def _sums(self, x: Tensor) -> Tensor:
        wide = self.window.padded(x)
        alone = wide.reshape(-1, 1, *wide.shape[2:])
        kernel = torch.ones((1, 1, *self.window.kernel), dtype=x.dtype, device=x.device)
        sums = functional.conv2d(alone, kernel, stride=self.window.stride)
        return sums.reshape(*x.shape[:2], *sums.shape[2:])


class UnequalMaxPool(nn.Module):
    """A maximum pool with pads of its own on each side, which never win."""

    def __init__(self, window: Geometry) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, [H,] W) -> (N, C, [H',] W')."""
        sides = [
            side for pair in zip(reversed(self.window.begin), reversed(self.window.end), strict=True) for side in pair
        ]
        pool = functional.max_pool1d if len(self.window.kernel) == 1 else functional.max_pool2d
        y: Tensor = pool(functional.pad(x, sides, value=float("-inf")), self.window.kernel, self.window.stride)
        return y


class OperandKind(Enum):
    """What is done with a constant; the words are ONNX's."""

    MULTIPLY = "Mul"
    ADD = "Add"
    DIVIDE = "Div"


class Operand(nn.Module):
    """x and a constant of the host."""

    by: Tensor

    def __init__(self, kind: OperandKind, by: Tensor) -> None:
        super().__init__()
        self.kind = kind
        self.register_buffer("by", by)

    def forward(self, x: Tensor) -> Tensor:
        """Of x's shape."""
        by = self.by.to(x.dtype)
        match self.kind:
            case OperandKind.MULTIPLY:
                return x * by
            case OperandKind.ADD:
                return x + by
            case OperandKind.DIVIDE:
                return x / by


class Enlarged(nn.Module):
    """Every pixel `times` along each axis after the channels'."""

    def __init__(self, times: Sequence[int]) -> None:
        super().__init__()
        self.times = tuple(times)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...) -> (N, C, ...)."""
        for axis, times in enumerate(self.times, 2):
            x = x.repeat_interleave(times, axis)
        return x


class Part(nn.Module):
    """A slice along each axis, the batch's apart."""

    def __init__(self, slices: Sequence[slice]) -> None:
        super().__init__()
        self.slices = tuple(slices)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...) -> (N, C', ...)."""
        return x[(slice(None), *self.slices[: x.dim() - 1])]


class Picked(nn.Module):
    """Channels by their numbers."""

    numbers: Tensor

    def __init__(self, numbers: Tensor) -> None:
        super().__init__()
        self.register_buffer("numbers", numbers.float())  # averages of buffers leave whole floats whole

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...) -> (N, len(numbers), ...)."""
        return x.index_select(1, self.numbers.round().long())


class Moved(nn.Module):
    """DepthToSpace, or SpaceToDepth where `is_deep`; `columns_first` is ONNX's CRD."""

    def __init__(self, block: int, *, columns_first: bool, is_deep: bool) -> None:
        super().__init__()
        self.block, self.columns_first, self.is_deep = block, columns_first, is_deep

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C / block**2, H * block, W * block), or the other way."""
        count, channels, height, width = x.shape
        block = self.block
        if self.is_deep:
            parts = x.reshape(count, channels, height // block, block, width // block, block)
            deep = parts.permute(0, 3, 5, 1, 2, 4)
            return deep.reshape(count, channels * block**2, height // block, width // block)
        if self.columns_first:
            return functional.pixel_shuffle(x, block)
        parts = x.reshape(count, block, block, channels // block**2, height, width)
        return parts.permute(0, 3, 4, 1, 5, 2).reshape(count, channels // block**2, height * block, width * block)


class Spread(nn.Module):
    """Channels as `block` positions along an axis of (N, C, ...): channel r * C + c is c of the r-th position."""

    def __init__(self, axis: int, block: int) -> None:
        super().__init__()
        self.axis, self.block = axis, block

    def forward(self, x: Tensor) -> Tensor:
        """x (N, block * C, ...) -> (N, C, ...)."""
        parts = x.reshape(len(x), self.block, x.shape[1] // self.block, *x.shape[2:]).movedim(1, self.axis + 1)
        return parts.flatten(self.axis, self.axis + 1)


class Shaped(nn.Module):
    """Another shape of each sample."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, ...) -> (N, *shape)."""
        return x.reshape(len(x), *self.shape)


class Permuted(nn.Module):
    """The axes in another order."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = tuple(order)
        if self.order[:1] != (0,):
            raise ModelsError("a transpose moves the batch's axis; leave it the first")

    def forward(self, x: Tensor) -> Tensor:
        """x (N, ...) -> (N, ...)."""
        return x.permute(self.order)


def _slopes(thresholds: Tensor, step: Tensor) -> Tensor:
    """(C, steps + 1): how fast the staircase climbs around each count; 0 where it stands still or climbs at once."""
    steps = thresholds.shape[1]
    count = torch.arange(steps + 1)
    low, high = (count - _AROUND).clamp(0, steps - 1), (count + _AROUND - 1).clamp(0, steps - 1)
    width = thresholds[:, high] - thresholds[:, low]
    slope = step[:, None] * (high - low) / width.clamp_min(torch.finfo(torch.float64).tiny)
    inside = (width > 0) & (count > 0) & (count < steps)
    return torch.where(inside, slope, torch.zeros_like(slope))
