"""Thresholds become a line, cut off below its grid: a sum of few powers of two or one product, exactly."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import MAX_FRAC, Fixed, Overflow, Rounding
from shiftwire.numbers.interval import require_width
from shiftwire.numbers.rescaling import Nearest, Slopes, Stairs
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.integer import Int
from shiftwire.passes.staircases import Staircases

IN_FRONT = "_rescale"
"""Behind the name of a layer: what stands in front of its last node."""


class Form(enum.Enum):
    """How scale, bias, Relu and quantizer behind a sum are built."""

    THRESHOLD = "threshold"
    AFFINE = "affine"
    MULTIPLY = "multiply"


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines that are the staircases of a Threshold node, whose levels are clipped to lo..hi.

    rising, slopes  one a channel; those of channels that fall stand in the mirror, as functions of -x.
    """

    node: Node
    of: Staircases
    rising: tuple[Stairs, ...]
    slopes: tuple[Slopes, ...]
    lo: int
    hi: int

    @classmethod
    def meeting(cls, network: Network, node: Node) -> Lines:
        """Clipped to the output's own format, or to a range elsewhere, which an offset behind the clip moves.

        Raises InputError where a channel is no line, and names the first such one.
        """
        stairs = Staircases.of(network, node)
        format, (lowest, highest) = stairs.output.format, stairs.range
        span = (1 << max((highest - lowest).bit_length(), 1)) - 1
        bent, near = 0, []
        for lo, hi in dict.fromkeys(((format.lo, format.hi), (lowest, lowest + span), (highest - span, highest))):
            if Fixed.covering(lo, hi, format.frac) != format:
                continue
            rising = tuple(stairs.rising(lo, hi))
            slopes = [each.slopes() for each in rising]
            if None not in slopes:
                return cls(node, stairs, rising, tuple(each for each in slopes if each is not None), lo, hi)
            bent = max(bent, slopes.index(None))
            near.append(_nearest([each for each, own in zip(rising, slopes, strict=True) if own is None]))
        steps = len(rising[bent].starts) - 1
        raise InputError(
            f"channel {bent} of {len(rising)} is no line: no factor and offset meet its {steps} steps from "
            f"{rising[bent].starts[0]} to {rising[bent].ends[-1]}, clipped to {lowest}..{highest}{_missed(near)}"
        )

    @cached_property
    def shift(self) -> int:
        """The least at which every channel has a factor: its shortest, for finer grids hold none that is shorter."""
        return max(slopes.first_shift for slopes in self.slopes)

    @property
    def frac(self) -> int:
        """Of the output's grid."""
        return self.of.output.format.frac

    @property
    def origin(self) -> int | None:
        """The level that leaves the clip as code 0, where the clip is not that of the output's format."""
        format = self.of.output.format
        return None if (self.lo, self.hi) == (format.lo, format.hi) else self.lo

    def bias(self, factors: list[int]) -> Bias:
        """What goes with the factors of all channels, on the grid of the line."""
        each = zip(self.rising, factors, strict=True)
        offsets = [stairs.offset(factor, self.shift) for stairs, factor in each]
        require_width(float(max(map(abs, offsets))))
        return Bias(np.array(offsets, np.int64) - ((self.origin or 0) << self.shift), self.frac + self.shift)


def _nearest(bent: Sequence[Stairs]) -> tuple[Nearest, ...]:
    """Lines near channels that are none; empty where one has no line near it."""
    each = [near for stairs in bent if (near := stairs.nearest()) is not None]
    return tuple(each) if len(each) == len(bent) else ()


def _missed(tried: Sequence[tuple[Nearest, ...]]) -> str:
    """How many codes lines near channels that are none would change, at the clip at which they change fewest."""
    near_lines = [near for near in tried if near]
    if not near_lines:
        return ""
    best = min(near_lines, key=lambda near: sum(each.missed for each in near))
    missed, among = sum(near.missed for near in best), sum(near.among for near in best)
    channels = f"{len(best)} channel{'s' * (len(best) > 1)}"
    return f"; the nearest lines found for the {channels} without one give {missed:,} of {among:,} sums another code"


def thresholds(network: Network) -> Iterator[Node]:
    """The layers that have several forms."""
    return (node for node in network.nodes if isinstance(node.op, Threshold))


