"""What folds of zeros cost: no iteration of the C++ and no cycle of the SystemVerilog, in any engine, at any fold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from one_layer import codes, frames, of_one, shift
from pruned import Mask, pruned
from rtl_nets import FRAMES, Batch
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.unit import Unit
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.native.program import bounded_program
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.depths import interval
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.verify.native import simulated_layers
from shiftwire.verify.rtl_simulator import Conditions, built

FOLD = Fold(4, 4)
THREE = Window((3, 3), (1, 1), (1, 1), (1, 1))
MOST = 0.4
"""Of the cycles that all folds take, where three in four are empty."""


def quarter(shape: tuple[int, ...]) -> Mask:
    """One in four folds stays, in blocks of a fold's filters and inputs."""
    folds = np.arange(shape[0] // FOLD.pe)[:, None] * 3 + np.arange(int(np.prod(shape[1:])) // FOLD.simd)
    stay: Mask = np.repeat(np.repeat(folds % 4 == 0, FOLD.pe, 0), FOLD.simd, 1).reshape(shape)
    return stay


def dense(weights: Weights) -> Network:
    return of_one(Dense(pruned(weights, quarter(weights.shape)), Bias(codes((32,), -40, 40), 6)), (32,))


def image(weights: Weights, groups: int = 1) -> Network:
    layer = Conv(pruned(weights, quarter(weights.shape)), Bias.none(weights.shape[0]), THREE, groups)
    return of_one(layer, (4, 4, weights.shape[-1] * groups))


NETWORKS = {
    "n0": dense(shift((32, 32), 1, -3, 2)),
    "n1": dense(shift((32, 32), 2, -3, 2)),
    "n2": dense(shift((32, 32), 1, 0, 0)),
    "n3": dense(Int(codes((32, 32), -100, 100), 5)),
    "n4": image(shift((32, 3, 3, 4), 1, -2, 1)),
    "n5": image(shift((64, 3, 3, 4), 2, -1, 1), groups=2),
}


def summing(network: Network) -> MatrixUnit:
    (node,) = network.nodes
    units: tuple[Unit, ...] = node.op.units(network.sources(node), network.output, FOLD)
    return next(unit for unit in units if isinstance(unit, MatrixUnit))


def full(network: Network) -> int:
    """Iterations of a frame without leaving any out."""
    unit = summing(network)
    return unit.positions * unit.whole_cycles


@pytest.mark.parametrize("name", NETWORKS)
def test_the_formula(name: str) -> None:
    assert summing(NETWORKS[name]).iterations <= MOST * full(NETWORKS[name])


def test_the_iterations_of_cpp_and_the_cycles_of_systemverilog(tmp_path: Path, count: Callable[..., None]) -> None:
    """Counted by a simulation of the headers and by Verilator, beat by beat, with every code right."""
    units = {name: pipeline(network, {"y": FOLD}) for name, network in NETWORKS.items()}
    given = {name: frames(network, FRAMES) for name, network in NETWORKS.items()}
    for name, network in NETWORKS.items():
        program = bounded_program(units[name].with_depths(timing(units[name]).depths), tmp_path / name)
        cycles: dict[str, int] = {}
        found = simulated_layers(program, network, given[name], cycles=cycles)
        assert np.array_equal(found["y"], network.evaluate(given[name]))
        assert max(cycles.values()) <= MOST * full(network)
    rtl = {name: rtl_network(each, name) for name, each in units.items()}
    batch = Batch(NETWORKS, rtl, given, built(Bench(tuple(rtl.values())), tmp_path, optimise="-O0"))
    logs = batch.run()
    batch.check_cycles(logs)
    batch.check_codes(batch.run(Conditions(stall=0.4, seed=1)))
    compared = batch.check_codes(logs)
    for name, network in NETWORKS.items():
        assert interval(rtl[name]) <= MOST * full(network)
    count(live_outputs=compared.live)
