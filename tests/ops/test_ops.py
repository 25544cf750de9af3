"""The specification against definitions in plain fractions, and the widths it derives."""

import numpy as np
import pytest

import naive
from one_layer import S8, codes, frames, of_one, shift
from shiftwire.errors import InputError, ShiftwireError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.exact import CACHED_NUMBERS, exact_distances
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pool import AveragePool, MaxPool
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from single_layers import single_layers

CASES = single_layers()


@pytest.mark.parametrize("name", CASES)
def test_evaluate_is_the_definition(name: str) -> None:
    network = CASES[name]
    given = frames(network, 8)
    layers = network.evaluate_layers(given)
    for sample in range(len(given)):
        for layer, expected in naive.evaluate(network, given[sample]).items():
            assert np.array_equal(layers[layer][sample], expected), (layer, sample)
    assert len(np.unique(layers["y"])) > 1, "a comparison of constants proves nothing"


@pytest.mark.parametrize("bias", [0, 33, 270])
@pytest.mark.parametrize("kind", ["shift", "adder", "int"])
def test_widths_are_reached(kind: str, bias: int) -> None:
    """Some input drives the sums to both ends that the interval analysis names, so no bit is spare."""
    x = Fixed(5, 0, signed=True)
    rows = np.array([[-20, 19, 3, 20, -18, 0]])
    weights = {"shift": shift((1, 6), 2, -2, 3, seed=5), "adder": Adder(rows, 0), "int": Int(rows, 0)}[kind]
    network = of_one(Dense(weights, Bias(np.array([bias]), 0)), (6,), x)
    ends = np.array(np.meshgrid(*[[x.lo, x.hi]] * 6)).reshape(6, -1).T
    inner = np.clip(rows, x.lo, x.hi)
    sums = network.evaluate(np.concatenate([ends, inner]))
    assert Fixed.covering(int(sums.min()), int(sums.max()), network.output.format.frac) == network.output.format


def test_a_padded_adder_tap_counts_its_weight() -> None:
    weights = Adder(np.array([3, -5, 7]).reshape(1, 3, 1), 4)
    network = of_one(Conv(weights, Bias.none(1), Window((3,), (1,), (1,), (1,))), (1, 1))
    assert network.evaluate(np.array([[[2]]])).tolist() == [[[-(3 + abs(2 + 5) + 7)]]]


@pytest.mark.parametrize("bits", [6, 20, 30, 52])
def test_distances_are_exact_in_every_type_and_block(bits: int) -> None:
    """Single and double precision and int64, each over several blocks of positions; sums no double could hold."""
    rng = np.random.default_rng(bits)
    taps = CACHED_NUMBERS // 64
    x, weights = (rng.integers(-1 << bits, 1 << bits, (rows, taps)) for rows in (131, 3))
    found = exact_distances(x, weights)
    assert np.array_equal(found, [[-np.abs(row - weight).sum() for weight in weights] for row in x])
    assert len(np.unique(found)) > 100


def test_terms_differ_per_filter() -> None:
    sign = np.array([[[1, 0], [0, 0], [1, 1]], [[0, 0], [0, 0], [0, -1]]], np.int8)
    weights = ShiftWeights(sign, np.zeros_like(sign))
    assert weights.terms_per_filter.tolist() == [1, 0, 2]
    assert Shift(weights).terms == 1.0
    assert weights.integers.tolist() == [[1, 0], [0, 0], [1, 0]]


