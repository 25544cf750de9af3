"""Charts of a record as inline SVG: colours are classes, so that a page's theme sets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from shiftwire.reports.html import WIDTH
from shiftwire.reports.table import figure
from shiftwire_boards.runtime.energy.result import Energy
from shiftwire_boards.runtime.record import Latency, LayerCycles

HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 240, 64, 16, 34, 40
"""Of a chart with axes, in pixels: the whole, and what lies around the plot."""
BINS = 40
LABEL_ROOM = 110
LAYER_ROW, NAME_END, BAR_START, BAR_ROOM = 30, 184, 190, 270
SECONDS = ((1.0, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns"))
"""How often a unit of time goes into a second."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plot:
    """Two axes; every number is in the units of the data."""

    x: Point
    y: Point
    x_unit: str
    y_unit: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def drawn(self, title: str, parts: Sequence[str]) -> str:
        """The whole picture: what `parts` show between the grid and the axes' numbers."""
        head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" aria-label="{escape(title)}">'
        return "\n".join([head, *self._grid(), *parts, *self._numbers(), "</svg>"])

    def box(self, kind: str, x: Point, y: Point) -> str:
        """A rectangle between two values on each axis; borders of the plot cut it."""
        (left, low), (right, high) = self.at(max(x[0], self.x[0]), y[0]), self.at(min(x[1], self.x[1]), y[1])
        return rectangle(kind, left, high, max(right - left, 0), low - high)

    def line(self, points: Sequence[Point]) -> str:
        """A polyline through pixels, as `at` gives them."""
        return f'<polyline class="plot" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'

    def _grid(self) -> Iterator[str]:
        for value in ticks(*self.y):
            y = self.at(self.x[0], value)[1]
            yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'

    def _numbers(self) -> Iterator[str]:
        for value in ticks(*self.y):
            y = self.at(self.x[0], value)[1]
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{figure(value)}</text>'
        for value in ticks(*self.x):
            x = self.at(value, self.y[0])[0]
            yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{figure(value)}</text>'
        yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(self.x_unit)}</text>'
        yield f'<text x="4" y="14">{escape(self.y_unit)}</text>'


