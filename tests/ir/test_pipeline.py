"""FIFOs and instances as data."""

from __future__ import annotations

from shiftwire.ir.fold import Port
from shiftwire.ir.pipeline import SHALLOWEST, Fifo, Instance, Pipeline
from shiftwire.numbers.fixed import Fixed
from shiftwire.units.fork import Fork

S8 = Fixed(8, 4, signed=True)
PORT = Port(3, 5)


def forked() -> Pipeline:
    fifos = {name: Fifo(name, S8, PORT) for name in ("x", "a", "b")}
    return Pipeline(("x",), ("b", "a"), (Instance("fork", Fork(PORT, S8), ("x",), ("a", "b"), "x"),), fifos)


def test_bits_of_a_memory() -> None:
    assert Fifo("x", S8, PORT).depth == SHALLOWEST == 2
    assert Fifo("x", S8, PORT).bits == 2 * 3 * 8
    assert Fifo("x", Fixed(5, 0, signed=False), PORT, 7).bits == 7 * 3 * 5


def test_the_ends() -> None:
    assert forked().input == "x" and forked().output == "b"


def test_other_depths() -> None:
    before = forked()
    after = before.with_depths({"x": 4, "a": 9, "b": 2})
    assert {name: fifo.depth for name, fifo in after.fifos.items()} == {"x": 4, "a": 9, "b": 2}
    assert all(fifo.depth == SHALLOWEST for fifo in before.fifos.values())
    assert [(fifo.name, fifo.port, fifo.format) for fifo in after.fifos.values()] == [
        (name, PORT, S8) for name in ("x", "a", "b")
    ]
    assert after.instances == before.instances
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)


def test_an_instance_makes_no_layer_unless_it_says_so() -> None:
    assert not forked().instances[0].is_last
