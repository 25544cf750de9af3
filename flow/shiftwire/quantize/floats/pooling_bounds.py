"""How far a convolution that is interpolated between every second place may be off, from weights and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from shiftwire.numbers.fixed import Values

Offset = tuple[int, int]
"""Rows and columns from a place to another."""
ALONG: tuple[tuple[int, ...], ...] = ((0,), (-1, 1), (-1,))
"""Along an axis a place is computed, lies between two others, or behind the last."""


@dataclass(frozen=True, eq=False)
class FloatConv:
    """y = weights . x + bias, cut at 0 where it `is_rectified`; stride 1, weights (out, channels, rows, columns).

    Channel c of x lies in low[c]..high[c] with 0 among them, since pads are zeros; bias (out,). `size` is that of y,
    `end` how many pads stand behind the last row and column.
    """

    weights: Values
    bias: Values
    low: Values
    high: Values
    is_rectified: bool
    size: tuple[int, int]
    end: tuple[int, int]


def interpolated(half: Values, size: Sequence[int]) -> Values:
    """Images (..., rows, columns) of `size` whose even places are `half`: means of two, of four in the middle.

    What would lie behind the last of them is that one.
    """
    image = half
    for axis, length in zip((-2, -1), size, strict=True):
        image = np.moveaxis(image, axis, 0)
        behind = np.concatenate([image[1:], image[-1:]])
        image = np.stack([image, (image + behind) / 2], axis=1).reshape(-1, *image.shape[1:])[:length]
        image = np.moveaxis(image, 0, axis)
    return image


def bound(conv: FloatConv) -> float:
    """The largest that any output at any place may be off, whatever the input within its ranges.

    With u a convolution's sums, a missing place 1 and n others around it, mean and sums over these:

        y - z:  relu(u_1) - mean relu(u_i)  <=  max(0, u_1 - mean u_i), for relu is convex
        z - y:  mean relu(u_i) - relu(u_1)  <=  sum over those i with u_i > 0 of (u_i - u_1) / n
        both:   neither is more than the range of relu(u)

    Differences of sums are linear in x, so that the largest ones lie at ends of the channels' ranges; which u_i are
    above 0 is not known, and the largest of all choices counts.
    """
    reach = np.zeros(len(conv.weights))
    for down, right in list(product(ALONG, repeat=2))[1:]:
        is_last = down == ALONG[-1], right == ALONG[-1]
        if any(last and size % 2 for last, size in zip(is_last, conv.size, strict=True)):
            continue  # the last of an odd number of places is computed
        offsets = list(product(down, right))
        low, high = _ends(_difference(conv, offsets, len(offsets), is_last), conv)
        reach = np.maximum(reach, np.maximum(high, -low))
        for count in range(1, len(offsets) if conv.is_rectified else 1):
            for some in combinations(offsets, count):
                reach = np.maximum(reach, _ends(_difference(conv, some, len(offsets), is_last), conv)[1])
    return float(np.minimum(reach, _range(conv)).max())


def _range(conv: FloatConv) -> Values:
    """How far apart two outputs of a channel may be, (out,)."""
    low, high = (end + conv.bias for end in _ends(conv.weights, conv))
    return np.maximum(high, 0) - np.maximum(low, 0) if conv.is_rectified else high - low


def _difference(conv: FloatConv, offsets: Sequence[Offset], others: int, is_last: tuple[bool, bool]) -> Values:
    """Weights (out, channels, rows + 2, columns + 2) of sum over the offsets of (u_i - u_1) / others.

    0 on the pads that a place in the last row or column reads.
    """
    rows, columns = conv.weights.shape[2:]
    whole = np.zeros((*conv.weights.shape[:2], rows + 2, columns + 2))
    for (down, right), factor in [*((offset, 1.0) for offset in offsets), ((0, 0), -float(len(offsets)))]:
        part = whole[:, :, 1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        part += factor / others * conv.weights
    if is_last[0]:
        whole[:, :, 1 + rows - conv.end[0] :] = 0
    if is_last[1]:
        whole[..., 1 + columns - conv.end[1] :] = 0
    return whole


def _ends(weights: Values, conv: FloatConv) -> tuple[Values, Values]:
    """Smallest and largest sum, (out,)."""
    ends = [weights * end[:, None, None] for end in (conv.low, conv.high)]
    low, high = (pick(*ends).sum(axis=(1, 2, 3)) for pick in (np.minimum, np.maximum))
    return low, high
