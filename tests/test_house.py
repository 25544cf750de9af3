"""The borders of the house: who may import what, and how long a file may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("flow", "hls_templates", "boards", "models") for path in (ROOT / folder).rglob("*.py")
)
LONGEST_FILE = 300

ALLOWED = {
    "torch": ("models/",),
    "onnx": (
        "flow/shiftwire/onnx/",
        "flow/shiftwire/quantize/",
        "models/",
    ),
    "onnxruntime": (
        "flow/shiftwire/onnx/runtime.py",
        "flow/shiftwire/quantize/",
        "models/shiftwire_models/agreement.py",
    ),
    "hls4ml": ("flow/shiftwire/hls/",),
    "cocotb": (),
    "cocotbext": (),
    "pyosys": ("flow/shiftwire/tools/",),
    "alkaid": ("flow/shiftwire/rtl/",),
    "pynq": ("boards/shiftwire_boards/runtime/", "boards/shiftwire_boards/sim/"),
    "pynqmetadata": ("boards/shiftwire_boards/sim/",),
    "rich": ("flow/shiftwire/cli/", "models/shiftwire_models/"),
    "sklearn": ("models/",),
    "subprocess": (
        "boards/shiftwire_boards/sim/",
        "flow/shiftwire/tools/",
        "flow/shiftwire/cli/demo.py",
        "models/shiftwire_models/bench.py",
    ),
    "shiftwire": ("flow/",),
    "shiftwire_models": ("models/",),
}


def imports(path: Path) -> Iterator[str]:
    """Top-level packages that a file imports; imports for type checkers alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_borders(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for package in set(imports(path)) & set(ALLOWED):
        assert place.startswith(ALLOWED[package]), f"{place} imports {package}; only {ALLOWED[package]} may"


def test_boards_and_models_know_nothing_of_the_flow() -> None:
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] in ("boards", "models", "hls_templates"):
            assert "shiftwire" not in set(imports(path)), path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_habits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE, f"{path} has more than {LONGEST_FILE} lines; split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert getattr(node.type, "id", "") not in ("Exception", "BaseException"), f"{path}:{node.lineno}"
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = getattr(node.exc, "func", node.exc)
            assert getattr(raised, "id", "") not in ("Exception", "NotImplementedError"), f"{path}:{node.lineno}"
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            assert "tools" in path.parts, f"{path}:{node.lineno} reads the environment outside tools/"


def test_environment_is_really_searched() -> None:
    assert len(SOURCES) > 40
    assert "onnx" in set(imports(ROOT / "flow/shiftwire/onnx/exporter.py"))
