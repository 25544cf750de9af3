"""Simulations on native lane types: every code of the ap_int build and of the specification, every cycle predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest

import shiftwire
import stalls
from netlib import run_networks, some_folds
from one_layer import frames
from projects import residual_net
from random_networks import random_codes, random_network
from shiftwire.api import design
from shiftwire.errors import CheckFailedError
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.native.program import bounded_program, native_program
from shiftwire.numbers.fixed import Codes
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import HELD_LATENCY, timing
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from shiftwire.verify.native import Bounded, Native, simulated_layers
from single_layers import single_layers
from tiers import part, some

CASES = single_layers()
CHOSEN = ("shift_conv_grouped", "adder_conv_depthwise", "shift_dense_four_terms", "requantize_half_even_wrap", "concat")


def assert_layers(network: Network, codes: Codes, found: dict[str, Codes]) -> int:
    """Whole tensors of every layer against the specification; returns how many outputs were live."""
    expected, live = network.evaluate_layers(codes), 0
    for name, made in found.items():
        assert np.array_equal(made, expected[name]), (name, np.argwhere(made != expected[name])[0])
        live += int(np.count_nonzero(made.min(axis=0) != made.max(axis=0)))
    return live


def simulated_alone(network: Network, seed: int, folder: Path) -> int:
    """Random folds, FIFOs of the predicted depth, all units at once; layers() compares the cycles."""
    units = pipeline(network, some_folds(network, seed))
    program = bounded_program(units.with_depths(timing(units).depths), folder)
    codes = random_codes(network, seed)
    for latency in (0, 1, HELD_LATENCY):
        assert_layers(network, codes[:16], simulated_layers(program, network, codes[:16], latency=latency))
    return assert_layers(network, codes, simulated_layers(program, network, codes))


@pytest.mark.parametrize("name", some(CHOSEN, "shift_conv_grouped", "concat"))
def test_native_equals_ap_int(name: str, tmp_path: Path) -> None:
    network, codes = CASES[name], frames(CASES[name])
    (by_ap_int,) = run_networks([network], [codes], tmp_path)
    found = simulated_layers(native_program(network, tmp_path), network, codes)
    assert set(found) == set(by_ap_int)
    for layer, made in by_ap_int.items():
        assert np.array_equal(found[layer], made), layer
    assert assert_layers(network, codes, found)


WITH_EVERY_LAYER = range(2, 62, 3)
"""Networks that have a layer with a test file of its own."""


@pytest.mark.parametrize("seed", part(WITH_EVERY_LAYER, (), (2, 29)))
def test_random_networks_native(seed: int, tmp_path: Path, count: Callable[..., None]) -> None:
    network, codes = random_network(seed), random_codes(random_network(seed), seed)
    count(
        native_networks=1,
        native_codes=codes.shape[0] * sum(node.size for node in network.tensors.values()),
        native_live_outputs=assert_layers(
            network, codes, simulated_layers(native_program(network, tmp_path), network, codes)
        ),
    )


@pytest.mark.parametrize("seed", [1, 5, 8, 21])
def test_random_networks_on_bounded_fifos(seed: int, tmp_path: Path, count: Callable[..., None]) -> None:
    count(bounded_live_outputs=simulated_alone(random_network(seed), seed, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 160, 10))
def test_many_random_networks_on_bounded_fifos(first: int, tmp_path: Path, count: Callable[..., None]) -> None:
    for seed in range(first, first + 10):
        live = simulated_alone(random_network(seed), seed, tmp_path / str(seed))
        count(bounded_networks=1, bounded_live_outputs=live)


def test_too_shallow_a_fifo_is_a_deadlock(tmp_path: Path) -> None:
    """A branch around a window waits for rows that the other branch holds back; what is predicted suffices.

    The window reads two rows of eight beats before it gives any.
    """
    network = run_pipeline(residual_net())
    planned = design(network)
    around = {name: fifo for name, fifo in planned.pipeline.fifos.items() if name.startswith("x_fork_b")}
    assert around["x_fork_b"].depth > 16
    codes = random_codes(network, 0)
    simulated_layers(bounded_program(planned.pipeline, tmp_path), network, codes)
    cut = {name: replace(fifo, depth=2) for name, fifo in around.items()}
    shallow = replace(planned.pipeline, fifos=planned.pipeline.fifos | cut)
    with pytest.raises(CheckFailedError, match=r"the pipeline stands still: .*waits for FIFO x_fork_b;"):
        simulated_layers(bounded_program(shallow, tmp_path), network, codes)


@pytest.mark.whole
def test_the_three_engines_agree_on_a_project(tmp_path: Path) -> None:
    network = run_pipeline(residual_net())
    project = shiftwire.convert(network, output=tmp_path / "project")
    codes = random_codes(network, 1)
    reports = [
        compared(Csim(project), codes),
        compared(Native(project), codes, checked=5),
        compared(Bounded(project), codes),
    ]
    assert [report.engine.value for report in reports] == ["csim", "native", "bounded"]
    assert [report.checked for report in reports] == [len(codes), 5, len(codes)]
    for report in reports:
        assert report.different == 0 and not report.vacuous
        assert np.array_equal(report.output, network.evaluate(codes))


@pytest.mark.parametrize("name", ["shift_conv_line", "strides_beyond_the_kernel", "pad"])
def test_beats_of_one_code(name: str, tmp_path: Path) -> None:
    """Logs of beats of a lone lane vector: what C++14's own allocator would put at odd addresses."""
    network = CASES[name]
    codes = random_codes(network, 2)
    units = pipeline(network, {node.name: Fold(1, 1) for node in network.nodes})
    program = bounded_program(units.with_depths(timing(units).depths), tmp_path)
    for samples in (1, 15, 16, 17):
        assert_layers(network, codes[:samples], simulated_layers(program, network, codes[:samples]))


