"""A Threshold layer as one rising staircase a channel, on the integers that its input is proven to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.interval import Interval
from shiftwire.numbers.rescaling import Stairs
from shiftwire.ops.threshold import Threshold


@dataclass(frozen=True, eq=False)
class Staircases:
    """The Threshold `op` of a tensor `x`, whose channels take codes of `proven` (channels,) and no others."""

    op: Threshold
    x: Tensor
    output: Tensor
    proven: Interval

    @classmethod
    def of(cls, network: Network, node: Node) -> Staircases:
        """Those of a Threshold node."""
        assert isinstance(node.op, Threshold)
        (x,) = network.sources(node)
        return cls(node.op, x, network.tensors[node.name], _proven(network, node.inputs[0]))

    @property
    def direction(self) -> Codes:
        """1 where a channel rises, -1 where it falls, (channels,)."""
        return np.where(self.op.step < 0, -1, 1)

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest code that leaves."""
        ends = np.stack([self._levels(channel)[[0, -1]] for channel in range(len(self.op.step))])
        return int(ends.min()), int(ends.max())

    def rising(self, lo: int, hi: int) -> Iterator[Stairs]:
        """Every channel's staircase, clipped to lo..hi; one that falls is seen in the mirror, as a function of -x."""
        for channel, direction in enumerate(self.direction):
            starts = self._starts(channel)
            ends = np.append(starts[1:] - 1, self.proven.hi[channel])
            levels = self._levels(channel)
            if direction < 0:
                starts, ends, levels = -ends[::-1], -starts[::-1], levels[::-1]
            yield Stairs(starts.tolist(), ends.tolist(), levels.tolist(), lo, hi)

    @property
    def ends(self) -> Codes:
        """Codes of x at both ends of every tread, (points, channels); channels of fewer treads repeat their last."""
        starts = [self._starts(channel) for channel in range(len(self.op.step))]
        points = [np.append(np.sort(np.append(s, s[1:] - 1)), hi) for s, hi in zip(starts, self.proven.hi, strict=True)]
        most = max(map(len, points))
        return np.stack([np.pad(row, (0, most - len(row)), mode="edge") for row in points], axis=1)

    def _starts(self, channel: int) -> Codes:
        """First codes of the treads, ascending."""
        row, lo, hi = self.op.thresholds[channel], self.proven.lo[channel], self.proven.hi[channel]
        inside = np.unique(row[(row > lo) & (row <= hi)])
        return np.append(lo, inside) if self.op.step[channel] else np.array([lo])

    def _levels(self, channel: int) -> Codes:
        counts = np.searchsorted(self.op.thresholds[channel], self._starts(channel), side="right")
        levels: Codes = self.op.base[channel] + self.op.step[channel] * counts
        return levels


def _proven(network: Network, name: str) -> Interval:
    """The range of each channel of a tensor: of the sums where a layer with weights makes it, else of its format."""
    tensor = network.tensors[name]
    node = next((node for node in network.nodes if node.name == name), None)
    if node is None or not isinstance(node.op, Weighted):
        whole = np.ones(tensor.shape[-1], np.int64)
        return Interval(whole * tensor.format.lo, whole * tensor.format.hi)
    op, (x, *_) = node.op, network.sources(node)
    grid = op.weights.frac(x.format)
    return op.weights.interval(x.format).moved(tensor.format.frac - grid, op.bias.on(tensor.format.frac))
