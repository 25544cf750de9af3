"""Every layer once more, in plain Python integers and fractions, straight from its definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from layer_cases import LAYER_CASES
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

Values = np.ndarray
"""Arrays of Fractions: the real values, no grid involved."""


def term_value(weights: ShiftWeights, *at: int) -> Fraction:
    """One weight: the sum of its signed powers of two."""
    terms = range(weights.sign.shape[0])
    return sum(
        (int(weights.sign[(t, *at)]) * Fraction(2) ** int(weights.exponent[(t, *at)]) for t in terms), Fraction()
    )


def meet(weights: Weights, x: Fraction, *at: int) -> Fraction:
    """What one tap counts."""
    match weights:
        case Shift(terms):
            return x * term_value(terms, *at)
        case Adder(codes, grid):
            return -abs(x - Fraction(int(codes[at])) / 2**grid)
        case Int(codes, grid) | Binary(codes, grid):
            return x * Fraction(int(codes[at])) / Fraction(2) ** grid
    raise AssertionError(weights)


def windows(op, x: Values, fill: object) -> Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], Values]]]]:
    """Positions, and for each the taps: offset in the kernel and the channels found there (or `fill`)."""
    window, spatial = op.window, x.shape[:-1]
    for position in itertools.product(*map(range, window.output(spatial))):
        taps = []
        for offset in itertools.product(*map(range, window.kernel)):
            rows = zip(position, window.stride, window.begin, offset, strict=True)
            at = tuple(p * s - b + o for p, s, b, o in rows)
            inside = all(0 <= i < n for i, n in zip(at, spatial, strict=True))
            taps.append((offset, x[at] if inside else np.full(x.shape[-1], fill, object)))
        yield position, taps


def dense(op: Dense, x: Values, y: Values) -> None:
    for o in range(len(y)):
        y[o] = sum((meet(op.weights, x[i], o, i) for i in range(len(x))), bias(op, o))


def conv(op: Conv, x: Values, y: Values) -> None:
    channels, filters = op.weights.shape[-1], op.weights.shape[0]
    for position, taps in windows(op, x, Fraction()):
        for f in range(filters):
            first = f // (filters // op.groups) * channels
            y[(*position, f)] = bias(op, f) + sum(
                (meet(op.weights, at[first + c], f, *offset, c) for offset, at in taps for c in range(channels)),
                Fraction(),
            )


def bias(op, output: int) -> Fraction:
    return Fraction(int(op.bias.codes[output])) / Fraction(2) ** op.bias.frac


def affine(op: Affine, x: Values, y: Values) -> None:
    for at in np.ndindex(*y.shape):
        y[at] = x[at] * term_value(op.scale, at[-1]) + bias(op, at[-1])


def threshold(op: Threshold, x: Values, y: Values) -> None:
    for at in np.ndindex(*y.shape):
        count = sum(x[at] >= Fraction(int(t)) / 2**op.x_frac for t in op.thresholds[at[-1]])
        y[at] = (int(op.base[at[-1]]) + int(op.step[at[-1]]) * count) / Fraction(2) ** op.frac


def requantize(op: Requantize, x: Values, y: Values) -> None:
    for at in np.ndindex(*y.shape):
        scaled = x[at] * Fraction(2) ** op.to.frac
        code = {
            Rounding.FLOOR: math.floor,
            Rounding.HALF_UP: lambda v: math.floor(v + Fraction(1, 2)),
            Rounding.HALF_EVEN: round,
        }[op.rounding](scaled)
        if op.overflow is Overflow.SATURATE:
            code = max(op.to.lo, min(op.to.hi, code))
        else:
            code = (code - op.to.lo) % 2**op.to.bits + op.to.lo
        y[at] = code / Fraction(2) ** op.to.frac


def max_pool(op: MaxPool, x: Values, y: Values) -> None:
    for position, taps in windows(op, x, None):
        for c in range(x.shape[-1]):
            y[(*position, c)] = max(channels[c] for _, channels in taps if channels[c] is not None)


def average_pool(op: AveragePool, x: Values, y: Values) -> None:
    for position, taps in windows(op, x, Fraction()):
        for c in range(x.shape[-1]):
            y[(*position, c)] = sum(channels[c] for _, channels in taps) / math.prod(op.window.kernel)


def sum_pool(op: SumPool, x: Values, y: Values) -> None:
    for position, taps in windows(op, x, Fraction()):
        for c in range(x.shape[-1]):
            y[(*position, c)] = sum(channels[c] for _, channels in taps)


def pad(op: Pad, x: Values, y: Values) -> None:
    y[...] = Fraction()
    y[tuple(slice(b, b + n) for b, n in zip(op.begin, x.shape, strict=False))] = x


def flatten(op: Flatten, x: Values, y: Values) -> None:
    pixels = list(np.ndindex(*x.shape[:-1]))
    for c in range(x.shape[-1]):
        for p, pixel in enumerate(pixels):
            y[c * len(pixels) + p] = x[(*pixel, c)]


def relu(op: Relu, x: Values, y: Values) -> None:
    for at in np.ndindex(*y.shape):
        y[at] = max(x[at], Fraction())


def add(op: Add, a: Values, b: Values, y: Values) -> None:
    y[...] = a + b


def concat(op: Concat, a: Values, b: Values, y: Values) -> None:
    y[...] = np.concatenate([a, b], axis=-1)


LAYERS: dict[type, Callable[..., None]] = {
    Dense: dense,
    Conv: conv,
    Affine: affine,
    Threshold: threshold,
    Requantize: requantize,
    MaxPool: max_pool,
    AveragePool: average_pool,
    SumPool: sum_pool,
    Pad: pad,
    Flatten: flatten,
    Relu: relu,
    Add: add,
    Concat: concat,
    **{layer.op: layer.definition for layer in LAYER_CASES},
}


def evaluate(network: Network, codes: Codes) -> dict[str, Codes]:
    """Codes of every node for one sample (*shape); a value off its node's grid or range fails an assertion."""
    known = {network.input_name: exact(codes, network.input.format.frac)}
    found = {}
    for node in network.nodes:
        tensor = network.tensors[node.name]
        y = np.empty(tensor.shape, object)
        LAYERS[type(node.op)](node.op, *(known[name] for name in node.inputs), y)
        known[node.name] = y
        scaled = [value * Fraction(2) ** tensor.format.frac for value in y.ravel()]
        assert all(value.denominator == 1 for value in scaled), f"{node.name} leaves its grid {tensor}"
        assert all(tensor.format.lo <= value <= tensor.format.hi for value in scaled), f"{node.name} leaves {tensor}"
        found[node.name] = np.array([int(value) for value in scaled]).reshape(tensor.shape)
    return found


def exact(codes: Codes, frac: int) -> Values:
    values = np.empty(codes.shape, object)
    for at in np.ndindex(*codes.shape):
        values[at] = Fraction(int(codes[at])) / Fraction(2) ** frac
    return values
