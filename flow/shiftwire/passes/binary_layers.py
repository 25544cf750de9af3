"""Signs become bits, and layers of weights -1 and 1 on bits count what agrees.

A sign is s = 2 b - 1, so sum w s = 2 sum w b - sum w, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.host import HostInput
from shiftwire.ir.network import Network, NetworkInput, Node, Op, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.float_quantizer import FloatRounding
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.moves import Crop, Pad, Select
from shiftwire.ops.pool import MaxPool
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.binary import Binary, is_bit
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

BIT = "_bit"
"""What is added to the name of a tensor that was signs."""
SIGNS = "_signs"
"""What is added to the name of an input for what tells its signs apart."""
COUNTED = "_counted"
"""What is added to the name of a layer whose grid is restored behind it."""


def signs_as_bits(network: Network) -> Network:
    """The network with every such Threshold giving 0 and 1, and its readers' biases what that owes.

    Any two levels a power of two apart are signs. Pads are kept where they are the lower level, which is the bit 0:
    in front of a Pad of zeros stands an Affine that adds 1, behind it one that takes it away. Tensors whose codes are
    other ones get the suffix _bit. Inputs that the host makes signs stay so, and become bits behind them.
    """
    for end in network.inputs:
        if _gives_signs(end):
            network = _compared_input(network, end) or network
    for node in network.nodes:
        line = _levels(node.op)
        if line is not None and node.name not in network.output_names:
            network = _Rewriting(network, node.name, line).done() or network
    return network


def _gives_signs(end: NetworkInput) -> bool:
    """Whether the codes of an input are -1 and 1 alone."""
    quantizer = end.host.quantizer if isinstance(end.host, HostInput) else None
    return quantizer is not None and quantizer.rounding is FloatRounding.SIGN and not quantizer.zero_point


def _compared_input(network: Network, end: NetworkInput) -> Network | None:
    """The network with a Threshold behind an input that tells its codes apart; None where readers need the signs."""
    channels, frac = end.tensor.shape[-1], end.tensor.format.frac
    ones = np.ones(channels, np.int64)
    sign = Threshold(np.zeros((channels, 1), np.int64), -ones, 2 * ones, frac, frac)
    name = f"{end.name}{SIGNS}"
    if end.name in network.output_names or name in network.tensors:
        return None
    readers = tuple(
        replace(node, inputs=tuple(name if source == end.name else source for source in node.inputs))
        for node in network.nodes
    )
    compared = replace(network, nodes=(Node(name, sign, (end.name,)), *readers))
    return _Rewriting(compared, name, _Line(2, -1)).done()


def binary_layers(network: Network) -> Network:
    """The network with each such layer as a Binary one, whose element is the smaller; no sum changes."""
    return replace(network, nodes=tuple(replace(node, op=_counting(network, node)) for node in network.nodes))


def _binary(weights: Weights) -> Binary | None:
    """The same weights; None where they are not all one power of two or less it."""
    match weights:
        case Shift(terms):
            codes, grid = terms.integers, -terms.exponent_range[0]
        case Int(codes, grid):
            pass
        case _:
            return None
    largest = int(np.abs(codes).max())
    if largest & (largest - 1) or (np.abs(codes) != largest).any() or not largest:
        return None
    return Binary(np.sign(codes), grid - largest.bit_length() + 1)


def _counting(network: Network, node: Node) -> Op:
    if not isinstance(node.op, Dense | Conv) or not is_bit(network.sources(node)[0].format):
        return node.op
    binary, (x, *_) = _binary(node.op.weights), network.sources(node)
    if binary is None or binary.frac(x.format) != node.op.weights.frac(x.format):
        return node.op
    return replace(node.op, weights=binary)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a code of the network is: unit * bit + offset, unit a power of two."""

    unit: int
    offset: int


def _levels(op: Op) -> _Line | None:
    """Those of a Threshold of two levels, the same in all channels, that are not 0 and 1 already.

    Several thresholds of a channel in one place are one step.
    """
    if not isinstance(op, Threshold) or (op.thresholds[:, :1] != op.thresholds).any():
        return None
    ends = np.stack([op.base, op.base + op.step * op.thresholds.shape[1]])
    lo, hi = int(ends.min()), int(ends.max())
    unit = hi - lo
    if (lo, hi) == (0, 1) or unit <= 0 or unit & (unit - 1) or not np.isin(ends, (lo, hi)).all():
        return None
    return _Line(unit, lo)


