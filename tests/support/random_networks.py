"""Seeded random networks: every op, format, rounding and overflow, with forks and joins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from layer_cases import LAYER_CASES
from pruned import random_pruned
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
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
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

OWN_LAYERS = 3
"""Every third network has a layer more; the others stay what they were."""

PRUNED = 4
"""In every fourth network layers are pruned in blocks; they have WIDER times as many filters, for folds to be empty."""

WIDER = 3

SALT = 1
"""Of what is drawn for it, such that three hundred networks have all of them."""

WIDEST = 30
"""Bits beyond which a generated tensor is requantized, so that nets stay within what doubles hold."""


@dataclass
class Maker:
    """Grows one network; every choice comes from `rng`."""

    rng: np.random.Generator
    input: Tensor
    pruning: np.random.Generator | None = None
    nodes: list[Node] = field(default_factory=list)

    @property
    def wider(self) -> int:
        return 1 if self.pruning is None else WIDER

    def tensor(self, name: str) -> Tensor:
        return Network.of("x", self.input, tuple(self.nodes), name).output

    def add(self, op: Op, *inputs: str) -> str:
        name = f"n{len(self.nodes)}_{op.kind.lower()}"
        self.nodes.append(Node(name, op, inputs))
        return name

    def narrow(self, name: str) -> str:
        """A random format of 1 to 16 bits near the tensor's own grid."""
        x = self.tensor(name).format
        bits = int(self.rng.integers(1, 17))
        frac = x.frac - max(x.bits - bits, 0) + int(self.rng.integers(-1, 3))
        to = Fixed(bits, frac, signed=bool(self.rng.integers(2)) and x.signed)
        rounding = self.rng.choice(np.array(list(Rounding)))
        overflow = self.rng.choice(np.array(list(Overflow)))
        return self.add(Requantize(to, rounding, overflow), name)


def random_network(seed: int) -> Network:
    """One network of 3 to 8 nodes over a vector, a signal or an image."""
    rng = np.random.default_rng(seed)
    shape = _shape(rng)
    held = Fixed(int(rng.integers(1, 17)), int(rng.integers(-2, 9)), signed=bool(rng.integers(2)))
    maker = Maker(rng, Tensor(shape, held), np.random.default_rng((seed, PRUNED)) if seed % PRUNED == 1 else None)
    name = "x"
    for _ in range(int(rng.integers(2, 6))):
        name = _grow(maker, name)
        if maker.tensor(name).format.bits > WIDEST:
            name = maker.narrow(name)
    name = _with_own_layer(maker, name, seed)
    return Network.of("x", maker.input, tuple(maker.nodes), name)


def _with_own_layer(maker: Maker, name: str, seed: int) -> str:
    """In every third network, behind all others, one of the layers whose tests lie in one file, where one fits."""
    rng, axes = np.random.default_rng((seed, OWN_LAYERS, SALT)), len(maker.tensor(name).shape) - 1
    cases = [layer for layer in LAYER_CASES if layer.reads_vectors == (axes == 0)]
    if seed % OWN_LAYERS != OWN_LAYERS - 1 or not cases:
        return name
    layer = cases[int(rng.integers(len(cases)))]
    if layer.reads is not None:
        name = maker.add(Requantize(layer.reads, Rounding.FLOOR, Overflow.WRAP), name)
    try:
        inputs = (name, _factors(maker, rng, name)) if layer.joins else (name,)
        made = _checked(maker, layer.grow(rng, axes or maker.tensor(name).size), *inputs)
        return made if axes else _with_a_layer_behind(maker, made)
    except InputError:
        return maker.nodes[-1].name


def _with_a_layer_behind(maker: Maker, name: str) -> str:
    """What makes an image of a vector is the host's behind the last layer; here it is not the last."""
    sign = np.ones((1, 2, 1, 1, maker.tensor(name).shape[-1]), np.int8)
    sign[:, 1] = -1
    weights = Shift(ShiftWeights(sign, np.zeros_like(sign)))
    return maker.add(Conv(weights, Bias.none(2), Window((1, 1), (1, 1), (0, 0), (0, 0))), name)


