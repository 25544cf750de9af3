"""What runs on a board keeps to Python 3.8, the oldest that a PYNQ image holds: syntax and library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

RUNTIME = Path(__file__).resolve().parents[2] / "boards/shiftwire_boards/runtime"
ON_BOARD = [*sorted(RUNTIME.rglob("*.py")), RUNTIME.parent / "__init__.py"]
NEWER_MODULES = {"tomllib", "zoneinfo", "graphlib"}
NEWER_NAMES = {"cache": "functools", "StrEnum": "enum", "pairwise": "itertools", "batched": "itertools"}
NEWER_METHODS = {"removeprefix", "removesuffix", "bit_count", "add_note", "is_relative_to", "readlink"}
NEWER_ARGUMENTS = {"zip": {"strict"}, "dataclass": {"slots", "kw_only", "match_args"}, "field": {"kw_only"}}
GENERICS = {"tuple", "list", "dict", "set", "frozenset", "type", "Callable", "Sequence", "Iterator", "Mapping"}


def newer(text: str) -> Iterator[str]:
    """What of a file's text Python 3.8 would refuse when it compiles or runs it."""
    tree = ast.parse(text, feature_version=(3, 8))
    late = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    never_run = {id(inner) for part in _annotations(tree) for inner in ast.walk(part)} if late else set()
    typing = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "typing"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in typing:
            continue
        if id(node) not in never_run:
            yield from _newer(node)


def _annotations(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(part, ast.AST):
                yield part


def _newer(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Match():
            yield "match"
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.name.split(".")[0] in NEWER_MODULES)
        case ast.ImportFrom(module=module, names=names):
            yield from (alias.name for alias in names if NEWER_NAMES.get(alias.name) == module)
            yield from {module} & NEWER_MODULES
        case ast.Attribute(value=ast.Name(id=module), attr=name) if NEWER_NAMES.get(name) == module:
            yield name
        case ast.Attribute(attr=name) if name in NEWER_METHODS:
            yield name
        case ast.Call(func=function, keywords=keywords):
            name = getattr(function, "id", getattr(function, "attr", ""))
            yield from {word.arg for word in keywords} & NEWER_ARGUMENTS.get(name, set())
        case ast.Subscript(value=ast.Name(id=name)) if name in GENERICS:
            yield f"{name}[...] at run time"
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            if any(getattr(side, "id", "") in ("int", "str", "float", "bytes", "bool") for side in (left, right)):
                yield "X | Y at run time"


@pytest.mark.parametrize("path", ON_BOARD, ids=lambda path: str(path.relative_to(RUNTIME.parent)))
def test_the_runtime_keeps_to_python_38(path: Path) -> None:
    assert not list(newer(path.read_text(encoding="utf-8")))


def test_the_runtime_is_really_found() -> None:
    assert len(ON_BOARD) > 5


@pytest.mark.parametrize(
    "text",
    [
        "import tomllib",
        "from functools import cache",
        "import functools\nfunctools.cache",
        "zip(a, b, strict=True)",
        "@dataclass(frozen=True, slots=True)\nclass A: ...",
        "dataclasses.dataclass(kw_only=True)",
        "'abc'.removeprefix('a')",
        "def f(a: tuple[int]): ...",
        "from __future__ import annotations\nPair = tuple[int, int]",
        "x = int | None",
    ],
)
def test_what_is_newer_is_found(text: str) -> None:
    assert list(newer(text))


@pytest.mark.parametrize("text", ["match a:\n  case 1: ...", "with (open(a) as b, open(c) as d): ..."])
def test_newer_syntax_is_refused(text: str) -> None:
    with pytest.raises(SyntaxError):
        list(newer(text))


def test_late_annotations_may_be_new() -> None:
    assert not list(newer("from __future__ import annotations\ndef f(a: int | None) -> tuple[int, ...]: ..."))
