"""The loop nests against the loops themselves, written out and watched iteration by iteration."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from shiftwire.ir.nest import (
    Access,
    Nest,
    at,
    choosing,
    dot_products,
    each_beat,
    every,
    joining,
    packets,
    repeating,
    splitting,
)

Step = tuple[Iterable[tuple[int, int]], bool]
"""What one iteration looks at, as (input, beat), and whether it writes a beat."""


def looked_at(steps: list[Step], port: int) -> tuple[list[int], list[int]]:
    """Iterations in which each beat of an input is first and last looked at."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for iteration, (looks, _) in enumerate(steps):
        for input_at, beat in looks:
            if input_at == port:
                first.setdefault(beat, iteration)
                last[beat] = iteration
    assert list(first) == list(range(len(first)))
    return list(first.values()), list(last.values())


def lists(access: Access) -> tuple[list[int], list[int]]:
    return access.first.tolist(), access.last.tolist()


def check(nest: Nest, steps: list[Step], inputs: int = 1) -> None:
    writing = [iteration for iteration, (_, writes) in enumerate(steps) if writes]
    assert nest.iterations == len(steps)
    assert [lists(access) for access in nest.reads] == [looked_at(steps, port) for port in range(inputs)]
    assert lists(nest.writes) == (writing, writing)


SIZES = [(1, 1), (1, 4), (3, 1), (2, 3), (4, 2)]


def test_beats_that_come_and_go_at_once() -> None:
    moments = np.array([0, 3, 4])
    assert lists(at(moments)) == ([0, 3, 4], [0, 3, 4])
    assert every(4).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("beats", [1, 2, 5])
@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_each_beat(beats: int, inputs: int) -> None:
    steps: list[Step] = [([(port, beat) for port in range(inputs)], True) for beat in range(beats)]
    check(each_beat(beats, inputs), steps, inputs)
    check(each_beat(beats), [([(0, beat)], True) for beat in range(beats)])


@pytest.mark.parametrize(("beats", "parts"), SIZES)
def test_splitting(beats: int, parts: int) -> None:
    check(splitting(beats, parts), [([(0, beat)], True) for beat in range(beats) for _ in range(parts)])


@pytest.mark.parametrize(("beats", "parts"), SIZES)
def test_joining(beats: int, parts: int) -> None:
    steps: list[Step] = [
        ([(0, beat * parts + part)], part == parts - 1) for beat in range(beats) for part in range(parts)
    ]
    check(joining(beats, parts), steps)


@pytest.mark.parametrize(("beats", "steps"), SIZES)
def test_repeating(beats: int, steps: int) -> None:
    check(repeating(beats, steps), [([(0, beat)], step == steps - 1) for beat in range(beats) for step in range(steps)])


@pytest.mark.parametrize(("count", "beats"), SIZES)
def test_packets(count: int, beats: int) -> None:
    steps: list[Step] = []
    for packet in range(count):
        steps += [([(0, packet * beats + beat)], False) for beat in range(beats)]
        steps += [([], True)] * beats
    check(packets(count, beats), steps)


@pytest.mark.parametrize("pixels", [1, 3])
@pytest.mark.parametrize("folds", [(1, 1), (2, 3), (3, 1)])
def test_choosing(pixels: int, folds: tuple[int, int]) -> None:
    steps: list[Step] = []
    for pixel in range(pixels):
        for port in (0, 1):
            steps += [([(port, pixel * folds[port] + fold)], True) for fold in range(folds[port])]
    check(choosing(pixels, folds), steps, 2)


@pytest.mark.parametrize("positions", [1, 3])
@pytest.mark.parametrize(
    ("terms", "neurons"),
    [
        ([[1]], 1),
        ([[2, 2]], 1),
        ([[1], [2]], 1),
        ([[3, 3, 3], [1, 1, 1], [2, 2, 2]], 1),
        ([[1, 1], [3, 3]], 2),
        ([[2, 1, 2], [0, 1, 0], [1, 1, 3], [0, 0, 2]], 2),
        ([[1, 1], [1, 0], [0, 2], [2, 2], [0, 1], [3, 1]], 3),
    ],
)
def test_dot_products(positions: int, terms: list[list[int]], neurons: int) -> None:
    """The first neuron fold of a group looks at the beats, each for k iterations; every fold ends with a sum."""
    steps: list[Step] = []
    groups, synapses = len(terms) // neurons, len(terms[0])
    for position in range(positions):
        for fold, ks in enumerate(terms):
            group, neuron = divmod(fold, neurons)
            own: list[Step] = []
            for synapse, k in enumerate(ks):
                beat = (position * groups + group) * synapses + synapse
                own += [([(0, beat)] if neuron == 0 else [], False)] * k
            steps += [*own[:-1], (own[-1][0], True)]
    check(dot_products(positions, np.array(terms), neurons), steps)
