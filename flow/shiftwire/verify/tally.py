"""Counts of codes that differ between two executions, layer by layer, and the first difference explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Codes

SHOWN_CODES = 48


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """Codes of one layer: how many were compared, how many differ, and how many outputs were alive.

    An output position is live when its code varies over the samples (is not 0, for a single sample); a comparison
    with no live output proves nothing.
    """

    name: str
    compared: int
    different: int
    live: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The first code that differs, and what made it."""

    layer: str
    kind: str
    sample: int
    index: tuple[int, ...]
    expected: int
    actual: int
    witness: tuple[tuple[str, tuple[int, ...]], ...]

    def sentence(self) -> str:
        """The place, both codes and the codes that made them, of which long rows are cut."""
        made_of = "; ".join(f"{name} {_shortened(codes)}" for name, codes in self.witness)
        return (
            f"layer '{self.layer}' ({self.kind}), sample {self.sample}, index {list(self.index)}: "
            f"expected code {self.expected}, found {self.actual}; {made_of}"
        )


@dataclass
class Tally:
    """Comparisons of a network's layers, fed batch by batch."""

    network: Network
    first: Difference | None = None
    samples: int = 0
    _different: dict[str, int] = field(default_factory=dict)
    _lowest: dict[str, Codes] = field(default_factory=dict)
    _highest: dict[str, Codes] = field(default_factory=dict)

    def add(self, codes: Codes, expected: Mapping[str, Codes], actual: Mapping[str, Codes]) -> None:
        """Compare what both make of input codes (N, *shape), wherever both have codes (N, *shape) of a layer."""
        for node in self.network.nodes:
            if node.name not in expected or node.name not in actual:
                continue
            wrong = expected[node.name] != actual[node.name]
            self._different[node.name] = self._different.get(node.name, 0) + int(np.count_nonzero(wrong))
            if wrong.any() and self.first is None:
                self.first = self._explained(codes, node, expected[node.name], actual[node.name])
            codes_of_layer = expected[node.name]
            self._watch(node.name, codes_of_layer.min(axis=0), codes_of_layer.max(axis=0))
        self.samples += len(codes)

    def recheck(self, codes: Codes, expected: Codes, actual: Codes) -> None:
        """The output of the samples so far, from another run of them; counted where the first one agreed."""
        name = self.network.output_name
        wrong = expected != actual
        if not wrong.any() or self._different.get(name) != 0:
            return
        self._different[name] = int(np.count_nonzero(wrong))
        if self.first is None:
            node = next(node for node in self.network.nodes if node.name == name)
            first = self._explained(codes, node, expected, actual)
            self.first = replace(first, sample=first.sample - self.samples)

    def join(self, other: Tally) -> None:
        """Add what another one counted of the samples that follow."""
        if self.first is None and other.first is not None:
            self.first = replace(other.first, sample=self.samples + other.first.sample)
        for name, different in other._different.items():
            self._different[name] = self._different.get(name, 0) + different
            self._watch(name, other._lowest[name], other._highest[name])
        self.samples += other.samples

    def layers(self) -> list[LayerComparison]:
        """One comparison a layer, in the network's order; a flatten that is no hardware has none."""
        return [self._layer(node.name) for node in self.network.nodes if node.name in self._different]

    @property
    def different(self) -> int:
        """Codes that differ, over all layers so far."""
        return sum(self._different.values())

    @property
    def compared(self) -> int:
        """Codes that were compared, over all layers so far."""
        return sum(layer.compared for layer in self.layers())

    def _layer(self, name: str) -> LayerComparison:
        size = self.network.tensors[name].size
        lowest, highest = self._lowest[name], self._highest[name]
        live = lowest != highest if self.samples > 1 else lowest != 0
        return LayerComparison(name, size * self.samples, self._different[name], int(np.count_nonzero(live)))

    def _explained(self, codes: Codes, node: Node, expected: Codes, actual: Codes) -> Difference:
        """The first difference in a layer; its inputs are those that the specification makes."""
        sample, *rest = (int(at) for at in np.argwhere(expected != actual)[0])
        index = tuple(rest)
        known = self.network.evaluate_layers(codes[sample : sample + 1])
        witness = node.op.witness(index, *(known[source][0] for source in node.inputs))
        shown = tuple((label, tuple(int(code) for code in values.ravel())) for label, values in witness)
        at = (sample, *index)
        return Difference(node.name, node.kind, self.samples + sample, index, int(expected[at]), int(actual[at]), shown)

    def _watch(self, name: str, low: Codes, high: Codes) -> None:
        self._lowest[name] = np.minimum(self._lowest.get(name, low), low)
        self._highest[name] = np.maximum(self._highest.get(name, high), high)


def _shortened(codes: tuple[int, ...]) -> str:
    shown = " ".join(map(str, codes[:SHOWN_CODES]))
    return f"[{shown}{f' ... {len(codes)} in all' if len(codes) > SHOWN_CODES else ''}]"
