"""Random layers of a file in the making that make images larger, gate them, or take channels by their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 8
"""Height and width up to which an image is made larger."""
Layer = Callable[[Any], None]


def extra(file: Any) -> None:
    """One of them that the shape allows; none where it allows none."""
    spatial = file.shape[1:]
    layers: list[Layer] = [gathered]
    if spatial and max(spatial) <= LARGEST:
        layers += [transposed, padded]
    if len(spatial) == 2:
        layers += [gated, gated]
    if len(spatial) == 2 and max(spatial) <= LARGEST:
        layers.append(interpolated)
    layers[file.rng.integers(len(layers))](file)


def transposed(file: Any) -> None:
    """A ConvTranspose, its pads within the kernel and its stride two at most."""
    rng, (channels, *spatial) = file.rng, file.shape
    kernel = [int(rng.integers(1, 4)) if size > 1 else 1 for size in spatial]
    strides = [int(rng.integers(1, 3)) for _ in kernel]
    pads = [int(rng.integers(0, (size + 1) // 2)) for size in kernel]
    more = [int(rng.integers(0, step)) for step in strides]
    outputs = int(rng.integers(1, 5))
    file.push("ConvTranspose", file.weight((channels, outputs, *kernel), 1), kernel_shape=kernel, strides=strides,
              pads=[*pads, *pads], output_padding=more)  # fmt: skip
    ends = zip(spatial, kernel, strides, pads, more, strict=True)
    file.shape = (outputs, *((size - 1) * step + k - 2 * pad + rest for size, k, step, pad, rest in ends))
    file.is_codes, file.is_unsigned = False, False


def padded(file: Any) -> None:
    """Copies of the edge."""
    rng, (channels, *spatial) = file.rng, file.shape
    begin, end = ([int(number) for number in rng.integers(0, 3, len(spatial))] for _ in range(2))
    file.push("Pad", file.constant(np.array([0, 0, *begin, 0, 0, *end], np.int64)), mode="edge")
    file.shape = (channels, *(a + size + b for a, size, b in zip(begin, spatial, end, strict=True)))


def interpolated(file: Any) -> None:
    """A linear Resize by two."""
    how = str(file.rng.choice(["half_pixel", "asymmetric"]))
    scales = file.constant(np.array([1, 1, 2, 2], np.float32))
    file.push("Resize", "", scales, mode="linear", coordinate_transformation_mode=how)
    file.shape = (file.shape[0], *(2 * size for size in file.shape[1:]))
    file.is_codes = False


def gathered(file: Any) -> None:
    """Some channels in any order, none of them twice."""
    count = int(file.rng.integers(1, file.shape[0] + 1))
    file.push("Gather", file.constant(file.rng.permutation(file.shape[0])[:count].astype(np.int64)), axis=1)
    file.shape = (count, *file.shape[1:])


def gated(file: Any) -> None:
    """Squeeze and excite, by a convolution of one pixel or by a dense layer whose row becomes an image again."""
    rng, image, shape, is_unsigned = file.rng, file.name, file.shape, file.is_unsigned
    channels = shape[0]
    file.push("GlobalAveragePool")
    file.quantize(8)
    is_dense = rng.random() < 0.5
    if is_dense:
        file.push("Flatten", axis=1)
        file.push("Gemm", file.weight((channels, channels), 0), transB=1)
    else:
        file.push("Conv", file.weight((channels, channels, 1, 1), 0), kernel_shape=[1, 1])
    file.push(str(rng.choice(["Sigmoid", "HardSigmoid", "Relu"])))
    file.is_unsigned, file.is_codes = True, False
    file.shape = (channels,)
    file.quantize(6)
    if is_dense:
        file.push("Reshape", file.constant(np.array([0, channels, 1, 1])))
    if is_dense and rng.random() < 0.5:
        file.quantize(6)
    file.name = file.node("Mul", *((image, file.name) if rng.random() < 0.5 else (file.name, image)))
    file.shape, file.is_unsigned, file.is_codes = shape, is_unsigned, False
    file.quantize(6)
