"""The table of counted units: one row a unit, with the facts that models are fitted to and what its netlist takes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shiftwire.costs.facts import Facts
from shiftwire.tools.resources import Resources

COUNTED = ("lut", "lutram", "srl", "ff", "bram36", "dsp")
COLUMNS = ("family", "point", "layer", "module", *COUNTED, "facts")


@dataclass(frozen=True)
class Row:
    """A unit, counted. `layer` names the shape of the layer that it was drawn for, without fold and formats."""

    family: str
    point: int
    layer: str
    module: str
    facts: Facts
    counted: Resources

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is, whoever drew it."""
        return self.family, self.module, spelled(self.facts)

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS."""
        numbers = (f"{getattr(self.counted, name):g}" for name in COUNTED)
        return (self.family, str(self.point), self.layer, self.module, *numbers, spelled(self.facts))


def spelled(facts: Facts) -> str:
    """Facts as one cell, in the order of their names."""
    return " ".join(f"{name}={value}" for name, value in sorted(facts.items()))


def alike_once(rows: Iterable[Row]) -> list[Row]:
    """Of units that are alike the first."""
    once = {row.key: row for row in sorted(rows, key=lambda row: (row.family, row.point, row.module), reverse=True)}
    return list(once.values())


def write_table(rows: Iterable[Row], path: Path, head: str) -> None:
    """One line a unit behind a first one that says what counted them, in a fixed order."""
    text = io.StringIO()
    text.write(f"# {head}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.cells for row in sorted(rows, key=lambda row: (row.family, row.point, row.key)))
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def read_table(path: Path) -> Iterator[Row]:
    """What write_table wrote."""
    text = gzip.decompress(path.read_bytes()).decode()
    for cells in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        yield _row(cells)


def _row(cells: dict[str, str]) -> Row:
    numbers = {name: float(cells[name]) for name in COUNTED}
    counted = Resources(
        lut=int(numbers["lut"]),
        ff=int(numbers["ff"]),
        bram36=numbers["bram36"],
        dsp=int(numbers["dsp"]),
        lutram=int(numbers["lutram"]),
        srl=int(numbers["srl"]),
    )
    pairs = (fact.split("=") for fact in cells["facts"].split())
    facts = {name: int(value) for name, value in pairs}
    return Row(cells["family"], int(cells["point"]), cells["layer"], cells["module"], facts, counted)
