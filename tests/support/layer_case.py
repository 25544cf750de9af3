"""What a layer's own test file says for the tests of every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mutant import Mutant
from shiftwire.ir.network import Network, Op
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True)
class LayerCase:
    """A layer, for everyone who tries all layers.

    networks  of one layer each, by name; definition  of `y` (an array of Fractions to fill) for `x`, straight from
    the layer's meaning; grow  draws an op for an image of so many spatial axes, or where `reads_vectors` for a vector
    of so many numbers; mutants  of its C++ and SystemVerilog; reads  the one format whose codes the drawn ops take,
    None where they take any; joins  whether they read a tensor and one of its shape, or one factor a channel.
    """

    op: type[Op]
    networks: Mapping[str, Network]
    definition: Callable[..., None]
    grow: Callable[[Any, int], Op]
    kernel_mutants: tuple[Mutant, ...]
    rtl_mutants: tuple[Mutant, ...]
    modules: frozenset[str]
    reads: Fixed | None = None
    joins: bool = False
    reads_vectors: bool = False
