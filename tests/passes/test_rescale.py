"""Every form of a rescaled layer gives the codes of its thresholds: on every integer where there are few enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from random_networks import random_codes, random_network
from rescaled_nets import of_rescaling, rescaled_image, rescaled_vector
from shiftwire.errors import InputError
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.onnx.exporter import to_onnx
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.passes.forms.as_thresholds import as_thresholds
from shiftwire.passes.forms.rescale import Form, rescaled, thresholds
from shiftwire.passes.staircases import Staircases

FORMS = (Form.AFFINE, Form.MULTIPLY)
S12, U12 = Fixed(12, 4, signed=True), Fixed(12, 4, signed=False)


def every_code(network: Network) -> Codes:
    """Each code of the input's format, alike in all its places."""
    format, shape = network.input.format, network.input.shape
    codes = np.arange(format.lo, format.hi + 1).reshape(-1, *[1] * len(shape))
    return np.broadcast_to(codes, (len(codes), *shape)).copy()


def in_form(network: Network, form: Form) -> Network:
    return rescaled(network, {node.name: form for node in thresholds(network)})


def of_rows(rows: list[list[int]], base: list[int], step: list[int], x: Fixed = S12) -> Network:
    op = Threshold(np.array(rows), np.array(base), np.array(step), x.frac, 0)
    return Network.of("x", Tensor((len(rows),), x), (Node("y", op, ("x",)),), "y")


CASES: dict[str, Callable[[], Network]] = {
    "rises and falls": lambda: of_rescaling(Tensor((9,), S12), 1),
    "signal": lambda: of_rescaling(Tensor((2, 5), U12), 2, hi=15),
    "image": lambda: of_rescaling(Tensor((2, 2, 5), S12), 3, lo=-8, hi=7),
    "one channel": lambda: of_rescaling(Tensor((2, 2, 1), S12), 4, falls=False),
    "no clip": lambda: of_rescaling(Tensor((4,), S12), 5, share=5.0, falls=False),
    "ends that are no format's": lambda: of_rescaling(Tensor((4,), S12), 6, lo=-20, hi=235),
    "all positive, far from 0": lambda: of_rescaling(Tensor((4,), U12), 7, lo=20, hi=83),
    "steep": lambda: of_rescaling(Tensor((6,), Fixed(5, 0, signed=True)), 8, share=0.3),
    "one step": lambda: of_rows([[-2000], [17], [2048]], [0, 0, 0], [1, 1, 1]),
    "constant": lambda: of_rows([[5, 6, 7], [2048, 2048, 2048]], [2, 3], [0, 1]),
    "a power of two": lambda: of_rows([list(range(8, 2048, 16))], [0], [1]),
}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.value)
@pytest.mark.parametrize("case", CASES)
def test_a_form_is_equal_on_every_code(case: str, form: Form) -> None:
    network = CASES[case]()
    changed, codes = in_form(network, form), every_code(network)
    assert {type(node.op) for node in changed.nodes} <= {Affine, Conv, Requantize}
    assert changed.output == network.output and changed.nodes[-1].name == "y"
    assert np.array_equal(changed.evaluate(codes), network.evaluate(codes))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.value)
@pytest.mark.parametrize("network", [rescaled_image(), rescaled_vector()], ids=["image", "vector"])
def test_codes_of_a_network_stay(network: Network, form: Form) -> None:
    changed, codes = in_form(network, form), random_codes(network, 5, 40)
    before, after = network.evaluate_layers(codes), changed.evaluate_layers(codes)
    assert not list(thresholds(changed))
    for node in network.nodes:
        assert np.array_equal(after[node.name], before[node.name])
        assert changed.tensors[node.name] == network.tensors[node.name]


def test_the_contract_has_no_products_of_a_vector() -> None:
    with pytest.raises(InputError, match="multiplies each number of a vector by one of its own, which the contract"):
        to_onnx(in_form(rescaled_vector(), Form.MULTIPLY))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.value)
def test_every_form_is_thresholds_again(form: Form) -> None:
    for network in (rescaled_image(), rescaled_vector(), CASES["rises and falls"]()):
        again = as_thresholds(in_form(network, form))
        codes = random_codes(network, 6, 40)
        assert [(node.name, node.kind) for node in again.nodes] == [(node.name, node.kind) for node in network.nodes]
        assert np.array_equal(again.evaluate(codes), network.evaluate(codes))


