"""The space of units: small networks around one layer with weights, each of them a point of a Sobol sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

import numpy as np
from scipy.stats.qmc import Sobol

from shiftwire.errors import InputError
from shiftwire.explore.characterise.drawn_weights import KINDS, drawn_weights
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import BRAM36_IN_LUT, is_block
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.pool import MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.schedule.lowering import in_dsp_blocks, rtl_network
from shiftwire.schedule.streaming import pipeline

T = TypeVar("T")

CHANNELS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64)
SIZES = (3, 4, 5, 7, 8, 10, 14, 16, 28, 32)
KERNELS = (1, 2, 3, 3, 3, 5)
MOST_WEIGHTS = 40_000
MOST_LANES = 72
"""Of weights that meet inputs in a cycle: what keeps a netlist at seconds."""

PRICES = (BRAM36_IN_LUT / 4, BRAM36_IN_LUT, BRAM36_IN_LUT, BRAM36_IN_LUT * 4)
SPARE_BRAM36 = (0.0, 0.0, 0.0, 64.0)

NETWORK = "x"
FOLLOWERS = (
    *("affine",) * 3,
    "requantize",
    "requantize",
    "relu",
    "threshold",
    "max_pool",
    "sum_pool",
    "add",
    "nothing",
)
DEEPEST = 4096
DEEP_SHARE = 0.25
"""Of buffers, that are as deep as those beside long branches are."""


@dataclass(frozen=True)
class Point:
    """One place of the space, drawn once; `kind` is that of its weights, `shape` names the layer without its fold."""

    number: int
    kind: str
    shape: str
    network: Network
    folds: dict[str, Fold]
    rtl: RtlNetwork


class Coordinates:
    """The coordinates of a point, each in [0, 1) and asked for once, then a generator of its own."""

    def __init__(self, place: Sequence[float], seed: int) -> None:
        self._left = list(place)
        self.rng = np.random.default_rng(seed)

    def share(self) -> float:
        """The next coordinate."""
        return self._left.pop(0) if self._left else float(self.rng.random())

    def one_of(self, every: Sequence[T]) -> T:
        """What it says among several."""
        return every[int(self.share() * len(every))]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.share() * (high - low + 1))


DIMENSIONS = 16


def points(count: int, seed: int, start: int = 0) -> list[Point]:
    """So many points from place `start` of the sequence on, those left out that no unit can be built of."""
    sequence = Sobol(DIMENSIONS, scramble=True, rng=seed)
    if start:
        sequence.fast_forward(start)
    places = enumerate(sequence.random(count), start)
    drawn = (_drawn(number, Coordinates(place.tolist(), seed + number)) for number, place in places)
    return [point for point in drawn if point is not None]


def _drawn(number: int, at: Coordinates) -> Point | None:
    try:
        return _point(number, at)
    except InputError:
        return None


def _point(number: int, at: Coordinates) -> Point:
    kind = at.one_of(KINDS)
    maker = _Maker(at, kind)
    network = maker.network()
    folds = {node.name: _fold(network, node, at) for node in network.nodes}
    price, spare = at.one_of(PRICES), at.one_of(SPARE_BRAM36)
    rtl = rtl_network(pipeline(network, folds), f"p{number}", spare_bram36=spare, bram36_lut=price)
    rtl = _deepened(in_dsp_blocks(rtl) if kind == "dsp" else rtl, price, at.rng)
    return Point(number, kind, maker.shape, network, folds, rtl)


def _deepened(rtl: RtlNetwork, price: float, rng: np.random.Generator) -> RtlNetwork:
    """The same with some buffers as deep as larger networks ask for."""
    deep = {name: int(DEEPEST ** rng.random()) + 1 for name in rtl.depths if rng.random() < DEEP_SHARE}
    depths = {**rtl.depths, **deep}
    widths = {name: rtl.streams[name].width for name in deep}
    blocks = {name for name, depth in deep.items() if is_block(depth, widths[name], price)}
    return replace(rtl, depths=depths, blocks=frozenset(rtl.blocks - deep.keys() | blocks))


def _fold(network: Network, node: Node, at: Coordinates) -> Fold:
    every = node.op.folds(network.sources(node), network.tensors[node.name])
    small = [fold for fold in every if fold.pe * fold.simd <= MOST_LANES and not fold.turns]
    if not small:
        raise InputError("every fold is too wide for a netlist of seconds")
    return at.one_of(sorted(small, key=lambda fold: (fold.pe * fold.simd, fold)))


class _Maker:
    """A network in the making."""

    def __init__(self, at: Coordinates, kind: str) -> None:
        self.at, self.kind, self.shape = at, kind, ""
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}

    def network(self) -> Network:
        """A layer with weights, and one behind it."""
        at = self.at
        bits = 1 if self.kind == "binary" else at.between(2, 8)
        signed = self.kind != "binary" and at.share() < 0.5
        self.tensors[NETWORK] = Tensor(self._input_shape(), Fixed(bits, at.between(0, bits), signed=signed))
        name = self._weighted(NETWORK)
        self._behind(name, at.one_of(FOLLOWERS))
        return Network.of(NETWORK, self.tensors[NETWORK], tuple(self.nodes), self.nodes[-1].name)

    def _input_shape(self) -> tuple[int, ...]:
        at = self.at
        if at.share() < 0.2:
            return (at.one_of(CHANNELS) * at.one_of((1, 2, 4)),)
        size = at.one_of(SIZES)
        return (size, size, at.one_of(CHANNELS))

    def _add(self, name: str, op: Op, *inputs: str) -> str:
        self.tensors[name] = op.infer(*(self.tensors[each] for each in inputs))
        self.nodes.append(Node(name, op, inputs))
        return name

    def _weighted(self, x: str) -> str:
        at, tensor = self.at, self.tensors[x]
        filters = at.one_of(CHANNELS)
        if len(tensor.shape) == 1:
            shape: tuple[int, ...] = (filters, tensor.size)
            self.shape = f"dense {tensor.size} {filters}"
            weights = drawn_weights(self.kind, at.rng, tensor.format, _small(shape), at.share)
            return self._add("sums", Dense(weights, self._bias(filters, tensor)), x)
        channels, kernel = tensor.shape[-1], min(at.one_of(KERNELS), tensor.shape[0])
        groups = channels if at.share() < 0.15 else 1
        filters = channels if groups > 1 else filters
        pad, stride = (kernel // 2 if at.share() < 0.7 else 0), at.one_of((1, 1, 2))
        window = Window((kernel,) * 2, (stride,) * 2, (pad,) * 2, (pad,) * 2)
        shape = (filters, kernel, kernel, channels // groups)
        self.shape = f"conv {tensor.shape} {shape} {stride} {pad}"
        weights = drawn_weights(self.kind, at.rng, tensor.format, _small(shape), at.share)
        return self._add("sums", Conv(weights, self._bias(filters, tensor), window, groups), x)

    def _bias(self, filters: int, x: Tensor) -> Bias:
        rng = self.at.rng
        if self.kind == "adder" or rng.random() < 0.3:
            return Bias.none(filters)
        return Bias(rng.integers(-200, 200, filters), x.format.frac)

    def _behind(self, x: str, follower: str) -> None:
        at, tensor = self.at, self.tensors[x]
        to = Fixed(at.between(2, 8), at.between(-2, 4) + tensor.format.frac - 4, signed=at.share() < 0.5)
        narrow = Requantize(to, at.one_of(tuple(Rounding)), Overflow.SATURATE)
        match follower:
            case "requantize":
                self._add("narrow", narrow, x)
            case "relu":
                self._add("narrow", narrow, self._add("relu", Relu(), x))
            case "threshold":
                self._add("steps", self._threshold(tensor), x)
            case "affine":
                name = self._add("scaled", self._affine(tensor), x)
                self._add("narrow", narrow, self._add("relu", Relu(), name) if at.share() < 0.5 else name)
            case "max_pool" | "sum_pool" if len(tensor.shape) == 3 and tensor.shape[0] > 1:
                pool = MaxPool if follower == "max_pool" else SumPool
                pooled = pool(Window((2, 2), (2, 2), (0, 0), (0, 0)))
                self._add("pooled", pooled, self._add("narrow", narrow, x))
            case "add":
                name = self._add("narrow", narrow, x)
                self._add("both", Add(), name, self._add("relu", Relu(), name))
            case _:
                pass

    def _threshold(self, x: Tensor) -> Threshold:
        rng, channels, steps = self.at.rng, x.shape[-1], self.at.one_of((1, 3, 7, 15, 31))
        bounds = np.sort(rng.integers(x.format.lo, x.format.hi + 1, (channels, steps)), 1)
        return Threshold(bounds, np.zeros(channels, np.int64), np.ones(channels, np.int64), x.format.frac, 0)

    def _affine(self, x: Tensor) -> Affine:
        rng, channels = self.at.rng, x.shape[-1]
        terms, low = self.at.one_of((1, 2, 3)), -int(self.at.one_of((1, 4, 7, 12)))
        sign = rng.choice(np.array([-1, 1], np.int8), (terms, channels))
        exponent = rng.integers(low, 1, sign.shape).astype(np.int8)
        scale = ShiftWeights(sign, exponent)
        return Affine(scale, Bias(rng.integers(-200, 200, channels), x.format.frac))


def _small(shape: tuple[int, ...]) -> tuple[int, ...]:
    if prod(shape) > MOST_WEIGHTS:
        raise InputError(f"weights of shape {shape} are more than a point of this space has")
    return shape
