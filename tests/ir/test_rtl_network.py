"""Actors: which iterations of a module move the beats of which stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shiftwire.ir.module import LineBuffer, Module
from shiftwire.ir.nest import Access, Nest, at
from shiftwire.ir.rtl_network import NETWORK, Actor, RtlNetwork, RtlUnit

NEST = Nest(
    9,
    (Access(np.array([0, 2]), np.array([3, 4])), Access(np.array([1]), np.array([5, 6]))),
    Access(np.array([2, 7]), np.array([5, 8])),
)
ONE_TO_ONE = Nest(4, (at(np.array([0, 1])),), at(np.array([2, 3])))
STORING = Nest(6, (at(np.arange(6)),), Access(np.array([0, 3]), np.array([2, 5])))

Moves = list[tuple[str, list[int], list[int]]]


def reads(actor: Actor) -> Moves:
    return [(use.stream, use.need.tolist(), use.pop.tolist()) for use in actor.reads]


def writes(actor: Actor) -> Moves:
    return [(use.stream, use.reserve.tolist(), use.emit.tolist()) for use in actor.writes]


def test_a_nest_between_streams() -> None:
    actor = Actor.of("unit", NEST, ("a", "b"), ("c", "d"), 5, is_buffer=True)
    assert (actor.name, actor.iterations, actor.stages, actor.is_buffer) == ("unit", 9, 5, True)
    assert reads(actor) == [("a", [0, 2], [3, 4]), ("b", [1], [5, 6])]
    assert writes(actor) == [("c", [2, 7], [5, 8]), ("d", [2, 7], [5, 8])]


def test_a_nest_without_stages() -> None:
    actor = Actor.of("unit", NEST, ("a", "b"), ())
    assert actor.stages == 0 and not actor.is_buffer and actor.writes == ()


@pytest.mark.parametrize("inputs", [(), ("a",), ("a", "b", "c")])
def test_a_stream_for_each_port(inputs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        Actor.of("unit", NEST, inputs, ("c",))


@pytest.mark.parametrize("is_buffer", [False, True])
def test_the_one_loop_of_a_module(is_buffer: bool) -> None:
    module = Module("m", {}, NEST, stages=3, is_buffer=is_buffer)
    unit = RtlUnit("fc", module, ("a", "b"), ("c",), "fc")
    assert unit.line_buffer is None
    (actor,) = unit.actors
    assert (actor.name, actor.iterations, actor.stages, actor.is_buffer) == ("fc", 9, 3, is_buffer)
    assert [name for name, *_ in reads(actor)] == ["a", "b"]
    assert [name for name, *_ in writes(actor)] == ["c"]


def test_the_two_sides_of_a_window_module() -> None:
    module = Module("sw_window", {}, ONE_TO_ONE, stages=2, line_buffer=LineBuffer(4, 3, 8, STORING))
    unit = RtlUnit("conv_window", module, ("x",), ("y",), "conv")
    assert unit.line_buffer == "conv_window_ring"
    store, give = unit.actors
    assert (store.name, store.iterations, store.stages, store.is_buffer) == ("conv_window_store", 6, 0, False)
    assert reads(store) == [("x", [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])]
    assert writes(store) == [("conv_window_ring", [0, 3], [2, 5])]
    assert (give.name, give.iterations, give.stages, give.is_buffer) == ("conv_window_give", 4, 2, False)
    assert reads(give) == [("conv_window_ring", [0, 1], [0, 1])]
    assert writes(give) == [("y", [2, 3], [2, 3])]


def test_a_network_has_its_ends() -> None:
    network = RtlNetwork(NETWORK, ("x",), ("y",), (), {})
    assert (network.name, network.input, network.output) == ("shiftwire_net", "x", "y")
    assert network.depths == {} and network.line_buffers == {} and network.blocks == frozenset()
    assert network.moved_bram36 == 0
    assert replace(network, inputs=("a", "b"), outputs=("c", "d")).output == "c"