def _factors(maker: Maker, rng: np.random.Generator, name: str) -> str:
    """The tensor in other codes, or those of its sums over the image."""
    spatial = maker.tensor(name).shape[:-1]
    if rng.integers(2):
        zeros = (0,) * len(spatial)
        name = maker.add(SumPool(Window(spatial, (1,) * len(spatial), zeros, zeros)), name)
    return maker.narrow(name)


def random_codes(network: Network, seed: int, count: int = 12) -> Codes:
    """Random codes with the extremes among them: all lowest, all highest, alternating, zero."""
    rng, x = np.random.default_rng(seed), network.input
    lo, hi = x.format.lo, x.format.hi
    codes = rng.integers(lo, hi + 1, (count, *x.shape))
    codes[0], codes[1], codes[2] = lo, hi, 0
    codes[3] = np.where(np.arange(x.size).reshape(x.shape) % 2, lo, hi)
    codes[4] = np.where(np.arange(x.size).reshape(x.shape) % 2, hi, lo)
    return codes.astype(np.int64)


def _shape(rng: np.random.Generator) -> tuple[int, ...]:
    rank = int(rng.integers(1, 4))
    spatial = tuple(int(n) for n in rng.integers(3, 7, rank - 1))
    return (*spatial, int(rng.integers(1, 5)) * (4 if rank == 1 else 1))


def _grow(maker: Maker, name: str) -> str:
    """Append one random layer; a layer that does not fit is drawn again."""
    rank = len(maker.tensor(name).shape)
    makers = _ON_VECTORS if rank == 1 else _ON_IMAGES
    while True:
        try:
            return makers[int(maker.rng.integers(len(makers)))](maker, name)
        except InputError:
            continue


def _weights(maker: Maker, x: Fixed, shape: tuple[int, ...]) -> Weights:
    weights = _full_weights(maker.rng, x, shape)
    return weights if maker.pruning is None else random_pruned(weights, maker.pruning)


def _full_weights(rng: np.random.Generator, x: Fixed, shape: tuple[int, ...]) -> Weights:
    match int(rng.integers(4)):
        case 0:
            lo, hi = x.lo - 3, x.hi + 4
            return Adder(rng.integers(lo, hi, shape), x.frac)
        case 1:
            bits = int(rng.integers(1, 9))
            return Int(rng.integers(-(1 << bits), 1 << bits, shape), int(rng.integers(0, 8)))
        case _:
            return Shift(_shift_weights(rng, shape))


def _shift_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> ShiftWeights:
    """k of 1 to 4 terms, k per filter, zeros, a random exponent range."""
    terms = int(rng.integers(1, 5))
    low = int(rng.integers(-8, 2))
    sign = rng.integers(-1, 2, (terms, *shape)).astype(np.int8)
    exponent = rng.integers(low, low + int(rng.integers(1, 9)), sign.shape).astype(np.int8)
    for filter_, k in enumerate(rng.integers(0, terms + 1, shape[0])):
        sign[k:, filter_] = 0
    return ShiftWeights(sign, exponent)


def _bias(rng: np.random.Generator, weights: Weights, frac: int) -> Bias:
    """A bias near the input's grid; the ONNX contract gives adder layers none."""
    outputs = weights.shape[0]
    if rng.integers(2) or weights.kind == "Adder":
        return Bias.none(outputs)
    return Bias(rng.integers(-200, 200, outputs), frac + int(rng.integers(-2, 3)))


def _dense(maker: Maker, name: str) -> str:
    x = maker.tensor(name)
    weights = _weights(maker, x.format, (maker.wider * int(maker.rng.integers(1, 9)), x.size))
    return _checked(maker, Dense(weights, _bias(maker.rng, weights, x.format.frac)), name)


