"""Units that work on codes in registers, in native simulations: beside coroutines and the specification."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import shiftwire.native.program
from instruction_sets import BATCHES, SETS, forced
from one_layer import codes
from random_networks import random_codes
from shiftwire.errors import CheckFailedError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Op, Tensor
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.window import Window
from shiftwire.native.fusion import Fusion, fusion
from shiftwire.native.host import host_pipeline
from shiftwire.native.packing import packing
from shiftwire.native.program import native_program, simulate
from shiftwire.native.simulation import IMAGES
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.moves import Pad
from shiftwire.ops.pool import MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.passes.frame_ends import frame_ends
from shiftwire.tools.host_cpp import Processor, native_flags
from shiftwire.verify.native import simulated_layers
from tiers import first

S8, U8, S9, S24 = (
    Fixed(8, 4, signed=True),
    Fixed(8, 4, signed=False),
    Fixed(9, 4, signed=True),
    Fixed(24, 4, signed=True),
)
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))
HALVED = Window((2, 2), (2, 2), (0, 0), (0, 0))
POINT = Window((1, 1), (1, 1), (0, 0), (0, 0))


def to(format: Fixed, rounding: Rounding = Rounding.HALF_UP, overflow: Overflow = Overflow.SATURATE) -> Requantize:
    return Requantize(format, rounding, overflow)


def wrapped(format: Fixed) -> Requantize:
    return to(format, Rounding.HALF_EVEN, Overflow.WRAP)


def affine(channels: int, terms: int = 2, high: int = 0) -> Affine:
    """Scales of both signs, some of them 0; no two channels are alike."""
    rng = np.random.default_rng(channels)
    scale = ShiftWeights(rng.integers(-1, 2, (terms, channels)), rng.integers(high - 4, high + 1, (terms, channels)))
    return Affine(scale, Bias(np.arange(channels) * 37 - 300, 4))


def conv(inputs: int, outputs: int, window: Window = SAME, most: int = 99, groups: int = 1) -> Conv:
    weights = Int(codes((outputs, *window.kernel, inputs // groups), -most, most), 7)
    return Conv(weights, Bias(codes((outputs,), -40, 40), 4), window, groups)


def distances(inputs: int, outputs: int) -> Conv:
    return Conv(Adder(codes((outputs, 3, 3, inputs), -128, 127), 4), Bias(np.full(outputs, 9000), 4), SAME)


def graph(shape: tuple[int, ...], x: Fixed, outputs: tuple[str, ...], **nodes: tuple[Op, ...]) -> Network:
    """Nodes by name, (op, *inputs); without inputs a node reads the one before it."""
    made: list[Node] = []
    for name, (op, *inputs) in nodes.items():
        made.append(Node(name, op, tuple(map(str, inputs)) or ((made[-1].name if made else "x"),)))
    ends = tuple(NetworkOutput(name) for name in outputs)
    return frame_ends(Network((NetworkInput("x", Tensor(shape, x)),), tuple(made), ends))


NETWORKS = {
    "three behind sums, in folds": graph(
        (6, 5, 16), U8, ("y",),
        sums=(conv(16, 48),), scaled=(affine(48),), positive=(Relu(),), bytes=(to(U8),), y=(conv(48, 20, POINT),),
    ),
    "four, and the last is the end": graph(
        (5, 4, 3), S8, ("y",),
        sums=(conv(3, 40),), first=(to(S9),), scaled=(affine(40, 1),), again=(affine(40, 3),), y=(wrapped(S8),),
    ),
    "pools": graph(
        (8, 12, 20), S8, ("y",),
        greatest=(MaxPool(HALVED),), scaled=(affine(20),), bytes=(wrapped(S8),), sums=(SumPool(HALVED),), y=(Relu(),),
    ),
    "sums of two, and forks": graph(
        (6, 5, 16), U8, ("y",),
        a=(conv(16, 16),), a_bytes=(to(S8),), b=(conv(16, 16),), b_scaled=(affine(16),),
        both=(Add(), "b_scaled", "a_bytes"), positive=(Relu(),), bytes=(to(U8),),
        c=(conv(16, 24),), c_bytes=(to(S8),), around=(affine(16), "bytes"),
        d=(conv(16, 24, POINT),), y=(Add(), "c_bytes", "d"),
    ),
    "a long way around": graph(
        (7, 11, 16), S8, ("y",),
        first=(to(S8),), c=(conv(16, 16),), c_bytes=(to(S8),),
        around=(affine(16), "first"), further=(to(S9),), still=(affine(16, 1),), long=(to(S8),),
        y=(Add(), "c_bytes", "long"),
    ),
    "four readers of the middle": graph(
        (5, 6, 8), S8, ("y",),
        sums=(conv(8, 32),), middle=(to(S8),), a=(Relu(), "middle"), b=(affine(32), "middle"),
        c=(conv(32, 32), "middle"), ab=(Add(), "a", "b"), abc=(Add(), "ab", "c"), abcm=(Add(), "abc", "middle"),
        y=(to(S9),),
    ),
    "outputs in the middle": graph(
        (5, 4, 8), S8, ("scaled", "positive", "y"),
        sums=(conv(8, 32),), scaled=(affine(32),), positive=(Relu(),), bytes=(to(U8),), y=(conv(32, 5),),
    ),
    "the first of all": graph(
        (9, 32), S24, ("y",), bytes=(to(S8),), positive=(Relu(),), scaled=(affine(32),), y=(wrapped(U8),)
    ),
    "codes of many bits": graph(
        (140,), S24, ("y",),
        sums=(Dense(Int(codes((40, 140), -20000, 20000), 4), Bias.none(40)),), scaled=(affine(40, 2, 6),),
        y=(wrapped(S24),),
    ),
    "finer grids": graph(
        (4, 5, 6), S8, ("y",), sums=(conv(6, 12),), finer=(wrapped(Fixed(30, 16, signed=True)),), y=(affine(12, 3),)
    ),
    "pads and joins": graph(
        (6, 5, 16), S8, ("y",),
        padded=(Pad((1, 0), (0, 1)),), a=(Relu(),), b=(wrapped(S8), "padded"), both=(Concat(), "a", "b"),
        y=(affine(32),),
    ),
    "distances": graph(
        (5, 6, 8), U8, ("y",), far=(distances(8, 16),), scaled=(affine(16),), bytes=(to(S8),), y=(distances(16, 9),)
    ),
    "each channel alone": graph(
        (7, 6, 16), S8, ("y",),
        sums=(conv(16, 16, groups=16),), positive=(Relu(),), bytes=(to(U8),), again=(conv(16, 32, groups=16),),
        y=(to(S8),),
    ),
}  # fmt: skip
STAGES = {
    "three behind sums, in folds": 3, "four, and the last is the end": 4, "pools": 3, "sums of two, and forks": 8,
    "a long way around": 6, "four readers of the middle": 7, "outputs in the middle": 5, "the first of all": 3,
    "codes of many bits": 2, "finer grids": 2, "pads and joins": 4, "distances": 2, "each channel alone": 3,
}  # fmt: skip
SKIPPED, LONG = "sums of two, and forks", "a long way around"


def chosen(network: Network) -> tuple[Pipeline, Fusion]:
    processor = Processor.of(native_flags())
    units = host_pipeline(network, processor)
    return units, fusion(units, packing(units, processor))


def again(codes: Codes) -> Codes:
    """Several batches of other samples, and a part of one."""
    return codes[np.resize(np.arange(len(codes)), BATCHES * IMAGES + 3)]


@pytest.mark.parametrize("name", [*first("all", "avx2"), pytest.param("vectors", marks=pytest.mark.slow)])
def test_every_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Callable[..., None]) -> None:
    """Random and extreme codes, every layer; the reference is numpy's, and the program without fusion is asked too."""
    forced(monkeypatch, name)
    live = 0
    for what, network in NETWORKS.items():
        given = again(random_codes(network, 5))
        expected, program = network.evaluate_layers(given), native_program(network, tmp_path / what, is_fused=True)
        found = simulated_layers(program, network, given)
        plain = simulated_layers(native_program(network, tmp_path / what, is_fused=False), network, given)
        assert found.keys() == plain.keys() >= {node.name for node in network.nodes if node.op.unit_types}, what
        for layer, made in found.items():
            assert np.array_equal(made, expected[layer]), (what, layer)
            assert np.array_equal(made, plain[layer]), (what, layer)
        output = simulate(program, given).codes[program.pipeline.output]
        assert np.array_equal(output, network.evaluate(given).reshape(len(given), -1)), what
        moving = np.count_nonzero(output.min(axis=0) != output.max(axis=0))
        assert moving > output.shape[1] // 2, what
        live += int(moving)
    count(**{f"fused_networks_{name}": len(NETWORKS), f"fused_live_outputs_{name}": live})


