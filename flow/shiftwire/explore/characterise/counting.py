"""Points to rows: their units on shelves, each shelf one run of yosys, on as many processes as there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftwire.costs.facts import facts
from shiftwire.costs.table import Row
from shiftwire.explore.characterise.shelf import Shelf, shelf_name
from shiftwire.explore.characterise.space import Point, points
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.resources import Resources
from shiftwire.tools.yosys import Family, yosys_version

SHELF_POINTS = 8
"""Points of the sequence on a shelf: enough that a run's start does not count, few enough that a kill costs little."""


def shelves(count: int) -> list[int]:
    """First points of the shelves that hold so many."""
    return list(range(0, count, SHELF_POINTS))


def counted(start: int, seed: int, family: Family, folder: Path) -> Path:
    """What the units of a shelf take, in a file of `folder`; nothing is counted twice."""
    done = folder / f"{family.value}-{seed}-{start:05d}.json"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(done, _counts(points(SHELF_POINTS, seed, start), family))
    return done


def again(file: Path, start: int, seed: int, family: Family, kind: str) -> None:
    """Count the points of a kind of weights anew: their SystemVerilog is another one than when the file was written."""
    some = [point for point in points(SHELF_POINTS, seed, start) if point.kind == kind]
    if some:
        before = parsed_json(file.read_text(encoding="utf-8"))["units"]
        _write(file, {name: Resources(**took) for name, took in before.items()} | _counts(some, family))


def _write(file: Path, took: Mapping[str, Resources]) -> None:
    record = {"tool": yosys_version(), "units": {name: asdict(each) for name, each in took.items()}}
    replaced_file(file, json.dumps(record) + "\n")


def rows_of(file: Path, start: int, seed: int, family: Family) -> Iterator[Row]:
    """The same with the facts of each unit."""
    took = parsed_json(file.read_text(encoding="utf-8"))["units"]
    for point in points(SHELF_POINTS, seed, start):
        for unit in point.rtl.units:
            counts = Resources(**took[shelf_name(point.rtl.name, unit)])
            layer = f"{point.kind} {point.shape}"
            yield Row(family.value, point.number, layer, unit.module.name, facts(point.rtl, unit), counts)


def _counts(drawn: Sequence[Point], family: Family) -> dict[str, Resources]:
    took: dict[str, Resources] = {}
    for dsp in (False, True):  # as a project is mapped: blocks are allowed where a design asks for them
        some = [point for point in drawn if (point.kind == "dsp") is dsp]
        took |= _on_a_shelf(some, family, dsp=dsp) if some else {}
    return took


def _on_a_shelf(drawn: Sequence[Point], family: Family, *, dsp: bool) -> Mapping[str, Resources]:
    networks = {point.rtl.name: point.rtl for point in drawn}
    shelf = Shelf.of(networks, ((point.rtl.name, unit) for point in drawn for unit in point.rtl.units))
    with TemporaryDirectory() as name:
        return shelf.counted(Path(name), family, dsp=dsp)
