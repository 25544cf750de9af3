"""Random networks that mix every weight scheme, in every engine, with and without stalls: 0 codes differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netlib import run_networks, some_folds
from random_families import random_families
from random_networks import random_codes
from rtl_nets import FRAMES, UNROLLED, Batch
from shiftwire.ir.network import Network
from shiftwire.native.program import bounded_program, native_program
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import codes_of, run_onnx
from shiftwire.passes.forms.factored_sums import factored_sums
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import timing
from shiftwire.verify.native import simulated_layers
from shiftwire.verify.rtl_simulator import Conditions
from tiers import part

NETWORKS, GROUP = 150, 10
GROUPS = [range(first, first + GROUP) for first in range(0, NETWORKS, GROUP)]
SCHEMES = ("ShiftConv", "IntConv", "AdderConv", "FactoredConv", "CirculantConv", "BinaryConv", "Upsample")
COUNT = Callable[..., None]
STALLED = Conditions(stall=0.4, seed=7)


def network(seed: int) -> Network:
    """Every other one has layers of factors as sums by coefficients and products with bases."""
    made = run_pipeline(random_families(seed))
    return made if seed % 2 else factored_sums(made, {node.name for node in made.nodes})


def compared(net: Network, codes: Codes, found: dict[str, Codes]) -> int:
    """Whole tensors of every layer, some of whose codes change in each network; returns how many codes."""
    expected = net.evaluate_layers(codes)
    for name, made in found.items():
        assert np.array_equal(made, expected[name]), (name, np.argwhere(made != expected[name])[0])
    live = sum(int(np.count_nonzero(np.ptp(made, axis=0))) for made in found.values())
    assert live > 0.02 * sum(made[0].size for made in found.values())
    return sum(made.size for made in found.values())


def test_every_scheme_is_drawn() -> None:
    kinds = [{node.kind for node in random_families(seed).nodes} for seed in range(NETWORKS)]
    for scheme in SCHEMES:
        assert sum(scheme in each for each in kinds) > NETWORKS // 5, scheme


@pytest.mark.parametrize("seeds", part(GROUPS, GROUPS[:1], GROUPS[1:3]), ids=str)
def test_onnxruntime(seeds: range, count: COUNT) -> None:
    """The file of a network, run as it stands and read back."""
    outputs = live = 0
    for seed in seeds:
        net = random_families(seed)
        codes, model = random_codes(net, seed), to_onnx(net)
        expected = net.evaluate(codes)
        assert np.array_equal(network_from_model(model).evaluate(codes), expected), seed
        values = np.moveaxis(net.input.format.decode(codes), -1, 1)
        assert np.array_equal(codes_of(run_onnx(model, values), net.output.format), expected), seed
        outputs += expected.size
        live += int(np.count_nonzero(np.ptp(expected, axis=0)))
    assert live > len(seeds)
    count(onnxruntime_outputs=outputs)


@pytest.mark.parametrize("seeds", part(GROUPS, (), GROUPS[:1]), ids=str)
@pytest.mark.parametrize("flags", [("-O0",), ("-O0", "-DSHIFTWIRE_HARDWARE")], ids=len)
def test_c_plus_plus(seeds: range, flags: tuple[str, ...], tmp_path: Path, count: COUNT) -> None:
    nets = [network(seed) for seed in seeds]
    given = [random_codes(net, seed) for seed, net in zip(seeds, nets, strict=True)]
    found = run_networks(nets, given, tmp_path, flags=flags)
    count(csim_codes=sum(compared(*one) for one in zip(nets, given, found, strict=True)))


@pytest.mark.parametrize("seeds", part(GROUPS, (), GROUPS[1:2]), ids=str)
def test_native(seeds: range, tmp_path: Path, count: COUNT) -> None:
    for seed in seeds:
        net = network(seed)
        codes = random_codes(net, seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        count(native_codes=compared(net, codes, simulated_layers(native_program(net, folder), net, codes)))


@pytest.mark.parametrize("seed", part(range(NETWORKS), (), (1, 2)))
def test_bounded(seed: int, tmp_path: Path, count: COUNT) -> None:
    net = network(seed)
    units = pipeline(net, some_folds(net, seed))
    program = bounded_program(units.with_depths(timing(units).depths), tmp_path)
    codes = random_codes(net, seed)
    count(bounded_codes=compared(net, codes, simulated_layers(program, net, codes)))


@pytest.mark.parametrize("seeds", part(GROUPS, (), GROUPS[2:3]), ids=str)
def test_verilator(seeds: range, tmp_path: Path, count: COUNT) -> None:
    """Every beat in the cycle predicted, and every code again with stalls on both sides; no layer is unrolled."""
    nets = {f"n{UNROLLED * seed}": network(seed) for seed in seeds}
    codes = {name: random_codes(net, int(name[1:]))[:FRAMES] for name, net in nets.items()}
    batch = Batch.of(nets, codes, tmp_path)
    logs = batch.run()
    total = batch.check_codes(logs)
    batch.check_cycles(logs)
    stalled = batch.check_codes(batch.run(STALLED))
    assert total.live > 200
    count(verilator_codes=total.codes, verilator_codes_with_stalls=stalled.codes)
