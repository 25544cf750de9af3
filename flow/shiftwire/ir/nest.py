"""Loop nests as data: in which iterations of a frame a unit reads and writes each of its beats.

Both back ends and both timings follow from a nest: C++ reads a beat in the iteration that first looks at it, the
SystemVerilog lets it go in the one that looks at it last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class Access:
    """Iterations of a frame, ascending, in which beat k of a port is first and last at work.

    For a beat that is read: looked at from `first[k]` on, let go in `last[k]`. For one that is written: its place is
    taken in `first[k]`, it leaves in `last[k]`. `first` is shorter where the last beats are never looked at.
    """

    first: Codes
    last: Codes


@dataclass(frozen=True, eq=False)
class Nest:
    """`iterations` a frame at one a cycle, an Access for each port that is read, and the one of what is written."""

    iterations: int
    reads: tuple[Access, ...]
    writes: Access


def at(iterations: Codes) -> Access:
    """Beats that come and go in one iteration."""
    return Access(iterations, iterations)


def every(count: int) -> Codes:
    """Each of so many iterations."""
    return np.arange(count)


def each_beat(beats: int, inputs: int = 1) -> Nest:
    """Reads a beat of every input and writes one, in each iteration."""
    moments = at(every(beats))
    return Nest(beats, (moments,) * inputs, moments)


def splitting(beats: int, parts: int) -> Nest:
    """Looks at each of `beats` for `parts` iterations and writes in all of them."""
    iterations = every(beats * parts)
    first = iterations[::parts]
    return Nest(len(iterations), (Access(first, first + parts - 1),), at(iterations))


def joining(beats: int, parts: int) -> Nest:
    """Reads in every iteration and writes in every `parts`-th, `beats` in all."""
    iterations = every(beats * parts)
    return Nest(len(iterations), (at(iterations),), at(iterations[parts - 1 :: parts]))


def repeating(beats: int, steps: int) -> Nest:
    """Works on each beat for `steps` iterations and writes in the last of them."""
    last = every(beats) * steps + steps - 1
    return Nest(beats * steps, (Access(last - steps + 1, last),), at(last))


def packets(count: int, beats: int) -> Nest:
    """For each packet `beats` reads, then as many writes."""
    starts = every(count)[:, None] * 2 * beats
    reads, writes = (starts + every(beats)).ravel(), (starts + beats + every(beats)).ravel()
    return Nest(2 * count * beats, (at(reads),), at(writes))


def choosing(pixels: int, folds: tuple[int, int]) -> Nest:
    """For each pixel some beats of one input, then some of the other."""
    beats = every(pixels * sum(folds))
    is_first = beats % sum(folds) < folds[0]
    return Nest(len(beats), (at(beats[is_first]), at(beats[~is_first])), at(beats))


def dot_products(positions: int, steps: Codes, neurons: int) -> Nest:
    """Sums over beats, each looked at for some iterations; sums leave at the end of each neuron fold.

    steps  (groups * neurons, synapses): iterations of each beat in each neuron fold. The first fold of a group of
    `neurons` reads the beats, the others see them again from within, or do without; with one neuron a group, every fold
    reads its own.
    """
    after = np.cumsum(steps).reshape(steps.shape)
    ends = after[:, -1]
    last = (after[::neurons] - 1).ravel()
    first = (after - steps)[::neurons].ravel()
    frame = every(positions)[:, None] * ends[-1]
    first, last, leaving = ((frame + moments).ravel() for moments in (first, last, ends - 1))
    return Nest(positions * int(ends[-1]), (Access(first, last),), at(leaving))