@dataclass
class _Rewriting:
    """The Threshold `start` and all that reads it, as far as its codes are seen.

    `lines` says what tensors were, `renamed` by what name a node is read now, `coarser` by how many bits sums are.
    """

    network: Network
    start: str
    line: _Line
    lines: dict[str, _Line] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    coarser: dict[str, int] = field(default_factory=dict)
    layers: int = 0

    def done(self) -> Network | None:
        """None where some reader needs the signs, or where none is a layer."""
        nodes: list[Node] = []
        for old in self.network.nodes:
            instead = self._instead(
                old, replace(old, inputs=tuple(self.renamed.get(name, name) for name in old.inputs))
            )
            if instead is None:
                return None
            nodes += instead
        return replace(self.network, nodes=tuple(nodes)) if self.layers else None

    def _instead(self, old: Node, node: Node) -> list[Node] | None:
        """The nodes in place of one; None where it needs the signs."""
        if old.name == self.start:
            self.lines[old.name] = self.line
            return [replace(node, name=self._anew(old.name), op=_bits(old.op, self.line))]
        if not any(name in self.lines for name in old.inputs):
            return [replace(node, op=self._on_sums(old))]
        if len(old.inputs) > 1:
            return None
        line = self.lines[old.inputs[0]]
        return self._layer(old.op, node, line) if isinstance(old.op, Dense | Conv) else self._mover(old, node, line)

    def _mover(self, old: Node, node: Node, line: _Line) -> list[Node] | None:
        moved = None if old.name in self.network.output_names else self._moved(old, line)
        if moved is None:
            return None
        self.lines[old.name] = moved
        if not isinstance(old.op, Affine):
            return [replace(node, name=self._anew(old.name))]
        self.renamed[old.name] = node.inputs[0]
        return []

    def _anew(self, name: str) -> str:
        """A name that no other tensor has, for codes that are no longer those of `name`."""
        fresh = f"{name}{BIT}"
        while fresh in self.network.tensors:
            fresh += BIT
        self.renamed[name] = fresh
        return fresh

    def _moved(self, node: Node, line: _Line) -> _Line | None:
        """What a node makes of a line that moves codes or adds a constant."""
        match node.op:
            case Flatten() | Select() | Crop():
                return line
            case MaxPool(window=window) if not any((*window.begin, *window.end)):
                return line
            case Pad() if not line.offset:
                return line
            case Affine(scale=scale, bias=bias):
                frac, added = self.network.sources(node)[0].format.frac, set(bias.codes.tolist())
                is_one = scale.terms == 1 and bool((scale.sign == 1).all() and (scale.exponent == 0).all())
                if is_one and bias.grid(frac) == frac and len(added) == 1:
                    return _Line(line.unit, line.offset + int(bias.on(frac)[0]))
        return None

    def _layer(self, op: Dense | Conv, node: Node, line: _Line) -> list[Node] | None:
        weights = _binary(op.weights)
        is_padded = isinstance(op, Conv) and any((*op.window.begin, *op.window.end))
        if weights is None or (is_padded and line.offset):
            return None
        self.layers += 1
        return list(self._on_bits(op, node, weights, line))

    def _on_bits(self, old: Dense | Conv, node: Node, weights: Binary, line: _Line) -> Iterator[Node]:
        """The layer, and its old format behind it where the output has it or the grid is coarser and others read it."""
        bias, format = old.bias, self.network.tensors[node.name].format
        x = next(self.network.sources(each)[0] for each in self.network.nodes if each.name == node.name)
        grid = x.format.frac + weights.grid
        frac = bias.grid(grid)
        owed = line.offset * weights.rows.sum(axis=1) << (frac - grid)
        counted = Binary(weights.codes, weights.grid - line.unit.bit_length() + 1)
        biases = Bias(bias.on(frac) + owed, frac)
        op = replace(old, weights=counted, bias=biases)
        own = op.infer(Tensor(x.shape, Fixed(1, x.format.frac, signed=False))).format
        rest, is_output = format.frac - own.frac, node.name in self.network.output_names
        if (is_output and own != format) or (rest and not self._is_compared(node.name)):
            yield Node(f"{node.name}{COUNTED}", op, node.inputs)
            to = Requantize(format, Rounding.FLOOR, Overflow.SATURATE)
            yield Node(node.name, to, (f"{node.name}{COUNTED}",))
            return
        self.coarser[node.name] = rest
        yield replace(node, op=op)

    def _is_compared(self, name: str) -> bool:
        readers = [node.op for node in self.network.nodes if name in node.inputs]
        return all(isinstance(op, Threshold) for op in readers)

    def _on_sums(self, node: Node) -> Op:
        """A Threshold of sums that are multiples of 2**rest: as many are reached."""
        rest = self.coarser.get(node.inputs[0], 0)
        if not rest:
            return node.op
        assert isinstance(node.op, Threshold)
        return replace(node.op, thresholds=-(-node.op.thresholds >> rest), x_frac=node.op.x_frac - rest)


def _bits(op: Op, line: _Line) -> Threshold:
    assert isinstance(op, Threshold)
    thresholds, step = op.thresholds[:, :1], op.step * op.thresholds.shape[1]
    return replace(op, thresholds=thresholds, base=(op.base - line.offset) // line.unit, step=step // line.unit)
