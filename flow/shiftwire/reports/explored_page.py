"""The front of a search as one HTML file that needs nothing else: plots, and a table with what builds each point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import inf
from typing import Any

from shiftwire.reports.html import STYLE, VIEWPORT, chart
from shiftwire.reports.plots import axes, svg

Data = Mapping[str, Any]
"""What explore writes: docs/files.md."""
NANOSECONDS = 1e9
"""A second."""
COLUMNS = (
    "pick",
    "loss %",
    "frames/s",
    "LUT",
    "LUT, nine in ten",
    "BRAM36",
    "DSP",
    "latency",
    "energy, nJ",
    "exact file",
)
PLAIN = """
.wide table { min-width: 720px; } td.number { white-space: nowrap; }
details code { display: block; max-width: 46em; overflow-wrap: anywhere; }
"""


def explored_html(data: Data, front: str) -> str:
    """Text of the page; `front` is the file that `convert --from` reads. The same search gives the same bytes."""
    return "\n".join(_lines(data, front)) + "\n"


def _lines(data: Data, front: str) -> Iterator[str]:
    name, board = escape(data["model"]), data["board"]
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">{VIEWPORT}'
    yield f"<title>{name} explored</title>\n<style>{STYLE}{PLAIN}</style>\n</head>\n<body>\n<h1>{name} explored</h1>"
    yield (
        f"<p>{data['trials']} trials for {escape(board['title'])} ({escape(board['part'])}), {data['clock_ns']:g} ns; "
        f"{data['scored']} of them scored on all {data['samples']} samples. Loss: {escape(data['measure'])}, of the "
        "exact network. LUT, BRAM36, frames/s, latency and energy are modelled.</p>"
    )
    rate = f"{NANOSECONDS / (data['clock_ns'] * data['cycles']):,.0f} frames/s"
    yield chart(f"Loss against LUT at {rate}", _loss_plot(data, rate))
    yield chart("Frames a second against LUT", _speed_plot(data))
    command = escape(f"shiftwire convert --from {front} --pick N")
    yield f"<h2>The front</h2>\n<p>Build a point by <code>{command}</code>.</p>"
    yield '<div class="wide"><table>'
    yield f"<tr>{''.join(f'<th>{escape(column)}</th>' for column in COLUMNS)}</tr>"
    yield from (_row(data, point) for point in data["points"])
    yield "</table></div>\n</body>\n</html>"


def _loss_plot(data: Data, rate: str) -> str:
    """All trials by family at one rate, and the line that none is below."""
    figure, plot = axes(f"LUT of layers at {rate}, as the schedule counts them", data["measure"])
    families = sorted({trial["family"] for trial in data["tried"]})
    for family in families:
        own = [trial for trial in data["tried"] if trial["family"] == family and trial["lut"] is not None]
        luts, losses = [trial["lut"] for trial in own], [trial["loss"] for trial in own]
        plot.scatter(luts, losses, s=14, alpha=0.7, label=family)
    line = _staircase(data)
    plot.plot([lut for lut, _ in line], [loss for _, loss in line], color="#444444", linewidth=1)
    plot.legend(title="most layers are", fontsize=8, title_fontsize=8)
    return svg(figure, "loss against LUT")


def _staircase(data: Data) -> Sequence[tuple[float, float]]:
    """Corners of the least loss of trials that were scored on all samples, by LUTs."""
    best: float = inf
    line: list[tuple[float, float]] = []
    whole = [each for each in data["tried"] if each["samples"] == data["samples"] and each["lut"] is not None]
    for lut, loss in sorted((each["lut"], each["loss"]) for each in whole):
        if loss < best:
            line += [(lut, best), (lut, loss)] if line else [(lut, loss)]
            best = loss
    return line


def _speed_plot(data: Data) -> str:
    """Points of the front, coloured by loss."""
    figure, plot = axes("LUT, predicted", "frames/s")
    points = data["points"]
    luts = [point["predicted_lut"]["lut"] for point in points]
    speeds = [point["frames_per_second"] for point in points]
    drawn = plot.scatter(luts, speeds, c=[point["loss"] for point in points], s=26, cmap="viridis")
    plot.set_yscale("log")
    for point, lut, speed in zip(points, luts, speeds, strict=True):
        plot.annotate(point["name"], (lut, speed), fontsize=7, xytext=(3, 3), textcoords="offset points")
    figure.colorbar(drawn, label=data["measure"])
    return svg(figure, "frames a second against LUT")


def _row(data: Data, point: Data) -> str:
    predicted = point["predicted_lut"]
    numbers = (
        point["name"],
        f"{point['loss']:.2f}",
        f"{point['frames_per_second']:,.0f}",
        f"{predicted['lut']:,}",
        f"{predicted['least']:,} to {predicted['most']:,}",
        f"{point['bram36'] + point['fifo_bram36']:g}",
        f"{point['dsp']:,}",
        f"{point['latency_cycles']:,}",
        f"{point['energy_pj'] / 1000:,.1f}",
    )
    command = (
        f"shiftwire quantize {data['model']} --calibrate {data['calibrate']} {point['quantize']} -o {point['model']}"
    )
    cells = "".join(f'<td class="number">{escape(text)}</td>' for text in numbers)
    file = f"<details><summary>{escape(point['model'])}</summary><code>{escape(command)}</code></details>"
    return f"<tr>{cells}<td>{file}</td></tr>"
