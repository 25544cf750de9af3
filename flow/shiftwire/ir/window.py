"""Where a window lies: kernel, stride and padding of convolutions and pools over at most two spatial axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, slots=True)
class Window:
    """Each tuple has one entry a spatial axis; `begin` and `end` are the padded positions before and after it."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = {len(self.kernel), len(self.stride), len(self.begin), len(self.end)}
        if axes not in ({0}, {1}, {2}):
            raise InputError(f"a window over {len(self.kernel)} axes with {axes} settings; give at most two of each")
        if min((*self.kernel, *self.stride), default=1) < 1:
            raise InputError(f"a kernel of {self.kernel} and a stride of {self.stride} are no window; give 1 or more")
        if min(self.begin + self.end, default=0) < 0:
            raise InputError(
                f"pads of {self.begin} in front and {self.end} behind take pixels away, wanted 0 or more; put a Slice "
                "in front instead"
            )

    @property
    def axes(self) -> int:
        """0 for vectors, 1 for signals, 2 for images."""
        return len(self.kernel)

    @property
    def is_identity(self) -> bool:
        """Whether the windows are the pixels themselves."""
        return set(self.kernel + self.stride) <= {1} and not any(self.begin + self.end)

    def output(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Number of window positions along each axis of an image of `spatial` (height, width) or (length,)."""
        if len(spatial) != self.axes:
            raise InputError(f"a window over {self.axes} axes cannot read an image with {len(spatial)} spatial axes")
        rows = zip(spatial, self.kernel, self.stride, self.begin, self.end, strict=True)
        positions = tuple((size + before + after - k) // step + 1 for size, k, step, before, after in rows)
        if min(positions, default=1) < 1:
            raise InputError(f"a kernel of {self.kernel} does not fit the padded image of {spatial}; shrink it")
        return positions

    def patches(self, x: Codes, fill: int = 0) -> Codes:
        """Windows (N, positions..., C, kernel...) of images x (N, spatial..., C), `fill` where padded."""
        pads = [(0, 0), *zip(self.begin, self.end, strict=True), (0, 0)]
        axes = tuple(range(1, 1 + self.axes))
        wide = np.pad(x, pads, constant_values=fill)
        view: Codes = sliding_window_view(wide, self.kernel, axis=axes)  # type: ignore[call-overload]
        steps = (slice(None), *(slice(None, None, step) for step in self.stride))
        return view[steps]

    def columns(self, x: Codes) -> Codes:
        """The same windows as (kernel..., C, N, positions...), 0 where padded: what one tap reads lies side by side."""
        pads = [(0, 0), (0, 0), *zip(self.begin, self.end, strict=True)]
        wide = np.pad(np.moveaxis(x, -1, 0), pads)
        view: Codes = sliding_window_view(wide, self.kernel, axis=tuple(range(2, 2 + self.axes)))  # type: ignore[call-overload]
        steps = (slice(None), slice(None), *(slice(None, None, step) for step in self.stride))
        return np.moveaxis(view[steps], range(-self.axes, 0), range(self.axes))
