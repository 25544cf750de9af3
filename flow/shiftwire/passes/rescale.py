"""Thresholds become a line, cut off below its grid: a sum of few powers of two or one product, exactly."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import MAX_FRAC, Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.interval import require_width
from shiftwire.numbers.rescaling import Slopes, Stairs
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
    """Lines that are the staircases of a layer, whose levels are clipped to lo..hi; one shift for all channels.

    stairs, slopes  one a channel, rising: `direction` (channels,) is -1 where they stand in the mirror.
    """

    stairs: tuple[Stairs, ...]
    slopes: tuple[Slopes, ...]
    direction: Codes
    lo: int
    hi: int

    def offsets(self, factors: list[int], shift: int) -> Codes:
        """One for each channel's factor."""
        each = zip(self.stairs, factors, strict=True)
        offsets = [stairs.offset(factor, shift) for stairs, factor in each]
        require_width(float(max(map(abs, offsets))))
        return np.array(offsets, np.int64)

    @property
    def shift(self) -> int:
        """The least at which every channel has a factor: its shortest, for finer grids hold none that is shorter."""
        return max(slopes.first_shift for slopes in self.slopes)


def rescaled(network: Network, forms: Mapping[str, Form]) -> Network:
    """The network with the Threshold layers that `forms` names in another form; each keeps name, format and codes.

    What stands in front of the last layer of a form gets the suffix _rescale. Raises InputError for a layer that has
    no such form.
    """
    nodes: list[Node] = []
    for node in network.nodes:
        form = forms.get(node.name, Form.THRESHOLD)
        nodes += [node] if form is Form.THRESHOLD else formed(network, node, form)
    return replace(network, nodes=tuple(nodes))


def formed(network: Network, node: Node, form: Form) -> list[Node]:
    """The nodes that do as a Threshold node does; raises InputError where there are none, and says why."""
    stairs = Staircases.of(network, node)
    lines = _lines(stairs)
    scale = _affine(stairs, lines) if form is Form.AFFINE else _product(stairs, lines)
    ops = [scale, *_clipped(stairs, lines)]
    names = [*(f"{node.name}{IN_FRONT}{end}" for end in ("", "_clip")[: len(ops) - 1]), node.name]
    if names[0] in network.tensors or names[-2] in network.tensors:
        raise InputError(f"the name '{names[0]}' is taken by another tensor; rename that one")
    inputs = [*node.inputs, *names]
    nodes = [Node(name, op, (source,)) for name, op, source in zip(names, ops, inputs, strict=False)]
    _prove(stairs, ops)
    return nodes


def thresholds(network: Network) -> Iterator[Node]:
    """The layers that have several forms."""
    return (node for node in network.nodes if isinstance(node.op, Threshold))


def _lines(stairs: Staircases) -> Lines:
    """Lines clipped to the output's own format, or to one that lies elsewhere, by an offset behind the clip."""
    format, (lowest, highest) = stairs.output.format, stairs.range
    span = (1 << max((highest - lowest).bit_length(), 1)) - 1
    bent = 0
    for lo, hi in dict.fromkeys(((format.lo, format.hi), (lowest, lowest + span), (highest - span, highest))):
        if Fixed.covering(lo, hi, format.frac) != format:
            continue
        rising = tuple(stairs.rising(lo, hi))
        slopes = [each.slopes() for each in rising]
        if None not in slopes:
            return Lines(rising, tuple(each for each in slopes if each is not None), stairs.direction, lo, hi)
        bent = max(bent, slopes.index(None))
    steps = len(rising[bent].starts) - 1
    raise InputError(
        f"channel {bent} of {len(rising)} is no line: no factor and offset meet its {steps} steps from "
        f"{rising[bent].starts[0]} to {rising[bent].ends[-1]}, clipped to {lowest}..{highest}"
    )


def _affine(stairs: Staircases, lines: Lines) -> Op:
    shift = lines.shift
    digits = [slopes.digits(shift) for slopes in lines.slopes]
    factors = [sum(terms) for terms in digits]
    moved = stairs.x.format.frac - stairs.output.format.frac - shift
    planes, channels = max(*map(len, digits), 1), len(digits)
    sign, exponent = np.zeros((2, planes, channels), np.int8)
    for channel, terms in enumerate(digits):
        for plane, digit in enumerate(terms):
            sign[plane, channel] = (1 if digit > 0 else -1) * lines.direction[channel]
            exponent[plane, channel] = _int8(abs(digit).bit_length() - 1 + moved)
    return Affine(ShiftWeights(sign, exponent), _bias(stairs, lines, factors, shift))


def _int8(exponent: int) -> int:
    if not -MAX_FRAC <= exponent < MAX_FRAC:
        raise InputError(f"its scale needs an exponent of {exponent}, wanted {-MAX_FRAC}..{MAX_FRAC - 1}")
    return exponent


def _product(stairs: Staircases, lines: Lines) -> Op:
    """A filter of one tap for each channel."""
    shift = lines.shift
    factors = [slopes.roundest(shift) for slopes in lines.slopes]
    require_width(float(max(factors)))
    axes = len(stairs.x.shape) - 1
    codes = np.array(factors, np.int64) * lines.direction
    weights = Int(codes.reshape(-1, *[1] * axes, 1), stairs.output.format.frac + shift - stairs.x.format.frac)
    point, none = (1,) * axes, (0,) * axes
    window = Window(point, point, none, none)
    return Conv(weights, _bias(stairs, lines, factors, shift), window, groups=len(factors))


def _bias(stairs: Staircases, lines: Lines, factors: list[int], shift: int) -> Bias:
    """On the grid of the lines; codes of a clip that lies elsewhere are counted from its own zero."""
    origin = _origin(stairs, lines)
    offsets = lines.offsets(factors, shift)
    return Bias(offsets - (origin << shift), stairs.output.format.frac + shift)


def _origin(stairs: Staircases, lines: Lines) -> int:
    """The level that leaves the clip as code 0."""
    format = stairs.output.format
    return 0 if (lines.lo, lines.hi) == (format.lo, format.hi) else lines.lo


def _clipped(stairs: Staircases, lines: Lines) -> Iterator[Op]:
    format, origin = stairs.output.format, _origin(stairs, lines)
    own = (lines.lo, lines.hi) == (format.lo, format.hi)
    to = format if own else Fixed((lines.hi - lines.lo).bit_length(), format.frac, signed=False)
    yield Requantize(to, Rounding.FLOOR, Overflow.SATURATE)
    if not own:
        channels = len(lines.stairs)
        one, zero = np.ones((1, channels), np.int8), np.zeros((1, channels), np.int8)
        yield Affine(ShiftWeights(one, zero), Bias(np.full(channels, origin), format.frac))


def _prove(stairs: Staircases, ops: list[Op]) -> None:
    """Both are monotone in each channel, so that they agree everywhere where they do at both ends of each tread."""
    codes, tensor = stairs.ends, stairs.x
    wanted = stairs.op.evaluate((tensor,), codes)
    shape = (*[1] * (len(tensor.shape) - 1), tensor.shape[-1])
    codes = codes.reshape(-1, *shape)
    for op in ops:
        after = op.infer(tensor)
        codes, tensor = op.evaluate((tensor,), codes), after
    if tensor != stairs.output or not np.array_equal(codes.reshape(wanted.shape), wanted):
        raise InputError(f"its line gives {tensor.format} where {stairs.output.format} was wanted, or other codes")