def _window(rng: np.random.Generator, axes: int, largest: int = 3) -> Window:
    kernel = tuple(int(k) for k in rng.integers(1, largest + 1, axes))
    stride = tuple(int(s) for s in rng.integers(1, 3, axes))
    begin, end = (tuple(int(rng.integers(0, k)) for k in kernel) for _ in range(2))
    return Window(kernel, stride, begin, end)


def _conv(maker: Maker, name: str) -> str:
    rng, x = maker.rng, maker.tensor(name)
    channels = x.shape[-1]
    groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    window = _window(rng, len(x.shape) - 1)
    filters = groups * maker.wider * int(rng.integers(1, 4))
    weights = _weights(maker, x.format, (filters, *window.kernel, channels // groups))
    return _checked(maker, Conv(weights, _bias(rng, weights, x.format.frac), window, groups), name)


def _affine(maker: Maker, name: str) -> str:
    x = maker.tensor(name)
    scale = _shift_weights(maker.rng, (x.shape[-1],))
    return _checked(maker, Affine(scale, _bias(maker.rng, Shift(scale), x.format.frac)), name)


def _threshold(maker: Maker, name: str) -> str:
    rng, x = maker.rng, maker.tensor(name)
    shape = (x.shape[-1], int(rng.integers(1, 8)))
    rows = np.sort(rng.integers(x.format.lo - 1, x.format.hi + 2, shape), axis=1)
    base, step = rng.integers(-4, 5, shape[0]), rng.integers(-2, 3, shape[0])
    return _checked(maker, Threshold(rows, base, step, x.format.frac, int(rng.integers(-1, 4))), name)


def _max_pool(maker: Maker, name: str) -> str:
    return _checked(maker, MaxPool(_window(maker.rng, len(maker.tensor(name).shape) - 1)), name)


def _average_pool(maker: Maker, name: str) -> str:
    return _checked(maker, AveragePool(_window(maker.rng, len(maker.tensor(name).shape) - 1, 4)), name)


def _sum_pool(maker: Maker, name: str) -> str:
    return _checked(maker, SumPool(_window(maker.rng, len(maker.tensor(name).shape) - 1, 3)), name)


def _pad(maker: Maker, name: str) -> str:
    axes = len(maker.tensor(name).shape) - 1
    begin, end = (tuple(int(n) for n in maker.rng.integers(0, 3, axes)) for _ in range(2))
    return _checked(maker, Pad(begin, end), name)


def _fork(maker: Maker, name: str) -> str:
    """Two branches of one tensor, joined by Add or Concat."""
    left = _relu(maker, name) if maker.rng.integers(2) else maker.narrow(name)
    right = _affine(maker, name) if maker.rng.integers(2) else name
    if maker.tensor(right).format.bits > WIDEST:
        right = maker.narrow(right)
    return _checked(maker, Add() if maker.rng.integers(2) else Concat(), left, right)


def _relu(maker: Maker, name: str) -> str:
    return _checked(maker, Relu(), name)


def _flatten(maker: Maker, name: str) -> str:
    return _checked(maker, Flatten(), name)


def _checked(maker: Maker, op: Op, *inputs: str) -> str:
    """Append the op; an op that cannot read its inputs leaves no trace."""
    op.infer(*(maker.tensor(name) for name in inputs))
    return maker.add(op, *inputs)


_ON_VECTORS: list[Callable[[Maker, str], str]] = [_dense, _dense, _affine, _threshold, _relu, _fork, Maker.narrow]
_ON_IMAGES: list[Callable[[Maker, str], str]] = [
    _conv,
    _conv,
    _conv,
    _affine,
    _threshold,
    _max_pool,
    _average_pool,
    _sum_pool,
    _pad,
    _relu,
    _fork,
    _flatten,
    Maker.narrow,
]
