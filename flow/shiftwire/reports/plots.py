"""Plots by matplotlib as SVG within a page: letters stay letters, and the same data gives the same bytes."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

from shiftwire.errors import ToolError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES = (7.6, 3.8)
"""Of a plot at 100 pixels an inch."""
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial"],
    "font.size": 10,
    "svg.fonttype": "none",
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def axes(x: str, y: str) -> tuple[Figure, Axes]:
    """An empty plot with the names of its axes; raises ToolError where matplotlib is not installed."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context(STYLE):
        figure = import_module("matplotlib.figure").Figure(figsize=SIZE_INCHES, layout="constrained")
        plot = figure.subplots()
        plot.set_xlabel(x)
        plot.set_ylabel(y)
    return figure, plot


def svg(figure: Figure, title: str) -> str:
    """The element alone; `title` is what screen readers say, and tells apart the names inside of two plots."""
    matplotlib, text = _matplotlib(), io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": title}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Title": title})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :].rstrip()


def _matplotlib() -> Any:
    try:
        return import_module("matplotlib")
    except ImportError:
        raise ToolError("found no matplotlib, wanted it for plots; run: pip install 'shiftwire[explore]'") from None
