"""Signs become bits and weights of -1 and 1 binary layers, with the codes of the output as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from random_binary import plus, random_binary
from random_networks import random_codes
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import HostInput
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.moves import Pad
from shiftwire.ops.relu import Relu
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.binary_layers import binary_layers, signs_as_bits

U1 = Fixed(1, 0, signed=False)
IMAGE = Tensor((3, 4, 2), Fixed(4, 1, signed=True))
WHOLE = Window((3, 3), (1, 1), (0, 0), (0, 0))
PADDED = Window((3, 3), (1, 1), (1, 1), (1, 1))


def signs(*shape: int) -> Codes:
    drawn: Codes = 2 * np.random.default_rng(3).integers(0, 2, shape) - 1
    return drawn


def threshold(lo: int, hi: int) -> Threshold:
    return Threshold(np.zeros((2, 1), np.int64), np.full(2, lo), np.full(2, hi - lo), 1, 0)


def chain(*ops: Op, image: Tensor = IMAGE) -> Network:
    names = ["x", *(f"n{at}" for at in range(len(ops)))]
    nodes = tuple(Node(name, op, (before,)) for name, op, before in zip(names[1:], ops, names[:-1], strict=True))
    return Network.of("x", image, nodes, names[-1])


def conv(window: Window, frac: int = 0) -> Conv:
    return Conv(Int(signs(3, 3, 3, 2), frac), Bias.none(3), window)


def after(network: Network) -> Network:
    return binary_layers(signs_as_bits(network))


def kinds(network: Network) -> list[str]:
    return [node.kind for node in network.nodes]


@pytest.mark.parametrize("seed", range(40))
def test_the_output_stays(seed: int, count: Callable[..., None]) -> None:
    network = random_binary(seed)
    codes = random_codes(network, seed, 20)
    made = after(network)
    assert made.output == network.output
    assert np.array_equal(made.evaluate(codes), network.evaluate(codes))
    count(binary_layers=sum(kind.startswith("Binary") for kind in kinds(made)))


@pytest.mark.parametrize("seed", range(20))
def test_tensors_of_one_name_hold_the_same(seed: int) -> None:
    """So what a file's tensors hold may be compared with a project's by name."""
    network = random_binary(seed)
    made, codes = after(network), random_codes(network, seed, 20)
    before, behind = network.evaluate_layers(codes), made.evaluate_layers(codes)
    for name in before.keys() & behind.keys():
        values = [of.tensors[name].format.decode(layers[name]) for of, layers in ((network, before), (made, behind))]
        assert np.array_equal(*values), name


def test_a_sum_of_signs_is_twice_what_agrees_less_all() -> None:
    """2 p - n, and the layer's own sum is p - m."""
    network = chain(threshold(-1, 1), conv(WHOLE), Relu())
    made = after(network)
    assert kinds(made) == ["Threshold", "BinaryConv", "Requantize", "Relu"]
    layer = made.nodes[1].op
    assert isinstance(layer, Conv) and made.tensors["n0_bit"].format == U1
    codes = random_codes(network, 0)
    bits, sums = made.evaluate_layers(codes)["n0_bit"], network.evaluate_layers(codes)["n1"]
    for out, row in enumerate(layer.weights.rows.reshape(3, 3, 3, 2)):
        for column in range(2):
            taps = bits[:, :, column : column + 3]
            agree = (taps == (row > 0)).sum(axis=(1, 2, 3))
            assert np.array_equal(sums[:, 0, column, out], 2 * agree - row.size)
            own = layer.weights.apply(taps.reshape(len(codes), -1), slice(out, out + 1))
            assert np.array_equal(own[:, 0], agree - (row < 0).sum())


def test_thresholds_behind_take_the_coarser_grid() -> None:
    """A layer of an even number of taps gives even sums: their halves are compared with the next whole number up."""
    rows = np.array([[-3], [0], [5]])
    compare = Threshold(rows, np.zeros(3, np.int64), np.ones(3, np.int64), 0, 0)
    network = chain(threshold(-1, 1), conv(WHOLE), compare)
    made = after(network)
    assert kinds(made) == ["Threshold", "BinaryConv", "Threshold"]
    last = made.nodes[-1].op
    assert isinstance(last, Threshold) and last.thresholds.ravel().tolist() == [-1, 0, 3] and last.x_frac == -1


def test_pads_of_minus_one_are_the_bit_0() -> None:
    x = Tensor((3, 4, 2), Fixed(2, 0, signed=True))
    network = chain(threshold(-1, 1), plus(x, 1), Pad((1, 1), (1, 1)), plus(x, -1), conv(WHOLE))
    made = after(network)
    assert kinds(made) == ["Threshold", "Pad", "BinaryConv", "Requantize"]
    codes = random_codes(network, 0)
    assert np.array_equal(made.evaluate(codes), network.evaluate(codes))