def test_a_program_serves_every_set_of_weights(tmp_path: Path) -> None:
    """Weights come from a file, so that a retrained network of the same widths compiles nothing."""
    first, second = (CASES["adder_conv"], replace_weights(CASES["adder_conv"]))
    one, two = native_program(first, tmp_path), native_program(second, tmp_path)
    assert one.path == two.path
    codes = frames(second)
    assert assert_layers(second, codes, simulated_layers(two, second, codes))


@pytest.mark.parametrize("name", ["shift_conv_depthwise", "adder_dense", "int_conv"])
def test_retrained_weights_compile_nothing(name: str, tmp_path: Path) -> None:
    """Intervals differ by a few codes then, which no machine's width shows."""
    programs = set()
    for seed in range(4):
        network = retrained(CASES[name], seed)
        program, codes = native_program(network, tmp_path), frames(network)
        assert assert_layers(network, codes, simulated_layers(program, network, codes))
        programs.add(program.path)
    assert len(programs) == 1


def retrained(network: Network, seed: int) -> Network:
    """The same network with each filter's weights in another order, and up to half of them zeros."""
    (node,) = network.nodes
    weights = node.op.weights
    rng = np.random.default_rng(seed)
    order = rng.permutation(prod(weights.shape[1:]))
    kept = rng.random(weights.shape) >= seed / 6

    def moved(codes: Codes) -> Codes:
        return codes.reshape(-1, len(order))[:, order].reshape(codes.shape)

    if isinstance(weights, Shift):
        signs, exponents = moved(weights.weights.sign * kept), moved(weights.weights.exponent)
        changed = replace(weights, weights=replace(weights.weights, sign=signs, exponent=exponents))
    else:
        changed = replace(weights, codes=moved(weights.codes * kept))
    return replace(network, nodes=(replace(node, op=replace(node.op, weights=changed)),))


def replace_weights(network: Network) -> Network:
    """The same network with its filters in the opposite order."""
    (node,) = network.nodes
    weights = replace(node.op.weights, codes=node.op.weights.codes[::-1].copy())
    return replace(network, nodes=(replace(node, op=replace(node.op, weights=weights)),))


def test_depths_of_loops_alone_stand_still_behind_pipelines(tmp_path: Path) -> None:
    """Deep enough for units without latency; between pipelines of what each unit states, the skip connection hangs."""
    network = stalls.residual()
    units = pipeline(network, {node.name: most_folded(network, node) for node in network.nodes})
    codes = random_codes(network, 0)[:16]
    assert_layers(
        network,
        codes,
        simulated_layers(bounded_program(units.with_depths(timing(units).depths), tmp_path), network, codes),
    )
    shallow = bounded_program(units.with_depths(stalls.depths_of_loops(units)), tmp_path / "shallow")
    assert_layers(network, codes, simulated_layers(shallow, network, codes, latency=0))
    with pytest.raises(CheckFailedError, match=r"the pipeline stands still: .*waits for FIFO first_fork"):
        simulated_layers(shallow, network, codes)


def most_folded(network: Network, node: Node) -> Fold:
    """The fold of the most lanes."""
    folds = node.op.folds(network.sources(node), network.tensors[node.name])
    return max(folds, key=lambda fold: (fold.pe * fold.simd, fold.pe))
