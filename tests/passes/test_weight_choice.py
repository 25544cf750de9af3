"""Integer weights: terms and products of the same pace, side by side, as the designs of either have them."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import shift
from shiftwire import api
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import signed_digits
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.passes.forms.weight_choice import WeightChoice, weight_choices
from shiftwire.reports.rescale_text import weight_json, weight_notes, weight_tables
from shiftwire.schedule.design import Target

CODES = np.random.default_rng(0).integers(-127, 128, (8, 12))
CODES[:, 0] = 85  # 1010101: four digits, as many as eight bits need
FOLD = Fold(4, 3)


def of_weights(weights: Weights) -> Network:
    x = Tensor((weights.shape[1],), Fixed(8, 4, signed=True))
    return Network.of("x", x, (Node("y", Dense(weights, Bias.none(len(CODES))), ("x",)),), "y")


AS_TERMS, AS_PRODUCTS = of_weights(Shift(signed_digits(CODES, 3))), of_weights(Int(CODES, 3))


def the_only(network: Network, fold: Fold) -> WeightChoice:
    (choice,) = weight_choices(api.design(network, folds={"y": fold}))
    return choice


def test_iterations_are_those_of_every_term() -> None:
    """96 weights at 12 a time are 8 iterations, and four times as many in four terms."""
    choice = the_only(AS_TERMS, FOLD)
    assert choice.chosen == "terms" and (choice.terms.pe, choice.terms.simd) == (4, 3)
    assert choice.terms.cycles == 32 and choice.terms.k == 4 and choice.terms.dsp == 0
    assert choice.products.k is None
    assert 96 // (choice.products.pe * choice.products.simd) == choice.products.cycles <= 32
    assert choice.products.dsp == choice.products.pe * choice.products.simd


@pytest.mark.parametrize("network", [AS_TERMS, AS_PRODUCTS], ids=["terms", "products"])
def test_figures_are_those_of_the_designs(network: Network) -> None:
    """Each form is what a design of that form at that fold says it takes."""
    choice = the_only(network, FOLD)
    for form, alone in ((choice.terms, AS_TERMS), (choice.products, AS_PRODUCTS)):
        design = api.design(alone, folds={"y": Fold(form.pe, form.simd)})
        (own,) = weight_choices(design)
        assert own.chosen == form.form and (own.terms if own.chosen == "terms" else own.products) == form
        (node,) = design.network.nodes
        cost = node.op.cost(design.network.sources(node), design.network.output, design.folds["y"])
        assert (cost.lut, cost.bram36, design.timing.interval) == (form.lut, form.bram36, form.cycles)


def test_a_layer_that_was_trained_to_shift_is_not_asked_after() -> None:
    for weights in (shift((8, 12), 2, -3, 3), Shift(signed_digits(np.sign(CODES), 0)), Int(np.sign(CODES), 0)):
        assert not weight_choices(api.design(of_weights(weights), target=Target(fps=1000)))


def test_what_is_told() -> None:
    built = weight_choices(api.design(AS_TERMS, folds={"y": FOLD}))
    table, sentence = weight_tables(built)
    assert [row[-1] for row in table.rows] == ["yes", ""]  # type: ignore[union-attr]
    assert "pace" in sentence  # type: ignore[operator]
    (note,) = weight_notes(built)
    assert "of 1 layer are sums of 4.0 powers of two on average" in note
    assert f"{built[0].terms.lut:,} LUT" in note and f"{built[0].products.lut:,} LUT" in note
    assert weight_json(built)[0]["chosen"] == "terms"
    assert not list(weight_tables(())) and not list(weight_notes(()))
    assert not list(weight_notes(weight_choices(api.design(AS_PRODUCTS, folds={"y": FOLD}))))
