"""Networks in SystemVerilog: bit-exact and cycle-exact in Verilator, with stalls and resets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from layer_cases import LAYER_CASES
from one_layer import frames
from random_networks import random_codes, random_network
from rtl_nets import FRAMES, Batch
from shiftwire.ir import cost
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import RtlUnit
from shiftwire.rtl.files import module_files
from shiftwire.tools.verilator import lint
from shiftwire.verify.rtl_simulator import Conditions
from single_layers import pruned_layers, single_layers, two_widths
from tiers import part

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


@pytest.mark.parametrize("first", part(range(0, SEEDS, GROUP), (), (0,)))
def test_random_networks(first: int, tmp_path: Path) -> None:
    networks = {f"n{seed}": random_network(seed) for seed in range(first, first + GROUP)}
    codes = {name: random_codes(network, 1, FRAMES) for name, network in networks.items()}
    check(Batch.of(networks, codes, tmp_path))


ONE_OF_EACH = (
    *(name for layer in LAYER_CASES for name in layer.networks),
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


UNITS = {
    "sw_mvu",
    "sw_vvu",
    "sw_finish",
    "sw_window",
    "sw_pool",
    "sw_requantize",
    "sw_affine",
    "sw_threshold",
    "sw_relu",
}
UNITS |= {"sw_add", "sw_concat", "sw_fork", "sw_narrow", "sw_widen", "sw_reorder"}
UNITS |= {module for layer in LAYER_CASES for module in layer.modules}

FOLDED_SO = {
    "n60": "shift_conv",
    "n61": "adder_conv",
    "n63": "shift_dense_four_terms",
    "n71": "shift_dense_fine_bias",
    "n75": "circulant_dense",
    "n76": "lookup",
    "n78": "binary_conv",
    "n82": "binary_dense",
    "n83": "circulant_conv",
    "n86": "binary_conv_depthwise",
    "n102": "shift_dense_pruned_two_terms",
    "n107": "shift_conv_pruned_grouped",
    "n116": "int_dense_pruned",
    "n386": "shift_dense_pruned_two_terms",
}
"""Layers whose seed, in the name, folds them into units that no other network of `test_one_of_each` has."""


def chosen(*, others: bool) -> dict[str, Network]:
    """Single layers by names n0, n1 ..."""
    layers = [network for name, network in single_layers().items() if (name not in ONE_OF_EACH) is others]
    return {f"n{at}": network for at, network in enumerate(layers)}


def of_layers(networks: dict[str, Network], folder: Path, stands_on: str | None = None) -> tuple[Batch, list[RtlUnit]]:
    codes = {name: frames(network, FRAMES) for name, network in networks.items()}
    batch = Batch.of(networks, codes, folder, stands_on)
    return batch, [unit for network in batch.rtl.values() for unit in network.units]


def test_one_of_each(tmp_path: Path, stands_on: str | None) -> None:
    """What mutants are tried on, so every kind of unit must be here."""
    folded_so = {name: single_layers()[layer] for name, layer in FOLDED_SO.items()}
    batch, units = of_layers(chosen(others=False) | folded_so | {"n56": two_widths()}, tmp_path, stands_on)
    check(batch)
    if stands_on:
        return
    assert not UNITS - {unit.module.name for unit in units}
    assert any(unit.module.set_up.get("GRID") for unit in units), "found no finer bias"
    assert any(unit.module.set_up.get("ROM_BLOCK") for unit in units), "found no weights in spare block RAM"
    listed = [unit.module for unit in units if unit.module.set_up.get("LIST_BITS")]
    assert {module.set_up["GROUPS"] for module in listed} == {1, 2}, "found no folds of zeros left out"
    assert any(unit.module.set_up.get("STAYS") for unit in units), "found no filters put back in their own lanes"
    assert any(_stores_for_several_cycles(unit) for unit in units), "found no input that stays while it is replayed"
    replaying = [unit for unit in units if unit.module.name == "sw_mvu" and unit.module.set_up["NEURONS"] != 1]
    assert any(unit.module.set_up["SYNAPSES"] != 1 for unit in replaying), "found no replayed inputs"


def _stores_for_several_cycles(unit: RtlUnit) -> bool:
    """Whether an input is at work for several terms in the very fold in which it is stored."""
    set_up = unit.module.set_up
    if "FOLD_TERMS" not in set_up or "NEURONS" not in set_up or 1 in (set_up["NEURONS"], set_up["SYNAPSES"]):
        return False
    terms = int(str(set_up["FOLD_TERMS"]).partition("'h")[2], 16)
    return terms % (1 << int(set_up["TERM_BITS"])) > 1


@pytest.mark.whole
def test_other_layers(tmp_path: Path) -> None:
    batch, units = of_layers(chosen(others=True), tmp_path)
    assert any(unit.module.pe is Pe.INT_IN_DSP for unit in units)
    check(batch)


@pytest.mark.whole
def test_block_memories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All but the smallest memories in block RAM, which answers a cycle later."""
    monkeypatch.setattr(cost, "LUTRAM_WORDS", 2)
    monkeypatch.setattr(cost, "SHALLOW_BITS", 0)
    layers = list(chosen(others=False).values()) + list(pruned_layers().values())
    layers += [random_network(seed) for seed in (3, 19, 57, 118, 134)]
    networks = {f"n{at}": network for at, network in enumerate(layers)}
    codes = {name: random_codes(network, 1, FRAMES) for name, network in networks.items()}
    batch = Batch.of(networks, codes, tmp_path)
    units = [unit for network in batch.rtl.values() for unit in network.units]
    for flag in ("RING_BLOCK", "REPLAY_BLOCK", "LIST_BLOCK"):
        assert any(unit.module.set_up.get(flag) for unit in units), flag
    in_block = {unit.module.name for unit in units if unit.module.set_up.get("ROM_BLOCK")}
    assert in_block == {"sw_mvu", "sw_vvu", "sw_affine", "sw_finish", "sw_lookup", "sw_reorder"}
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
