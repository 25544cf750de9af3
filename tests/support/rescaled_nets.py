"""Networks whose sums are rescaled by float scales, and staircases written out integer by integer."""

from __future__ import annotations

import numpy as np

from one_layer import shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.rescaling import Stairs
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.threshold import Threshold

U8 = Fixed(8, 3, signed=False)


def stairs_of(codes: Codes, start: int, lo: int, hi: int) -> Stairs:
    """Rising codes of consecutive integers from `start` on."""
    cuts = np.flatnonzero(np.diff(codes)) + 1
    firsts = [start, *(start + cuts).tolist()]
    lasts = [*(first - 1 for first in firsts[1:]), start + len(codes) - 1]
    return Stairs(firsts, lasts, codes[[0, *cuts]].tolist(), lo, hi)


def rescaling(x: Tensor, seed: int, *, lo: int = 0, hi: int = 255, share: float = 0.4, falls: bool = True) -> Threshold:
    """Random scales and biases: the codes lo..hi take about `share` of the range of x; some channels fall."""
    rng, format = np.random.default_rng(seed), x.format
    channels = x.shape[-1]
    slope = (hi - lo) / ((format.hi - format.lo) * share) * rng.uniform(0.5, 1, (channels, 1))
    height = rng.uniform(lo, hi, (channels, 1))
    rows = np.ceil((np.arange(lo + 1, hi + 1) - 0.5 - height) / slope)
    rows = np.clip(rows, format.lo, format.hi + 1).astype(np.int64)
    step = np.where(rng.random(channels) < 0.4 * falls, -1, 1)
    return Threshold(rows, np.where(step < 0, hi, lo), step, format.frac, 3)


def of_rescaling(x: Tensor, seed: int, **how: float) -> Network:
    """That layer alone."""
    return Network.of("x", x, (Node("y", rescaling(x, seed, **how), ("x",)),), "y")  # type: ignore[arg-type]


def rescaled_image(seed: int = 0) -> Network:
    """A convolution, rescaled; a depthwise one, rescaled to codes whose ends are no powers of two."""
    wide, each = Window((3, 3), (1, 1), (1, 1), (1, 1)), Window((2, 2), (2, 2), (0, 0), (0, 0))
    return _rescaled(
        Tensor((4, 4, 3), U8),
        (
            ("conv", Conv(shift((4, 3, 3, 3), 2, -3, 2, seed), Bias.none(4), wide), 0, 255),
            ("deep", Conv(shift((4, 2, 2, 1), 2, -3, 0, seed + 1), Bias.none(4), each, 4), -20, 235),
        ),
        seed,
    )


def rescaled_vector(seed: int = 0) -> Network:
    """Two dense layers, rescaled to unsigned and to signed codes."""
    return _rescaled(
        Tensor((12,), U8),
        (
            ("fc1", Dense(shift((8, 12), 2, -3, 2, seed), Bias.none(8)), 0, 255),
            ("fc2", Dense(shift((6, 8), 2, -3, 2, seed + 1), Bias.none(6)), -128, 127),
        ),
        seed,
    )


def rescaled_image_and_vector(seed: int = 0) -> Network:
    """Both behind one another."""
    image, vector = rescaled_image(seed), rescaled_vector(seed)
    assert image.output.size == 16
    first = Node("fc1", Dense(shift((8, 16), 2, -3, 2, seed), Bias.none(8)), ("flat",))
    sums = first.op.infer(Tensor((16,), image.output.format))
    behind = Node("fc1_out", rescaling(sums, seed), ("fc1",))
    nodes = (*image.nodes, Node("flat", Flatten(), (image.output_name,)), first, behind, *vector.nodes[2:])
    return Network.of("x", image.input, nodes, vector.output_name)


def _rescaled(x: Tensor, layers: tuple[tuple[str, Conv | Dense, int, int], ...], seed: int) -> Network:
    nodes, name, tensor = [], "x", x
    for at, (layer, op, lo, hi) in enumerate(layers):
        tensor = op.infer(tensor)
        scale = rescaling(tensor, seed + at, lo=lo, hi=hi)
        nodes += [Node(layer, op, (name,)), Node(f"{layer}_out", scale, (layer,))]
        name, tensor = f"{layer}_out", scale.infer(tensor)
    return Network.of("x", x, tuple(nodes), name)
