"""The pages say what is there: names, commands, links, and what is drawn or listed from the code."""

import argparse
import importlib
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from shiftwire import api
from shiftwire.explore.front_file import front_json
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.project import Backend, write_project
from shiftwire.schedule import schedule
from shiftwire_boards.catalog import load_board

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *(page for page in DOCS.rglob("*.md") if "generated" not in page.parts),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "BENCHMARKS.md")),
        ROOT / "hls_templates/shiftwire_hls/onnx/README.md",
    ]
)
NAME = re.compile(r"`((?:shiftwire|shiftwire_\w+)(?:\.(?!sv`|input\b)\w+)+)`")
"""Of Python; not of files, nor the key of metadata that names an input's format."""

COMMAND = re.compile(
    r"^(?: {4}|.*- run: )(?P<block>shiftwire(?:-train)? .+)$|`(?P<inline>shiftwire(?:-train)? [^`]+)`", re.MULTILINE
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts beside the pages."""
    monkeypatch.syspath_prepend(str(DOCS))


def existing(name: str) -> object:
    """What a dotted path leads to, through modules as far as they go."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            target = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            target = getattr(target, part)
        return target
    raise ModuleNotFoundError(name)


@EACH
def test_every_name_exists(page: Path) -> None:
    for name in NAME.findall(page.read_text(encoding="utf-8")):
        existing(name)


def test_the_journey_names_what_it_meets() -> None:
    assert len(set(NAME.findall((DOCS / "architecture.md").read_text(encoding="utf-8")))) > 40


def test_the_picture_is_that_of_the_imports() -> None:
    draw = importlib.import_module("draw_rooms")
    house = draw.rooms()
    assert draw.picture(house) == (DOCS / "rooms.svg").read_text(encoding="utf-8"), "run python docs/draw_rooms.py"
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert draw.with_block(page, "rooms", draw.table(house)) == page, "run python docs/draw_rooms.py"


def test_no_line_of_the_picture_leads_up() -> None:
    draw = importlib.import_module("draw_rooms")
    house = draw.rooms()
    height = draw.floors(house)
    assert all(height[below] < height[name] for name in house for below in house[name])
    assert len(house) > 20
    assert house["shiftwire.ir"] == {"shiftwire.errors", "shiftwire.numbers", "shiftwire_boards.runtime"}


def test_the_table_of_layers_is_that_of_the_code() -> None:
    code = importlib.import_module("from_code")
    page = (DOCS / "layers/index.md").read_text(encoding="utf-8")
    assert code.with_block(page, "layers", code.layers()) == page, "run python docs/from_code.py"


def test_every_room_has_its_page_of_reference() -> None:
    code, draw = importlib.import_module("from_code"), importlib.import_module("draw_rooms")
    pages = code.reference()
    assert len(pages) == len(draw.rooms())
    assert "automodule:: shiftwire.ops.upsample" in "".join(pages.values())


def test_the_keys_of_a_design_are_explained(tmp_path: Path) -> None:
    network = Network.of("x", Tensor((4,), Fixed(8, 4, signed=True)), (Node("y", Relu(), ("x",)),), "y")
    written = write_project(schedule(network, load_board("pynq-z2")), tmp_path / "project", Backend.RTL)
    text = (DOCS / "files.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text[text.index("## design.json") : text.index("## Reports")], re.MULTILINE)
    explained = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert explained == set(json.loads((written.path / "design.json").read_text(encoding="utf-8")))


def test_the_keys_of_a_front_are_explained() -> None:
    network = Network.of("x", Tensor((4,), Fixed(8, 4, signed=True)), (Node("y", Relu(), ("x",)),), "y")
    text = (DOCS / "files.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (`.*?) \|", text[text.index("## front.json") : text.index("With `--calibrate`")], re.MULTILINE
    )
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(front_json(api.explore(network)))


def parsers(program: str) -> dict[str, argparse.ArgumentParser]:
    module = importlib.import_module("shiftwire.cli" if program == "shiftwire" else "shiftwire_models.cli")
    actions = module._parser()._actions
    (verbs,) = (action for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs.choices)


def commands(page: Path) -> Iterator[list[str]]:
    """Words of every command that a page shows, without its comment."""
    for found in COMMAND.finditer(page.read_text(encoding="utf-8")):
        yield shlex.split(found["block"] or found["inline"], comments=True)


@EACH
def test_every_command_exists(page: Path) -> None:
    for program, verb, *words in commands(page):
        if verb in ("VERB", "--help"):
            continue
        known = parsers(program)
        assert verb in known, f"{program} {verb}"
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        missing = options - set(known[verb]._option_string_actions)
        assert not missing, f"{program} {verb} {missing}"


def test_commands_are_really_searched() -> None:
    verbs = {words[1] for page in PAGES for words in commands(page) if words[0] == "shiftwire"}
    assert set(parsers("shiftwire")) <= verbs | {"demo"}  # which make runs


@EACH
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^ {4}|`|- run: )make ([a-z0-9-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= targets


def anchors(page: Path) -> set[str]:
    """Of a page's titles and of those of the pages that it includes, as a forge makes them."""
    text = page.read_text(encoding="utf-8")
    texts = [text, *((page.parent / path).read_text(encoding="utf-8") for path in re.findall(r"{include} (\S+)", text))]
    titles = [title for each in texts for title in re.findall(r"^#+ (.+)$", each, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@EACH
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
