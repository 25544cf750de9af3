"""Networks of a toy layer: what construction checks, what the properties name, and how codes travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.ir.cost import UNIT_LUT, Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.network import (
    MAX_ELEMENTS,
    Network,
    NetworkInput,
    NetworkOutput,
    Node,
    Op,
    Operations,
    Tensor,
)
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.ops.relu import Relu, ReluUnit
from shiftwire_boards.runtime.host_steps import Largest

S8 = Fixed(8, 4, signed=True)
WIDE = Fixed(16, 4, signed=True)
X = Tensor((2, 3, 12), S8)


@dataclass(frozen=True)
class Weighted(Op):
    """Sums its inputs, the first one times `factor`; two units of relus stand for its hardware."""

    factor: int = 1
    unit_types = (ReluUnit,)

    def infer(self, *inputs: Tensor) -> Tensor:
        if len({source.shape for source in inputs}) > 1:
            raise InputError("the shapes differ")
        return Tensor(inputs[0].shape, WIDE)

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        assert [source.shape for source in inputs] == [code.shape[1:] for code in codes]
        return codes[0] * self.factor + sum(codes[1:], np.zeros_like(codes[0]))

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        return Relu().units(inputs, output, fold) * 2

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(adds=output.size)


def branching() -> Network:
    """y = 2 * (3 * x) + 3 * x, with a branch that nobody reads."""
    nodes = (
        Node("a", Weighted(3), ("x",)),
        Node("idle", Weighted(), ("x",)),
        Node("y", Weighted(2), ("a", "a")),
    )
    return Network.of("x", X, nodes, "y")


class TestTensors:
    def test_size_and_name(self) -> None:
        assert X.size == 72 and str(X) == "s8.4[2x3x12]"
        assert Tensor((5,), Fixed(3, -1, signed=False)).size == 5
        assert str(Tensor((5,), Fixed(3, -1, signed=False))) == "u3.-1[5]"

    @pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, -1)])
    def test_without_elements(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputError, match=r"a tensor of shape \(.*\) holds no elements"):
            Tensor(shape, S8)

    def test_the_largest(self) -> None:
        assert Tensor((MAX_ELEMENTS // 4, 4), S8).size == 1 << 24
        with pytest.raises(InputError, match=r"of shape \(16777217,\) holds more than 16777216 elements"):
            Tensor((MAX_ELEMENTS + 1,), S8)


def test_operations_add_up() -> None:
    assert Operations(1, 20, 300, 4000, 5) + Operations(5, 60, 700, 8000, 2) == Operations(6, 80, 1000, 12000, 7)
    assert Operations() == Operations(shifts=0, adds=0, compares=0, multiplies=0, xnors=0)


class TestWhatLayersSayUnlessTheyKnowBetter:
    def test_lanes_divide_the_channels(self) -> None:
        lanes = [1, 2, 3, 4, 6, 12]
        assert Weighted().folds([X], X) == tuple(Fold(pe) for pe in lanes)

    def test_cost_is_that_of_all_units(self) -> None:
        lane_lut = 24  # one and a half for each of 16 bits
        output = Weighted().infer(X)
        assert Weighted().cost([X], output, Fold(4)) == Cost(2 * (UNIT_LUT + 4 * lane_lut))

    def test_a_witness_of_whole_inputs(self) -> None:
        first, second = np.array([1, 2]), np.array([3, 4])
        shown = Weighted().witness((0,), first, second)
        assert [name for name, _ in shown] == ["input 0", "input 1"]
        assert shown[0][1] is first and shown[1][1] is second

    def test_no_weights(self) -> None:
        assert Weighted().kind == Node("y", Weighted(), ("x",)).kind == "Weighted"
        assert Weighted().weight_bits == 0 and Weighted().terms is None


class TestEnds:
    def test_nothing_for_the_host_where_it_is_not_said(self) -> None:
        network = branching()
        assert network.host_input == HostInput() and network.host_output == HostOutput()
        assert NetworkInput("x", X).host == HostInput() and NetworkOutput("y").host == HostOutput()

    def test_what_the_host_is_told(self) -> None:
        host_input, host_output = HostInput(quantizes=True), HostOutput(steps=(Largest(1),))
        nodes = (Node("y", Weighted(), ("x",)),)
        network = Network.of("x", X, nodes, "y", host_input=host_input, host_output=host_output)
        assert network.host_input is host_input and network.host_output is host_output

    def test_names_and_tensors(self) -> None:
        network = branching()
        assert (network.input_name, network.output_name) == ("x", "y")
        assert network.input is X and network.output == Tensor(X.shape, WIDE)
        assert list(network.tensors) == ["x", "a", "idle", "y"]

    @pytest.mark.parametrize(
        ("inputs", "outputs", "said"),
        [
            ([], ["y"], r"found no inputs, wanted one at least"),
            (["x", "x"], ["y"], r"the name 'x' is taken by an earlier input; rename one of them"),
            (["x"], [], r"found no outputs, wanted one at least"),
            (["x"], ["y", "q"], r"the output 'q' is made by no node; name one of x, y"),
        ],
    )
    def test_ends_that_are_none(self, inputs: list[str], outputs: list[str], said: str) -> None:
        entries = tuple(NetworkInput(name, X) for name in inputs)
        with pytest.raises(InputError, match=said):
            Network(entries, (Node("y", Weighted(), ("x",)),), tuple(map(NetworkOutput, outputs)))

    def test_an_output_of_no_node(self) -> None:
        with pytest.raises(InputError, match=r"the output 'z' is made by no node; name one of x, a$"):
            Network.of("x", X, (Node("a", Weighted(), ("x",)),), "z")

    def test_the_input_may_be_the_output(self) -> None:
        codes = np.ones((2, *X.shape), np.int64)
        assert Network.of("x", X, (), "x").evaluate(codes) is codes


class TestNodes:
    def test_sources_and_consumers(self) -> None:
        network = branching()
        a, idle, y = network.nodes
        assert network.sources(a) == (X,)
        assert network.sources(y) == (Tensor(X.shape, WIDE),) * 2
        assert network.consumers("x") == (a, idle)
        assert network.consumers("a") == (y,)
        assert network.consumers("y") == ()

    def test_a_name_that_is_taken(self) -> None:
        nodes = (Node("a", Weighted(), ("x",)), Node("a", Weighted(), ("x",)))
        with pytest.raises(InputError, match="the name 'a' is taken by an earlier tensor") as error:
            Network.of("x", X, nodes, "a")
        assert error.value.sentence().endswith("(in node 'a' (Weighted))")

    def test_an_input_that_comes_later(self) -> None:
        nodes = (Node("a", Weighted(), ("x", "b", "c")), Node("b", Weighted(), ("x",)))
        with pytest.raises(InputError, match="it reads 'b', which no earlier node makes"):
            Network.of("x", X, nodes, "a")

    def test_what_a_layer_refuses_is_told_with_its_place(self) -> None:
        """A layer that cannot read its inputs names them."""
        nodes = (Node("flat", _Flat(), ("x",)), Node("y", Weighted(), ("x", "flat")))
        with pytest.raises(InputError, match="the shapes differ") as error:
            Network.of("x", X, nodes, "y")
        assert error.value.sentence().endswith("(reading s8.4[2x3x12], s8.4[72]; in node 'y' (Weighted))")


class _Flat(Relu):
    def infer(self, *inputs: Tensor) -> Tensor:
        return Tensor((inputs[0].size,), inputs[0].format)


class TestEvaluation:
    def test_every_layer(self) -> None:
        codes = np.arange(2 * X.size).reshape(2, *X.shape) - 72
        layers = branching().evaluate_layers(codes)
        assert list(layers) == ["x", "a", "idle", "y"]
        for name, factor in {"x": 1, "a": 3, "idle": 1, "y": 9}.items():
            assert np.array_equal(layers[name], codes * factor)
        assert np.array_equal(branching().evaluate(codes), codes * 9)

    def test_a_whole_test_set_in_slices(self) -> None:
        network, codes = branching(), np.arange(70)
        assert [len(part) for part in network.batches(codes)] == [32, 32, 6]
        assert [part.tolist() for part in network.batches(codes[:5], 2)] == [[0, 1], [2, 3], [4]]
        assert [part.tolist() for part in network.batches(codes[:4], 2)] == [[0, 1], [2, 3]]
        assert list(network.batches(codes[:0])) == []

    @pytest.mark.parametrize("shape", [(2, 3, 12), (1, 2, 3, 11), (1, 72)])
    def test_another_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputError, match=r"codes of shape \(.*\) do not fit the input s8.4\[2x3x12\]"):
            branching().evaluate(np.zeros(shape, np.int64))

    @pytest.mark.parametrize("code", [-129, 128])
    def test_codes_beyond_the_format(self, code: int) -> None:
        codes = np.zeros((1, *X.shape), np.int64)
        codes[0, 1, 2, 3] = code
        with pytest.raises(InputError, match=r"codes of int64 outside s8.4 cannot enter"):
            branching().evaluate(codes)
        codes[0, 1, 2, 3] = min(max(code, -128), 127)
        assert branching().evaluate(codes).min() in (0, -128 * 9)

    def test_codes_of_another_type(self) -> None:
        with pytest.raises(InputError, match=r"codes of float64 outside s8.4 cannot enter"):
            branching().evaluate(np.zeros((1, *X.shape)))
