"""A trace that an external meter recorded, cut to the run by a marker: a pin or LED that is high in work."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire_boards.runtime.energy.result import Energy
from shiftwire_boards.runtime.energy.span import Span
from shiftwire_boards.runtime.energy.trace import SensorDescription, Trace, trace_of
from shiftwire_boards.runtime.errors import SensorError


@dataclass(frozen=True)
class Columns:
    """Names of a file's columns; `watts` holds one name, or two whose product is taken (volts and amperes)."""

    time: str
    watts: tuple[str, ...]
    marker: str
    seconds_per_unit: float = 1.0
    watts_per_unit: float = 1.0


@dataclass(frozen=True)
class MarkedTrace:
    """The meter's own clock: `busy` are the stretches of a high marker, `idle` the longest low one between its ends."""

    trace: Trace
    idle: Span
    busy: tuple[Span, ...]

    def energy(self, frames: tuple[int, ...]) -> Energy:
        """The board says how many frames each stretch held; raises SensorError where their number differs."""
        if len(frames) != len(self.busy):
            raise SensorError(
                f"the marker was high {len(self.busy)} times and the board worked {len(frames)} times; "
                "check the marker's wire, or cut the file"
            )
        busy = tuple(Span(span.start_s, span.end_s, count) for span, count in zip(self.busy, frames))
        return Energy(self.trace, self.idle, busy)


def read_marked_csv(path: Path, sensor: SensorDescription, columns: Columns) -> MarkedTrace:
    """Read a CSV file with a header line; empty is a failed reading; the marker is high above half its range."""
    table = _numbers(path, columns)
    time, watts, marker = table[:, 0] * columns.seconds_per_unit, table[:, 1], table[:, 2]
    low, high = marker.min(), marker.max()
    if not high > low:
        raise SensorError(f"{path}: the marker '{columns.marker}' never changes; connect it, or name another column")
    up = marker > (low + high) / 2
    edges = np.flatnonzero(np.diff(up.astype(np.int8))) + 1
    starts, ends = np.concatenate(([0], edges)), np.concatenate((edges, [len(up) - 1]))
    pairs = [(a, b) for a, b in zip(starts, ends) if time[b] > time[a]]
    stretches = [(bool(up[a]), Span(float(time[a]), float(time[b]))) for a, b in pairs]
    busy = tuple(span for high_now, span in stretches if high_now)
    idle = [span for high_now, span in stretches if not high_now]
    if not busy or not idle:
        raise SensorError(f"{path}: the marker is not both high and low for a while; record from before the run")
    longest = max(idle, key=lambda span: span.seconds)
    wanted = (time >= min(longest.start_s, busy[0].start_s)) & (time <= max(longest.end_s, busy[-1].end_s))
    return MarkedTrace(trace_of(sensor, time[wanted], watts[wanted]), longest, busy)


def _numbers(path: Path, columns: Columns) -> Any:
    """Time, watts and marker (n, 3)."""
    if not path.is_file():
        raise SensorError(f"there is no file {path}; name the CSV file of the meter")
    names = (columns.time, *columns.watts, columns.marker)
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file)
        missing = [name for name in names if name not in (rows.fieldnames or ())]
        if missing:
            raise SensorError(f"{path} has no column '{missing[0]}'; it has {', '.join(rows.fieldnames or ('none',))}")
        table = [_row(path, rows.line_num, row, columns) for row in rows]
    if len(table) < 2:
        raise SensorError(f"{path} has {len(table)} rows; a trace needs two or more")
    return np.asarray(table, dtype=np.float64)


def _row(path: Path, line: int, row: dict[str, str | None], columns: Columns) -> tuple[float, float, float]:
    watts = columns.watts_per_unit
    for name in columns.watts:
        watts *= nan if not (row[name] or "").strip() else _number(path, line, row, name)
    return _number(path, line, row, columns.time), watts, _number(path, line, row, columns.marker)


def _number(path: Path, line: int, row: dict[str, str | None], name: str) -> float:
    try:
        return float(row[name] or "")
    except ValueError:
        raise SensorError(f"{path}:{line}: column '{name}' holds '{row[name]}', wanted a number") from None
