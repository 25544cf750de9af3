"""One stream in and one out: several inputs or outputs travel as a frame, which nodes take apart and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import gcd

from shiftwire.ir.fold import divisors
from shiftwire.ir.frames import FramedInput, FramedOutput, frame_of
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.concat import Concat
from shiftwire.ops.flatten import View
from shiftwire.ops.moves import Crop
from shiftwire.ops.requantize import Requantize

MOST_LANES = 16
"""Codes of a beat of inputs at most: all inputs have beats of as many, and none has part of one."""


def frame_ends(network: Network) -> Network:
    """The network that reads and writes frames; its input and output codes are the same.

    Each input takes its part of the frame and keeps its name; outputs are joined behind those that made them.
    """
    if network.is_framed:
        return network
    names = _Names(network)
    inputs, front = (network.inputs, ()) if len(network.inputs) == 1 else _dealt(network, names)
    outputs, back = (network.outputs, ()) if len(network.outputs) == 1 else _gathered(network, names)
    return Network(inputs, (*front, *network.nodes, *back), outputs)


class _Names:
    """Names that no tensor has yet."""

    def __init__(self, network: Network) -> None:
        self._taken = set(network.tensors)

    def new(self, wish: str) -> str:
        """The wish, or the nearest to it that is free."""
        while wish in self._taken:
            wish += "_"
        self._taken.add(wish)
        return wish


def _dealt(network: Network, names: _Names) -> tuple[tuple[NetworkInput, ...], tuple[Node, ...]]:
    """A frame for all inputs: of each copy of it, its part stays, in the input's own bits and shape."""
    frame = frame_of([end.tensor for end in network.inputs])
    sizes = [end.tensor.size for end in network.inputs]
    lanes = max(lanes for lanes in divisors(gcd(*sizes)) if lanes <= MOST_LANES)
    name, rows = names.new("inputs"), names.new("inputs_rows")
    nodes, begin = [Node(rows, View((frame.size // lanes, lanes), frame.format), (name,))], 0
    for end in network.inputs:
        own, rest = end.tensor.format, frame.size - begin - end.tensor.size
        part = Crop((begin // lanes, 0), (rest // lanes, 0))
        nodes.append(Node(names.new(f"{end.name}_dealt"), part, (rows,)))
        if (own.bits, own.signed) != (frame.format.bits, frame.format.signed):
            narrow = Requantize(_whole(own), Rounding.FLOOR, Overflow.WRAP)
            nodes.append(Node(names.new(f"{end.name}_narrow"), narrow, (nodes[-1].name,)))
        nodes.append(Node(end.name, View(end.tensor.shape, own), (nodes[-1].name,)))
        begin += end.tensor.size
    return (NetworkInput(name, frame, FramedInput(network.entries)),), tuple(nodes)


def _gathered(network: Network, names: _Names) -> tuple[tuple[NetworkOutput, ...], tuple[Node, ...]]:
    """A frame of all outputs, one joined behind the other."""
    flat = [
        Node(names.new(f"{end.name}_flat"), _flat(network.tensors[end.name]), (end.name,)) for end in network.outputs
    ]
    joins = _joins([node.name for node in flat], names)
    return (NetworkOutput(joins[-1].name, FramedOutput(network.exits)),), (*flat, *joins)


def _joins(parts: Sequence[str], names: _Names) -> list[Node]:
    """Each part behind those before it; the last node is called after what it makes."""
    joins, before = list[Node](), parts[0]
    for at, part in enumerate(parts[1:], start=2):
        before, pair = names.new("outputs" if at == len(parts) else f"outputs_{at}"), (before, part)
        joins.append(Node(before, Concat(), pair))
    return joins


def _flat(tensor: Tensor) -> View:
    return View((tensor.size,), _whole(tensor.format))


def _whole(format: Fixed) -> Fixed:
    """The same codes as whole numbers."""
    return replace(format, frac=0)
