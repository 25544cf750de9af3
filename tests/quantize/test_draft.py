"""A network in the making: who reads what, which tensors are narrowed, and what is kept of the codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput
from shiftwire.ir.network import Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding, Values
from shiftwire.onnx.context.view import View
from shiftwire.onnx.importer import opened
from shiftwire.ops.pool import SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.quantize.floats.float_run import tensors
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.scaling import Step


def drafted(net: FloatNet, values: Values, **options: Any) -> NetworkDraft:
    """What quantization starts from: nothing has entered yet."""
    model = net.model()
    names = [node.output[0] for node in model.graph.node]
    return NetworkDraft(
        opened(model), list(model.graph.node), tensors(model, names, values, lambda *_: None), Options(**options)
    )


def enter(draft: NetworkDraft) -> None:
    """What the first node reads of the host's becomes codes."""
    draft.enter(View(draft.nodes[0], draft.graph.constants))


def residual() -> FloatNet:
    net = FloatNet((2, 4, 4), seed=3).conv("c", 3, 2).norm("n", 3).node("Relu", "r").conv("d", 3, 3)
    return net.node("Add", "a", "r").node("Flatten", "f", axis=1)


@pytest.fixture
def draft() -> NetworkDraft:
    """The residual net, its input quantized."""
    net = residual()
    made = drafted(net, net.samples(20))
    enter(made)
    return made


def test_readers_in_the_file(draft: NetworkDraft) -> None:
    assert [[node.name for node in draft.places.readers(name)] for name in ("x", "c", "r", "f")] == [
        ["c"],
        ["n"],
        ["d", "a"],
        [],
    ]


def test_a_follower_is_the_only_reader_and_of_its_kind(draft: NetworkDraft) -> None:
    follower = draft.places.follower("c", "BatchNormalization")
    assert follower is not None and follower.name == "n"
    assert draft.places.follower("c", "Relu") is None
    assert draft.places.follower("r", "Conv") is None, "an addition reads it too"
    assert draft.places.follower("f", "Relu") is None
    draft.graph.outputs = ("c",)
    assert draft.places.follower("c", "BatchNormalization") is None, "the caller wants it as it is"


def test_the_last_layer_is_followed_by_nothing_that_computes(draft: NetworkDraft) -> None:
    assert [draft.places.is_last(name) for name in ("f", "a", "d", "r", "n")] == [True, True, False, False, False]
    net = FloatNet((4,)).dense("y", 3, 4).node("Softmax", "s", axis=1).node("Identity", "i")
    assert drafted(net, net.samples(8)).places.is_last("y")
    fork = FloatNet((2, 3, 3)).conv("c", 2, 2).node("Flatten", "f", axis=1).node("Add", "a", "f")
    assert not drafted(fork, fork.samples(8)).places.is_last("f")
    twice = FloatNet((2, 3, 3)).conv("c", 2, 2).node("Flatten", "e", axis=1)
    twice.nodes.append(twice.nodes[-1].__class__())
    twice.nodes[-1].CopyFrom(twice.nodes[-2])
    twice.nodes[-1].name, twice.nodes[-1].output[0] = "f", "f"
    twice.at = "f"
    assert not drafted(twice, twice.samples(8)).places.is_last("c"), "two nodes read it"


def test_the_truth_has_channels_last(draft: NetworkDraft) -> None:
    truth = draft.truth("c")
    assert truth.dtype == np.float64
    assert np.array_equal(np.moveaxis(truth, -1, 1), draft.floats["c"])


def test_the_input_enters_as_codes_of_its_own_bits(draft: NetworkDraft) -> None:
    format = draft.format("x")
    assert draft.graph.tensors == {"x": Tensor((4, 4, 2), format)} and format.bits == 10 and format.signed
    assert draft.graph.entered["x"].host == HostInput(True, Rounding.HALF_EVEN, Overflow.SATURATE)
    values = draft.truth("x")
    assert np.array_equal(draft.codes["x"], np.clip(np.rint(values * 2.0**format.frac), -512, 511))
    (cost,) = draft.costs
    assert (cost.name, cost.kind, cost.format) == ("x", "Requantize", str(format))
    lost = draft.at("x").values - values
    assert cost.own_error == pytest.approx(np.sqrt(np.mean(lost**2)) / values.std())
    enter(draft)
    assert len(draft.costs) == 1, "it enters once"


def test_an_input_that_the_file_quantizes_does_not_enter() -> None:
    net = FloatNet((2, 4, 4))
    rule = {"bits": 8, "frac": 4, "signed": 1, "rounding": "half_even", "overflow": "saturate"}
    net.node("Requantize", "q", domain="shiftwire", **rule).conv("c", 2, 2)
    made = drafted(net, net.samples(8))
    enter(made)
    assert not made.graph.tensors and not made.costs and not made.codes


@pytest.mark.parametrize(("largest", "is_seen"), [(0.6, True), (0.45, False)])
def test_an_input_below_half_a_step_is_refused(largest: float, is_seen: bool) -> None:
    net = residual()
    values = np.full((4, 2, 4, 4), largest * 2.0**-56, np.float32)
    made = drafted(net, values, formats={"x": Fixed(8, 56, signed=False)})
    if is_seen:
        enter(made)
        assert set(made.codes["x"].ravel().tolist()) == {1}
    else:
        with pytest.raises(
            InputError, match=r"values of 'x' reach .* are 0 on the finest grid there is, 2\^-56; scale"
        ):
            enter(made)


