"""A record of a measurement as one HTML file that needs nothing else, and two records side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape

from shiftwire.reports.html import STYLE, VIEWPORT, bars, chart
from shiftwire.reports.records.charts import latency_histogram, layer_chart, power_chart, speed_chart
from shiftwire.reports.records.rows import badge_text, exactness_text, pairs_of, rows_of
from shiftwire.reports.table import figure
from shiftwire_boards.runtime.energy.result import Energy
from shiftwire_boards.runtime.record import Badge, Latency, Record

LIGHT = {
    "page": "#ffffff", "text": "#222222", "soft": "#555555", "accent": "#2a659f", "faint": "#8fa3b5",
    "idle": "#dde3e8", "busy": "#fbe3bd", "good": "#1d6b2f", "bad": "#b3261e", "warn": "#8a4b00",
}  # fmt: skip
DARK = {
    "page": "#16191d", "text": "#e6e6e6", "soft": "#b0b6bd", "accent": "#6fb1f0", "faint": "#75879a",
    "idle": "#2b3138", "busy": "#4d3a17", "good": "#74cf8a", "bad": "#ff8a80", "warn": "#ffb95e",
}  # fmt: skip
"""Colours of the two themes by the same names."""
RULES = """
body { background: var(--page); color: var(--text); } svg text { fill: var(--text); }
td, th { text-align: left; overflow-wrap: anywhere; }
.pairs { min-width: 38em; }
.facts th, .pairs td, .pairs th { padding-right: 1.4em; } th[scope] { border: 0; color: var(--soft); font-weight: 400; }
.badge { font-size: 2.1em; font-weight: 800; line-height: 1.2; margin: .2em 0; } .note { color: var(--soft); }
.measured, .exact { color: var(--good); } .simulated { color: var(--warn); } .wrong { color: var(--bad); }
.exact, .wrong { font-weight: 700; } .plot { fill: none; stroke: var(--accent); stroke-width: 1.3; }
.bar { fill: var(--accent); } .faint { fill: var(--faint); } .idle { fill: var(--idle); } .busy { fill: var(--busy); }
.grid { stroke: var(--soft); stroke-opacity: .25; } .mark { stroke: var(--warn); stroke-dasharray: 4 3; }
.key { stroke: var(--soft); }
"""
SAME = 1e-6
"""Simulated seconds are sums of floats."""

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML text may hold."""


def record_html(record: Record) -> str:
    """Text of the file; the same record gives the same bytes."""
    return _page(record.identity.model, _record_lines(record))


def compare_html(left: Record, right: Record) -> str:
    """Both records' rows with right over left; no ratio is told across measuring points, clocks or label counts."""
    return _page(f"{left.identity.model} and {right.identity.model}", _compare_lines(left, right))


def _page(title: str, lines: Iterator[str]) -> str:
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n{VIEWPORT}\n<title>{_text(title)}</title>'
    )
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {_colours(DARK)} }} }}"
    style = f"<style>{STYLE}:root {{ color-scheme: light dark; {_colours(LIGHT)} }}\n{dark}{RULES}</style>"
    body = "\n".join(lines)
    return f"{head}\n{style}\n</head>\n<body>\n{body}\n<p class='note'>Written by shiftwire.</p>\n</body>\n</html>\n"


def _colours(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def _record_lines(record: Record) -> Iterator[str]:
    yield _badge(record)
    yield f"<h1>{_text(record.identity.model)}</h1>"
    yield f'<p class="{_exactness_class(record)}">{_text(exactness_text(record))}</p>'
    if record.identity.badge is Badge.SIMULATED:
        yield '<p class="note">Every second on this page is cycles over the clock that was asked for.</p>'
    yield '<div class="wide">\n<table class="facts">'
    for row in rows_of(record):
        yield f'<tr><th scope="row">{_text(row.head)}</th><td>{_text(row.text)}</td></tr>'
    yield "</table>\n</div>"
    yield from _charts(record)
    yield from _list("Software", [f"{name} {version}" for name, version in record.software])
    yield from _list("Notes", record.notes)


def _charts(record: Record) -> Iterator[str]:
    if record.latency is not None:
        yield _latency(record.latency)
    if record.speed.over_time:
        yield chart("Frames a second over time", speed_chart(record.speed.over_time))
    if isinstance(record.energy, Energy):
        sensor = record.energy.trace.sensor
        yield chart(f"Power: {_text(sensor.name)} at {_text(sensor.point)}", power_chart(record.energy))
        yield '<p class="note">The axis does not start at 0.</p>' if min(record.energy.trace.watts) > 0 else ""
        yield from _list("What to know of this power", record.energy.notes)
    if record.layers:
        layers = [replace(layer, name=CONTROLS.sub("\ufffd", layer.name)) for layer in record.layers]
        is_counted = any(layer.counted is not None for layer in layers)
        yield chart(f"Cycles per layer{' against prediction' if is_counted else ', predicted'}", layer_chart(layers))
        yield "" if is_counted else '<p class="note">The logic counts whole frames alone.</p>'
    if record.time_split is not None:
        split = record.time_split
        parts = [("fabric", split.fabric_s), ("DMA", split.dma_s), ("Python", split.python_s)]
        yield chart("Where the time went, s", bars(parts, "seconds"))


def _latency(latency: Latency) -> str:
    """A simulated board takes the same for every frame: that is no histogram."""
    count, least, most = len(latency.samples_us), min(latency.samples_us), max(latency.samples_us)
    title = f"Latency of {count:,} single frames"
    if most - least <= SAME * most:
        return f"<h2>{title}</h2>\n<p>Every one took {figure(least)} us.</p>"
    return chart(title, latency_histogram(latency))


def _compare_lines(left: Record, right: Record) -> Iterator[str]:
    yield _badge(left)
    yield _badge(right)
    yield f"<h1>{_text(left.identity.model)} and {_text(right.identity.model)}</h1>"
    if left.identity.badge is not right.identity.badge:
        yield "<p>One was measured, the other simulated: their seconds are not of one kind.</p>"
    yield '<div class="wide">\n<table class="pairs">'
    names = [f"{side}: {record.identity.badge.value}" for side, record in (("left", left), ("right", right))]
    yield f"<tr>{''.join(f'<th>{_text(name)}</th>' for name in ('', *names, 'right / left'))}</tr>"
    for pair in pairs_of(left, right):
        cells = "".join(f"<td>{_text(cell)}</td>" for cell in (pair.left, pair.right, pair.ratio))
        yield f'<tr><th scope="row">{_text(pair.head)}</th>{cells}</tr>'
    yield "</table>\n</div>"


def _badge(record: Record) -> str:
    return f'<p class="badge {record.identity.badge.value}">{_text(badge_text(record))}</p>'


def _exactness_class(record: Record) -> str:
    if record.exactness.exact:
        return "exact"
    return "wrong" if record.exactness.different else "note"


def _list(title: str, texts: tuple[str, ...] | list[str]) -> Iterator[str]:
    if texts:
        yield f"<h2>{title}</h2>\n<ul>{''.join(f'<li>{_text(text)}</li>' for text in texts)}</ul>"


def _text(text: str) -> str:
    return escape(CONTROLS.sub("\ufffd", text))
