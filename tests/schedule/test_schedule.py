"""Folds: which a layer has, what they cost in cycles, and how a target chooses among them."""

from __future__ import annotations

import numpy as np
import pytest

from netlib import some_folds
from one_layer import frames, of_one, shift
from random_networks import random_network
from shiftwire.api import design
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.schedule.design import Target
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.timing import HELD_LATENCY, timing
from shiftwire.units.sums.matrix import MatrixUnit
from single_layers import single_layers

CASES = single_layers()
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))


def two_convolutions() -> Network:
    nodes = (
        Node("conv1", Conv(shift((8, 3, 3, 4), 1, -3, 0), Bias.none(8), SAME), ("x",)),
        Node("quant", _quantizer(), ("conv1",)),
        Node("conv2", Conv(shift((12, 3, 3, 8), 2, -3, 0), Bias.none(12), SAME), ("quant",)),
    )
    return Network.of("x", Tensor((8, 8, 4), Fixed(8, 4, signed=True)), nodes, "conv2")


def _quantizer() -> Requantize:
    from shiftwire.numbers.fixed import Overflow, Rounding  # noqa: PLC0415 - two names for one line

    return Requantize(Fixed(8, 4, signed=False), Rounding.FLOOR, Overflow.SATURATE)


@pytest.mark.parametrize("name", CASES)
def test_iterations_are_those_of_the_loop_nest(name: str) -> None:
    """The closed forms that the search uses, against the loops themselves, for every fold."""
    network = CASES[name]
    for node in network.nodes:
        inputs, output = network.sources(node), network.tensors[node.name]
        folds = node.op.folds(inputs, output)
        assert len(set(folds)) == len(folds) > 0
        for fold in folds:
            units = node.op.units(inputs, output, fold)
            assert all(unit.iterations == unit.nest.iterations for unit in units)
            assert not units or units[-1].writes.codes == output.size


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_a_nest_moves_every_beat_once(seed: int) -> None:
    network = random_network(seed)
    units = pipeline(network, some_folds(network, seed))
    for instance in units.instances:
        unit, nest = instance.unit, instance.unit.nest
        assert [len(reads.last) for reads in nest.reads] == [port.beats for port in unit.reads], instance.name
        assert len(nest.writes.last) == unit.writes.beats
        for moments in (
            *(reads.first for reads in nest.reads),
            *(reads.last for reads in nest.reads),
            nest.writes.last,
        ):
            assert (np.diff(moments) > 0).all() and moments[0] >= 0 and moments[-1] < unit.iterations
    latest = [max(instance.unit.hls_latency, HELD_LATENCY) + 2 for instance in units.instances]
    late = sum(latest)
    interval = max(i.unit.iterations + latency for i, latency in zip(units.instances, latest, strict=True))
    for name, fifo in units.fifos.items():
        readers = [instance for instance in units.instances if name in instance.inputs]
        writers = [instance for instance in units.instances if name in instance.outputs]
        assert len(readers) == (name != units.output) and len(writers) == (name != units.input)
        # a frame, those that pass while pipelines are as late as they may be, and what rounding misses
        assert timing(units).depths[name] <= fifo.port.beats * (1 + late / interval) + 2


def test_an_unrolled_convolution_takes_a_cycle_a_pixel() -> None:
    network = of_one(Conv(shift((4, 3, 3, 4), 1, -3, 0), Bias.none(4), SAME), (8, 8, 4))
    planned = design(network, folds={"y": Fold(4, 36)})
    (sums,) = (instance.unit for instance in planned.pipeline.instances if instance.unit.function == "mvu")
    assert sums.iterations == 64
    assert planned.timing.interval == 64 + 16  # the window unit reads two rows before it gives the first


def test_cycles_follow_k() -> None:
    """Half of the filters have one term, half have three; sorted, a frame costs two terms a filter."""
    sign = np.ones((3, 8, 16), np.int8)
    sign[1:, ::2] = 0
    op = Dense(Shift(ShiftWeights(sign, np.zeros((3, 8, 16), np.int8))), Bias.none(8))
    planned = design(of_one(op, (16,)), folds={"y": Fold(4, 4)})
    (sums,) = (instance.unit for instance in planned.pipeline.instances if isinstance(instance.unit, MatrixUnit))
    assert sums.fold_terms.tolist() == [1, 3]
    assert sums.iterations == 4 * (1 + 3)


