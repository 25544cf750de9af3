"""What the pages take from the code: the table of layers, every verb's help, one page of reference a room."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

from draw_rooms import SOURCES, floors, room_of, rooms, short, with_block

DOCS = Path(__file__).resolve().parent
GENERATED = DOCS / "generated"
HELP_COLUMNS = "88"
LITERAL = re.compile(r"(`+)(.+?)\1", re.DOTALL)
MARKUP = re.compile(r"((?<=\S)\*|\*(?=\S)|[|\\]|_\b)")
"""What reST would read into a plain sentence; a star before a space is the bullet of a list."""
NO_PAGES = ("__main__", "yosys_worker")
"""Files that are programs."""


def setup(app: Any) -> None:
    """For Sphinx: write generated/, and read docstrings and types as the plain words that they are."""
    write()
    app.connect("autodoc-process-docstring", _plain)
    app.connect("doctree-read", _unlinked_types)


def write() -> None:
    """generated/verbs.inc and generated/api/, one page a room."""
    (GENERATED / "api").mkdir(parents=True, exist_ok=True)
    _put(GENERATED / "verbs.inc", verbs())
    pages = {f"{name}.md": text for name, text in reference().items()}
    for old in (GENERATED / "api").glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        _put(GENERATED / "api" / name, text)


def _put(file: Path, text: str) -> None:
    """Untouched where nothing changed, so that Sphinx reads it again only then."""
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of every verb, in the order of the help."""
    from shiftwire.cli import _parser  # noqa: PLC0415 - a second, and only some callers want it

    (action,) = (each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


def verbs() -> str:
    """A section a verb: what --help prints."""
    os.environ["COLUMNS"] = HELP_COLUMNS
    sections = (f"## {name}\n\n```text\n{parser.format_help().strip()}\n```\n" for name, parser in parsers().items())
    return "\n".join(sections)


def reference() -> dict[str, str]:
    """A page for each room, by its floor from the top and its name: all its modules."""
    modules: dict[str, list[str]] = {}
    for folder in SOURCES.values():
        for file in sorted(folder.rglob("*.py")):
            module = ".".join(file.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
            room = room_of(module if "." in module or file.stem != "__init__" else f"{module}.__init__")
            if room is not None and file.stem not in NO_PAGES:
                modules.setdefault(room, []).append(module)
    height = floors(rooms())
    return {f"{99 - height[room]:02}-{room}": _page(room, names) for room, names in modules.items()}


def _page(room: str, modules: list[str]) -> str:
    title = f"# {short(room)}\n"
    blocks = (f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n```\n" for module in modules)
    return "\n".join([title, *blocks])


def _plain(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: PLR0917 - Sphinx calls it
    """Backticks are code, and no other sign is markup."""
    text, at, out = "\n".join(lines), 0, []
    for literal in LITERAL.finditer(text):
        out += [MARKUP.sub(r"\\\1", text[at : literal.start()]), f"``{literal[2]}``"]
        at = literal.end()
    lines[:] = "".join([*out, MARKUP.sub(r"\\\1", text[at:])]).split("\n")


def _unlinked_types(app: Any, doctree: Any) -> None:
    """Types of signatures are text: most are numpy's or Python's, and looking for each takes a minute in all."""
    from sphinx import addnodes  # noqa: PLC0415 - tests read this file without Sphinx

    for reference in [*doctree.findall(addnodes.pending_xref)]:
        if reference["refdomain"] == "py":
            reference.replace_self(reference.children)


def layers() -> str:
    """The table of layers: what each computes, the ONNX operations it is read from, its units in C++."""
    from shiftwire.onnx.layers import LAYERS as SPELLINGS  # noqa: PLC0415 - as above
    from shiftwire.ops.layers import LAYERS  # noqa: PLC0415

    rows = [
        "| layer | what it computes | ONNX operations that its file reads | units in C++ |",
        "| --- | --- | --- | --- |",
    ]
    for op in LAYERS:
        read = [spelling.readers for spelling in SPELLINGS if op in spelling.writers]
        names = ", ".join(dict.fromkeys(_spelled(*key) for readers in read for key in readers))
        units = ", ".join(dict.fromkeys(f"`{unit.function}`" for unit in op.unit_types))
        meaning = (op.__doc__ or "").split("\n")[0].replace("|", r"\|").replace("*", r"\*")
        rows.append(f"| {_linked(op.__name__)} | {meaning} | {names} | {units} |")
    return "\n".join(rows)


def _linked(name: str) -> str:
    """A layer's name, with a link to its page where it has one."""
    page = DOCS / "layers" / f"{name.lower()}.md"
    return f"[{name}]({page.name})" if page.is_file() else name


def _spelled(domain: str, operation: str) -> str:
    """Quantizers come under several domains and are named once."""
    return f"shiftwire.{operation}" if domain == "shiftwire" else f"QONNX {operation}" if domain else operation


if __name__ == "__main__":
    page = DOCS / "layers" / "index.md"
    page.write_text(with_block(page.read_text(encoding="utf-8"), "layers", layers()), encoding="utf-8")