def rescaled(network: Network, forms: Mapping[str, Form]) -> Network:
    """The network with the Threshold layers that `forms` names in another form; each keeps name, format and codes.

    What stands in front of the last layer of a form gets the suffix _rescale. Raises InputError for a layer that has
    no such form.
    """
    others = (node for node in thresholds(network) if forms.get(node.name, Form.THRESHOLD) is not Form.THRESHOLD)
    return replaced(network, {node.name: formed(Lines.meeting(network, node), forms[node.name]) for node in others})


def replaced(network: Network, parts: Mapping[str, tuple[Node, ...]]) -> Network:
    """The network with other nodes in the place of those that `parts` names."""
    nodes = (parts.get(node.name, (node,)) for node in network.nodes)
    return replace(network, nodes=tuple(chain.from_iterable(nodes)))


def formed(lines: Lines, form: Form) -> tuple[Node, ...]:
    """The nodes that do as a Threshold node does; raises InputError for what no layer can hold."""
    ops = [_affine(lines) if form is Form.AFFINE else _product(lines), *_clipped(lines)]
    name = lines.node.name
    names = [*(f"{name}{IN_FRONT}{end}" for end in ("", "_clip")[: len(ops) - 1]), name]
    inputs = [*lines.node.inputs, *names]
    _prove(lines.of, ops)
    return tuple(Node(name, op, (source,)) for name, op, source in zip(names, ops, inputs, strict=False))


def _affine(lines: Lines) -> Op:
    digits = [slopes.digits(lines.shift) for slopes in lines.slopes]
    moved = lines.of.x.format.frac - lines.frac - lines.shift
    sign, exponent = np.zeros((2, max(*map(len, digits), 1), len(digits)), np.int8)
    for channel, terms in enumerate(digits):
        for plane, digit in enumerate(terms):
            sign[plane, channel] = (1 if digit > 0 else -1) * lines.of.direction[channel]
            exponent[plane, channel] = _int8(abs(digit).bit_length() - 1 + moved)
    return Affine(ShiftWeights(sign, exponent), lines.bias(list(map(sum, digits))))


def _int8(exponent: int) -> int:
    if not -MAX_FRAC <= exponent < MAX_FRAC:
        raise InputError(f"its scale needs an exponent of {exponent}, wanted {-MAX_FRAC}..{MAX_FRAC - 1}")
    return exponent


def _product(lines: Lines) -> Op:
    """A filter of one tap for each channel."""
    factors = [slopes.roundest(lines.shift) for slopes in lines.slopes]
    require_width(float(max(factors)))
    axes = len(lines.of.x.shape) - 1
    codes = (np.array(factors, np.int64) * lines.of.direction).reshape(-1, *[1] * axes, 1)
    point, none = (1,) * axes, (0,) * axes
    weights = Int(codes, lines.frac + lines.shift - lines.of.x.format.frac)
    return Conv(weights, lines.bias(factors), Window(point, point, none, none), groups=len(factors))


def _clipped(lines: Lines) -> Iterator[Op]:
    if lines.origin is None:
        yield Requantize(lines.of.output.format, Rounding.FLOOR, Overflow.SATURATE)
        return
    span, channels = lines.hi - lines.lo, len(lines.slopes)
    yield Requantize(Fixed(span.bit_length(), lines.frac, signed=False), Rounding.FLOOR, Overflow.SATURATE)
    one, zero = np.ones((1, channels), np.int8), np.zeros((1, channels), np.int8)
    yield Affine(ShiftWeights(one, zero), Bias(np.full(channels, lines.origin), lines.frac))


def _prove(stairs: Staircases, ops: list[Op]) -> None:
    """Both are monotone in each channel, so that they agree everywhere where they do at both ends of each tread."""
    codes, tensor = stairs.ends, stairs.x
    wanted = stairs.op.evaluate((tensor,), codes)
    codes = codes.reshape(-1, *[1] * (len(tensor.shape) - 1), tensor.shape[-1])
    for op in ops:
        after = op.infer(tensor)
        codes, tensor = op.evaluate((tensor,), codes), after
    if tensor != stairs.output or not np.array_equal(codes.reshape(wanted.shape), wanted):
        raise InputError(f"its line gives {tensor.format} where {stairs.output.format} was wanted, or other codes")
