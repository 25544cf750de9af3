"""Rows of figures in a file under reports/, the same for every tool, so that a later verb finds them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shiftwire.errors import InputError
from shiftwire.tools.atomic import replaced_file
from shiftwire.tools.json_text import parsed_json
from shiftwire.tools.resources import Cycles, Evidence, Report, Resources


@dataclass(frozen=True)
class Rows:
    """Rows of a project's version, the whole first; `layer_of` says which layer a unit works for."""

    version_hash: str
    rows: tuple[Report, ...]
    layer_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> Report:
        """The row of the design itself, which comes first."""
        return self.rows[0]

    def by_layer(self) -> dict[str, Resources]:
        """The sum of each layer's units."""
        sums: dict[str, Resources] = {}
        for row in self.rows:
            layer = self.layer_of.get(row.unit)
            if layer is not None and row.resources is not None:
                sums[layer] = sums[layer] + row.resources if layer in sums else row.resources
        return sums


def write_rows(file: Path, rows: Rows) -> None:
    """Write a file whole or not at all."""
    replaced_file(file, json.dumps(rows_json(rows), indent=1) + "\n")


def rows_json(rows: Rows) -> dict[str, Any]:
    """Plain values, of which `rows_from_json` makes the rows again."""
    return {
        "version_hash": rows.version_hash,
        "rows": [as_json(row) for row in rows.rows],
        "layer_of": dict(rows.layer_of),
    }


def rows_from_json(data: Mapping[str, Any]) -> Rows:
    """Raises ValueError, KeyError, TypeError or AttributeError for what `rows_json` never made."""
    rows = Rows(data["version_hash"], tuple(map(_row, data["rows"])), dict(data["layer_of"]))
    if not rows.rows:
        raise ValueError("no rows")
    return rows


def read_rows(file: Path, version_hash: str) -> Rows | None:
    """None where there is no such file or it is of another version of the project."""
    if not file.is_file():
        return None
    try:
        rows = rows_from_json(parsed_json(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{file} is damaged; remove it and run the tool again") from None
    return rows if rows.version_hash == version_hash else None


def as_json(row: Report) -> dict[str, Any]:
    """A row with only what its tool told."""
    figures = dataclasses.asdict(row) | {"evidence": row.evidence.value}
    return {name: _without_none(value) for name, value in figures.items() if value is not None}


def _without_none(value: Any) -> Any:
    return {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else value


def _row(data: Mapping[str, Any]) -> Report:
    kinds = {"resources": Resources, "latency": Cycles, "interval": Cycles}
    members = {name: kinds[name](**value) if name in kinds else value for name, value in data.items()}
    return Report(**members | {"evidence": Evidence(data["evidence"])})