def test_what_is_fused() -> None:
    assert {name: len(chosen(network)[1].stages) for name, network in NETWORKS.items()} == STAGES


@pytest.mark.parametrize("name", SETS)
def test_processors_of_few_registers_fuse_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, name)
    network = NETWORKS["pools"]
    sources = [native_program(network, tmp_path, is_fused=how).simulation.source for how in (None, True, False)]
    assert sources.index(sources[0], 1) == (1 if Processor.of(native_flags()).has_avx2 else 2)
    assert sources[1] != sources[2]


def test_what_is_fused_is_no_unit_and_takes_no_time_of_its_own(tmp_path: Path) -> None:
    network = NETWORKS[SKIPPED]
    program = native_program(network, tmp_path, is_fused=True)
    units, fused = chosen(network)
    alone = {unit.name for unit in units.instances} - {stage.name for stage in fused.stages.values()}
    outcome = simulate(program, random_codes(network, 0), is_timed=True)
    assert set(outcome.seconds) == {"input", *alone, "output"}
    assert {"both", "c", "d", "y"} < alone and alone.isdisjoint({"positive", "bytes", "bytes_fork", "around"})


def test_a_fifo_has_the_places_of_those_that_are_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a skip connection waits with is spread over the FIFOs around its units."""
    monkeypatch.setattr(shiftwire.native.program, "FIFO_BYTES", 0)
    network = NETWORKS[LONG]
    given = again(random_codes(network, 2))
    expected = network.evaluate_layers(given)
    for layer, made in simulated_layers(native_program(network, tmp_path, is_fused=True), network, given).items():
        assert np.array_equal(made, expected[layer]), layer
    monkeypatch.setattr(Fusion, "depths", lambda _, __, capacities: capacities)
    with pytest.raises(CheckFailedError, match=r"the pipeline stands still: .*unit first waits for FIFO long;"):
        simulated_layers(native_program(network, tmp_path, is_fused=True), network, given)
