"""Records as JSON files; a file also tells what is derived, and is refused where that does not follow from the rest."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shiftwire_boards.runtime.energy.result import Energy, Modelled, Spread, Unavailable
from shiftwire_boards.runtime.energy.span import Span, SpanPower
from shiftwire_boards.runtime.errors import RecordError
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.json_node import Node
from shiftwire_boards.runtime.record import Cycles, LayerCycles, OutputFigures, Record
from shiftwire_boards.runtime.record_parts import record_of

KIND, VERSION = "shiftwire.record", 1
SAME = 1e-9
"""Relative: another numpy may add in another order."""


def write_record(record: Record, path: Path) -> None:
    """Write a file that is whole or not there."""
    text = json.dumps(record_to_json(record), indent=1, allow_nan=False)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def read_record(path: Path) -> Record:
    """Read a file; raises RecordError in one sentence for every file that is no sound record."""
    try:
        data = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{path} cannot be read as a record ({error}); name one that 'shiftwire measure' wrote"
        ) from None
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None
    try:
        return record_from_json(data)
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error


def record_from_json(data: Any) -> Record:
    """The record of `record_to_json`; raises RecordError where something is missing, added, or does not follow."""
    if not isinstance(data, Mapping) or data.get("kind") != KIND:
        raise RecordError(f'this is no record: wanted an object with "kind": "{KIND}"')
    if data.get("version") != VERSION:
        raise RecordError(
            f"found a record of version {data.get('version')!r}, wanted {VERSION}; use the shiftwire of its time"
        )
    whole = _with_later_members(data)
    record = record_of(Node(whole, ""))
    _same("record", record_to_json(record), whole)
    return record


def _with_later_members(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Older records do not say which form ran, as there was but one, nor the error beside labels, nor each output."""
    identity = data.get("identity")
    if not isinstance(identity, Mapping):
        return data
    return {"label_error": None, "outputs": [], **data, "identity": {"inner": Inner.RTL.value, **identity}}


def record_to_json(record: Record) -> dict[str, Any]:
    """Plain values alone; every key is always there, null where there is nothing."""
    identity, clock, speed = record.identity, record.clock, record.speed
    return {
        "kind": KIND,
        "version": VERSION,
        "identity": {**vars(identity), "badge": identity.badge.value, "inner": identity.inner.value},
        "clock": dict(vars(clock)),
        "speed": {**vars(speed), "over_time": [list(point) for point in speed.over_time], "fps": speed.fps},
        "latency": _latency(record),
        "cycles": _cycles(record.cycles),
        "layers": [_layer(layer) for layer in record.layers],
        "time_split": record.time_split and dict(vars(record.time_split)),
        **_figures(record),
        "outputs": [{"name": output.name, **_figures(output)} for output in record.outputs],
        "energy": _energy(record.energy),
        "modelled_energy": record.modelled_energy and _modelled(record.modelled_energy),
        "software": [list(pair) for pair in record.software],
        "notes": list(record.notes),
    }


def _figures(of: Record | OutputFigures) -> dict[str, Any]:
    return {
        "accuracy": of.accuracy and {**vars(of.accuracy), "share": of.accuracy.share},
        "label_error": of.label_error and dict(vars(of.label_error)),
        "exactness": {**vars(of.exactness), "exact": of.exactness.exact},
    }


def _latency(record: Record) -> dict[str, Any] | None:
    latency = record.latency
    if latency is None:
        return None
    percentiles = {f"p{percent}_us": latency.percentile_us(percent) for percent in (50, 95, 99)}
    return {"samples_us": list(latency.samples_us), **percentiles}


def _cycles(cycles: Cycles) -> dict[str, Any]:
    return {
        "frame_foreseen": cycles.frame_predicted,
        "frame_counted": cycles.frame_counted,
        "latency_foreseen": cycles.latency_predicted,
        "latency_counted": cycles.latency_counted,
    }


def _layer(layer: LayerCycles) -> dict[str, Any]:
    return {"name": layer.name, "foreseen": layer.predicted, "counted": layer.counted}


def _modelled(energy: Modelled) -> dict[str, Any]:
    return {"joules": energy.joules, "method": energy.method}


def _energy(energy: Energy | Unavailable) -> dict[str, Any]:
    if isinstance(energy, Unavailable):
        return {"kind": "unavailable", "reason": energy.reason, "marked_frames": list(energy.marked_frames)}
    trace = energy.trace
    return {
        "kind": "measured",
        "sensor": {**vars(trace.sensor), "kind": trace.sensor.kind.value},
        "seconds": list(trace.seconds),
        "watts": list(trace.watts),
        "dropped": list(trace.dropped),
        "idle": _span(energy.idle),
        "busy": [_span(span) for span in energy.busy],
        "update_hz": trace.update_hz,
        "samples": energy.samples,
        "idle_w": energy.idle_w,
        "busy_w": _spread(energy.busy_w),
        "delta_w": energy.delta_w,
        "gross_j": _spread(energy.gross_j),
        "net_j": _spread(energy.net_j),
        "windows": [_power(power) for power in energy.powers],
        "notes": list(energy.notes),
    }


def _span(span: Span) -> dict[str, Any]:
    return {"start_s": span.start_s, "end_s": span.end_s, "frames": span.frames}


def _spread(spread: Spread) -> dict[str, Any]:
    return {"median": spread.median, "low": spread.low, "high": spread.high}


def _power(power: SpanPower) -> dict[str, Any]:
    return {"watts": power.watts, "joules": power.joules, "covered_s": power.covered_s, "samples": power.samples}


def _no_constant(name: str) -> float:
    raise RecordError(f"found {name} where a number belongs")


def _same(where: str, derived: Any, stored: Any) -> None:
    """Raise where `derived` is not what a record says of itself, which is `stored`."""
    if isinstance(derived, dict) and isinstance(stored, Mapping):
        for key in sorted({*derived, *stored}):
            if key not in derived or key not in stored:
                raise RecordError(f"{where} {'lacks' if key in derived else 'has an unknown'} '{key}'")
            _same(f"{where}.{key}", derived[key], stored[key])
    elif isinstance(derived, list) and isinstance(stored, list) and len(derived) == len(stored):
        for index, (a, b) in enumerate(zip(derived, stored)):
            _same(f"{where}[{index}]", a, b)
    elif isinstance(derived, float) and isinstance(stored, (int, float)):
        slack = SAME * abs(derived) + 1e-15
        if isinstance(stored, bool) or not derived - slack <= stored <= derived + slack:
            raise _edited(where, f"{derived:.9g}", stored)
    elif derived != stored or isinstance(derived, bool) != isinstance(stored, bool):
        raise _edited(where, str(derived), stored)


def _edited(where: str, derived: str, stored: Any) -> RecordError:
    return RecordError(
        f"{where} is {repr(stored)[:60]} in the file and {derived[:60]} from the rest of it; was it edited?"
    )
