"""Models that are kept: they follow from the table beside them, and hold what they claim of units never met."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import shiftwire.costs
from netlib import some_folds
from shiftwire.costs.blocks import unit_bram36, unit_dsp
from shiftwire.costs.lutram import unit_lutram
from shiftwire.costs.model import FILE, STAND_IN, estimated, families, family_model, group_of, predicted, spelled_model
from shiftwire.costs.table import Row, alike_once, read_table, write_table
from shiftwire.costs.terms import TERMS
from shiftwire.explore.characterise.fitting import Fitted, family_fit, fitted_groups
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from single_layers import single_layers

TABLE = Path(shiftwire.costs.__file__).with_name("units.csv.gz")


@cache
def rows() -> Mapping[str, list[Row]]:
    by_family: dict[str, list[Row]] = {name: [] for name in families()}
    for row in read_table(TABLE):
        by_family[row.family].append(row)
    return by_family


@cache
def fitted(family: str) -> Mapping[str, Fitted]:
    return fitted_groups(rows()[family])


def test_models_follow_from_the_table() -> None:
    models = [family_model(name) for name in families()]
    again = [family_fit(model.family, model.tool, fitted(model.family), model.systematic) for model in models]
    kept, new = (json.loads(text)["families"] for text in (FILE.read_text(), spelled_model(again, models[0].tool)))
    for family, groups in kept.items():
        for name, own in groups["groups"].items():
            for part, coefficients in own.items():
                assert coefficients == pytest.approx(new[family]["groups"][name][part], abs=0.02), (family, name, part)


@pytest.mark.parametrize("family", families())
def test_memories_and_blocks_by_formula(family: str) -> None:
    for name, formula in (
        ("bram36", lambda row: unit_bram36(row.facts)),
        ("dsp", lambda row: unit_dsp(row.facts)),
        ("lutram", lambda row: unit_lutram(family, row.module, row.facts)),
    ):
        pairs = [(getattr(row.counted, name), formula(row)) for row in rows()[family]]
        assert sum(one > 0 for one, _ in pairs) > 0, name
        assert [pair for pair in pairs if pair[0] != pair[1]] == [], name


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    some = rows()[families()[0]][:50]
    write_table(alike_once([*some, *some]), tmp_path / "t.csv.gz", "tool")
    assert sorted(row.key for row in read_table(tmp_path / "t.csv.gz")) == sorted({row.key for row in some})
    counted = {row.key: row.counted for row in some}
    for row in read_table(tmp_path / "t.csv.gz"):
        assert row.counted.lut == counted[row.key].lut
        assert row.counted.bram36 == counted[row.key].bram36


def test_held_out_predictions_never_saw_their_layer() -> None:
    """Of a layer whose counts are a hundred times too large, nothing that is said moves."""
    family = families()[0]
    strange = rows()[family][0].layer
    wrong = [
        replace(row, counted=replace(row.counted, lut=100 * row.counted.lut)) if row.layer == strange else row
        for row in rows()[family]
    ]
    again = fitted_groups(wrong)
    for name, own in fitted(family).items():
        here = np.array([row.layer == strange for row in own.rows])
        assert again[name].predicted[here] == pytest.approx(own.predicted[here])
    assert again["sw_finish"].predicted != pytest.approx(fitted(family)["sw_finish"].predicted)


def test_a_module_that_was_never_met_is_a_guess_that_says_so() -> None:
    model = family_model(families()[0])
    network = single_layers()["concat"]
    rtl = rtl_network(pipeline(network, some_folds(network, 1)))
    prediction = predicted(model, rtl)
    assert any(unit.module.name not in TERMS for unit in rtl.units)
    assert 0 < prediction.whole.strangers <= prediction.whole.resources.lut
    assert prediction.least < prediction.whole.resources.lut < prediction.most


@pytest.mark.parametrize("name", single_layers())
def test_every_layer_is_predicted(name: str) -> None:
    """Rebuilt from factors, as logic, with constants in block RAM: of every kind there is a figure."""
    network = single_layers()[name]
    every = {node.name: node.op.folds(network.sources(node), network.tensors[node.name]) for node in network.nodes}
    turned = {node: next((fold for fold in own if fold.turns), own[-1]) for node, own in every.items()}
    for folds, price in ((some_folds(network, 1), 30.0), (some_folds(network, 2), 480.0), (turned, 30.0)):
        rtl = rtl_network(pipeline(network, folds), spare_bram36=50, bram36_lut=price)
        for family in families():
            assert predicted(family_model(family), rtl).whole.resources.lut > 0


SELDOM = {"sw_reorder"}


def test_units_of_a_group_share_its_coefficients() -> None:
    """All but of modules that are drawn so seldom that nothing is fitted to them."""
    model = family_model(families()[0])
    known = [row for row in rows()[families()[0]] if row.module not in SELDOM]
    assert {row.module for row in known} <= TERMS.keys()
    for row in known:
        assert group_of(model, row.module, row.facts) != STAND_IN
        estimate = estimated(model, row.module, row.facts)
        assert estimate.resources.lutram == unit_lutram(model.family, row.module, row.facts)
        assert estimate.strangers == 0
