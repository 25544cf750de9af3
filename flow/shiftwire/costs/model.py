"""Fitted models: coefficients by group of units, and what they say of a unit and of a network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

from shiftwire.costs.blocks import unit_bram36, unit_dsp
from shiftwire.costs.facts import Facts, facts
from shiftwire.costs.lutram import unit_lutram
from shiftwire.costs.parts import Terms
from shiftwire.costs.terms import TERMS, group, larger_group, stand_in_terms, terms
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.resources import Resources

FILE = Path(__file__).with_name("models.json")
SCHEMA = 1

WIDE = {"wide_bits": 2.0}
"""LUTs a bit of code and weight in products of weights beyond 8 bits: of 14 units by pyosys 0.70, from 1.8 to 2.6."""
WIDE_DEVIATION = 0.2

STAND_IN = "any"
"""The group that answers for modules which were never characterised."""

NINE_IN_TEN = 1.645
"""Standard deviations on either side of a normal variable's mean that hold nine tenths of it."""


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Coefficients of a group, by term; `deviation` is that of held-out units' LUTs from what is modelled, relative.

    `rows` were counted.
    """

    logic: Mapping[str, float]
    srl: Mapping[str, float]
    ff: Mapping[str, float]
    deviation: float
    rows: int


@dataclass(frozen=True, slots=True)
class FamilyModel:
    """All groups of a device family, and what counted the units that they were fitted to.

    `systematic` is what whole networks deviate by, relative, beyond what their units do one by one.
    """

    family: str
    tool: str
    groups: Mapping[str, GroupModel]
    systematic: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Modelled: LUTs as logic, as RAM and as shift registers are within `resources`; `variance` is that of its LUTs.

    `strangers` are LUTs of units that only a stand-in knew, or of products wider than any that models were fitted to.
    """

    resources: Resources
    variance: float = 0.0
    strangers: int = 0

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.resources + other.resources, self.variance + other.variance, self.strangers + other.strangers
        )


@dataclass(frozen=True, slots=True)
class Prediction:
    """An estimate of a whole network: nine in ten netlists have between `least` and `most` LUTs."""

    whole: Estimate
    units: Mapping[str, Estimate]
    least: int
    most: int


@cache
def family_model(family: str) -> FamilyModel:
    """The fitted model of a device family, by yosys' name of it; KeyError where there is none."""
    record = parsed_json(FILE.read_text(encoding="utf-8"))
    own = record["families"][family]
    groups = {name: GroupModel(**entry) for name, entry in own["groups"].items()}
    return FamilyModel(family, record["tool"], groups, own["systematic"])


def families() -> tuple[str, ...]:
    """Those that were characterised."""
    return tuple(parsed_json(FILE.read_text(encoding="utf-8"))["families"])


def estimated(model: FamilyModel, module: str, known: Facts) -> Estimate:
    """A unit, by the facts of it."""
    name = group_of(model, module, known)
    stranger = name == STAND_IN
    own = model.groups[name]
    has = stand_in_terms(known) if stranger else terms(module, known)
    ram = unit_lutram(model.family, module, known)
    is_wide = not has.keys().isdisjoint(WIDE)
    logic, srl = _weighed({**WIDE, **own.logic}, has), _weighed(own.srl, has)
    deviation = max(own.deviation, WIDE_DEVIATION) if is_wide else own.deviation
    resources = Resources(
        lut=round(logic + srl) + ram,
        ff=round(_weighed(own.ff, has)),
        bram36=unit_bram36(known),
        dsp=unit_dsp(known),
        lutram=ram,
        srl=round(srl),
    )
    return Estimate(resources, (deviation * logic) ** 2, resources.lut if stranger or is_wide else 0)


def group_of(model: FamilyModel, module: str, known: Facts) -> str:
    """The group that answers for a unit."""
    if module in TERMS:
        own = group(module, known)
        for name in (own, larger_group(own)):
            if name in model.groups:
                return name
    return STAND_IN


def predicted(model: FamilyModel, network: RtlNetwork) -> Prediction:
    """A network, unit by unit; units are taken to deviate on their own, and all of them by what is systematic."""
    units = {unit.name: estimated(model, unit.module.name, facts(network, unit)) for unit in network.units}
    whole = total(units.values())
    return Prediction(whole, units, *interval_of(model, whole))


def interval_of(model: FamilyModel, whole: Estimate) -> tuple[int, int]:
    """LUTs between which nine netlists of ten are to lie."""
    lut = whole.resources.lut
    spread = NINE_IN_TEN * sqrt(whole.variance + (model.systematic * lut) ** 2)
    return max(round(lut - spread), 0), round(lut + spread)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Of several units."""
    return sum(estimates, Estimate(NOTHING_COUNTED))


NOTHING_COUNTED = Resources(0, 0, 0.0, 0, lutram=0, srl=0)


def _weighed(coefficients: Mapping[str, float], has: Terms) -> float:
    return sum(coefficients.get(name, 0.0) * amount for name, amount in has.items())


def spelled_model(models: Iterable[FamilyModel], tool: str) -> str:
    """As models.json says it."""
    record: dict[str, Any] = {"schema": SCHEMA, "tool": tool, "families": {}}
    for model in models:
        groups = {
            name: {
                "logic": _rounded(own.logic),
                "srl": _rounded(own.srl),
                "ff": _rounded(own.ff),
                "deviation": round(own.deviation, 4),
                "rows": own.rows,
            }
            for name, own in sorted(model.groups.items())
        }
        record["families"][model.family] = {"systematic": round(model.systematic, 4), "groups": groups}
    return json.dumps(record, indent=1, sort_keys=True) + "\n"


def _rounded(coefficients: Mapping[str, float]) -> Mapping[str, float]:
    return {name: round(value, 4) for name, value in coefficients.items() if value > 5e-5}
