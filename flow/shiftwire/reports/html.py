"""The page of a project as one HTML file that needs nothing else: a table, and bars drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from shiftwire.reports.cost_text import ROOFLINE, roofline_table
from shiftwire.reports.summary import Page
from shiftwire.reports.table import figure
from shiftwire.reports.text import COLUMNS, cells, sentences

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }
h1 { font-size: 1.6em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; font-size: .9em; } th { text-align: left; border-bottom: 1px solid #888; }
th, td { padding: .15em .7em .15em 0; vertical-align: top; } td.number { text-align: right; }
.facts th { border: 0; padding-right: 1.4em; } .facts td { overflow-wrap: anywhere; } th.number { text-align: right; }
.wide { overflow-x: auto; } svg text { font: 12px system-ui, sans-serif; fill: #222; }
.wide svg { display: block; width: 100%; min-width: 600px; max-width: 760px; height: auto; }
"""
"""A chart on a telephone is scrolled: its letters would be too small to read."""

SMALL = 0.1
"""Below it two decimals say too little."""

VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
WIDTH, LABEL, VALUE, ROW = 760, 190, 90, 20
"""Of a chart, in pixels: the whole, the names, the numbers, and the height of a bar with its gap."""


def chart(title: str, svg: str) -> str:
    """A picture under its title, which is escaped already, in a box that scrolls where the page is narrow."""
    return f'<h2>{title}</h2>\n<div class="wide">\n{svg}\n</div>'


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
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}">{figure(value)}</text>'
        )
    return "\n".join([*drawn, "</svg>"])


def _lines(page: Page) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield VIEWPORT
    yield f"<title>{escape(page.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{escape(page.name)}</h1>\n<table class='facts'>"
    for head, text in sentences(page):
        yield f"<tr><th scope='row'>{escape(head)}</th><td>{escape(text)}</td></tr>"
    yield "</table>"
    evidence = escape(page.taken.value)
    built = [layer for layer in page.layers if layer.cycles]
    charts = (
        ("Cycles a frame", [(layer.name, float(layer.cycles or 0)) for layer in built]),
        (f"LUT ({evidence})", [(layer.name, float(layer.lut)) for layer in built]),
        ("Energy of arithmetic, nJ (modelled)", [(layer.name, layer.energy_pj / 1000) for layer in page.layers]),
    )
    for title, values in charts:
        yield chart(title, bars(values, title))
    yield f'<h2>Layers</h2>\n<p>LUT and BRAM36 are {evidence}.</p>\n<div class="wide">\n<table>'
    yield from _rows(COLUMNS, [cells(layer) for layer in page.layers])
    roofs = roofline_table(*page.rooflines)
    yield f'</table>\n</div>\n<h2>Roofline</h2>\n<p>{ROOFLINE}.</p>\n<div class="wide">\n<table>'
    yield from _rows(roofs.columns, roofs.rows)
    yield "</table>\n</div>\n<p>Written by shiftwire.</p>\n</body>\n</html>"


def _rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"<tr>{''.join(_head(name, [row[at] for row in rows]) for at, name in enumerate(columns))}</tr>"
    for row in rows:
        yield f"<tr>{''.join(map(_cell, row))}</tr>"


def _head(name: str, column: Sequence[object]) -> str:
    """The name of a column stands over its numbers."""
    kind = ' class="number"' if any(isinstance(value, (int, float)) for value in column) else ""
    return f"<th{kind}>{escape(name)}</th>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        is_small = 0 < value < SMALL
        return f'<td class="number">{format(value, ".2g" if is_small else ",.2f")}</td>'
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"
