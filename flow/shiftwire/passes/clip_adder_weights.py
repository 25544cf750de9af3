"""Adder weights outside the input's range become a constant: |x - w| = |x - clip(w)| + |w - clip(w)|, exactly."""

from dataclasses import replace

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Op
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import FactoredAdder


def clip_adder_weights(network: Network) -> Network:
    """The network with adder weights no wider than their inputs; the rest of each distance moves into the bias.

    Padded taps read 0, which every format holds, so the identity stands for them too.
    """
    nodes = tuple(replace(node, op=_clipped(node.op, network.sources(node)[0].format)) for node in network.nodes)
    return replace(network, nodes=nodes)


def _clipped(op: Op, x: Fixed) -> Op:
    match op:
        case Dense(weights=FactoredAdder()) | Conv(weights=FactoredAdder()):
            return op  # a decoder gives what its factors name
        case Dense(weights=Adder(codes, grid), bias=bias) | Conv(weights=Adder(codes, grid), bias=bias):
            inside = np.clip(codes, x.lo, x.hi)
            rest = np.abs(codes - inside).reshape(len(codes), -1).sum(axis=1)
            if not rest.any():
                return op
            frac = bias.grid(grid)
            moved = Bias(bias.on(frac) - (rest << (frac - grid)), frac)
            return replace(op, weights=Adder(inside, grid), bias=moved)
    return op
