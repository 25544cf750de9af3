"""The charts of a record: nothing is lost, nothing is drawn that nobody saw, no label lies on another."""

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from pages import MEASURED, PAGES, SIMULATED, text_of
from shiftwire.reports.records.charts import latency_histogram, pieces, power_chart, spaced, speed_chart, thinned, ticks
from shiftwire.reports.records.page import record_html
from shiftwire.reports.table import figure
from shiftwire_boards.runtime.energy.result import Energy
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace
from shiftwire_boards.runtime.record import Identity, Latency, LayerCycles


def bars_of(svg: str) -> Iterator[tuple[float, float]]:
    for rect in ElementTree.fromstring(svg).iter("rect"):
        if rect.attrib["class"] == "bar":
            yield float(rect.attrib["x"]), float(rect.attrib["height"])


def test_the_histogram_counts_every_frame() -> None:
    svg = latency_histogram(Latency((*[10.0] * 300, *[20.0] * 100, 5000.0)))
    heights = [height for _, height in bars_of(svg)]
    assert len(heights) == 3
    assert heights[1] / heights[0] == pytest.approx(1 / 3, abs=0.01)
    assert heights[2] / heights[0] == pytest.approx(1 / 300, abs=0.001)
    assert len(list(bars_of(latency_histogram(Latency((7.0,)))))) == 1


def test_equal_latencies_are_a_sentence() -> None:
    """A simulated board takes the same for every frame, but for the last bit of a float."""
    page = record_html(replace(SIMULATED, latency=Latency((40.75, 40.75, 40.7500000001))))
    assert "Latency of 3 single frames Every one took 40.75 us." in text_of(page)
    assert "<svg" not in page
    assert "Every one" not in record_html(replace(SIMULATED, latency=Latency((40.75, 40.76))))


def test_simulated_seconds_are_named_once_above_all() -> None:
    words = "Every second on this page is cycles over the clock that was asked for."
    assert words in text_of(PAGES["simulated"]) and words not in text_of(PAGES["measured"])


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([100, 300, 500], [100, 300, 500]),
        ([100, 110, 120], [100, 200, 300]),
        ([10, 20, 600], [50, 150, 600]),
        ([640, 660, 690], [500, 600, 700]),
        ([60, 690, 690], [60, 600, 700]),
    ],
)
def test_labels_do_not_lie_on_each_other(wanted: list[float], places: list[float]) -> None:
    assert spaced(wanted, 50, 800, 100) == places


@pytest.mark.parametrize(("last", "unit"), [(30.0, "s"), (0.0036, "ms"), (2e-5, "us"), (3e-11, "ns")])
def test_a_rate_holds_since_the_point_before(last: float, unit: str) -> None:
    svg = ElementTree.fromstring(speed_chart(((last / 2, 50.0), (last, 100.0))))
    (line,) = svg.iter("polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    left, middle, right = 64, 404, 744
    assert [x for x, _ in points] == [left, middle, middle, right]
    assert points[0][1] == points[1][1] > points[2][1] == points[3][1]
    assert unit in [text.text for text in svg.iter("text")]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234567, 6, "1,234,567"),
        (999999.7, 6, "1,000,000"),
        (123456.7, 6, "123,457"),
        (12345.67, 6, "12,345.7"),
        (44190.3, 4, "44,190"),
        (449.64, 4, "449.6"),
        (0.0027, 6, "0.0027"),
        (0, 6, "0"),
        (-2e6, 6, "-2,000,000"),
    ],
)
def test_no_number_has_an_exponent(value: float, digits: int, text: str) -> None:
    assert figure(value, digits) == text


def test_large_numbers_of_a_record() -> None:
    slow = replace(
        MEASURED, latency=Latency((123456.0, 234567.8)), layers=(LayerCycles("conv", 12345678.0, 12345679.0),)
    )
    page = record_html(replace(slow, cycles=replace(MEASURED.cycles, frame_counted=1234567.0)))
    text = text_of(page)
    for words in ("1,234,567", "p99 234,568 us", "12,345,679 counted, 12,345,678 predicted"):
        assert words in text
    assert "e+0" not in text


def test_the_power_chart_marks_the_windows() -> None:
    """A monotonic clock starts anywhere; the chart starts at its trace."""
    assert isinstance(MEASURED.energy, Energy)
    energy, later = MEASURED.energy, 9000.0
    idle, *busy = (
        replace(window, start_s=window.start_s + later, end_s=window.end_s + later)
        for window in (energy.idle, *energy.busy)
    )
    seconds = tuple(t + later for t in energy.trace.seconds)
    svg = power_chart(Energy(replace(energy.trace, seconds=seconds), idle, tuple(busy)))
    rects = list(ElementTree.fromstring(svg).iter("rect"))
    drawn = {kind: [rect for rect in rects if rect.attrib["class"] == kind] for kind in ("idle", "busy")}
    scale = (760 - 64 - 16) / (seconds[-1] - seconds[0])
    assert len(drawn["idle"]) == 1
    for rect, window in zip(drawn["busy"], busy, strict=True):
        assert float(rect.attrib["x"]) == pytest.approx(64 + (window.start_s - seconds[0]) * scale, abs=0.06)
        assert float(rect.attrib["width"]) == pytest.approx(window.seconds * scale, abs=0.06)


def test_no_line_is_drawn_over_a_gap() -> None:
    assert list(pieces((0, 1, 2, 9, 10), (5, 6, 7, 8, 9), 1.5)) == [[(0, 5), (1, 6), (2, 7)], [(9, 8), (10, 9)]]


def test_thinning_keeps_the_extremes() -> None:
    points = [(i / 1000, float((i * 7919) % 1000)) for i in range(3000)]
    kept = thinned(points)
    assert len(kept) <= 3 * 4
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert {y for _, y in kept} >= {0.0, 999.0}
    assert kept == sorted(kept)


def test_flat_and_tiny_charts() -> None:
    """A line without a slope, a first point at 0 and rates of 0 divide by nothing."""
    for over_time in (((0.0, 0.0),), ((0.0, 5.0), (1e-6, 5.0)), ((1e6, 1e9),)):
        ElementTree.fromstring(speed_chart(over_time))
    t = tuple(float(i) for i in range(100))
    trace = Trace(SensorDescription("flat", SensorKind.FILE, "plug", most_w=5), t, (0.0, 0.0, 0.0, 0.1, 0.0) * 20)
    energy = replace(MEASURED.energy, trace=trace) if isinstance(MEASURED.energy, Energy) else None
    assert energy is not None
    ElementTree.fromstring(power_chart(energy))
    page = record_html(replace(MEASURED, energy=energy, identity=Identity("m", "0" * 64, "b", MEASURED.identity.badge)))
    assert "The axis does not start at 0." not in page
    assert "busy is not above idle" in page


@pytest.mark.parametrize("low, high", [(0, 1), (4.6, 5.5), (0, 13_000), (82.1, 183.7), (0, 1e-7), (1e6, 1e6 + 3)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 10
    assert low - 1e-6 * (high - low) <= found[0] < found[-1] <= high + 1e-6 * (high - low)