def test_apot_levels_are_exact_integers() -> None:
    """APoT's four-bit levels 0 1 2 3 4 6 8 10 over 10 as sums of two powers of two; the 1/10 lives elsewhere."""
    pairs = [(0, 0), (1, 0), (2, 0), (2, 1), (4, 0), (4, 2), (8, 0), (8, 2)]
    sign = np.array([[[int(part > 0)] for part in column] for column in zip(*pairs, strict=True)], np.int8)
    exponent = np.array([[[max(part, 1).bit_length() - 1] for part in column] for column in zip(*pairs, strict=True)])
    weights = ShiftWeights(sign, exponent.astype(np.int8))
    assert weights.integers.ravel().tolist() == [0, 1, 2, 3, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: of_one(Dense(shift((2, 5), 1, 0, 0), Bias.none(2)), (2, 3)), "5 inputs cannot read shape .2, 3.; fla"),
        (lambda: of_one(Dense(shift((2, 5), 1, 0, 0), Bias.none(2)), (4,)), "5 inputs cannot read 4 values"),
        (
            lambda: of_one(Dense(Adder(codes((2, 4), -9, 9), 6), Bias.none(2)), (4,)),
            r"weights in steps of 2\^-6 cannot read values in steps of 2\^-4; requantize the input to 6",
        ),
        (
            lambda: of_one(Conv(shift((2, 3, 3), 1, 0, 0), Bias.none(2), Window((3,), (1,), (0,), (0,))), (7, 2)),
            "3 channels cannot read shape",
        ),
        (lambda: of_one(AveragePool(Window((3, 3), (1, 1), (0, 0), (0, 0))), (6, 6, 1)), "9 positions .* power of two"),
        (lambda: of_one(MaxPool(Window((7,), (1,), (0,), (0,))), (4, 1)), "does not fit the padded image"),
        (lambda: of_one(Flatten(), (4,)), "is flat already"),
        (lambda: of_one(Threshold(np.array([[2, 1]]), np.zeros(1), np.ones(1), 4, 0), (3, 1)), "sort each channel"),
        (lambda: ShiftWeights(np.full((1, 1, 1), 2, np.int8), np.zeros((1, 1, 1), np.int8)), "a sign of 2 is none"),
        (
            lambda: of_one(Dense(Int(np.full((1, 4), 1 << 60), 0), Bias.none(1)), (4,)),
            "would need 7. bits, more than",
        ),
        (lambda: Tensor((0, 3), S8), "holds no elements"),
    ],
)
def test_a_bad_layer_is_refused_in_words(make, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_joins_want_equal_shapes() -> None:
    def joined(op) -> Network:
        nodes = (Node("flat", Flatten(), ("x",)), Node("y", op, ("x", "flat")))
        return Network.of("x", Tensor((2, 3), S8), nodes, "y")

    with pytest.raises(InputError, match="cannot be added element by element"):
        joined(Add())
    with pytest.raises(InputError, match="cannot be concatenated"):
        joined(Concat())


def test_an_error_names_the_node_and_what_it_reads() -> None:
    with pytest.raises(ShiftwireError) as caught:
        Network.of("x", Tensor((2, 3), S8), (Node("fc1", Dense(shift((4, 6), 1, 0, 0), Bias.none(4)), ("x",)),), "fc1")
    assert "in node 'fc1' (ShiftDense)" in caught.value.sentence()
    assert "reading s8.4[2x3]" in caught.value.sentence()


def test_a_network_is_checked_when_made() -> None:
    relu = CASES["relu"].nodes[0].op
    with pytest.raises(InputError, match="reads 'z', which no earlier node makes"):
        Network.of("x", Tensor((2,), S8), (Node("y", relu, ("z",)),), "y")
    with pytest.raises(InputError, match="the name 'x' is taken"):
        Network.of("x", Tensor((2,), S8), (Node("x", relu, ("x",)),), "x")
    with pytest.raises(InputError, match="'out' is made by no node"):
        Network.of("x", Tensor((2,), S8), (Node("y", relu, ("x",)),), "out")
    with pytest.raises(InputError, match=r"outside s8.4 cannot enter"):
        CASES["relu"].evaluate(np.full((1, 6, 5, 4), 200))


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 1), (1, 0)])
def test_a_network_without_ends_is_refused(inputs: int, outputs: int) -> None:
    relu = CASES["relu"].nodes[0].op
    entries = tuple(NetworkInput(f"x{at}", Tensor((2,), S8)) for at in range(inputs))
    exits = tuple(NetworkOutput(name) for name in ("y", "x0")[:outputs])
    with pytest.raises(InputError, match=r"found no (in|out)puts, wanted one at least"):
        Network(entries, (Node("y", relu, ("x0",)),), exits)
