"""Where a window lies: kernel, stride and padding of convolutions and pools over one or two spatial axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from shiftwire.errors import InputError
from shiftwire.ir.kernel import CodeType, Kernel, Port, Table, settings, width_kernel
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, slots=True)
class Taps:
    """What leaves a window unit in a beat: `count` taps of `channels` each, block of channels by block."""

    count: int
    channels: int
    block_channels: int


@dataclass(frozen=True, slots=True)
class Window:
    """Each tuple has one entry a spatial axis; `begin` and `end` are the padded positions before and after it."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = {len(self.kernel), len(self.stride), len(self.begin), len(self.end)}
        if axes not in ({1}, {2}):
            raise InputError(f"a window over {len(self.kernel)} axes with {axes} settings; give one or two of each")
        if min(self.kernel) < 1 or min(self.stride) < 1 or min(self.begin + self.end) < 0:
            raise InputError(f"kernel {self.kernel}, stride {self.stride}, pads {self.begin}{self.end}: too small")

    @property
    def axes(self) -> int:
        return len(self.kernel)

    @property
    def is_identity(self) -> bool:
        """Whether the windows are the pixels themselves."""
        return set(self.kernel + self.stride) == {1} and not any(self.begin + self.end)

    def output(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Number of window positions along each axis of an image of `spatial` (height, width) or (length,)."""
        if len(spatial) != self.axes:
            raise InputError(f"a window over {self.axes} axes cannot read an image with {len(spatial)} spatial axes")
        rows = zip(spatial, self.kernel, self.stride, self.begin, self.end, strict=True)
        positions = tuple((size + before + after - k) // step + 1 for size, k, step, before, after in rows)
        if min(positions) < 1:
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

    def cycles(self, shape: tuple[int, ...], lanes: int, taps: Taps) -> int:
        """Iterations of the window unit in a frame: the first rows come in, then rows leave while others come."""
        reads = self._row_reads(shape) * (_two(shape[:-1])[1] * shape[-1] // lanes)
        return int(reads[0]) + int(np.maximum(reads[1:], self._row_writes(shape, taps)).sum())

    def taps_for(self, shape: tuple[int, ...], many: Taps, working: int) -> Taps:
        """One tap at a time where that does not hold up a unit that works `working` cycles a frame, else `many`.

        Several at once each want a ring of rows of their own; single ones are gathered behind the window unit.
        """
        one = Taps(1, many.channels, many.block_channels)
        fits = prod(self.kernel) % many.count == 0 and (many.count == 1 or many.channels == many.block_channels)
        return many if fits and self.cycles(shape, many.channels, one) > working else one

    def feeding(self, x: tuple[tuple[int, ...], Fixed], taps: Taps, wanted: Port, fill: int = 0) -> tuple[Kernel, ...]:
        """The window unit over images of a shape and format, and the one that gathers its taps into beats as wanted."""
        shape, held = x
        unit = self.kernel_for(shape, held, taps.channels, taps, fill)
        return (unit,) if unit.writes == wanted else (unit, width_kernel(held, unit.writes, wanted))

    def _row_reads(self, shape: tuple[int, ...]) -> Codes:
        """Image rows read before the first row of windows, then while each row of windows leaves."""
        (in_height, _), (out_height, _) = _two(shape[:-1]), _two(self.output(shape[:-1]))
        (kernel_height, _), (stride_height, _), (pad_top, _) = _two(self.kernel), _two(self.stride), _two(self.begin, 0)
        last = np.arange(out_height) * stride_height - pad_top + kernel_height
        return np.diff(np.append(np.clip(last, 0, in_height), in_height), prepend=0)

    def _row_writes(self, shape: tuple[int, ...], taps: Taps) -> int:
        """Beats that leave in a row of windows."""
        return _two(self.output(shape[:-1]))[1] * prod(self.kernel) * shape[-1] // (taps.count * taps.channels)

    def kernel_for(self, shape: tuple[int, ...], made: Fixed, lanes: int, taps: Taps, fill: int = 0) -> Kernel:
        """The window unit over an image (spatial..., C) that arrives `lanes` channels a beat."""
        (in_height, in_width), (out_height, out_width) = _two(shape[:-1]), _two(self.output(shape[:-1]))
        kernel_height, kernel_width = _two(self.kernel)
        stride_height, stride_width = _two(self.stride)
        pad_top, pad_left = _two(self.begin, 0)
        rows = kernel_height + stride_height
        reads, beats_per_row = self._row_reads(shape), in_width * shape[-1] // lanes
        beats_per_block = kernel_height * kernel_width * taps.block_channels // (taps.count * taps.channels)
        writes = self._row_writes(shape, taps)
        members = settings(
            in_height=in_height,
            in_width=in_width,
            channels=shape[-1],
            out_height=out_height,
            out_width=out_width,
            kernel_height=kernel_height,
            kernel_width=kernel_width,
            stride_height=stride_height,
            stride_width=stride_width,
            pad_top=pad_top,
            pad_left=pad_left,
            rows=rows,
            rows_used=int(reads[:-1].sum()),
            first_slot=-pad_top % rows,
            slot_step=stride_height % rows,
            blocks=shape[-1] // taps.block_channels,
            block_channels=taps.block_channels,
            beats_per_block=beats_per_block,
            taps=taps.count,
            tap_channels=taps.channels,
            fill=fill,
        )
        return Kernel(
            "window",
            (Port(lanes, in_height * beats_per_row),),
            Port(taps.count * taps.channels, out_height * writes),
            made,
            self.cycles(shape, lanes, taps),
            members,
            (Table("rows_read", reads, CodeType(max(int(reads.max()).bit_length(), 1), signed=False)),),
        )


def _two(sizes: tuple[int, ...], missing: int = 1) -> tuple[int, int]:
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (missing, sizes[0])
