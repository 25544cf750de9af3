"""What each operation means, as data: C++ that HLS synthesises, ONNX functions that any runtime runs, and templates."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent
INCLUDE_DIR = _ROOT / "include"
"""Folder of the C++ headers; each compiles alone and holds one public function."""

NATIVE_DIR = _ROOT / "native"
"""Folder of the headers that stand in for arbitrary-precision types where a simulation has to be fast."""


def onnx_function(name: str) -> str:
    """Body of a custom ONNX operation in ONNX's own text form, in standard operations of opset 20.

    A file that uses the operation carries this function, so that plain runtimes can execute it.
    Raises FileNotFoundError for a name the contract does not know.
    """
    return (_ROOT / "onnx" / f"{name}.txt").read_text(encoding="utf-8")


def template(name: str) -> str:
    """A text with @NAMES@ in the place of what a network decides, such as test_bench.cpp; the flow alone fills them.

    Raises FileNotFoundError for a name without a template.
    """
    return (_ROOT / "templates" / f"{name}.in").read_text(encoding="utf-8")


def has_function(name: str) -> bool:
    """Whether an operation of the contract has such a body."""
    return (_ROOT / "onnx" / f"{name}.txt").is_file()
