"""The page of a project as one HTML file that needs nothing else: a table, and bars drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from shiftwire.report import Page
from shiftwire.report_text import COLUMNS, cells, sentences

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }
h1 { font-size: 1.6em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; font-size: .9em; } th { text-align: left; border-bottom: 1px solid #888; }
th, td { padding: .15em .7em .15em 0; vertical-align: top; } td.number { text-align: right; }
.wide { overflow-x: auto; } svg text { font: 12px system-ui, sans-serif; fill: #222; }
"""
WIDTH, LABEL, VALUE, ROW = 760, 190, 90, 20
"""Of a chart, in pixels: the whole, the names, the numbers, and the height of a bar with its gap."""


def page_html(page: Page) -> str:
    """Text of the file; the same page gives the same bytes."""
    return "\n".join(_lines(page)) + "\n"


def bars(values: Sequence[tuple[str, float]], unit: str) -> str:
    """A bar a name, as long as its value; longest names are cut."""
    most = max((value for _, value in values), default=0) or 1
    room = WIDTH - LABEL - VALUE
    title = escape(unit)
    drawn = [f'<svg viewBox="0 0 {WIDTH} {ROW * len(values)}" width="{WIDTH}" role="img" aria-label="{title}">']
    for at, (name, value) in enumerate(values):
        y, length = at * ROW, max(room * value / most, 1 if value else 0)
        short = name if len(name) <= 28 else f"{name[:27]}…"
        drawn.append(
            f'<text x="{LABEL - 6}" y="{y + 14}" text-anchor="end">{escape(short)}</text>'
            f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 6}" fill="#3b78b5"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}">{value:,.6g}</text>'
        )
    return "\n".join([*drawn, "</svg>"])


def _lines(page: Page) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f"<title>{escape(page.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{escape(page.name)}</h1>\n<table>"
    for head, text in sentences(page):
        yield f"<tr><th>{escape(head)}</th><td>{escape(text)}</td></tr>"
    yield "</table>"
    evidence = escape(page.taken.value)
    built = [layer for layer in page.layers if layer.cycles]
    charts = (
        ("Cycles a frame", [(layer.name, float(layer.cycles or 0)) for layer in built]),
        (f"LUT ({evidence})", [(layer.name, float(layer.lut)) for layer in built]),
        ("Energy of arithmetic, nJ (modelled)", [(layer.name, layer.energy_pj / 1000) for layer in page.layers]),
    )
    for title, values in charts:
        yield f"<h2>{title}</h2>\n{bars(values, title)}"
    yield f'<h2>Layers</h2>\n<p>LUT and BRAM36 are {evidence}.</p>\n<div class="wide">\n<table>'
    yield f"<tr>{''.join(f'<th>{escape(column)}</th>' for column in COLUMNS)}</tr>"
    for layer in page.layers:
        yield f"<tr>{''.join(map(_cell, cells(layer)))}</tr>"
    yield "</table>\n</div>\n<p>Written by shiftwire.</p>\n</body>\n</html>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{value:,.2f}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"
