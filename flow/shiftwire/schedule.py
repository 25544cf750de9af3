"""Network and board to Design: how each layer is built in hardware."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shiftwire.errors import InputError
from shiftwire.network import Network, Node, Tensor
from shiftwire_boards.catalog import Board

HLS_MAX_BITS = 53
"""hls4ml's trace and predict carry values as doubles."""

MAX_CLOCK_NS = 1000.0


class Style(enum.Enum):
    """unrolled: weights are wires, every operation has its own hardware; folded: PE x SIMD lanes share it."""

    UNROLLED = "unrolled"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Fold:
    """`pe` outputs and `simd` inputs of a layer are computed side by side."""

    style: Style
    pe: int
    simd: int


@dataclass(frozen=True, slots=True)
class Stream:
    """How a tensor travels: `beats` words of `codes_per_beat` codes, channel fastest."""

    code_bits: int
    codes_per_beat: int
    beats: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer as hardware."""

    node: Node
    fold: Fold
    stream: Stream


@dataclass(frozen=True)
class Design:
    """Everything the back ends need; stages in the network's order."""

    network: Network
    board: Board
    clock_ns: float
    input_stream: Stream
    stages: tuple[Stage, ...]


def schedule(network: Network, board: Board, clock_ns: float | None = None) -> Design:
    """A fully unrolled design; raises InputError for a network without layers or with a tensor too wide for hls4ml."""
    period_ns = board.clock_ns if clock_ns is None else clock_ns
    if not 0 < period_ns < MAX_CLOCK_NS:
        raise InputError(f"a clock period of {period_ns} ns makes no clock; give one between 0 and {MAX_CLOCK_NS} ns")
    if not network.nodes:
        raise InputError("the network has no layers behind its input quantiser; there is nothing to build")
    for name, tensor in network.tensors.items():
        if tensor.format.bits > HLS_MAX_BITS:
            raise InputError(
                f"tensor '{name}' needs {tensor.format.bits} bits, more than the {HLS_MAX_BITS} that an hls4ml "
                "project can carry; requantise before it"
            )
    stages = tuple(Stage(node, _unrolled(network, node), _stream(network.tensors[node.name])) for node in network.nodes)
    return Design(network, board, period_ns, _stream(network.input), stages)


def _unrolled(network: Network, node: Node) -> Fold:
    """Every output channel and every input of it at once."""
    (source, *_), output = network.sources(node), network.tensors[node.name]
    return Fold(Style.UNROLLED, pe=output.shape[-1], simd=source.shape[-1])


def _stream(tensor: Tensor) -> Stream:
    """All channels of a pixel in one beat."""
    return Stream(tensor.format.bits, tensor.shape[-1], tensor.size // tensor.shape[-1])
