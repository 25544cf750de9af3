"""The words of the house: what things are no longer called, what is written once, and who has something to say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("flow", "boards", "models", "hls_templates")

RETIRED = frozenset({"held", "made", "found", "told", "said", "given", "foreseen"})
"""Participles that name no thing: a binding is a format, an output, a match, a message, ..."""

RETIRED_PART = re.compile(r"foreseen|quantis", re.IGNORECASE)
"""What is predicted, and what ONNX spells with a z, also within a name."""

QUANTIZER_NAMES = frozenset({"Quant", "BipolarQuant", "IntQuant", "Trunc"})
QUANTIZER_TABLE = "hls_templates/shiftwire_hls/quantizers.py"

OUTSIDE = frozenset({"forward"})
"""Methods whose meaning is torch's."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def sources() -> dict[str, ast.Module]:
    """Every Python file of the four packages, by its path."""
    files = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """What a file names: variables, parameters, attributes, fields, functions, classes, aliases, captures."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.keyword(arg=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.alias(name=name, asname=other):
                yield from ((word, node.lineno) for word in (name, other) if word)


def retired(path: str, tree: ast.AST) -> list[str]:
    """Retired words among a file's identifiers; keys of files that others read are texts, and stay."""
    names = identifiers(tree)
    return [f"{path}:{line} {name}" for name, line in names if name in RETIRED or RETIRED_PART.search(name)]


def looked_up(path: str, tree: ast.AST) -> list[str]:
    """Facts of units that are asked for by a string, and operations taken from a module by one."""
    lines = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="number"), args=[ast.Constant(value=str(word)), *_]):
                lines.append(f"{path}:{node.lineno} .number({word!r})")
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="ops"), *_]):
                lines.append(f"{path}:{node.lineno} getattr(ops, ...)")
    return lines


def spelled_again(path: str, tree: ast.AST) -> list[str]:
    """Names of quantizers as texts."""
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [f"{path}:{node.lineno} {node.value!r}" for node in texts if node.value in QUANTIZER_NAMES]


def undocumented(path: str, tree: ast.Module, classes: dict[str, list[ast.ClassDef]]) -> list[str]:
    """Public functions, classes and methods without a docstring; a method that overrides one has that one's."""
    silent = [node for node in tree.body if isinstance(node, Definition) and is_silent(node)]
    for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")):
        overridden = {name for base in bases_of(owner, classes) for name in members(base)} | OUTSIDE
        methods = (node for node in owner.body if isinstance(node, ast.FunctionDef))
        silent += [method for method in methods if is_silent(method) and method.name not in overridden]
    return [f"{path}:{node.lineno} {node.name}" for node in silent]


def is_silent(node: Definition) -> bool:
    return not node.name.startswith("_") and ast.get_docstring(node) is None


def members(owner: ast.ClassDef) -> Iterator[str]:
    """Methods and fields of a class."""
    for node in owner.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def bases_of(owner: ast.ClassDef, classes: dict[str, list[ast.ClassDef]]) -> Iterator[ast.ClassDef]:
    """Classes of the four packages that a class follows from, near and far."""
    for base in owner.bases:
        name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
        for one in classes.get(name, []):
            yield one
            yield from bases_of(one, classes)


def all_classes() -> dict[str, list[ast.ClassDef]]:
    classes: dict[str, list[ast.ClassDef]] = {}
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(node)
    return classes


def test_no_retired_word_names_anything() -> None:
    assert [line for path, tree in sources().items() for line in retired(path, tree)] == []


def test_no_fact_of_a_unit_is_asked_for_by_a_string() -> None:
    flow = ((path, tree) for path, tree in sources().items() if path.startswith("flow/"))
    assert [line for path, tree in flow for line in looked_up(path, tree)] == []


def test_quantizers_are_spelled_once() -> None:
    others = ((path, tree) for path, tree in sources().items() if path != QUANTIZER_TABLE)
    assert [line for path, tree in others for line in spelled_again(path, tree)] == []
    assert spelled_again(QUANTIZER_TABLE, sources()[QUANTIZER_TABLE]), "the table is elsewhere now"


def test_every_public_name_says_something() -> None:
    classes = all_classes()
    assert [line for path, tree in sources().items() for line in undocumented(path, tree, classes)] == []
    assert [path for path, tree in sources().items() if tree.body and ast.get_docstring(tree) is None] == []


@pytest.mark.parametrize(
    "text",
    [
        "held = 1", "def f(made): ...", "f(told=1)", "x.said", "class found: ...", "for given in x: ...",
        "def latency_foreseen(): ...", "import quantiser", "from x import y as held",
        "match x:\n    case [*held]: ...", "class A:\n    foreseen: int",
    ],
)  # fmt: skip
def test_retired_words_are_seen(text: str) -> None:
    assert retired("flow/x.py", ast.parse(text))


def test_other_rules_are_seen() -> None:
    assert looked_up("x", ast.parse('unit.number("lanes")')) and looked_up("x", ast.parse("getattr(ops, name)"))
    assert spelled_again("x", ast.parse('{"Quant": 1}'))
    tree = ast.parse(
        "def f(): ...\nclass A:\n    '''A.'''\n    def g(self): ...\nclass B(A):\n    '''B.'''\n    def g(self): ..."
    )
    classes = {"A": [tree.body[1]], "B": [tree.body[2]]}
    assert undocumented("x", tree, classes) == ["x:1 f", "x:4 g"]  # type: ignore[arg-type]
    assert not retired("x", ast.parse("quantizer = node.text('quantiser')"))
