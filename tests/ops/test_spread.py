"""Spread: its cases, its meaning, its mutants, and the function of the contract."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from layer_case import LayerCase
from one_layer import S8, U6, of_one
from shiftwire.errors import InputError
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.ops.relu import Relu
from shiftwire.ops.upsample import Spread
from shiftwire.units.reorder import Reorder

NETWORKS = {
    "spread_rows": of_one(Spread(0, 2), (3, 4, 6)),
    "spread_rows_of_one": of_one(Spread(0, 3), (2, 3, 3), U6),
}
WIRES = {
    "columns": (Spread(1, 3), (2, 3, 6)),
    "line": (Spread(0, 2), (5, 4)),
}


def definition(op: Spread, x: Any, y: Any) -> None:
    """Position i * block + r of the axis is made of the channels from r * C on."""
    for at in itertools.product(*map(range, y.shape)):
        place, part = divmod(at[op.axis], op.block)
        y[at] = x[(*at[: op.axis], place, *at[op.axis + 1 : -1], part * y.shape[-1] + at[-1])]


def grow(rng: np.random.Generator, axes: int) -> Spread:
    return Spread(int(rng.integers(axes)), int(rng.integers(1, 3)))


LAYER = LayerCase(Spread, NETWORKS, definition, grow, (), (), frozenset({"sw_reorder"}))


def wired(op: Spread, shape: tuple[int, ...]) -> Network:
    """A layer without hardware between two that have some."""
    nodes = (Node("a", Relu(), ("x",)), Node("b", op, ("a",)), Node("y", Relu(), ("b",)))
    return Network.of("x", Tensor(shape, S8), nodes, "y")


@pytest.mark.parametrize("network", [*NETWORKS.values(), *(wired(*each) for each in WIRES.values())])
def test_a_file_of_ours_says_the_same(network: Network) -> None:
    """Written, run by onnxruntime, read back."""
    model, held = to_onnx(network), network.input.format
    codes = np.random.default_rng(0).integers(held.lo, held.hi + 1, (5, *network.input.shape))
    expected = network.evaluate(codes)
    values = np.moveaxis(held.decode(codes), -1, 1)
    assert np.array_equal(codes_of(run_onnx(model, values), network.output.format), expected)
    assert np.array_equal(network_from_model(model).evaluate(codes), expected)


@pytest.mark.parametrize("name", WIRES)
def test_along_the_last_axis_codes_stay_in_their_order(name: str) -> None:
    op, shape = WIRES[name]
    x, codes = Tensor(shape, S8), np.arange(np.prod(shape)).reshape(1, *shape)
    assert op.units((x,), op.infer(x), Fold(1)) == () and op.cost((x,), op.infer(x), Fold(1)) == Cost()
    assert op.evaluate((x,), codes).ravel().tolist() == list(range(codes.size))


@pytest.mark.parametrize("name", NETWORKS)
def test_its_unit_moves_codes_so(name: str) -> None:
    """Packet by packet, a row of the image each."""
    network = NETWORKS[name]
    op, x = network.nodes[0].op, network.input
    (unit,) = op.units((x,), network.output, Fold(1))
    assert isinstance(unit, Reorder)
    codes = np.arange(x.size).reshape(1, *x.shape)
    moved = codes.reshape(unit.packets, -1)[:, unit.source]
    assert moved.ravel().tolist() == op.evaluate((x,), codes).ravel().tolist()


def test_by_hand() -> None:
    """Two pixels of a row, four channels: rows of the upper channels, then of the lower ones."""
    op, x = Spread(0, 2), Tensor((1, 2, 4), S8)
    made = op.evaluate((x,), np.array([[[[1, 2, 3, 4], [5, 6, 7, 8]]]]))
    assert made.tolist() == [[[[1, 2], [5, 6]], [[3, 4], [7, 8]]]] and op.infer(x).shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("op", "shape", "sentence"),
    [
        (Spread(1, 2), (3, 4), r"shape \(3, 4\) has no spatial axis 1 to spread channels along"),
        (Spread(0, 3), (3, 4), r"a spread to 3 positions cannot read shape \(3, 4\); give channels that 3 divides"),
    ],
)
def test_others_are_refused(op: Spread, shape: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        op.infer(Tensor(shape, S8))
