"""The page of a record and of two: sound XML, nothing from outside, every text escaped, readable in both themes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import records
from shiftwire.figures import figure
from shiftwire.record_charts import latency_histogram, pieces, power_chart, spaced, speed_chart, thinned, ticks
from shiftwire.record_html import DARK, LIGHT, RULES, compare_html, record_html
from shiftwire.record_rows import Pair, pairs_of, rows_of
from shiftwire.report_html import VIEWPORT
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace
from shiftwire_boards.runtime.record import Accuracy, Exactness, Identity, Latency, LayerCycles, Record

MEASURED, SIMULATED = records.measured(), records.simulated()
ODD = "<script>&\"'\x00\x1b\ud800]]>https://odd"


def odd() -> Record:
    """A record whose every text tries to break out of the page."""
    energy = MEASURED.energy
    assert isinstance(energy, Energy)
    trace = replace(energy.trace, sensor=replace(energy.trace.sensor, name=ODD, point=ODD), dropped=(ODD,))
    return replace(
        MEASURED,
        identity=replace(MEASURED.identity, model=ODD, board=ODD),
        energy=replace(energy, trace=trace),
        layers=(LayerCycles(ODD, 1.0, None), LayerCycles("long" * 30, 0.0)),
        software=((ODD, ODD),),
        notes=(ODD,),
    )


PAGES = {
    "measured": record_html(MEASURED),
    "simulated": record_html(SIMULATED),
    "odd": record_html(odd()),
    "pair": compare_html(MEASURED, SIMULATED),
    "odd pair": compare_html(odd(), replace(odd(), energy=Unavailable(ODD))),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_and_alone(name: str) -> None:
    page = PAGES[name]
    root = ElementTree.fromstring(page)
    assert root.tag == "html"
    tags = {element.tag for element in root.iter()}
    assert not tags & {"script", "link", "img", "iframe", "object", "a", "image", "use"}
    for element in root.iter():
        values = " ".join(element.attrib.values())
        assert not re.search("http|url|javascript", values, re.IGNORECASE), values
        assert not any(key.startswith("on") or key in ("src", "href") for key in element.attrib)
    assert not re.search(r"http|url\(|@import", "".join(style.text or "" for style in root.iter("style")))
    assert page.encode("utf-8") and VIEWPORT in page
    for number in re.findall(r'(?:x|y|x1|x2|y1|y2|width|height|points)="([^"]*)"', page):
        assert all(0 <= float(part) <= 4000 for part in re.split("[ ,]", number)), number


def text_of(page: str) -> str:
    return " ".join("".join(ElementTree.fromstring(page).itertext()).split())


def test_it_says_in_large_letters_what_it_is() -> None:
    for record, words in ((MEASURED, "MEASURED on kv260"), (SIMULATED, "SIMULATED, no kv260 was used")):
        badge = next(p for p in ElementTree.fromstring(record_html(record)).iter("p"))
        assert badge.attrib["class"] == f"badge {record.identity.badge.value}"
        assert badge.text == words
    assert ".badge { font-size: 2.1em" in PAGES["measured"]
    assert "MEASURED" not in PAGES["simulated"]
    assert "SIMULATED" not in PAGES["measured"]
    assert "One was measured, the other simulated" in PAGES["pair"]


def test_what_the_page_tells() -> None:
    text = text_of(PAGES["measured"])
    for words in (
        "bit-exact: 100,000 codes compared, none differs", "12,000 (wall time)", "97.81% (9,781 of 10,000)",
        "199.998 MHz", "ina260_u14 (hwmon) at 5 V input of the module",
        "energy an inference, gross449.6 uJ (windows 448.1 to 450.4)",
        "energy an inference, MODELLED0.31 uJ, not measured: operations times", "Latency of 500 single frames",
        "1,001 counted, 1,000 foreseen", "fan at full speed", "pynq 3.1.2", "The axis does not start at 0.",
        "dropped 8 of 3700 samples: a short spike", "Where the time went, s",
    ):  # fmt: skip
        assert words in text, words
    text = text_of(PAGES["simulated"])
    assert "unavailable: a simulated board has no sensor" in text
    assert "12,075.5 (cycles over an assumed clock)" in text
    assert PAGES["simulated"].count("<svg") == 0
    assert PAGES["measured"].count("<svg") == 5
    assert record_html(MEASURED) == PAGES["measured"]


@pytest.mark.parametrize(
    ("exactness", "words", "kind"),
    [
        (Exactness(100, 3), "NOT bit-exact: 3 of 100 codes differ", "wrong"),
        (Exactness(0, 0), "nothing was compared, so nothing is shown", "note"),
        (Exactness(100, 0), "bit-exact: 100 codes compared, none differs", "exact"),
    ],
)
def test_exactness_is_said_plainly(exactness: Exactness, words: str, kind: str) -> None:
    assert f'<p class="{kind}">{words}</p>' in record_html(replace(SIMULATED, exactness=exactness))


def by_head(left: Record, right: Record) -> dict[str, Pair]:
    return {pair.head: pair for pair in pairs_of(left, right)}


def test_ratios() -> None:
    twice = replace(
        MEASURED,
        speed=replace(MEASURED.speed, frames=2 * MEASURED.speed.frames),
        accuracy=Accuracy(9_500, 10_000),
        latency=Latency((46.01,)),
    )
    pairs = by_head(MEASURED, twice)
    assert pairs["frames/s"].ratio == "2"
    assert pairs["latency of a single frame, p50"].ratio == "0.5"
    assert pairs["accuracy"].ratio == f"{9500 / 9781:.4g}"
    assert pairs["energy an inference, gross"].ratio == "1"
    assert pairs["model"].ratio == ""


def test_no_ratio_across_unlike_things() -> None:
    assert isinstance(MEASURED.energy, Energy)
    plug = replace(MEASURED.energy.trace.sensor, point="230 V plug")
    other = replace(MEASURED, energy=replace(MEASURED.energy, trace=replace(MEASURED.energy.trace, sensor=plug)))
    other = replace(other, accuracy=Accuracy(97, 100))
    pairs = by_head(MEASURED, other)
    assert pairs["energy an inference, gross"].ratio == "none: 5 V input of the module against 230 V plug"
    for head in ("energy an inference, net of idle", "power, busy less idle", "power, idle with the overlay loaded"):
        assert pairs[head].ratio.startswith("none:"), head
    assert pairs["accuracy"].ratio == "none: 10,000 labels against 100 labels"
    pairs = by_head(MEASURED, SIMULATED)
    assert pairs["frames/s"].ratio == "none: wall time against cycles over an assumed clock"
    assert pairs["cycles a frame, counted"].ratio == "1"
    assert pairs["energy an inference, net of idle"] == Pair(
        "energy an inference, net of idle", rows_text(MEASURED, "energy an inference, net of idle"), "not taken", ""
    )
    assert [pair.head for pair in pairs_of(SIMULATED, MEASURED)][-1] == "energy an inference, MODELLED"


def rows_text(record: Record, head: str) -> str:
    return next(row.text for row in rows_of(record) if row.head == head)


def test_an_energy_never_stands_without_its_sensor() -> None:
    heads = [row.head for row in rows_of(MEASURED)]
    assert heads.index("power sensor") - heads.index("energy an inference, gross") == 2
    assert not [row for row in rows_of(SIMULATED) if "uJ" in row.text]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """WCAG 2.1's contrast ratio."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_both_themes_are_readable(theme: dict[str, str]) -> None:
    for name in ("text", "soft", "good", "bad", "warn", "accent"):
        assert contrast(theme[name], theme["page"]) >= 4.5, name
    for ground in ("idle", "busy"):
        assert contrast(theme["accent"], theme[ground]) >= 3, ground
    for bar in (theme["faint"], theme["accent"], "#3b78b5"):
        assert contrast(bar, theme["page"]) >= 2.5, bar
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_is_a_theme_s() -> None:
    assert set(re.findall(r"var\(--(\w+)\)", RULES)) == set(LIGHT) == set(DARK)
    assert "#" not in RULES
    for theme in (LIGHT, DARK):
        for name, value in theme.items():
            assert f"--{name}: {value};" in PAGES["measured"]


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
    for words in ("1,234,567", "p99 234,568 us", "12,345,679 counted, 12,345,678 foreseen"):
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


def test_layers_that_nobody_counted_are_foreseen() -> None:
    layers = tuple(replace(layer, counted=None) for layer in records.measured().layers)
    page = record_html(replace(records.measured(), layers=layers))
    assert "Cycles per layer, foreseen" in page and "counts whole frames alone" in page
    assert "against prediction" in record_html(records.measured())
