"""Several inputs or outputs on one stream each way: hand values, names, random networks in C++ and SystemVerilog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netlib import run_networks
from one_layer import S8
from random_heads import frames, random_heads
from rtl_nets import FRAMES, Batch
from shiftwire.errors import InputError
from shiftwire.ir.frames import FramedInput, FramedOutput, joined, parted
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.concat import Concat
from shiftwire.ops.flatten import Flatten, View
from shiftwire.ops.moves import Crop
from shiftwire.ops.relu import Relu
from shiftwire.passes.frame_ends import frame_ends
from shiftwire.passes.pipeline import run_pipeline

U4 = Fixed(4, 1, signed=False)
NETWORKS, ALL_NETWORKS = 3, 30
"""Each takes a compiler a second, and Verilator some; all of them are for `make fuzz`."""

FUZZ = [pytest.param(range(first, first + 9), marks=pytest.mark.slow) for first in range(NETWORKS, ALL_NETWORKS, 9)]
SEEDS = [range(NETWORKS), *FUZZ]


def hand() -> Network:
    """An image of bytes and a vector of halves; the image flat, what both make, and the vector again."""
    nodes = (
        Node("flat", Flatten(), ("image",)),
        Node("both", Concat(), ("flat", "vector")),
        Node("y", Relu(), ("both",)),
    )
    inputs = (NetworkInput("image", Tensor((1, 2, 2), S8)), NetworkInput("vector", Tensor((3,), U4)))
    return Network(inputs, nodes, (NetworkOutput("y"), NetworkOutput("flat"), NetworkOutput("vector")))


def test_the_codes_of_frames_by_hand() -> None:
    """s8.4 and u4.1 meet in s8.0: codes stay as they are, -128 beside 15; y is on the finer grid, 15 * 8."""
    network = frame_ends(hand())
    assert network.is_framed and str(network.input) == "s8.0[7]"
    made = network.evaluate(np.array([[-128, 2, -3, 4, 15, 0, 1]]))
    assert made.tolist() == [[0, 0, 2, 4, 120, 0, 8, -128, -3, 2, 4, 15, 0, 1]]


def test_names_stay_and_new_ones_tell_what_they_are() -> None:
    network = frame_ends(hand())
    assert [node.name for node in network.nodes] == [
        "inputs_rows", "image_dealt", "image", "vector_dealt", "vector_narrow", "vector",
        "flat", "both", "y",
        "y_flat", "flat_flat", "vector_flat", "outputs_2", "outputs",
    ]  # fmt: skip
    assert (network.input_name, network.output_name) == ("inputs", "outputs")
    assert [part.name for part in network.entries] == ["image", "vector"]
    assert [(part.name, part.tensor, str(part)) for part in network.exits] == [
        ("y", "y", "u7.4[7]"), ("flat", "flat", "s8.4[4]"), ("vector", "vector", "u4.1[3]")
    ]  # fmt: skip


def test_names_that_are_taken() -> None:
    nodes = (Node("outputs", Relu(), ("inputs",)), Node("inputs_dealt", Relu(), ("b",)))
    ends = (NetworkInput("inputs", Tensor((2,), S8)), NetworkInput("b", Tensor((2,), S8)))
    network = frame_ends(Network(ends, nodes, (NetworkOutput("outputs"), NetworkOutput("inputs_dealt"))))
    assert (network.input_name, network.output_name) == ("inputs_", "outputs_")


def test_what_the_host_does_stays_with_its_end() -> None:
    first, *rest = hand().inputs
    given, made = HostInput(quantizes=True), HostOutput(0.3)
    outputs = (NetworkOutput("y", made, "heads/y"), NetworkOutput("flat"))
    network = replace(hand(), inputs=(replace(first, host=given), *rest), outputs=outputs)
    framed = frame_ends(network)
    assert isinstance(framed.host_input, FramedInput) and isinstance(framed.host_output, FramedOutput)
    assert [part.host for part in framed.entries] == [given, HostInput()]
    assert [(part.name, part.host) for part in framed.exits] == [("heads/y", made), ("flat", HostOutput())]
    x = {"image": np.full((1, 2, 1, 2), 0.5), "vector": np.array([[1, 1.5, 0]])}
    values = framed.host_output.decode(framed.evaluate(framed.encode(x)), framed.output.format)
    assert list(values) == ["heads/y", "flat"]
    assert np.allclose(values["heads/y"], [[0.15, 0.15, 0.15, 0.15, 0.3, 0.45, 0]]) and (values["flat"] == 0.5).all()


def test_one_of_each_stays_as_it_is() -> None:
    network = Network.of("x", Tensor((2,), S8), (Node("y", Relu(), ("x",)),), "y")
    assert frame_ends(network) is network
    framed = frame_ends(hand())
    assert frame_ends(framed) is framed and run_pipeline(framed).nodes == framed.nodes


@pytest.mark.parametrize("seed", range(60))
def test_frames_give_the_codes_of_their_parts(seed: int) -> None:
    network = random_heads(seed)
    framed, codes = run_pipeline(network), frames(network, seed)
    assert framed.is_framed and framed.input == network.input and framed.output == network.output
    layers = network.evaluate_layers(codes)
    wanted = [layers[end.name] for end in network.outputs]
    made = framed.evaluate(codes)
    parts = framed.exit_codes(made) if len(wanted) > 1 else [made]
    for own, right in zip(parts, wanted, strict=True):
        assert np.array_equal(own, right)
    assert np.array_equal(made if len(wanted) == 1 else joined(wanted), made)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_random_networks_in_cpp(seeds: range, cpp_folder: Path, count: Callable[..., None]) -> None:
    """The headers, unit by unit, folded at random: every code of every layer."""
    networks = [run_pipeline(random_heads(seed)) for seed in seeds]
    given = [frames(random_heads(seed), seed) for seed in seeds]
    compared = 0
    folder = cpp_folder / f"heads{seeds.start}"
    folder.mkdir(exist_ok=True)
    for network, codes, found in zip(networks, given, run_networks(networks, given, folder), strict=True):
        expected = network.evaluate_layers(codes)
        assert network.output_name in found
        for name, made in found.items():
            assert np.array_equal(made, expected[name]), name
            compared += made.size
    count(codes_of_networks_of_several_ends_in_cpp=compared)
    assert compared > 2_000


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_random_networks_in_systemverilog(seeds: range, tmp_path: Path, count: Callable[..., None]) -> None:
    """Every code of every layer, every beat in the cycle predicted, and buffers as deep as they have to be."""
    networks = {f"n{seed}": run_pipeline(random_heads(seed)) for seed in seeds}
    codes = {f"n{seed}": frames(random_heads(seed), seed, FRAMES) for seed in seeds}
    batch = Batch.of(networks, codes, tmp_path)
    logs = batch.run()
    compared = batch.check_codes(logs)
    batch.check_cycles(logs)
    count(codes_of_networks_of_several_ends_in_systemverilog=compared.codes)
    assert compared.live > 100


@pytest.mark.parametrize(
    ("shape", "format"),
    [((4,), S8), ((7,), U4), ((3,), Fixed(4, 1, signed=True))],
)
def test_a_view_moves_nothing(shape: tuple[int, ...], format: Fixed) -> None:
    with pytest.raises(InputError, match=r"a view of u4.1\[3\] as .* is no rewiring; give as many codes"):
        View(shape, format).infer(Tensor((3,), U4))


def test_a_view_is_another_grid() -> None:
    codes = np.arange(12).reshape(2, 6)
    view = View((1, 2, 3), Fixed(4, -3, signed=False))
    assert str(view.infer(Tensor((6,), U4))) == "u4.-3[1x2x3]"
    assert view.evaluate([Tensor((6,), U4)], codes).tolist() == codes.reshape(2, 1, 2, 3).tolist()


def test_parts_are_taken_apart_as_they_were_put_together() -> None:
    a, b = np.arange(12).reshape(2, 3, 2), np.arange(4).reshape(2, 2)
    both = joined([a, b])
    assert both.tolist() == [[0, 1, 2, 3, 4, 5, 0, 1], [6, 7, 8, 9, 10, 11, 2, 3]]
    again = parted(both, [(3, 2), (2,)])
    assert np.array_equal(again[0], a) and np.array_equal(again[1], b)


@pytest.mark.parametrize(
    ("sizes", "lanes"), [((4, 3), 1), ((784, 10), 2), ((784, 48), 16), ((64, 64), 16), ((6, 9, 12), 3), ((40, 25), 5)]
)
def test_lanes_of_a_frame_are_those_that_divide_every_input(sizes: tuple[int, ...], lanes: int) -> None:
    """No beat holds codes of two inputs, and none is wider than sixteen codes."""
    inputs = tuple(NetworkInput(f"x{at}", Tensor((size,), S8)) for at, size in enumerate(sizes))
    nodes = tuple(Node(f"y{at}", Relu(), (f"x{at}",)) for at in range(len(sizes)))
    network = frame_ends(Network(inputs, nodes, tuple(NetworkOutput(node.name) for node in nodes)))
    dealt = [node for node in network.nodes if isinstance(node.op, Crop)]
    assert len(dealt) == len(sizes)
    for node in dealt:
        folds = node.op.folds(network.sources(node), network.tensors[node.name])
        assert max(fold.pe for fold in folds) == lanes