def with_signs(network: Network, zero_point: int = 0) -> Network:
    """The host makes the input's codes -1 and 1."""
    quantizer = FloatQuantizer(0.5, zero_point, -1, 1, FloatRounding.SIGN)
    (end,) = network.inputs
    return replace(network, inputs=(replace(end, host=HostInput(True, quantizer=quantizer)),))


SIGNS = Tensor((3, 4, 2), Fixed(2, 1, signed=True))


def test_an_input_of_signs_is_counted() -> None:
    """A Threshold behind it tells -1 and 1 apart; what the host sends and what comes out stay as they were."""
    network = with_signs(chain(conv(WHOLE), Relu(), image=SIGNS))
    made = after(network)
    assert kinds(made) == ["Threshold", "BinaryConv", "Requantize", "Relu"] and made.inputs == network.inputs
    x = np.random.default_rng(0).normal(size=(50, 2, 3, 4)).astype(np.float32)
    codes = network.encode({"x": x})
    assert set(np.unique(codes)) == {-1, 1}
    assert np.array_equal(made.evaluate(codes), network.evaluate(codes))
    assert np.array_equal(made.evaluate_layers(codes)["x_signs_bit"], (np.moveaxis(x, 1, -1) >= 0).astype(int))


@pytest.mark.parametrize("network", [
    with_signs(chain(conv(PADDED), image=SIGNS)),
    with_signs(chain(Relu(), image=SIGNS)),
    with_signs(chain(conv(WHOLE), image=SIGNS), 1),
    chain(conv(WHOLE), image=SIGNS),
], ids=["zeros around", "no layer", "an offset", "any codes"])  # fmt: skip
def test_other_inputs_stay(network: Network) -> None:
    assert kinds(after(network)) == kinds(network)


THIRDS = {
    "zeros around signs": chain(threshold(-1, 1), conv(PADDED)),
    "levels that differ by three": chain(threshold(-1, 2), conv(WHOLE)),
    "signs that are the output": replace(chain(threshold(-1, 1), Relu()), outputs=chain(threshold(-1, 1)).outputs),
    "signs that another layer reads": chain(threshold(-1, 1), Relu(), conv(WHOLE)),
    "signs that no layer reads": chain(threshold(-1, 1), plus(Tensor((3, 4, 2), Fixed(2, 0, signed=True)), 1)),
    "weights of three values": chain(threshold(-1, 1), Conv(Int(signs(3, 3, 3, 2) + 1, 0), Bias.none(3), WHOLE)),
    "one of two readers": Network.of(
        "x",
        IMAGE,
        (Node("s", threshold(-1, 1), ("x",)), Node("a", conv(WHOLE), ("s",)), Node("b", conv(PADDED), ("s",))),
        "b",
    ),
}


@pytest.mark.parametrize("name", THIRDS)
def test_signs_stay_where_they_are_needed(name: str) -> None:
    assert signs_as_bits(THIRDS[name]) is THIRDS[name]


def test_bits_stay_bits() -> None:
    """A Threshold of 0 and 1 is one already, and pads of zeros are bits there."""
    network = chain(threshold(0, 1), conv(PADDED))
    assert signs_as_bits(network) is network
    assert kinds(binary_layers(network)) == ["Threshold", "BinaryConv"]


@pytest.mark.parametrize(
    "op",
    [
        Dense(Int(np.array([[3, -3]]), 0), Bias.none(1)),
        Dense(Int(np.array([[1, 0]]), 0), Bias.none(1)),
        Dense(Int(np.array([[2, -2]]), 0), Bias.none(1)),  # its grid would be another
        Dense(Shift(ShiftWeights(np.ones((1, 1, 2), np.int8), np.array([[[0, 1]]], np.int8))), Bias.none(1)),
    ],
)
def test_other_weights_stay(op: Dense) -> None:
    network = chain(op, image=Tensor((2,), U1))
    assert binary_layers(network).nodes[0].op is op


def test_wider_inputs_stay() -> None:
    op = Dense(Int(np.array([[1, -1]]), 0), Bias.none(1))
    for format in (Fixed(2, 0, signed=False), Fixed(1, 0, signed=True)):
        assert binary_layers(chain(op, image=Tensor((2,), format))).nodes[0].op is op
    assert isinstance(binary_layers(chain(op, image=Tensor((2,), U1))).nodes[0].op.weights, Binary)  # type: ignore[attr-defined]
