"""A network whose adder layers have factors for weights: in ROM, rebuilt, or each as the search finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shiftwire.api import load_network
from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Codes
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.ops.conv import Conv
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.factored import FactoredAdder
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.schedule.design import Design, Search
from shiftwire.schedule.fold_choice import Choices, every_choice
from shiftwire.schedule.prices import Market
from shiftwire.synth.counts import synthesise
from shiftwire.tools.resources import Resources
from shiftwire.verify.cosim import CosimReport, Verilator, cosim
from shiftwire_boards.catalog import Board

FRAMES = 2


@dataclass(frozen=True)
class Pair:
    """One network twice, code for code: 3x3 adder layers of factors, and the same weights as numbers."""

    factored: Network
    plain: Network

    @classmethod
    def of(cls, model: Path, threshold: float) -> Pair:
        """`threshold` is that of coefficients, in deviations of a layer's weights."""
        network = load_network(model)
        factored = [_factored(node, threshold) for node in network.nodes]
        plain = [replace(node, op=_plain(node.op)) for node in factored]
        return cls(*(Network.of(network.input_name, network.input, tuple(nodes), network.output_name)
                     for nodes in (factored, plain)))  # fmt: skip

    def designs(self, board: Board, clock_ns: float, percent: float) -> Iterator[tuple[str, Design | None]]:
        """The fastest one of each form on a share of the LUTs."""
        every = every_choice(self.factored, {})
        forms: Mapping[str, tuple[Network, Choices]] = {
            "weights in ROM": (self.plain, every_choice(self.plain, {})),
            "rebuilt": (
                self.factored,
                {name: [choice for choice in own if choice.fold.turns] or own for name, own in every.items()},
            ),
            "each as it is cheaper": (self.factored, every),
        }
        for form, (network, choices) in forms.items():
            search = Search(network, board, clock_ns, Market(choices))
            yield form, search.fastest(search.room(percent))


def _factored(node: Node, threshold: float) -> Node:
    op = node.op
    if not isinstance(op, Conv) or not isinstance(op.weights, Adder) or op.weights.codes.shape[1:3] != (3, 3):
        return node
    values = np.moveaxis(op.weights.codes, -1, 1) / 2.0**op.weights.grid
    factors = decompose(values, Theta(float(threshold * values.std())))
    return replace(
        node, op=replace(op, weights=FactoredAdder.of(factors, op.weights.grid, values.shape[1:]).with_moved(0, -1))
    )


def _plain(op: object) -> object:
    if not isinstance(op, Conv) or not isinstance(op.weights, FactoredAdder):
        return op
    return replace(op, weights=Adder(op.weights.codes, op.weights.grid))


def written(design: Design, folder: Path) -> Project:
    """What was counted or built there before is found again."""
    return write_project(design, folder, Backend.RTL)


def counted(project: Project) -> Resources:
    """Of the netlist, as `shiftwire synth` counts it."""
    return synthesise(project).whole


def simulated(project: Project) -> CosimReport:
    """Random frames, every layer's codes; raises RuntimeError unless codes and cycles are as predicted."""
    report = cosim(Verilator(project), frames(project.design.network))
    if not report.passed:
        raise RuntimeError(f"found {report.comparison.different} codes that differ, or cycles of {report.cycles}")
    return report


def frames(network: Network) -> Codes:
    rng, x = np.random.default_rng(0), network.input
    codes: Codes = rng.integers(x.format.lo, x.format.hi + 1, (FRAMES, *x.shape))
    return codes
