"""The page of a record and of two: sound XML, nothing from outside, every text escaped, readable in both themes."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import records
from pages import MEASURED, PAGES, SIMULATED, text_of
from shiftwire.reports.html import VIEWPORT
from shiftwire.reports.records.page import DARK, LIGHT, RULES, record_html
from shiftwire.reports.records.rows import Pair, pairs_of, rows_of
from shiftwire_boards.runtime.energy.result import Energy
from shiftwire_boards.runtime.record import Accuracy, Exactness, Latency, Record


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
        "energy an inference, gross449.6 uJ (spans 448.1 to 450.4)",
        "energy an inference, MODELLED0.31 uJ, not measured: operations times", "Latency of 500 single frames",
        "1,001 counted, 1,000 predicted", "fan at full speed", "pynq 3.1.2", "The axis does not start at 0.",
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


def test_layers_that_nobody_counted_are_predicted() -> None:
    layers = tuple(replace(layer, counted=None) for layer in records.measured().layers)
    page = record_html(replace(records.measured(), layers=layers))
    assert "Cycles per layer, predicted" in page and "counts whole frames alone" in page
    assert "against prediction" in record_html(records.measured())
