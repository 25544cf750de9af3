"""Convolutions of factors as two layers: the same codes, in every window, and the smaller form where one is chosen."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from random_families import random_families
from random_networks import random_codes
from shiftwire import api
from shiftwire.cli import convert as verb
from shiftwire.cli import main
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.ops.conv import Conv
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.forms.factor_choice import FactorForm, Pace, factor_choices
from shiftwire.passes.forms.factored_sums import IN_FRONT, factored_sums, has_sums
from shiftwire.reports.design_text import bases_note
from shiftwire.schedule.design import Design, Target

CODES = Fixed(7, 4, signed=True)


def convolution(window: Window, channels: int, filters: int = 4, groups: int = 1) -> Network:
    """One layer `y` of factors, on an image of 6 x 7."""
    rng = np.random.default_rng(0)
    wanted = rng.normal(0, 0.3, (filters, channels // groups, *window.kernel))
    weights = Factored.of(decompose(wanted, Theta(2e-2)), wanted.shape[1:]).with_moved(0, -1)
    bias = Bias(rng.integers(-99, 100, filters), 6)
    conv = Conv(weights, bias, window, groups)
    return Network.of("x", Tensor((6, 7, channels), CODES), (Node("y", conv, ("x",)),), "y")


def by_equation(network: Network, codes: np.ndarray) -> np.ndarray:
    """Sums of coefficient, basis and input in values of float64, which holds them all: every tap of W = Ce B."""
    (node,) = network.nodes
    assert isinstance(node.op, Conv) and isinstance(node.op.weights, Factored)
    factors, window = node.op.weights.factors, node.op.window
    powers = factors.sign[:, 0] * 2.0 ** factors.exponent[:, 0]
    whole = np.einsum("orj,ojk->ork", powers, factors.basis[:, 0] * 2.0**-factors.basis_frac)
    pads = [(0, 0), *zip(window.begin, window.end, strict=True), (0, 0)]
    image = np.pad(codes * 2.0**-CODES.frac, pads)
    sums = np.zeros((len(codes), *network.output.shape))
    for row, column in np.ndindex(*network.output.shape[:2]):
        top, left = row * window.stride[0], column * window.stride[1]
        part = image[:, top : top + 3, left : left + 3]
        sums[:, row, column] = np.einsum("nikc,ocik->no", part, whole.reshape(len(whole), -1, 3, 3))
    return sums + node.op.bias.codes * 2.0**-node.op.bias.frac


WINDOWS = [
    Window((3, 3), stride, pads, ends)
    for stride, pads, ends in product([(1, 1), (2, 1), (1, 3)], [(0, 0), (1, 1), (0, 2)], [(1, 0), (1, 1)])
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_two_layers_are_the_equation_of_one(window: Window) -> None:
    """On random and extreme codes, in values and without rounding."""
    network = convolution(window, channels=5)
    two = factored_sums(network, {"y"})
    assert [(node.name, node.kind) for node in two.nodes] == [("y" + IN_FRONT, "ShiftConv"), ("y", "IntConv")]
    codes = np.random.default_rng(1).integers(CODES.lo, CODES.hi + 1, (5, *network.input.shape))
    codes[0], codes[1] = CODES.lo, CODES.hi
    found = two.output.format.decode(two.evaluate(codes))
    assert np.array_equal(found, by_equation(network, codes)) and np.unique(found).size > 50
    assert np.array_equal(two.evaluate(codes), network.evaluate(codes))


def test_layers_without_the_form_stay() -> None:
    """Of groups, of kernels of one pixel, of several bases a filter."""
    plain, point = Window((3, 3), (1, 1), (1, 1), (1, 1)), Window((1, 1), (1, 1), (0, 0), (0, 0))
    assert has_sums(convolution(plain, 64).nodes[0])
    for network in (convolution(plain, 4, groups=2), convolution(point, 6), convolution(plain, 65)):
        assert not has_sums(network.nodes[0])
        assert factored_sums(network, {"y"}).nodes == network.nodes


def test_codes_of_mixed_networks_stay() -> None:
    rewritten = 0
    for seed in range(60):
        network = random_families(seed)
        names = {node.name for node in network.nodes if has_sums(node)}
        two, codes = factored_sums(network, names), random_codes(network, seed)
        layers = two.evaluate_layers(codes)
        for name, expected in network.evaluate_layers(codes).items():
            assert np.array_equal(layers[name], expected), (seed, name)
        rewritten += len(two.nodes) - len(network.nodes)
    assert rewritten > 10


def wide() -> Network:
    return convolution(Window((3, 3), (1, 1), (1, 1), (1, 1)), channels=16, filters=16)


def designed(form: FactorForm, network: Network | None = None, fps: float = 40_000.0, **more: object) -> Design:
    return api.design(network or wide(), target=Target(fps), factors=form, **more)  # type: ignore[arg-type]


def test_the_smaller_form_is_chosen() -> None:
    """Where many lanes meet weights, sums by coefficients are; a layer of hardly any lanes stays whole."""
    auto, whole, sums = (designed(form) for form in (FactorForm.AUTO, FactorForm.WEIGHTS, FactorForm.SUMS))
    kinds = [[type(node.op.weights) for node in each.network.nodes] for each in (auto, whole, sums)]  # type: ignore[attr-defined]
    assert kinds == [[Shift, Int], [Factored], [Shift, Int]]
    assert auto.resources.price < 0.7 * whole.resources.price
    (choice,) = factor_choices(whole.network, ["y"], Pace(None, for_hls=False).of(whole))
    assert choice.is_smaller_as_sums and choice.weights == whole.layer_cost(whole.network.nodes[0])
    few = convolution(Window((3, 3), (1, 1), (1, 1), (1, 1)), channels=2, filters=2)
    assert len(designed(FactorForm.AUTO, few, 1000.0).network.nodes) == 1
    assert len(designed(FactorForm.SUMS, few, 1000.0).network.nodes) == 2


def test_a_layer_with_a_fold_of_its_own_stays() -> None:
    design = designed(FactorForm.AUTO, fps=100.0, folds={"y": Fold(2, 16)})
    assert [node.name for node in design.network.nodes] == ["y"] and design.folds["y"] == Fold(2, 16)


def test_a_name_that_is_taken() -> None:
    """A layer whose other name is another tensor's stays whole."""
    (node,) = wide().nodes
    clash = Network.of(
        "x", wide().input, (Node("y_factors", Relu(), ("x",)), replace(node, inputs=("y_factors",))), "y"
    )
    assert [each.name for each in designed(FactorForm.AUTO, clash, 20_000.0).network.nodes] == ["y_factors", "y"]


