"""Energy of one inference, modelled: operations times a published table; never a measurement, never mixed with one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from shiftwire.ir.network import Network, Node, Operations
from shiftwire.ir.weights import Weighted, Weights
from shiftwire.ops.affine import Affine
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Lookup, Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift


@dataclass(frozen=True, slots=True)
class EnergyTable:
    """Picojoules an operation, all of one width; a comparison counts as the subtraction that it is, one of bits too."""

    name: str
    source: str
    multiply_pj: float
    add_pj: float
    shift_pj: float

    def energy_pj(self, done: Operations) -> float:
        """Picojoules of so many operations; the bits of the operands do not enter."""
        sums = done.adds + done.compares + done.xnors
        return done.multiplies * self.multiply_pj + sums * self.add_pj + done.shifts * self.shift_pj


INT8 = EnergyTable("INT8, 45 nm ASIC", "You et al. 2024 (ShiftAddLLM), table 1", 0.2, 0.03, 0.024)
"""Both sides of a comparison take these rows; FIX32 rows would flatter shifts. Memory and wires are not in it."""

BETWEEN = (Affine, Lookup, Relu, Requantize, Threshold)
"""What may stand between the shift layer and the adder layer of one ShiftAddNet block."""

CLAIM = 0.8
"""What ShiftAddNet (You et al. 2020) states of itself: over 80 % less than multiplication, hardware-quantified."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Picojoules an inference, modelled, beside the same network of integer multiply-accumulates.

    `layers_pj` has one multiplying layer for each layer with weights. In `blocks_pj` a shift layer and the adder layer
    behind it stand for one, as in ShiftAddNet, the larger of the two; None where no two layers stand so.
    """

    table: EnergyTable
    own_pj: float
    layers_pj: float
    blocks_pj: float | None

    @property
    def saving(self) -> float:
        """Share of the energy that is saved layer by layer; negative where it takes more."""
        return 1 - self.own_pj / self.layers_pj if self.layers_pj else 0.0

    @property
    def block_saving(self) -> float | None:
        """The same against one multiplying layer a block."""
        return None if not self.blocks_pj else 1 - self.own_pj / self.blocks_pj


def network_energy(network: Network, table: EnergyTable = INT8) -> Energy:
    """One inference by operations; what both networks do alike counts on both sides."""
    own = {node.name: layer_pj(network, node, table) for node in network.nodes}
    multiplied = {node.name: table.energy_pj(_multiplied(network, node)) for node in network.nodes}
    pairs = list(_blocks(network))
    saved = sum(min(multiplied[first], multiplied[second]) for first, second in pairs)
    layers_pj = sum(multiplied.values())
    return Energy(table, sum(own.values()), layers_pj, layers_pj - saved if pairs else None)


def layer_pj(network: Network, node: Node, table: EnergyTable = INT8) -> float:
    """Energy of a layer as it is."""
    return table.energy_pj(node.op.operations(network.sources(node), network.tensors[node.name]))


def claim_sentence(energy: Energy) -> str:
    """ShiftAddNet's claim beside our own counts, one line."""
    sentence = f"{percent(energy.saving)} than multiply-accumulates layer by layer"
    if energy.block_saving is not None:
        sentence += f", {percent(energy.block_saving)} than one multiplying layer a shift-and-add block"
    return f"{sentence} (modelled, {energy.table.name}; ShiftAddNet states over {CLAIM:.0%} less)"


def percent(saving: float) -> str:
    """A saving as words: a negative one is told as so much more."""
    return f"{saving:.1%} less" if saving >= 0 else f"{-saving:.1%} more"


def _multiplied(network: Network, node: Node) -> Operations:
    """Operations of the layer with an integer multiplication for each weight; the layer's own where it has none."""
    op, output = node.op, network.tensors[node.name]
    if isinstance(op, Weighted):
        op = replace(op, weights=_integers(op.weights))
    if isinstance(op, Affine):
        return Operations(multiplies=output.size, adds=output.size)
    return op.operations(network.sources(node), output)


def _integers(weights: Weights) -> Int:
    """Plain integers in the place of weights, for their number alone."""
    return Int(np.ones(weights.shape, np.int64), 0)


def _blocks(network: Network) -> Iterator[tuple[str, str]]:
    """Names of a shift layer and of the first adder layer that reads it, through activations and batch norm alone."""
    by_name = {node.name: node for node in network.nodes}
    taken: set[str] = set()
    for node in network.nodes:
        if _weights(node, Adder):
            source = by_name.get(node.inputs[0])
            while source is not None and isinstance(source.op, BETWEEN):
                source = by_name.get(source.inputs[0])
            if source is not None and _weights(source, Shift) and source.name not in taken:
                taken.add(source.name)
                yield source.name, node.name


def _weights(node: Node, kind: type[Weights]) -> bool:
    return isinstance(node.op, Weighted) and isinstance(node.op.weights, kind)
