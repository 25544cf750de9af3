"""Convolutions that meet each channel with several filters, as a host simulates them: as depthwise layers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from shiftwire.ir.fold import Fold, Port, divisors
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.unit import Unit
from shiftwire.native.sums import sums_columns
from shiftwire.ops.conv import Conv
from shiftwire.tools.host_cpp import Processor
from shiftwire.units.sums.vector import VectorUnit
from shiftwire.units.window import Taps, WindowUnit

MOST_SPREAD = 48
"""PE of such a layer, all filters of several channels: more lanes than 64 no compiler unrolls; measured."""


@dataclass(frozen=True, eq=False)
class SpreadUnit(VectorUnit):
    """A beat brings the taps of fewer channels than sums leave: each stands for `filters` of them, side by side."""

    filters: int = 1

    @property
    def reads(self) -> tuple[Port, ...]:
        (port,) = super().reads
        return (Port(port.lanes // self.filters, port.beats),)


@dataclass(frozen=True, eq=False)
class SpreadConv(Conv):
    """A convolution of one channel a group and several filters each; all taps of some channels come in a beat."""

    @property
    def filters(self) -> int:
        """Of a channel."""
        return self.weights.shape[0] // self.groups

    def fold(self, arriving: Sequence[int]) -> Fold:
        """All filters of as many channels as go into a beat, of those that share lanes with what arrives if any do."""
        counts = [count for count in divisors(self.groups) if count * self.filters <= MOST_SPREAD]
        even = [count for count in counts if all(count % each == 0 or each % count == 0 for each in arriving)]
        return Fold(max(even) * self.filters, prod(self.window.kernel))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        (x,) = inputs
        channels = fold.pe // self.filters
        window = WindowUnit(self.window, x.shape, x.format, channels, Taps(fold.simd, channels, channels))
        return window, self.sums(x, output, fold)

    def sums(self, x: Tensor, output: Tensor, fold: Fold) -> SpreadUnit:
        """The unit that sums."""
        positions = prod(output.shape[:-1])
        return SpreadUnit(self.weights, self.bias, x.format, output.format, positions, fold, self.filters)


def spread(network: Network, node: Node, processor: Processor) -> Node:
    """The same layer, where it has several filters for each channel alone and sums as columns are summed."""
    op = node.op
    if not isinstance(op, Conv) or op.groups == 1 or op.weights.shape[-1] > 1 or op.is_pointwise:
        return node
    conv = SpreadConv(op.weights, op.bias, op.window, op.groups)
    if not 1 < conv.filters <= MOST_SPREAD:
        return node
    sums = conv.sums(network.sources(node)[0], network.tensors[node.name], conv.fold(()))
    return Node(node.name, conv, node.inputs) if sums_columns(sums, processor) else node
