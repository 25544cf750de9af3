"""When the units of each kind read and write, as iterations of a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shiftwire.ir.kernel import Kernel
from shiftwire.ir.rtl_network import Actor, Reads, Writes
from shiftwire.numbers.fixed import Codes


def every(count: int) -> Codes:
    """Each iteration."""
    return np.arange(count)


def plain(name: str, inputs: Sequence[str], outputs: Sequence[str], iterations: int, stages: int = 0) -> Actor:
    """Reads all inputs and writes all outputs in every iteration."""
    beats = every(iterations)
    reads = tuple(Reads(stream, beats, beats) for stream in inputs)
    return Actor(name, iterations, reads, tuple(Writes(stream, beats, beats) for stream in outputs), stages)


def splitting(name: str, source: str, output: str, /, *, beats: int, parts: int, stages: int = 0) -> Actor:
    """Looks at each of `beats` for `parts` iterations and lets it go in the last of them."""
    made = every(beats * parts)
    first = made[::parts]
    return Actor(name, len(made), (Reads(source, first, first + parts - 1),), (Writes(output, made, made),), stages)


def joining(name: str, source: str, output: str, /, *, beats: int, parts: int, stages: int = 0) -> Actor:
    """Reads in every iteration and writes in every `parts`-th."""
    read = every(beats * parts)
    made = read[parts - 1 :: parts]
    return Actor(name, len(read), (Reads(source, read, read),), (Writes(output, made, made),), stages)


def repeating(name: str, source: str, output: str, /, *, beats: int, steps: int, stages: int) -> Actor:
    """Works on each beat for `steps` iterations and writes in the last of them."""
    last = every(beats) * steps + steps - 1
    reads = Reads(source, last - steps + 1, last)
    return Actor(name, beats * steps, (reads,), (Writes(output, last, last),), stages)


def packets(name: str, source: str, output: str, /, *, count: int, beats: int, stages: int) -> Actor:
    """For each packet `beats` reads, then as many writes."""
    starts = every(count)[:, None] * 2 * beats
    reads, writes = (starts + every(beats)).ravel(), (starts + beats + every(beats)).ravel()
    return Actor(name, 2 * count * beats, (Reads(source, reads, reads),), (Writes(output, writes, writes),), stages)


def choosing(name: str, inputs: tuple[str, str], output: str, folds: tuple[int, int], pixels: int) -> Actor:
    """For each pixel some beats of one input, then some of the other."""
    beats = every(pixels * sum(folds))
    is_first = beats % sum(folds) < folds[0]
    reads = (Reads(inputs[0], beats[is_first], beats[is_first]), Reads(inputs[1], beats[~is_first], beats[~is_first]))
    return Actor(name, len(beats), reads, (Writes(output, beats, beats),))


def folding(name: str, source: str, output: str, kernel: Kernel, *, replays: bool, stages: int) -> Actor:
    """A matrix or vector unit: sums leave at the end of each fold; with `replays` only a group's first fold reads."""
    synapses, terms = kernel.number("synapse_folds"), kernel.table("fold_terms")
    ends = np.cumsum(terms * synapses)
    starts = ends - terms * synapses
    reading = slice(None, None, kernel.number("neuron_folds") if replays else 1)
    need = (starts[reading, None] + every(synapses) * terms[reading, None]).ravel()
    pop = (need.reshape(-1, synapses) + terms[reading, None] - 1).ravel()
    positions = every(kernel.number("positions"))[:, None] * kernel.number("cycles")
    need, pop, made = ((positions + at).ravel() for at in (need, pop, ends - 1))
    return Actor(
        name, kernel.cycles, (Reads(source, need, pop),), (Writes(output, made, made),), stages, is_buffer=True
    )


def windowing(name: str, source: str, output: str, ring: str, kernel: Kernel, *, stages: int) -> tuple[Actor, Actor]:
    """The two sides of a window unit; the beats of `ring` are image rows."""
    number = kernel.number
    (port,) = kernel.reads
    height, out_height = number("in_height"), number("out_height")
    row, given = port.beats // height, kernel.writes.beats // out_height
    tops = every(out_height) * number("stride_height") - number("pad_top")
    first = np.append(np.clip(tops, 0, height), height)
    end = np.clip(tops + number("kernel_height"), 1, height)
    beats = every(port.beats)
    storing = Writes(ring, beats[::row], beats[row - 1 :: row])
    store = Actor(f"{name}_store", port.beats, (Reads(source, beats, beats),), (storing,))
    rows = every(height)
    # the first row of windows that wants image row k to be there (the last rows may be wanted by none), and the last
    # one that holds on to it
    need = np.searchsorted(end, rows[: end[-1]], side="right") * given
    pop = (np.searchsorted(first[1:], rows, side="right") + 1) * given - 1
    made = every(kernel.writes.beats)
    reads = Reads(ring, need, pop)
    give = Actor(f"{name}_give", len(made), (reads,), (Writes(output, made, made),), stages)
    return store, give
