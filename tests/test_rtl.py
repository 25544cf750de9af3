"""Networks in SystemVerilog: bit-exact and cycle-exact in Verilator, with stalls and resets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from random_networks import random_codes, random_network
from rtl_nets import FRAMES, Batch
from shiftwire import cost
from shiftwire.rtl.build import module_files
from shiftwire.rtl.run import Conditions
from shiftwire.tools.verilator import lint
from single_layers import frames, single_layers

GROUP = 25
SEEDS = 150


def check(batch: Batch) -> None:
    """Free, with stalls of both sides, with resets between frames and in the midst of one."""
    free = batch.run()
    compared = batch.check_codes(free)
    batch.check_cycles(free)
    stalled = batch.run(Conditions(stall=0.3, seed=2))
    batch.check_codes(stalled)
    batch.check_codes(batch.run(Conditions(stall=0.7, seed=3)))
    batch.check_codes(batch.run(Conditions(reset_frames=2)))
    for cycle in (23, 41, 57, 90, 131):
        batch.check_codes(batch.run(Conditions(stall=0.1, reset_cycle=cycle)))
    print(f"{len(batch.networks)} networks: {compared.codes} codes, {compared.live} live outputs; 0 differ")
    assert compared.live > 10 * len(batch.networks)


@pytest.mark.parametrize("first", range(0, SEEDS, GROUP))
def test_random_networks(first: int, tmp_path: Path) -> None:
    networks = {f"n{seed}": random_network(seed) for seed in range(first, first + GROUP)}
    codes = {name: random_codes(network, 1, FRAMES) for name, network in networks.items()}
    check(Batch.of(networks, codes, tmp_path))


ONE_OF_EACH = (
    "shift_dense",
    "adder_dense",
    "shift_conv",
    "shift_conv_depthwise",
    "adder_conv",
    "affine",
    "threshold",
    "max_pool",
    "average_pool",
    "concat",
    "add",
    "flatten",
    "requantize_half_even_saturate",
)


@pytest.mark.parametrize("others", [False, True], ids=["one_of_each", "others"])
def test_single_layers(others: bool, tmp_path: Path) -> None:
    chosen = [network for name, network in single_layers().items() if (name not in ONE_OF_EACH) is others]
    networks = {f"n{at}": network for at, network in enumerate(chosen)}
    codes = {name: frames(network, FRAMES) for name, network in networks.items()}
    check(Batch.of(networks, codes, tmp_path))


def test_block_memories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All but the smallest memories in block RAM, which answers a cycle later."""
    monkeypatch.setattr(cost, "LUTRAM_WORDS", 2)
    monkeypatch.setattr(cost, "SHALLOW_BITS", 0)
    chosen = [network for name, network in single_layers().items() if name in ONE_OF_EACH]
    chosen += [random_network(seed) for seed in (3, 19, 57, 118, 134)]
    networks = {f"n{at}": network for at, network in enumerate(chosen)}
    codes = {name: random_codes(network, 1, FRAMES) for name, network in networks.items()}
    batch = Batch.of(networks, codes, tmp_path)
    units = [unit for network in batch.rtl.values() for unit in network.units]
    for flag in ("ROM_BLOCK", "RING_BLOCK", "REPLAY_BLOCK"):
        assert any(unit.parameters.get(flag) for unit in units), flag
    assert any(network.blocks for network in batch.rtl.values())
    check(batch)


@pytest.mark.parametrize("module", module_files(), ids=lambda path: path.stem)
def test_modules_are_lint_clean(module: Path) -> None:
    cells = sorted((module.parent / "sim").glob("*.sv"))
    lint([*module_files(), *cells], module.stem)


def test_frames_are_extreme_and_random() -> None:
    for network in single_layers().values():
        given = frames(network, FRAMES)
        assert (given[0] == network.input.format.lo).all() and (given[1] == network.input.format.hi).all()
        assert len(np.unique(given)) > 1