def ticks(low: float, high: float) -> tuple[float, ...]:
    """Four to eight round values from low to high, in steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 8
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    return tuple(round(i * step, 12) for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1))


def latency_histogram(latency: Latency) -> str:
    """Frames over their latency with the percentiles marked; what lies far above p99 is counted in the last bar."""
    samples, p99 = latency.samples_us, latency.percentile_us(99)
    low = min(samples)
    high = max(p99 + 0.15 * (p99 - low), low * 1.01)
    counts = [0] * BINS
    for sample in samples:
        counts[min(int((sample - low) / (high - low) * BINS), BINS - 1)] += 1
    width = (high - low) / BINS
    plot = Plot((low, high), (0, max(counts) * 1.05), "us; the last bar holds all above", "frames")
    parts = [
        plot.box("bar", (low + i * width, low + (i + 0.9) * width), (0, count))
        for i, count in enumerate(counts)
        if count
    ]
    marks = [(percent, latency.percentile_us(percent)) for percent in (50, 95, 99)]
    places = spaced([plot.at(value, 0)[0] - 40 for _, value in marks], LEFT, WIDTH, LABEL_ROOM)
    for (percent, value), place in zip(marks, places, strict=True):
        x, bottom = plot.at(value, 0)
        parts.append(f'<line class="mark" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom:.1f}"/>')
        parts.append(f'<text x="{place:.1f}" y="{TOP - 10}">p{percent} {figure(value, 5)} us</text>')
    return plot.drawn("latency histogram", parts)


def spaced(wanted: Sequence[float], low: float, high: float, room: float) -> list[float]:
    """Places in the same order, as near to those wanted (rising) as `room` for each between low and high allows."""
    places: list[float] = []
    for want in wanted:
        places.append(max(want, places[-1] + room if places else low))
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], high - room)
        high = places[at]
    return places


def speed_chart(over_time: Sequence[Point]) -> str:
    """Frames a second over the run, from 0: each rate holds since the point before."""
    most, last = max(fps for _, fps in over_time) or 1.0, over_time[-1][0] or 1.0
    times, unit = next((pair for pair in SECONDS if last * pair[0] >= 1), SECONDS[-1])
    plot = Plot((0, last * times), (0, most * 1.1), unit, "frames/s")
    starts = [0.0, *(time for time, _ in over_time)]
    steps = [(time, fps) for start, (end, fps) in zip(starts, over_time, strict=False) for time in (start, end)]
    return plot.drawn("frames a second over time", [plot.line([plot.at(time * times, fps) for time, fps in steps])])


def power_chart(energy: Energy) -> str:
    """Watts over time with the idle and the busy spans behind them; the axis starts below the lowest sample."""
    trace = energy.trace
    start, low, high = trace.seconds[0], min(trace.watts), max(trace.watts)
    room = max(high - low, 0.05 * high, 1e-6)
    plot = Plot(
        (0, trace.seconds[-1] - start), (max(low - room * 0.3, 0), high + room * 0.15), f"s after {start:.3f} s", "W"
    )
    parts = [
        plot.box(kind, (span.start_s - start, span.end_s - start), plot.y)
        for kind, span in (("idle", energy.idle), *(("busy", span) for span in energy.busy))
    ]
    known = pieces(trace.seconds, trace.watts, trace.gap_limit_s)
    parts += [plot.line(thinned([plot.at(t - start, watts) for t, watts in piece])) for piece in known]
    parts += [*_key("idle key", LEFT + 40, "idle span"), *_key("busy key", LEFT + 170, "busy spans")]
    return plot.drawn("power over time with its spans", parts)


def pieces(seconds: Sequence[float], watts: Sequence[float], gap_s: float) -> Iterator[list[Point]]:
    """The trace cut at its gaps, so that no line is drawn where nobody looked."""
    piece = [(seconds[0], watts[0])]
    for i in range(1, len(seconds)):
        if seconds[i] - seconds[i - 1] > gap_s:
            yield piece
            piece = []
        piece.append((seconds[i], watts[i]))
    yield piece


def thinned(points: Sequence[Point]) -> list[Point]:
    """First, lowest, highest and last point of each pixel column: the same picture of fewer points."""
    columns: dict[int, list[Point]] = {}
    for point in points:
        columns.setdefault(int(point[0]), []).append(point)
    kept: list[Point] = []
    for column in columns.values():
        wanted = {0, len(column) - 1}
        wanted |= {pick(range(len(column)), key=lambda i: column[i][1]) for pick in (min, max)}
        kept += [column[i] for i in sorted(wanted)]
    return kept


def layer_chart(layers: Sequence[LayerCycles]) -> str:
    """Two bars a layer: predicted, and below it counted."""
    most = max(max(layer.predicted, layer.counted or 0) for layer in layers) or 1.0
    height = LAYER_ROW * len(layers) + 24
    drawn = [f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="cycles per layer">']
    drawn += _key("faint", BAR_START, "predicted")
    if any(layer.counted is not None for layer in layers):
        drawn += _key("bar", BAR_START + 110, "counted")
    for i, layer in enumerate(layers):
        y = 24 + LAYER_ROW * i
        name = layer.name if len(layer.name) <= 26 else f"{layer.name[:25]}…"
        label = f"{figure(layer.predicted)} predicted"
        drawn.append(f'<text x="{NAME_END}" y="{y + 17}" text-anchor="end">{escape(name)}</text>')
        drawn.append(_bar("faint", y + 3, layer.predicted / most))
        if layer.counted is not None:
            drawn.append(_bar("bar", y + 13, layer.counted / most))
            label = f"{figure(layer.counted)} counted, {label}"
        drawn.append(f'<text x="{BAR_START + BAR_ROOM + 8}" y="{y + 17}">{label}</text>')
    return "\n".join([*drawn, "</svg>"])


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    """In pixels, from the upper left corner."""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _key(kind: str, x: float, text: str) -> tuple[str, str]:
    return rectangle(kind, x, 5, 14, 14), f'<text x="{x + 20}" y="17">{text}</text>'


def _bar(kind: str, y: float, share: float) -> str:
    return rectangle(kind, BAR_START, y, max(share * BAR_ROOM, 1), 9)
