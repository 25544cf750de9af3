"""The folds worth having of each layer, and those that a number of cycles a frame picks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from shiftwire.errors import InputError
from shiftwire.ir.cost import BRAM36_IN_LUT, Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Op, Tensor

HLS_BITS = 4096
"""The widest word that Vitis HLS takes, in a stream or in a reshaped memory."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A fold, its cycles a frame and its cost; `widest` in bits of the beats and memory words of its HLS units."""

    cycles: int
    cost: Cost
    fold: Fold
    widest: int = 0

    @property
    def price(self) -> float:
        """One figure to rank folds by."""
        return self.cost.price


Choices = Mapping[str, list[Choice]]
"""Of each layer; those worth having are fastest and dearest first, every next one is slower and cheaper."""


def every_choice(network: Network, fixed: Mapping[str, Fold], *, for_hls: bool = False) -> Choices:
    """All folds of every layer, in no order, those among them that no price of a BRAM36 makes worth having.

    `fixed` names some. Raises InputError for one of no layer, or that does not divide. With `for_hls`, cycles count the
    drain of a pipeline, and folds whose beats or memory words are wider than HLS_BITS are none.
    """
    unknown = sorted(set(fixed) - {node.name for node in network.nodes})
    if unknown:
        names = ", ".join(node.name for node in network.nodes)
        raise InputError(f"found a fold for '{unknown[0]}', which is no layer; name one of {names}")
    return {node.name: _of_layer(network, node, fixed.get(node.name), for_hls) for node in network.nodes}


def worth_having(every: Iterable[Choice], bram36_lut: float = BRAM36_IN_LUT) -> list[Choice]:
    """Where a BRAM36 is worth so many LUTs, those that no other one beats; of equals the narrowest."""
    there = [replace(choice, cost=choice.cost.at(bram36_lut)) for choice in every]
    kept: list[Choice] = []
    least = inf
    for choice in sorted(there, key=lambda c: (c.cycles, c.cost.priced(bram36_lut), c.fold)):
        price = choice.cost.priced(bram36_lut)
        if price < least:
            kept.append(choice)
            least = price
    return kept


def _of_layer(network: Network, node: Node, fixed: Fold | None, for_hls: bool) -> list[Choice]:
    inputs, output = network.sources(node), network.tensors[node.name]
    possible = node.op.folds(inputs, output)
    if fixed is not None:
        possible = (_allowed(node, fixed, possible),)
    every = [choice_at(node.op, inputs, output, fold, for_hls=for_hls) for fold in possible]
    if for_hls:
        every = [choice for choice in every if choice.widest <= HLS_BITS]
        if not every:
            raise InputError(_too_wide(node, fixed))
    return every


def choice_at(op: Op, inputs: tuple[Tensor, ...], output: Tensor, fold: Fold, *, for_hls: bool) -> Choice:
    """A fold of a layer as it would be built, whether or not it is worth having."""
    units = op.units(inputs, output, fold)
    cycles = max((unit.hls_cycles if for_hls else unit.iterations for unit in units), default=0)
    widest = max((unit.widest_word for unit in units), default=0)
    return Choice(cycles, op.cost(inputs, output, fold), fold, widest)


def _too_wide(node: Node, fixed: Fold | None) -> str:
    """Why no fold of a layer can be HLS C++."""
    if fixed is None:
        return f"layer '{node.name}' has no fold whose words keep to the {HLS_BITS} bits of HLS; take the RTL back end"
    return (
        f"a fold of PE {fixed.pe} and SIMD {fixed.simd} of layer '{node.name}' makes words of more than the {HLS_BITS} "
        "bits that HLS takes; give a smaller PE or SIMD, or take the RTL back end alone"
    )


def _allowed(node: Node, fold: Fold, possible: Iterable[Fold]) -> Fold:
    every = tuple(possible)
    if fold.turns and fold not in every:
        turned = ", ".join(f"{f.pe},{f.simd},{f.turns}" for f in every if f.turns)
        raise InputError(
            f"found a fold of {fold.turns} turns for layer '{node.name}' ({node.kind}), wanted one that rebuilds "
            f"its weights; give {turned or 'one of PE and SIMD alone, for nothing of its weights is stored but they'}"
        )
    if fold not in every:
        pes, simds = ", ".join(map(str, sorted({f.pe for f in every}))), sorted({f.simd for f in every})
        raise InputError(
            f"a fold of PE {fold.pe} and SIMD {fold.simd} does not divide layer '{node.name}' ({node.kind}); "
            f"give a PE of {pes} and a SIMD of {', '.join(map(str, simds))}"
        )
    return fold


def slowest_layer(among: Choices) -> tuple[str, int]:
    """The layer that no fold makes faster than all others, and its cycles a frame."""
    name = max(among, key=lambda layer: among[layer][0].cycles)
    return name, max(among[name][0].cycles, 1)


def intervals(among: Choices) -> list[int]:
    """Every number of cycles a frame at which some layer folds anew, from the least possible one up."""
    _, least = slowest_layer(among)
    return sorted({choice.cycles for kept in among.values() for choice in kept if choice.cycles > least} | {least})


def picked(among: Choices, interval: int) -> dict[str, Choice]:
    """The cheapest fold of each layer that ends a frame in `interval` cycles."""
    return {name: [c for c in kept if c.cycles <= interval][-1] for name, kept in among.items()}
