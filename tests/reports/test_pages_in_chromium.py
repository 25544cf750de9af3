"""The HTML pages in a real browser: nothing on the console, nothing from the network, something to see."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import records
from explored_data import explored_data
from projects import conv_net
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.reports.explored_page import explored_html
from shiftwire.reports.html import page_html
from shiftwire.reports.records.page import compare_html, record_html
from shiftwire.reports.summary import page
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="found no chromium; apt-get install chromium")
OWN = "not an origin"
"""Whose requests are Chromium's, not a page's: it looks for updates of itself."""

WIDE, NARROW = 1100, 420
DARK = "--blink-settings=preferredColorScheme=0"


@dataclass(frozen=True)
class Seen:
    """Lines of the console, addresses that the page asked for, and the picture (height, width, 3)."""

    console: list[str]
    requests: list[str]
    picture: np.ndarray


def seen(text: str, folder: Path, width: int = WIDE, *options: str) -> Seen:
    """Open a page as a file; no name is resolved, so nothing leaves this machine."""
    file, log, shot = folder / "page.html", folder / "net.json", folder / "page.png"
    file.write_text(text, encoding="utf-8")
    command = [
        CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", f"--screenshot={shot}",
        f"--window-size={width},2600", *options, file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and shot.is_file(), done.stderr
    events = (event.get("params", {}) for event in json.loads(log.read_text())["events"])
    asked = {event["url"] for event in events if "url" in event and event.get("initiator", OWN) != OWN}
    with Image.open(shot) as image:
        picture = np.asarray(image.convert("RGB"))
    return Seen([line for line in done.stderr.splitlines() if "CONSOLE" in line], sorted(asked), picture)


def is_drawn(found: Seen, width: int) -> bool:
    """Whether letters and charts stand in the upper part, on a background of one colour."""
    upper = found.picture[:600]
    return found.picture.shape[1] == width and 0.02 < float((upper != upper[0, 0]).any(axis=2).mean()) < 0.6


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("project") / "conv"
    write_project(schedule(conv_net(), load_board("pynq-z2"), target=Target(fps=10_000)), folder, Backend.RTL)
    return {
        "measured": record_html(records.measured()),
        "simulated": record_html(records.simulated()),
        "pair": compare_html(records.measured(), records.simulated()),
        "report": page_html(page(load_project(folder))),
        "explored": explored_html(explored_data(), "front.json"),
    }


def sticks_out(found: Seen) -> bool:
    """Whether a strip on the right is not empty; what is wider than the page should scroll in a box of its own."""
    return bool((found.picture[:, -10:] != found.picture[0, 0]).any())


@pytest.mark.parametrize("name", ["measured", "simulated", "pair", "report", "explored"])
def test_a_page_on_a_telephone(name: str, pages: dict[str, str], tmp_path: Path) -> None:
    found = seen(pages[name], tmp_path, NARROW)
    assert (found.console, found.requests) == ([], [])
    assert is_drawn(found, NARROW) and not sticks_out(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_record_in_both_themes(theme: str, pages: dict[str, str], tmp_path: Path) -> None:
    found = seen(pages["measured"], tmp_path, WIDE, *([DARK] if theme == "dark" else []))
    assert (found.console, found.requests) == ([], []) and is_drawn(found, WIDE)
    corner = found.picture[0, 0]
    assert corner.max() < 60 if theme == "dark" else corner.min() > 250


def test_faults_are_seen(pages: dict[str, str], tmp_path: Path) -> None:
    """The checks above are red for a page that is broken; a picture and a font from outside, a script, a long word."""
    font = "@font-face { font-family: x; src: url(https://fonts.googleapis.com/x); } h1 { font-family: x; }"
    picture, script = '<img src="http://pictures.example/a.png"/>', "<script>nothing.at.all()</script>"
    broken = pages["report"].replace("overflow-wrap: anywhere;", "").replace("</style>", f"{font}</style>")
    found = seen(broken.replace("</body>", f"{picture}{script}</body>"), tmp_path, NARROW)
    assert len(found.console) == 1 and "nothing is not defined" in found.console[0]
    assert found.requests == ["http://pictures.example/a.png", "https://fonts.googleapis.com/x"]
    assert sticks_out(found)


def test_an_empty_page_is_seen(tmp_path: Path) -> None:
    assert not is_drawn(seen("<html><body></body></html>", tmp_path), WIDE)