class TestTargets:
    def test_frames_a_second_are_reached_with_less_than_the_fastest(self) -> None:
        network = two_convolutions()
        fast, slow = design(network, target=Target(fps=100_000)), design(network, target=Target(fps=5_000))
        assert fast.frames_per_second >= 100_000 and slow.frames_per_second >= 5_000
        assert fast.timing.interval < slow.timing.interval <= 100_000_000 / 5_000
        assert slow.resources.lut < fast.resources.lut

    def test_a_share_of_the_luts_is_kept(self) -> None:
        network = two_convolutions()
        small, large = design(network, target=Target(lut_percent=8)), design(network, target=Target(lut_percent=60))
        assert small.timing.interval > large.timing.interval
        for planned, percent in ((small, 8), (large, 60)):
            assert planned.resources.lut <= planned.board.lut * percent / 100

    def test_too_fast_is_answered_with_the_best(self) -> None:
        said = r"no fold reaches 1e\+08 frames a second at 10 ns: layer 'conv2' takes at least 128 cycles .* is 781250,"
        with pytest.raises(InputError, match=said):
            design(two_convolutions(), target=Target(fps=1e8))

    def test_too_large_is_answered_with_the_best_that_fits(self) -> None:
        said = r"frames a second need [\d,]+ LUT and \d+ BRAM36 \(modelled\), more than 100 % .* best that fits is \d+"
        with pytest.raises(InputError, match=said):
            design(wide(), target=Target(fps=900_000))

    def test_too_small_a_share_is_answered_with_the_smallest(self) -> None:
        with pytest.raises(InputError, match=r"no fold fits 0.1 % of TUL PYNQ-Z2: the smallest needs [\d,]+ of 53,200"):
            design(two_convolutions(), target=Target(lut_percent=0.1))

    @pytest.mark.parametrize("fps", [0.0, -3.0, float("nan"), float("inf")])
    def test_no_speed(self, fps: float) -> None:
        with pytest.raises(InputError, match="is no speed; give more than 0"):
            design(two_convolutions(), target=Target(fps=fps))

    @pytest.mark.parametrize("percent", [0.0, -1.0, float("nan")])
    def test_no_share(self, percent: float) -> None:
        with pytest.raises(InputError, match="holds nothing; give one above 0 %"):
            design(two_convolutions(), target=Target(lut_percent=percent))


def wide() -> Network:
    return of_one(Dense(shift((64, 1024), 2, -7, 0), Bias.none(64)), (1024,))


def test_a_fold_that_does_not_divide_is_refused() -> None:
    said = (
        "a fold of PE 5 and SIMD 4 does not divide layer 'conv1' .*; give a PE of 1, 2, 4, 8 and a SIMD of 1, 2, 3, 4"
    )
    with pytest.raises(InputError, match=said):
        design(two_convolutions(), folds={"conv1": Fold(5, 4)})


def test_a_fold_of_no_layer_is_refused() -> None:
    with pytest.raises(InputError, match="found a fold for 'conv9', which is no layer; name one of conv1, quant,"):
        design(two_convolutions(), folds={"conv9": Fold(1, 1)})


def test_a_flatten_before_dense_layers_is_no_hardware() -> None:
    nodes = (
        Node("flat", Flatten(), ("x",)),
        Node("quant", _quantizer(), ("flat",)),
        Node("fc", Dense(shift((3, 48), 2, -3, 0), Bias.none(3)), ("quant",)),
    )
    network = Network.of("x", Tensor((4, 4, 3), Fixed(8, 4, signed=True)), nodes, "fc")
    moved = run_pipeline(network)
    assert [node.name for node in moved.nodes] == ["flat_hwc", "quant_hwc", "fc"]
    codes = frames(network)
    assert np.array_equal(moved.evaluate(codes), network.evaluate(codes))
    assert {instance.layer for instance in design(moved).pipeline.instances} == {"quant_hwc", "fc"}
