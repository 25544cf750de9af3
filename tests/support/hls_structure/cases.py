"""The units of all single layers, each layer folded in one of its ways."""

from __future__ import annotations

import functools

from hls_structure.units import Subject, distinct, subjects
from netlib import some_folds
from shiftwire.schedule.streaming import pipeline
from single_layers import single_layers

SHARED = {"sw_code.h": "mvu", "sw_finish.h": "mvu"}
"""Headers that stand in others, and the function of a unit that shows them."""


@functools.cache
def single_units(seed: int) -> list[Subject]:
    """Distinct units; another seed draws other folds."""
    layers = enumerate(single_layers().items())
    return distinct(
        unit for at, (name, net) in layers for unit in subjects(name, pipeline(net, some_folds(net, seed + at)))
    )


def units_of(file: str, count: int) -> list[Subject]:
    """A few that a header is part of."""
    return [u for u in single_units(0) if file in u.unit.headers or SHARED.get(file) == u.unit.function][:count]