def test_a_wide_tensor_is_cut_once_for_all_its_readers(draft: NetworkDraft) -> None:
    draft.graph.known["r"] = draft.append(
        Requantize(Fixed(12, 7, signed=True), Rounding.FLOOR, Overflow.SATURATE), "x", "r"
    )
    narrowed = draft.activation("r")
    assert narrowed == "r_quant" == draft.graph.known["r"] == draft.activation("r")
    format = draft.format("r_quant")
    assert format.bits == 8 and not format.signed
    (op,) = [node.op for node in draft.graph.nodes if node.name == "r_quant"]
    assert op == Requantize(format, Rounding.HALF_UP, Overflow.SATURATE)
    before = np.maximum(draft.at("r").values, 0)
    error = np.sqrt(np.mean((draft.at("r_quant").values - before) ** 2)) / before.std()
    assert (draft.costs[-1].name, draft.costs[-1].own_error) == ("r_quant", pytest.approx(error))
    assert draft.chosen == {"x", "r"}


def test_what_is_narrow_exact_or_the_input_is_taken_as_it_is(draft: NetworkDraft) -> None:
    assert draft.activation("x") == "x"
    for name, bits in (("r", 8), ("d", 9)):
        to = Fixed(bits, 4, signed=True)
        draft.graph.known[name] = draft.append(Requantize(to, Rounding.FLOOR, Overflow.SATURATE), "x", name)
    assert draft.activation("r") == "r"
    draft.exact.add("d")
    assert draft.activation("d") == "d"
    draft.exact.clear()
    assert draft.activation("d") == "d_quant"


def test_one_value_a_channel_has_the_inputs_bits() -> None:
    """An average over an image is worth more bits than one of its pixels."""
    net = (
        FloatNet((2, 4, 4), seed=3)
        .conv("c", 2, 2)
        .node("GlobalAveragePool", "g")
        .node("Flatten", "f", axis=1)
        .dense("y", 3, 2)
    )
    for bits, is_cut in ((10, False), (11, True)):
        made = drafted(net, net.samples(8))
        enter(made)
        sums = made.append(SumPool(Window((4, 4), (1, 1), (0, 0), (0, 0))), "x", "g")
        op = Requantize(Fixed(bits, 4, signed=True), Rounding.FLOOR, Overflow.SATURATE)
        made.graph.known["g"] = made.append(op, sums, "cut")
        assert made.activation("g") == ("g_quant" if is_cut else "cut")
        assert not is_cut or made.format("g_quant").bits == 10


def test_a_tensor_is_narrowed_for_weights_or_for_several_readers(draft: NetworkDraft) -> None:
    wide = Requantize(Fixed(12, 7, signed=True), Rounding.FLOOR, Overflow.SATURATE)
    for name in ("c", "n", "r", "d", "a", "f"):
        draft.graph.known[name] = draft.append(wide, "x", name)
    for name in ("c", "n", "r", "d", "a", "f"):
        draft.narrow_for_readers(name)
    narrowed = [name for name in ("c", "n", "r", "d", "a", "f") if draft.graph.known[name] != name]
    assert narrowed == ["r"], "a convolution and an addition read it; the others have one plain reader or none"
    draft.narrow_for_readers("no such tensor")
    only = FloatNet((2, 4, 4)).conv("c", 2, 2).node("Relu", "r").conv("d", 2, 2)
    made = drafted(only, only.samples(8))
    enter(made)
    made.graph.known["r"] = made.append(wide, "x", "r")
    made.narrow_for_readers("r")
    assert made.graph.known["r"] == "r_quant"


def test_codes_that_nobody_reads_any_more_are_forgotten(draft: NetworkDraft) -> None:
    for source, name in (("x", "c"), ("c", "n"), ("n", "r"), ("r", "d")):
        draft.graph.known[name] = draft.append(Relu(), source, name)
    draft.keep(["n", "not yet made"])
    assert set(draft.codes) == {"x", "n", "d"}, "the input, what is read, and the last one"


def test_a_chain_has_its_tensors_name_at_the_end(draft: NetworkDraft) -> None:
    x = draft.at("x")
    steps = [Step.after(Relu(), x)]
    for _ in range(2):
        steps.append(Step.after(Relu(), steps[-1].output))
    draft.emit(tuple(steps), "x", "n")
    assert [(node.name, node.inputs) for node in draft.graph.nodes] == [
        ("n_sum", ("x",)), ("n_sum1", ("n_sum",)), ("n", ("n_sum1",))
    ]  # fmt: skip
    assert draft.graph.known["n"] == "n"
    assert all(draft.codes[node.name] is step.output.codes for node, step in zip(draft.graph.nodes, steps, strict=True))


def test_what_follows_from_exact_tensors_is_exact(draft: NetworkDraft) -> None:
    draft.carry(Relu(), "x", "r")
    assert draft.graph.known["r"] == "r" and not draft.exact
    draft.exact.add("r")
    draft.carry(Relu(), "r", "a")
    assert draft.exact == {"r", "a"}
    assert np.array_equal(draft.codes["a"], np.maximum(draft.codes["x"], 0))


def test_a_format_that_nothing_took_is_refused() -> None:
    net = residual()
    made = drafted(net, net.samples(8), formats={"x": Fixed(12, 6, signed=True), "r9": Fixed(8, 4, signed=False)})
    enter(made)
    assert made.format("x") == Fixed(12, 6, signed=True)
    with pytest.raises(
        InputError, match=r"the format of 'r9' was asked for, but no tensor .* is quantized; name one of x$"
    ):
        made.require_used()
    made.choose("r9", np.ones(3))
    made.require_used()


def test_bits_are_an_activations_unless_given(draft: NetworkDraft) -> None:
    values = np.linspace(0, 3.9, 30)
    assert draft.choose("r", values).bits == 8 and draft.choose("r", values, 5).bits == 5
