"""Pages of records, odd ones among them."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import records
from shiftwire.reports.records.page import compare_html, record_html
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.record import LayerCycles, Record

MEASURED, SIMULATED = records.measured(), records.simulated()
ODD = "<script>&\"'\x00\x1b\ud800]]>https://odd"


def odd() -> Record:
    """A record whose every text tries to break out of the page."""
    energy = MEASURED.energy
    assert isinstance(energy, Energy)
    trace = replace(energy.trace, sensor=replace(energy.trace.sensor, name=ODD, point=ODD), dropped=(ODD,))
    return replace(
        MEASURED,
        identity=replace(MEASURED.identity, model=ODD, board=ODD),
        energy=replace(energy, trace=trace),
        layers=(LayerCycles(ODD, 1.0, None), LayerCycles("long" * 30, 0.0)),
        software=((ODD, ODD),),
        notes=(ODD,),
    )


PAGES = {
    "measured": record_html(MEASURED),
    "simulated": record_html(SIMULATED),
    "odd": record_html(odd()),
    "pair": compare_html(MEASURED, SIMULATED),
    "odd pair": compare_html(odd(), replace(odd(), energy=Unavailable(ODD))),
}


def text_of(page: str) -> str:
    return " ".join("".join(ElementTree.fromstring(page).itertext()).split())
