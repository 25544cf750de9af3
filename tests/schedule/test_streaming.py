"""What stands between layers: forks, width converters, and the names of all that is added."""

from __future__ import annotations

from itertools import pairwise

import pytest

from one_layer import S8, of_one, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.ir.window import Window
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.schedule.streaming import BETWEEN, pipeline
from shiftwire.units.fork import Fork
from shiftwire.units.width import Narrow, Widen

X = Tensor((2, 12), S8)


def wiring(units: Pipeline) -> list[tuple[str, str, str, str, str]]:
    """Each instance with its function, inputs, outputs and layer."""

    def row(one: Instance) -> tuple[str, str, str, str, str]:
        return one.name, one.unit.function, " ".join(one.inputs), " ".join(one.outputs), one.layer

    return [row(instance) for instance in units.instances]


def relus(*lanes: int, names: str = "abcdef") -> tuple[Network, dict[str, Fold]]:
    nodes = tuple(Node(name, Relu(), (before,)) for before, name in pairwise(["x", *names[: len(lanes)]]))
    folds = {node.name: Fold(lane) for node, lane in zip(nodes, lanes, strict=True)}
    return Network.of("x", X, nodes, nodes[-1].name), folds


def sums(name: str = "b") -> Network:
    """y = (x + x) + relu(x): three readers of one tensor."""
    nodes = (
        Node(name, Relu(), ("x",)),
        Node("s", Add(), ("x", "x")),
        Node("y", Add(), ("s", name)),
    )
    return Network.of("x", X, nodes, "y")


def test_alike_layers_stand_side_by_side() -> None:
    units = pipeline(*relus(4, 4))
    assert wiring(units) == [("a", "relu", "x", "a", "a"), ("b", "relu", "a", "b", "b")]
    assert all(instance.is_last for instance in units.instances)
    assert (units.inputs, units.outputs) == (("x",), ("b",))
    assert {name: fifo.port for name, fifo in units.fifos.items()} == {name: Port(4, 6) for name in "xab"}
    assert units.fifos["x"].format == S8 and units.fifos["b"].format.bits == 7


@pytest.mark.parametrize(
    ("lanes", "between"),
    [
        ((4, 2), [("a_narrow", Narrow, 2)]),
        ((2, 12), [("a_widen", Widen, 12)]),
        ((4, 6), [("a_narrow", Narrow, 2), ("a_narrow_widen", Widen, 6)]),
        ((3, 4), [("a_narrow", Narrow, 1), ("a_narrow_widen", Widen, 4)]),
    ],
)
def test_widths_are_converted(lanes: tuple[int, int], between: list[tuple[str, type, int]]) -> None:
    """By their common divisor; what converts belongs to the layer that reads."""
    units = pipeline(*relus(*lanes))
    _, *converters, last = units.instances
    assert [(one.name, type(one.unit)) for one in converters] == [(name, kind) for name, kind, _ in between]
    assert [one.inputs for one in (*converters, last)] == [("a",), *((name,) for name, *_ in between)]
    for one, (name, _, width) in zip(converters, between, strict=True):
        assert one.outputs == (name,) and one.layer == "b" and not one.is_last
        assert units.fifos[name].port == Port(width, 24 // width)
        assert units.fifos[name].format == units.fifos["a"].format
        assert isinstance(one.unit, BETWEEN)


def test_a_fork_for_each_reader_but_the_last() -> None:
    network = sums()
    units = pipeline(network, {name: Fold(4) for name in "bsy"})
    assert wiring(units) == [
        ("x_fork", "fork", "x", "x_fork_a x_fork_b", "x"),
        ("x_fork2", "fork", "x_fork_b", "x_fork2_a x_fork2_b", "x"),
        ("b", "relu", "x_fork_a", "b", "b"),
        ("s", "add", "x_fork2_a x_fork2_b", "s", "s"),
        ("y", "add", "s b", "y", "y"),
    ]
    for name in ("x_fork_a", "x_fork_b", "x_fork2_a", "x_fork2_b"):
        assert units.fifos[name].format == S8 and units.fifos[name].port == Port(4, 6)
    assert all(isinstance(one.unit, Fork) and one.unit.format == S8 for one in units.instances[:2])


def test_an_output_that_is_read_as_well() -> None:
    nodes = (Node("a", Relu(), ("x",)), Node("idle", Relu(), ("a",)))
    units = pipeline(Network.of("x", X, nodes, "a"), {"a": Fold(3), "idle": Fold(3)})
    assert units.output == "a_fork_b"
    assert [row[2:4] for row in wiring(units)] == [("x", "a"), ("a", "a_fork_a a_fork_b"), ("a_fork_a", "idle")]


def test_names_of_layers_are_taken() -> None:
    units = pipeline(sums("x_fork"), {name: Fold(4) for name in ("x_fork", "s", "y")})
    assert [row[0] for row in wiring(units)] == ["x_fork2", "x_fork3", "x_fork", "s", "y"]
    units = pipeline(sums("x_fork_a"), {name: Fold(4) for name in ("x_fork_a", "s", "y")})
    assert units.instances[0].outputs == ("x_fork_a2", "x_fork_b")


def test_a_layer_of_several_units() -> None:
    """A window unit in front; the layer's own name is that of its last unit."""
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    network = of_one(Conv(shift((4, 3, 3, 2), 1, -3, 0), Bias.none(4), window), (4, 4, 2))
    units = pipeline(network, {"y": Fold(2, 2)})
    names = [(one.name, one.unit.function, one.layer, one.is_last) for one in units.instances]
    assert names == [("y_window", "window", "y", False), ("y", "mvu", "y", True)]
    assert units.instances[0].inputs == ("x",) and units.instances[1].inputs == ("y_window",)
    assert units.fifos["y_window"].port == units.instances[0].unit.writes


def test_the_input_is_as_wide_as_its_first_reader() -> None:
    assert pipeline(sums(), {"b": Fold(6), "s": Fold(2), "y": Fold(2)}).fifos["x"].port == Port(6, 4)


def test_a_layer_without_units_shares_its_stream() -> None:
    nodes = (
        Node("flat", Flatten(in_stream_order=True), ("x",)),
        Node("a", Relu(), ("flat",)),
        Node("b", Relu(), ("flat",)),
        Node("y", Add(), ("a", "b")),
    )
    folds = {"flat": Fold(1), **{name: Fold(3) for name in "aby"}}
    units = pipeline(Network.of("x", X, nodes, "y"), folds)
    assert wiring(units)[:2] == [
        ("x_fork", "fork", "x", "x_fork_a x_fork_b", "x"),
        ("a", "relu", "x_fork_a", "a", "a"),
    ]
    assert "flat" not in units.fifos and units.fifos["x"].port == Port(3, 8)
    last = Network.of("x", X, (Node("a", Relu(), ("x",)), Node("flat", nodes[0].op, ("a",))), "flat")
    assert pipeline(last, {"a": Fold(3), "flat": Fold(1)}).output == "a"
