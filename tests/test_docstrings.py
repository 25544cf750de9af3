"""Docstrings name what is there: a word in backticks is a name of its file, or something another file defines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from test_words import identifiers, sources

SPOKEN = re.compile(r"(?<!`)`([a-z_]+)`(?!`)")

ELSEWHERE = frozenset({"accumulate", "logits", "weight", "x"})
"""Ports of SystemVerilog and tensors of ONNX."""


def texts(tree: ast.AST) -> Iterator[str]:
    """Keys and choices that a file spells as texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def defined(path: str, tree: ast.AST) -> Iterator[str]:
    """What other files may speak of: a file, its folders, its functions and its fields."""
    yield from PurePosixPath(path).with_suffix("").parts
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def unknown_words(path: str, tree: ast.AST, abroad: frozenset[str]) -> list[str]:
    """Words in backticks that name nothing, in docstrings of functions and classes."""
    known = {name for name, _ in identifiers(tree)} | set(texts(tree)) | abroad
    documented = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return [
        f"{path}:{node.lineno} {node.name}: `{word}`"
        for node in documented
        for word in SPOKEN.findall(ast.get_docstring(node) or "")
        if word not in known
    ]


def test_docstrings_name_what_is_there() -> None:
    abroad = ELSEWHERE.union(*(defined(path, tree) for path, tree in sources().items()))
    assert [line for path, tree in sources().items() for line in unknown_words(path, tree, abroad)] == []


def test_a_name_that_is_gone_is_seen() -> None:
    text = "def f(format):\n    '''Codes of `held`, as `format`, `run` and ``a`` say.'''\n"
    assert unknown_words("x.py", ast.parse(text), frozenset({"run"})) == ["x.py:1 f: `held`"]
    assert set(defined("a/b.py", ast.parse("def f(): ...\nclass A:\n    g: int"))) == {"a", "b", "f", "g"}