def test_a_fold_of_the_layer_in_front() -> None:
    design = designed(FactorForm.SUMS, fps=100.0, folds={"y" + IN_FRONT: Fold(6, 4)})
    assert design.folds["y" + IN_FRONT] == Fold(6, 4)


def test_a_speed_of_sums_alone() -> None:
    """More than any fold of whole weights fits: the sums are taken before that is refused."""
    network = convolution(Window((3, 3), (1, 1), (1, 1), (1, 1)), channels=40, filters=40)
    with pytest.raises(InputError, match="more than"):
        designed(FactorForm.WEIGHTS, network, 40_000.0)
    assert len(designed(FactorForm.AUTO, network, 40_000.0).network.nodes) == 2


@pytest.mark.parametrize(
    ("folds", "mend"), [({}, "--factors weights may be faster"), ({"y": Fold(1, 3)}, "a larger SIMD is faster")]
)
def test_a_pace_that_products_with_bases_cap(folds: dict[str, Fold], mend: str) -> None:
    """The layer and its cycles where it is the slowest; nothing where another one is, or weights are whole."""
    network = convolution(WINDOWS[0], channels=5)
    slow = api.design(factored_sums(network, {"y"}), folds=folds)
    note = bases_note(slow)
    assert note is not None and note.endswith(mend)
    assert f"the slowest layer is 'y', products with the bases of factors: {slow.timing.interval} cycles" in note
    others = api.design(factored_sums(network, {"y"}), folds={"y" + IN_FRONT: Fold(1, 1)}), api.design(network)
    assert [bases_note(each) for each in others] == [None, None]


def test_convert_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    network = convolution(WINDOWS[0], channels=5)
    monkeypatch.setattr(api, "load_network", lambda *_: network)
    monkeypatch.setattr(verb, "constant_outputs", lambda *_: ())
    for form, is_told in (("sums", True), ("weights", False)):
        words = ["--factors", form, "--input-format", "s7.4", "-o", str(tmp_path / form)]
        assert main(["convert", "model.onnx", *words]) == 0
        said = capsys.readouterr().err
        assert "the host rounds the input to s7.4" in said
        assert ("the slowest layer is 'y'" in said) is is_told
