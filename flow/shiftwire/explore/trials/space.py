"""What may differ between trials: axes, each with its choices, and what the choices of a trial say to quantize."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from math import prod

from shiftwire.quantize.methods.words import own_of
from shiftwire.quantize.options import Options

Candidate = Mapping[str, int]
"""By axis, the place of a choice."""


class Kind(Enum):
    """What an axis chooses."""

    WEIGHTS = "weights"
    BITS = "bits"
    INPUT_BITS = "input bits"


@dataclass(frozen=True, slots=True)
class Axis:
    """Choices in the words of the command line, the cheapest first; `subject` is a layer, a tensor, or nothing."""

    kind: Kind
    subject: str
    choices: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of one axis alone."""
        return f"{self.kind.value} of {self.subject}" if self.subject else self.kind.value

    def applied(self, options: Options, place: int) -> Options:
        """Options with a choice of this axis among them."""
        choice = self.choices[place]
        match self.kind:
            case Kind.WEIGHTS:
                return replace(options, layers=(*options.layers, own_of(f"{escaped(self.subject)}={choice}")))
            case Kind.BITS:
                return replace(options, bits={**options.bits, self.subject: int(choice)})
            case Kind.INPUT_BITS:
                return replace(options, input_bits=int(choice))


@dataclass(frozen=True, slots=True)
class Space:
    """All axes; `base` are the options that no axis speaks of."""

    axes: tuple[Axis, ...]
    base: Options

    @property
    def size(self) -> int:
        """Candidates."""
        return prod(len(axis.choices) for axis in self.axes)

    @property
    def most(self) -> Candidate:
        """The last choice of every axis."""
        return {axis.name: len(axis.choices) - 1 for axis in self.axes}

    def candidates(self) -> Iterator[Candidate]:
        """All of them, the dearest first."""
        names = [axis.name for axis in self.axes]
        every = product(*(reversed(range(len(axis.choices))) for axis in self.axes))
        return (dict(zip(names, places, strict=True)) for places in every)

    def places(self, candidate: Candidate) -> tuple[int, ...]:
        """A candidate as numbers alone, axis by axis."""
        return tuple(candidate[axis.name] for axis in self.axes)

    def options(self, candidate: Candidate) -> Options:
        """What a candidate says to quantize."""
        options = self.base
        for axis in self.axes:
            options = axis.applied(options, candidate[axis.name])
        return options

    def narrowed(self, kept: Mapping[str, tuple[str, ...]]) -> Space:
        """Of some choices alone, by axis."""
        return replace(self, axes=tuple(replace(axis, choices=kept[axis.name]) for axis in self.axes))


def family_of(space: Space, candidate: Candidate) -> str:
    """What most layers of a candidate are, exponents aside."""
    weights = [axis for axis in space.axes if axis.kind is Kind.WEIGHTS]
    counts = Counter(axis.choices[candidate[axis.name]].partition(":exponents")[0] for axis in weights)
    return max(sorted(counts), key=lambda name: counts[name]) if counts else "activations alone"


def escaped(layer: str) -> str:
    """An expression that its name alone matches, with nothing that --layers parts at."""
    return re.sub("[,:=]", lambda match: f"[{match[0]}]", re.escape(layer))


def words(options: Options) -> str:
    """What of `shiftwire quantize`'s command line makes these options, for those that axes choose."""
    parts = [f"--method {options.method.value}"]
    if options.method.takes_terms:
        parts.append(f"--terms {options.terms}")
    if options.layers:
        parts.append(f"--layers {shlex.quote(','.join(map(str, options.layers)))}")
    parts += [f"--act-bits {options.act_bits}"] + [
        f"--act-bits {shlex.quote(name)}={bits}" for name, bits in options.bits.items()
    ]
    return " ".join([*parts, f"--input-bits {options.input_bits}", f"--samples {options.samples}"])
