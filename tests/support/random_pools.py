"""Random averages of a file in the making: every spelling of what a window counts."""

from __future__ import annotations

from typing import Any


def average(file: Any) -> None:
    """Windows with and without pads, which count or do not, and whose number is rounded up or down."""
    rng, spatial = file.rng, file.shape[1:]
    kernel = [int(rng.integers(1, min(3, size) + 1)) for size in spatial]
    strides = [int(rng.integers(1, 3)) for _ in kernel]
    pads = [int(rng.integers(0, size)) if rng.random() < 0.5 else 0 for size in kernel]
    rest = [(s + 2 * p - k) % d for s, p, k, d in zip(spatial, pads, kernel, strides, strict=True)]
    lasts = [s + 2 * p - k + d - r for s, p, k, d, r in zip(spatial, pads, kernel, strides, rest, strict=True)]
    ups = [r > 0 and last < s + p for r, last, s, p in zip(rest, lasts, spatial, pads, strict=True)]
    # a window that begins in the pads behind is none, but older shape inference counts it
    is_up = any(ups) and ups == [r > 0 for r in rest] and rng.random() < 0.5
    file.push("AveragePool", kernel_shape=kernel, strides=strides, pads=[*pads, *pads], ceil_mode=int(is_up),
              count_include_pad=int(rng.random() < 0.5))  # fmt: skip
    sizes = [(s + 2 * p - k) // d + 1 for s, p, k, d in zip(spatial, pads, kernel, strides, strict=True)]
    file.shape = (file.shape[0], *(size + (is_up and up) for size, up in zip(sizes, ups, strict=True)))
    file.is_codes = False