def test_random_networks_keep_their_codes() -> None:
    """Their thresholds are mostly no lines; those that are, and all others, give what they gave."""
    changed = 0
    for seed in range(240):
        network = random_network(seed)
        codes = random_codes(network, seed)
        for node in thresholds(network):
            for form in FORMS:
                try:
                    after = rescaled(network, {node.name: form})
                except InputError:
                    continue
                changed += 1
                assert np.array_equal(after.evaluate(codes), network.evaluate(codes)), (seed, node.name)
                assert np.array_equal(as_thresholds(after).evaluate(codes), network.evaluate(codes))
    assert changed > 10


def test_what_sums_never_reach_does_not_matter() -> None:
    """The thresholds bend beyond the range of the sums, which is narrower than their format."""
    network = rescaled_vector()
    first, node = network.nodes[:2]
    assert isinstance(node.op, Threshold)
    proven = Staircases.of(network, node).proven
    format = network.tensors[first.name].format
    rows = node.op.thresholds.copy()
    for channel, (lo, hi) in enumerate(zip(proven.lo, proven.hi, strict=True)):
        assert format.lo < lo or hi < format.hi
        row = rows[channel]
        row[row > hi], row[row <= lo] = hi + 1, format.lo
    bent = replace(network, nodes=(first, replace(node, op=replace(node.op, thresholds=rows)), *network.nodes[2:]))
    codes = random_codes(network, 1, 40)
    assert np.array_equal(in_form(bent, Form.AFFINE).evaluate(codes), network.evaluate(codes))
    alone = Network.of("x", network.tensors[first.name], (replace(bent.nodes[1], inputs=("x",)),), node.name)
    with pytest.raises(InputError, match="is no line"):
        in_form(alone, Form.AFFINE)


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (lambda: of_rows([[0, 10, 20], [0, 10, 12]], [0, 0], [1, 1]), r"channel 1 of 2 is no line: .* its 3 steps"),
        (lambda: of_rows([list(range(-127, 127))], [-127], [1]), r"clipped to -127\.\.127"),
        (lambda: of_rows([[0]], [-1], [2]), "is no line"),
        (lambda: of_rescaling(Tensor((3,), Fixed(48, 0, signed=True)), 1), "accumulator would need|span more than"),
    ],
    ids=["bends", "no format ends there", "steps of two", "too wide"],
)
def test_what_is_no_line_says_so(network: Callable[[], Network], why: str) -> None:
    with pytest.raises(InputError, match=why):
        in_form(network(), Form.AFFINE)


def test_steps_that_are_one_off_are_counted_at_the_best_clip() -> None:
    """A mean of 36 rounded half to even, clipped to -10..245, which ends where no format does: every other step."""
    steps = np.arange(255)
    network = of_rows([(36 * (steps - 9) - 18 + steps % 2).tolist()], [-10], [1], Fixed(15, 0, signed=True))
    with pytest.raises(InputError, match=r"for the 1 channel without one give \d+ of 32,768 sums another") as told:
        in_form(network, Form.AFFINE)
    assert 0 < int(re.findall(r"give (\d+) of", str(told.value))[0]) <= len(steps)


def test_names_are_not_taken_twice() -> None:
    network = CASES["signal"]()
    (node,) = network.nodes
    taken = replace(network, nodes=(Node("y_rescale", Relu(), ("x",)), replace(node, inputs=("y_rescale",))))
    with pytest.raises(InputError, match="the name 'y_rescale' is taken"):
        in_form(taken, Form.AFFINE)
    assert [node.name for node in in_form(network, Form.AFFINE).nodes] == ["y_rescale", "y"]


def test_a_layer_has_as_many_terms_as_the_channel_that_needs_most() -> None:
    network = CASES["rises and falls"]()
    scale = in_form(network, Form.AFFINE).nodes[0].op
    assert isinstance(scale, Affine)
    each = [stairs.slopes() for stairs in Staircases.of(network, network.nodes[0]).rising(0, 255)]
    fewest = [len(slopes.digits(slopes.first_shift)) for slopes in each if slopes is not None]
    assert scale.scale.terms_per_filter.tolist() == fewest and len(set(fewest)) > 1


def test_layers_of_a_user_that_bear_such_a_name_stay() -> None:
    """Forms have few codes; a wide Requantize behind an Affine is somebody else's."""
    scale = in_form(CASES["signal"](), Form.AFFINE).nodes[0]
    wide = Node("y", Requantize(Fixed(16, 20, signed=True), Rounding.FLOOR, Overflow.SATURATE), ("y_rescale",))
    network = Network.of("x", Tensor((2, 5), U12), (scale, wide), "y")
    assert as_thresholds(network) == network


def test_the_shortest_form_of_a_power_of_two_is_one_term() -> None:
    scale = in_form(CASES["a power of two"](), Form.AFFINE).nodes[0].op
    assert isinstance(scale, Affine) and scale.terms == 1.0
