"""Codes that native simulations read where they stand: several frames, every set of instructions, every code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instruction_sets import SETS, differing, forced
from one_layer import codes, of_one
from random_networks import random_codes
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.window import Window
from shiftwire.native.host import host_pipeline
from shiftwire.native.packing import packing
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.tools.host_cpp import Processor, native_flags

S8, U8 = Fixed(8, 4, signed=True), Fixed(8, 4, signed=False)
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))
DOWN = Window((5, 3), (2, 2), (2, 1), (1, 1))
LINE = Window((3,), (2,), (1,), (1,))
NARROW = Window((3, 1), (1, 1), (1, 0), (1, 0))


def weights(*shape: int) -> np.ndarray:
    return codes(shape, -128, 127)


def chain(shape: tuple[int, ...], x: Fixed, *ops: Op) -> Network:
    """Layers one behind the other, with bytes between."""
    nodes: list[Node] = []
    for at, op in enumerate(ops):
        last = nodes[-1].name if nodes else "x"
        if nodes:
            last = f"again{at}"
            nodes.append(Node(last, Requantize(x, Rounding.FLOOR, Overflow.WRAP), (nodes[-1].name,)))
        nodes.append(Node(f"layer{at}", op, (last,)))
    return Network.of("x", Tensor(shape, x), tuple(nodes), nodes[-1].name)


NETWORKS = {
    "rows around": of_one(Conv(Int(weights(5, 3, 3, 16), 4), Bias.none(5), SAME), (13, 7, 16), U8),
    "rows down": of_one(Conv(Int(weights(5, 5, 3, 16), 4), Bias.none(5), DOWN), (13, 9, 16), S8),
    "seen again": of_one(Conv(Int(weights(40, 3, 3, 32), 4), Bias.none(40), SAME), (6, 5, 32), U8),
    "distances seen again": of_one(Conv(Adder(weights(24, 5, 3, 32), 4), Bias.none(24), DOWN), (9, 7, 32), S8),
    "groups": of_one(Conv(Int(weights(32, 3, 3, 16), 4), Bias.none(32), SAME, 2), (5, 4, 32), U8),
    "a column": of_one(Conv(Int(weights(8, 3, 1, 16), 4), Bias.none(8), NARROW), (9, 1, 16), U8),
    "one axis": of_one(Conv(Int(weights(20, 3, 16), 4), Bias.none(20), LINE), (31, 16), S8),
    "each channel": of_one(Conv(Int(weights(16, 3, 3, 1), 4), Bias.none(16), SAME, 16), (9, 8, 16), U8),
    "each channel, with a sign": of_one(Conv(Int(weights(16, 5, 3, 1), 4), Bias.none(16), DOWN, 16), (9, 8, 16), S8),
    "distances of each": of_one(Conv(Adder(weights(16, 3, 3, 1), 4), Bias.none(16), SAME, 16), (9, 8, 16), U8),
    "greatest": of_one(MaxPool(DOWN), (11, 9, 16), S8),
    "summed": of_one(SumPool(Window((2, 2), (2, 2), (0, 0), (0, 0))), (8, 6, 16), U8),
    "without windows": chain(
        (4, 3, 16), U8, *(Conv(Int(weights(48, 1, 1, n), 4), Bias.none(48), Window((1, 1), (1, 1), (0, 0), (0, 0)))
                          for n in (16, 48))
    ),
    "a long vector": of_one(Dense(Int(weights(32, 4096), 4), Bias.none(32)), (4096,), U8),
    "a pad between": chain((6, 4, 16), S8, Relu(), Pad((1, 1), (1, 0)), Relu()),
    "a pad at the end": chain((6, 4, 16), S8, Pad((1, 1), (1, 0))),
    "behind each other": chain(
        (9, 8, 16), U8, Conv(Int(weights(32, 3, 3, 16), 4), Bias.none(32), SAME), MaxPool(DOWN),
        Conv(Adder(weights(20, 3, 3, 32), 4), Bias.none(20), SAME),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_every_code_where_it_stands(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: object) -> None:
    forced(monkeypatch, name)
    processor = Processor.of(native_flags())
    standing = 0
    for what, network in NETWORKS.items():
        differs, live = differing(network, random_codes(network, 1), tmp_path / what)
        assert not differs, what
        assert live > network.output.size // 2, what
        packed = packing(host_pipeline(network, processor), processor)
        standing += len(packed.words)
    assert standing > 8
    count(**{f"standing_windows_{name}": standing})  # type: ignore[operator]
