"""The cheapest form is taken, never a slower one, and what cannot be built says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from random_networks import random_codes
from rescaled_nets import of_rescaling, rescaled_image, rescaled_vector
from shiftwire import api
from shiftwire.errors import InputError
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, NetworkOutput, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.threshold import Threshold
from shiftwire.passes.forms.rescale import Form
from shiftwire.passes.forms.rescale_choice import Rescale, Rescaling, rescalings
from shiftwire.reports.rescale_text import rescale_json, rescale_notes, rescale_tables
from shiftwire.reports.table import Table
from shiftwire.schedule.design import Design, Target

S18 = Fixed(18, 4, signed=True)
SLOW = Target(fps=1000)


def many_codes() -> Network:
    """64 channels of 255 steps: tables of thresholds fill a board."""
    return of_rescaling(Tensor((4, 4, 64), S18), 1)


def few_codes() -> Network:
    """Three steps a channel."""
    return of_rescaling(Tensor((4, 4, 64), S18), 1, hi=3)


def bent() -> Network:
    """As many codes, and channel 5 is no line."""
    network = many_codes()
    (node,) = network.nodes
    assert isinstance(node.op, Threshold)
    rows = node.op.thresholds.copy()
    rows[5] = np.sort(rows[5] // 40 * 40)
    return replace(network, nodes=(replace(node, op=replace(node.op, thresholds=rows)),))


def the_only(design: Design) -> Rescaling:
    (layer,) = rescalings(design)
    return layer


def test_many_codes_become_powers_of_two_and_few_stay_thresholds() -> None:
    many, few = (the_only(api.design(network(), target=SLOW)) for network in (many_codes, few_codes))
    assert (many.chosen, few.chosen) == (Form.AFFINE, Form.THRESHOLD)
    for layer in (many, few):
        own, others = layer.of(layer.chosen), [layer.of(form) for form in (Form.AFFINE, Form.THRESHOLD)]
        assert own.price == min(other.price for other in others)


@pytest.mark.parametrize("target", [SLOW, Target(fps=1e6), Target(lut_percent=20), Target(fps=1000, for_hls=True)])
@pytest.mark.parametrize("network", [many_codes, few_codes, bent, rescaled_image, rescaled_vector])
def test_the_choice_costs_no_more_and_is_no_slower(network, target: Target) -> None:
    design = api.design(network(), "zcu104", target=target)
    plain = api.design(network(), "zcu104", target=target, rescale=Rescale.THRESHOLD)
    assert target.speed(design) >= (target.fps or target.speed(plain))
    for layer in rescalings(design):
        own, thresholds = layer.of(layer.chosen), layer.of(Form.THRESHOLD)
        assert own.lut <= thresholds.lut and own.price <= thresholds.price
        notes = list(rescale_notes([layer], Rescale.AUTO))
        assert [f"{own.bram36:g} BRAM36" in note for note in notes] == [True] * (own.bram36 > thresholds.bram36)
    codes = random_codes(network(), 1, 8)
    assert np.array_equal(design.network.evaluate(codes), network().evaluate(codes))


@pytest.mark.parametrize("rescale", [Rescale.AFFINE, Rescale.MULTIPLY, Rescale.THRESHOLD])
def test_a_form_is_taken_where_it_is_asked_for(rescale: Rescale) -> None:
    for network in (rescaled_image(), few_codes()):
        design = api.design(network, target=SLOW, rescale=rescale)
        assert {layer.chosen.value for layer in rescalings(design)} == {rescale.value}
        codes = random_codes(network, 2, 8)
        assert np.array_equal(design.network.evaluate(codes), network.evaluate(codes))


def test_the_table_is_the_same_whatever_is_built() -> None:
    """Costs are those of the form, not of what stands in the design: each design tells of all three."""
    every = [
        the_only(api.design(many_codes(), folds={"y": Fold(2)}, rescale=rescale, target=SLOW))
        for rescale in (Rescale.THRESHOLD, Rescale.AFFINE, Rescale.MULTIPLY)
    ]
    assert [layer.chosen.value for layer in every] == ["threshold", "affine", "multiply"]
    assert len({layer.forms for layer in every}) == 1 and {layer.lanes for layer in every} == {2}


def test_a_product_tells_its_blocks() -> None:
    layer = the_only(api.design(many_codes(), folds={"y": Fold(4)}, rescale=Rescale.MULTIPLY, target=SLOW))
    blocks = layer.of(Form.MULTIPLY).dsp
    assert blocks is not None and blocks % 4 == 0 and 4 <= blocks <= 16
    assert layer.of(Form.AFFINE).dsp == layer.of(Form.THRESHOLD).dsp == 0
    notes = list(rescale_notes([layer], Rescale.MULTIPLY))
    assert any(f"up to {blocks} DSP in HLS C++" in note for note in notes)


@pytest.mark.parametrize("rescale", [Rescale.AFFINE, Rescale.MULTIPLY])
def test_what_is_no_line_stays_thresholds_and_is_told(rescale: Rescale) -> None:
    layer = the_only(api.design(bent(), rescale=rescale, target=SLOW))
    assert layer.chosen is Form.THRESHOLD
    (note,) = rescale_notes([layer], rescale)
    assert note.startswith(f"layer 'y' is built as threshold, not as {rescale.value}: channel 5 of 64 is no line")


def test_what_takes_more_than_thresholds_is_told() -> None:
    layer = the_only(api.design(few_codes(), rescale=Rescale.AFFINE, target=SLOW))
    note = next(rescale_notes([layer], Rescale.AFFINE))
    assert "LUT as affine" in note and "as thresholds (modelled)" in note


def test_a_fold_is_that_of_all_parts_and_a_part_may_have_its_own() -> None:
    folds = {"y": Fold(4)}
    design = api.design(many_codes(), folds=folds, rescale=Rescale.AFFINE, target=SLOW)
    assert design.folds == {"y_rescale": Fold(4), "y": Fold(4)}
    folds["y_rescale"] = Fold(2)
    design = api.design(many_codes(), folds=folds, rescale=Rescale.AFFINE, target=SLOW)
    assert design.folds == {"y_rescale": Fold(2), "y": Fold(4)}


def test_thresholds_that_do_not_fit_are_no_obstacle() -> None:
    """At sixteen lanes they fill a board; the same layer as powers of two leaves room."""
    folds = {"y": Fold(16)}
    with pytest.raises(InputError, match="more than 100 % of"):
        api.design(many_codes(), target=SLOW, folds=folds, rescale=Rescale.THRESHOLD)
    assert the_only(api.design(many_codes(), target=SLOW, folds=folds)).chosen is Form.AFFINE
    with pytest.raises(InputError, match="more than 100 % of"):
        api.design(bent(), target=SLOW, folds=folds)


def test_a_slower_form_is_taken_where_a_speed_is_set_or_it_was_asked_for() -> None:
    """Six comparisons in a row are a shorter pipeline than eight terms, and drain sooner in HLS."""
    network, folds = of_rescaling(Tensor((128,), S18), 1, hi=63), {"y": Fold(1)}
    fastest = Target(for_hls=True)
    plain = api.design(network, target=fastest, folds=folds, rescale=Rescale.THRESHOLD)
    auto, asked = (
        api.design(network, target=fastest, folds=folds, rescale=each) for each in (Rescale.AUTO, Rescale.AFFINE)
    )
    assert auto.timing.hls_interval <= plain.timing.hls_interval < asked.timing.hls_interval
    assert (the_only(auto).chosen, the_only(asked).chosen) == (Form.THRESHOLD, Form.AFFINE)
    assert the_only(api.design(network, target=replace(SLOW, for_hls=True), folds=folds)).chosen is Form.AFFINE


def test_words_wider_than_those_of_hls_are_none() -> None:
    """The second layer, whose words are narrow, becomes powers of two all the same."""
    network, folds = of_rescaling(Tensor((128,), Fixed(14, 4, signed=True)), 1, falls=False), {"y": Fold(128)}
    behind = of_rescaling(network.output, 2, falls=False).nodes[0]
    network = replace(
        network, nodes=(*network.nodes, replace(behind, name="z", inputs=("y",))), outputs=(NetworkOutput("z"),)
    )
    folds["z"] = Fold(2)
    for target, chosen in ((SLOW, "affine"), (replace(SLOW, for_hls=True), "threshold")):
        design = api.design(network, "zcu104", target=target, folds=folds, rescale=Rescale.AFFINE)
        layers = rescalings(design)
        assert [layer.chosen.value for layer in layers] == [chosen, "affine"]
    assert next(rescale_notes(layers, Rescale.AFFINE)) == (
        "layer 'y' is built as threshold, not as affine: at 128 lanes its words are wider than HLS takes, or it misses "
        "the target"
    )


def test_figures_are_those_of_the_layers_and_of_what_is_between_them() -> None:
    design = api.design(many_codes(), folds={"y": Fold(2)}, rescale=Rescale.AFFINE, target=SLOW)
    cost = sum((design.layer_cost(node) for node in design.network.nodes), Cost())
    between = 2 * design.network.tensors["y_rescale"].format.bits
    form = the_only(design).of(Form.AFFINE)
    assert (form.lut, form.bram36) == (cost.lut + between, cost.bram36) and cost.bram36 > 0
    assert any(
        f"takes {cost.bram36:g} BRAM36 as affine, 0 as" in note
        for note in rescale_notes([the_only(design)], Rescale.AUTO)
    )


def test_channels_that_are_alike_share_their_thresholds() -> None:
    network = many_codes()
    (node,) = network.nodes
    assert isinstance(node.op, Threshold)
    rows = np.tile(node.op.thresholds[:1], (64, 1))
    alike = replace(network, nodes=(replace(node, op=replace(node.op, thresholds=rows)),))
    first, second = (
        the_only(api.design(each, folds={"y": Fold(2)}, target=SLOW, rescale=Rescale.THRESHOLD)).of(Form.THRESHOLD)
        for each in (network, alike)
    )
    assert first.lut is not None and second.lut is not None and second.lut < first.lut / 10


def test_lines_wider_than_a_project_carries_are_none() -> None:
    network = of_rescaling(Tensor((16,), Fixed(25, 0, signed=True)), 1)
    design = api.design(network, "zcu104", target=SLOW, rescale=Rescale.MULTIPLY)
    assert the_only(design).chosen is Form.THRESHOLD
    assert "bits, more than the 53 of a project" in the_only(design).of(Form.MULTIPLY).why


COUNTED = {
    (16, 16, 255, 1): (1465, 989, 1146),
    (16, 16, 255, 4): (4910, 2839, 4039),
    (16, 16, 255, 16): (3149, 6703, 10228),
    (64, 18, 255, 1): (6286, 1335, 1338),
    (64, 18, 15, 1): (419, 995, 1044),
    (8, 10, 3, 2): (108, 413, 600),
}
"""Channels, bits of x, steps and lanes: slice LUTs of thresholds, powers of two and products, pyosys 0.70, xc7z020."""


@pytest.mark.parametrize("case", COUNTED)
def test_modelled_luts_rank_forms_as_counted_ones_do(case: tuple[int, int, int, int]) -> None:
    channels, bits, steps, lanes = case
    x = Tensor((8, channels), Fixed(bits, 4, signed=True))
    network = of_rescaling(x, 1, hi=steps, falls=False)
    layer = the_only(api.design(network, target=Target(fps=100), folds={"y": Fold(lanes)}))
    modelled = [form.lut for form in layer.forms]
    counted = COUNTED[case]
    assert modelled[0] is not None and modelled[1] is not None
    assert (modelled[0] < modelled[1]) == (counted[0] < counted[1])
    assert modelled == pytest.approx(counted, rel=0.6)


def test_tables_and_json_hold_the_same_figures() -> None:
    layers = rescalings(api.design(rescaled_image(), target=SLOW))
    table, sentence = rescale_tables(layers)
    assert isinstance(table, Table) and isinstance(sentence, str)
    assert len(table.rows) == 6 and {len(row) for row in table.rows} == {len(table.columns)}
    assert [row[-1] for row in table.rows].count("yes") == 2
    objects = [form for layer in rescale_json(layers) for form in layer["forms"]]  # type: ignore[attr-defined]
    assert [row[4] for row in table.rows] == [form["lut"] for form in objects]
    assert not list(rescale_tables([])) and rescale_json([]) == []
