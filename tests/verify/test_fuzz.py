"""Three hundred random networks in every engine; `make fuzz` prints the counts."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from layer_cases import LAYER_CASES
from netlib import run_networks
from random_networks import random_codes, random_network
from shiftwire.api import convert
from shiftwire.ir.host import channels_first
from shiftwire.ir.network import Network, Node
from shiftwire.numbers.fixed import Codes, Overflow, Rounding
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import FLOAT_BITS, codes_of, run_onnx
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.moves import DepthToSpace, Select, SpaceToDepth
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from tiers import some

NETWORKS = 300
BATCH = 20
THROUGH_PROJECT = range(0, NETWORKS, 25)
HEADROOM_BITS = 2
"""Partial sums may pass the final range by this much in the order that a runtime adds them."""


@dataclass
class Counts:
    """What a batch of networks compared."""

    networks: int = 0
    codes: int = 0
    live: int = 0
    onnxruntime: int = 0


def in_onnxruntime(network: Network, codes: Codes) -> bool:
    """Round trip through ONNX; onnxruntime too where float32 holds every sum. Returns whether it did."""
    model = to_onnx(network)
    again = network_from_model(model)
    expected = network.evaluate(codes)
    assert _kinds(again) == [kind.replace("SumPool", "ShiftConv") for kind in _kinds(network)]  # the contract's word
    assert again.output == network.output
    assert np.array_equal(again.evaluate(codes), expected)
    if max(tensor.format.bits for tensor in network.tensors.values()) > FLOAT_BITS - HEADROOM_BITS:
        return False
    values = run_onnx(model, channels_first(network.input.format.decode(codes)))
    assert np.array_equal(codes_of(values, network.output.format), expected)
    return True


def _kinds(network: Network) -> list[str]:
    """Without Pad: the importer merges it into the pool behind it, or drops one of no width; idle moves go as well."""
    return [node.kind for node in network.nodes if node.kind != "Pad" and not _is_idle(network, node)]


def _is_idle(network: Network, node: Node) -> bool:
    """Whether a move leaves every code in its place."""
    (x, *_), op = network.sources(node), node.op
    is_whole = isinstance(op, Select) and op.channels == tuple(range(x.shape[-1]))
    return is_whole or (isinstance(op, DepthToSpace | SpaceToDepth) and op.block == 1)


def compare(seeds: range, folder: Path) -> Counts:
    """Reference, C-simulation and onnxruntime on one batch of networks, compiled into one program."""
    networks = [random_network(seed) for seed in seeds]
    given = [random_codes(network, seed) for seed, network in zip(seeds, networks, strict=True)]
    folder.mkdir(exist_ok=True)
    counts = Counts(networks=len(networks))
    for network, codes, found in zip(networks, given, run_networks(networks, given, folder), strict=True):
        expected = network.evaluate_layers(codes)
        for name, made in found.items():
            right = expected[name]
            assert np.array_equal(made, right), (seeds, name)
            counts.codes += right.size
            counts.live += int(np.count_nonzero(right.min(axis=0) != right.max(axis=0)))
        counts.onnxruntime += in_onnxruntime(network, codes)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, NETWORKS, BATCH))
def test_random_networks(first: int, cpp_folder: Path, count: Callable[..., None]) -> None:
    counts = compare(range(first, first + BATCH), cpp_folder / f"fuzz{first}")
    count(
        random_networks=counts.networks,
        codes=counts.codes,
        live_outputs=counts.live,
        networks_also_in_onnxruntime=counts.onnxruntime,
    )
    assert counts.live > 400
    assert counts.onnxruntime > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", THROUGH_PROJECT)
def test_random_networks_through_the_whole_project(seed: int, tmp_path: Path, count: Callable[..., None]) -> None:
    count(codes_through_hls4ml_projects=through_project(seed, tmp_path))


@pytest.mark.parametrize("seed", some([3, 17]))
def test_some_networks_through_the_whole_project(seed: int, tmp_path: Path, count: Callable[..., None]) -> None:
    count(codes_through_hls4ml_projects=through_project(seed, tmp_path))


def through_project(seed: int, folder: Path) -> int:
    """hls4ml's project, its weights and its top function, under our driver; returns the codes compared."""
    network = run_pipeline(random_network(seed))
    report = compared(Csim(convert(network, output=folder / "project")), random_codes(network, seed))
    assert report.different == 0, report.first_difference
    assert report.compared > 0
    assert len(report.vacuous) < len(report.layers)
    return report.compared


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_onnx_round_trip(first: int) -> None:
    """Forty networks through the file format, most of them through onnxruntime."""
    seeds = range(first, first + 10)
    ran = [in_onnxruntime(random_network(seed), random_codes(random_network(seed), seed)) for seed in seeds]
    assert sum(ran) >= 5


def test_the_random_networks_cover_everything() -> None:
    """Every op, k of 1 to 4, formats of 1 to 16 bits, signed and not, every rounding and overflow, forks and joins."""
    kinds: set[str] = set()
    terms: set[int] = set()
    modes: set[tuple[Rounding, Overflow]] = set()
    formats: set[tuple[int, bool]] = set()
    forks = 0
    for seed in range(NETWORKS):
        network = random_network(seed)
        formats.add((network.input.format.bits, network.input.format.signed))
        forks += any(len(network.consumers(name)) > 1 for name in network.tensors)
        for node in network.nodes:
            kinds.add(node.kind)
            match node.op:
                case Requantize(to, rounding, overflow):
                    modes.add((rounding, overflow))
                    formats.add((to.bits, to.signed))
                case Dense(Shift(weights)) | Conv(Shift(weights)) | Affine(weights):
                    terms |= set(weights.terms_per_filter.tolist())
    lanes = {f"{lane}{shape}" for lane in ("Shift", "Adder", "Int") for shape in ("Dense", "Conv")}
    others = "Affine Threshold Requantize Relu MaxPool AveragePool SumPool Add Concat Pad Flatten"
    assert kinds == lanes | set(others.split()) | {layer.op.__name__ for layer in LAYER_CASES}
    assert terms == {0, 1, 2, 3, 4}
    assert modes == set(itertools.product(Rounding, Overflow))
    assert formats == set(itertools.product(range(1, 17), (False, True)))
    assert forks > 50
