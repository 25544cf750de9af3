"""Random networks of signs and weights of -1 and 1 in every engine: 0 codes differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netlib import run_networks, some_folds
from random_binary import random_binary
from random_networks import random_codes
from rtl_nets import FRAMES, Batch
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network
from shiftwire.native.program import bounded_program, native_program
from shiftwire.numbers.fixed import Codes
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from shiftwire.verify.native import simulated_layers
from tiers import part, some

SEEDS = range(20)
GROUPS = (range(8), range(8, 20))
COUNT = Callable[..., None]


def network(seed: int) -> Network:
    return run_pipeline(random_binary(seed))


def compared(net: Network, codes: Codes, found: dict[str, Codes]) -> tuple[int, int]:
    """Whole tensors of every layer; returns codes, and positions that change."""
    expected, live = net.evaluate_layers(codes), 0
    for name, made in found.items():
        assert np.array_equal(made, expected[name]), (name, np.argwhere(made != expected[name])[0])
        live += int(np.count_nonzero(np.ptp(expected[name], axis=0)))
    return sum(made.size for made in found.values()), live


@pytest.mark.parametrize("seeds", part(GROUPS, GROUPS[:1], ()), ids=str)
@pytest.mark.parametrize("flags", [("-O0",), ("-O0", "-DSHIFTWIRE_HARDWARE")], ids=len)
def test_c_plus_plus(flags: tuple[str, ...], seeds: range, cpp_folder: Path, count: COUNT) -> None:
    nets = [network(seed) for seed in seeds]
    given = [random_codes(net, seed) for seed, net in zip(seeds, nets, strict=True)]
    folder = cpp_folder / f"binary{len(flags)}-{len(seeds)}"
    folder.mkdir()
    every = zip(nets, given, run_networks(nets, given, folder, flags=flags), strict=True)
    codes, live = map(sum, zip(*(compared(*one) for one in every), strict=True))
    assert sum(node.op.kind.startswith("Binary") for net in nets for node in net.nodes) > len(nets)
    assert live > 40 * len(nets)
    count(csim_codes=codes, csim_live=live)


@pytest.mark.parametrize("seed", some(SEEDS, 0, 1))
def test_native(seed: int, tmp_path: Path, count: COUNT) -> None:
    net = network(seed)
    codes = random_codes(net, seed)
    found = simulated_layers(native_program(net, tmp_path), net, codes)
    count(native_codes=compared(net, codes, found)[0])


@pytest.mark.parametrize("seed", some(SEEDS, 0, 1))
def test_bounded(seed: int, tmp_path: Path, count: COUNT) -> None:
    net = network(seed)
    units = pipeline(net, some_folds(net, seed))
    program = bounded_program(units.with_depths(timing(units).depths), tmp_path)
    codes = random_codes(net, seed)
    count(bounded_codes=compared(net, codes, simulated_layers(program, net, codes))[0])


@pytest.mark.parametrize("seeds", part(GROUPS, (), GROUPS[:1]), ids=str)
def test_verilator(seeds: range, tmp_path: Path, count: COUNT) -> None:
    """Every fifth network with the weights of whole folds as wires; every beat in the cycle predicted."""
    nets = {f"n{seed}": network(seed) for seed in seeds}
    codes = {name: random_codes(net, int(name[1:]))[:FRAMES] for name, net in nets.items()}
    batch = Batch.of(nets, codes, tmp_path)
    pes = [unit.module.pe for each in batch.rtl.values() for unit in each.units]
    assert pes.count(Pe.XNOR) > len(nets)
    assert any(unit.module.sources for each in batch.rtl.values() for unit in each.units)
    logs = batch.run()
    total = batch.check_codes(logs)
    batch.check_cycles(logs)
    assert total.live > 40 * len(nets)
    count(verilator_codes=total.codes)
