"""The borders of the house: who may import what, and how long a file may grow."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("flow", "hls_templates", "boards", "models") for path in (ROOT / folder).rglob("*.py")
)
TEMPLATES = sorted(path for kind in ("*.h", "*.sv") for path in (ROOT / "hls_templates/shiftwire_hls").rglob(kind))
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
    "alkaid": ("flow/shiftwire/rtl/unrolled/",),
    "pynq": ("boards/shiftwire_boards/runtime/", "boards/shiftwire_boards/sim/"),
    "pynqmetadata": ("boards/shiftwire_boards/sim/",),
    "rich": ("flow/shiftwire/cli/", "models/shiftwire_models/"),
    "sklearn": ("models/",),
    "scipy": ("flow/shiftwire/explore/",),
    "optuna": ("flow/shiftwire/explore/trials/",),
    "distributed": ("flow/shiftwire/explore/trials/",),
    "matplotlib": ("flow/shiftwire/reports/",),
    "subprocess": (
        "boards/shiftwire_boards/sim/",
        "flow/shiftwire/tools/",
        "flow/shiftwire/cli/demo.py",
        "models/shiftwire_models/bench.py",
        "models/shiftwire_models/conversion/quantizing.py",
    ),
    "shiftwire": ("flow/",),
    "shiftwire_models": ("models/",),
}

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("numbers", "tools", "onnx/canonical"),
    ("ir", "onnx/foreign", "onnx/pieces"),
    ("ops/weights", "units", "rtl", "costs"),
    ("ops", "schedule"),
    ("passes", "hls", "onnx/context"),
    ("onnx/ops", "project", "native"),
    ("onnx", "synth"),
    ("quantize/floats", "verify", "board", "explore"),
    ("quantize",),
    ("api", "reports", "explore/trials"),
    ("__init__", "cli"),
    ("__main__",),
)
"""The rooms of flow/shiftwire, ground floor first; a room imports from floors below its own alone."""

MOST_ROOMS, MOST_FLOORS, MOST_FILES = 32, 13, 15

PARTS = {
    "rtl/unrolled": "rtl",
    "onnx/ops/weights": "onnx/ops",
    "quantize/methods": "quantize",
    "units/sums": "units",
    "passes/forms": "passes",
    "reports/records": "reports",
    "explore/characterise": "explore",
    "cli/boards": "cli",
}
"""Folders that are part of another room."""


def room_of(module: str) -> str:
    """The folder, or the top-level module, that a module of the flow lies in."""
    parts = module.split(".")[1:]
    inside = parts if MODULES[module].name == "__init__.py" else parts[:-1]
    room = "/".join(inside) or (parts[-1] if parts else "__init__")
    return PARTS.get(room, room)


def module_of(path: Path) -> str:
    """Dotted name; the four source folders are roots."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


def named(tree: ast.AST, package: str) -> Iterator[str]:
    """Modules of ours that a file imports anywhere in it, those for type checkers among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{a.name}" if f"{module}.{a.name}" in MODULES else module for a in node.names)


def arrows() -> dict[str, set[str]]:
    """Which modules of ours each one imports."""
    found = {}
    for module, path in MODULES.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        targets = named(ast.parse(path.read_text(encoding="utf-8")), package)
        found[module] = {target for target in targets if target in MODULES} - {module}
    return found


ARROWS = arrows()


def test_every_room_stands_on_lower_floors_alone() -> None:
    floor = {room: at for at, rooms in enumerate(FLOORS) for room in rooms}
    for module, targets in ARROWS.items():
        for target in targets:
            if module.split(".")[0] == target.split(".")[0] == "shiftwire" and room_of(module) != room_of(target):
                here, there = room_of(module), room_of(target)
                assert floor[there] < floor[here], f"{module} imports {target}: {there} is no floor below {here}"


def test_the_house_is_small_enough_to_know() -> None:
    rooms = {room_of(module) for module in MODULES if module.split(".")[0] == "shiftwire"}
    assert rooms == {room for floor in FLOORS for room in floor}
    assert len(rooms) <= MOST_ROOMS and len(FLOORS) <= MOST_FLOORS
    for folder in {path.parent for path in SOURCES if "flow" in path.parts}:
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, f"{folder} holds more than {MOST_FILES} files; make a room"


def test_every_room_says_what_it_is_for() -> None:
    for path in MODULES.values():
        if path.name == "__init__.py" and "flow" in path.parts:
            said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            assert said and said.count("\n") == 0 and said.endswith("."), path
            assert path.parent.name == "shiftwire" or "imports" in said or "door" in said, path


def test_no_file_is_on_a_circle() -> None:
    """In the whole repository; a file that imports a module of a package is no user of the package's door."""
    left = {module: set(targets) for module, targets in ARROWS.items()}
    while ends := {module for module, targets in left.items() if not targets & set(left)}:
        left = {module: targets for module, targets in left.items() if module not in ends}
    assert not left, f"on a circle, or leading to one: {', '.join(sorted(left))}"


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


SCHEME_FILES = {
    "flow/shiftwire/ops/weights/circulant.py",
    "flow/shiftwire/ops/layers.py",
    "flow/shiftwire/onnx/ops/weights/circulant.py",
    "flow/shiftwire/onnx/ops/weights/table.py",
    "flow/shiftwire/quantize/methods/circulant.py",
    "flow/shiftwire/quantize/methods/rules.py",
    "flow/shiftwire/quantize/methods/table.py",
    "flow/shiftwire/explore/trials/sensitivity.py",
    "flow/shiftwire/units/sums/dot_product.py",
    "hls_templates/shiftwire_hls/onnx/CirculantConv.txt",
    "hls_templates/shiftwire_hls/onnx/CirculantDense.txt",
    "hls_templates/shiftwire_hls/include/sw_taps.h",
    "hls_templates/shiftwire_hls/rtl/sw_mvu.sv",
}
"""All that knows of circulant blocks: the scheme, its function, its method, lines of tables, and what lanes read."""


def test_a_weight_scheme_stands_in_few_files() -> None:
    for root in ("flow", "hls_templates"):
        for path in (ROOT / root).rglob("*.*"):
            if path.suffix in (".py", ".h", ".sv", ".txt") and "circulant" in path.read_text(encoding="utf-8").lower():
                assert path.relative_to(ROOT).as_posix() in SCHEME_FILES


def test_no_test_file_is_too_long() -> None:
    files = (ROOT / "tests").rglob("*.py")
    assert [str(path) for path in files if path.read_text(encoding="utf-8").count("\n") > LONGEST_FILE] == []


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


def test_json_of_anyone_is_read_in_tools_alone() -> None:
    """Its reader knows what Python's own raises."""
    for path in SOURCES:
        if "flow" in path.relative_to(ROOT).parts and "tools" not in path.parts:
            called = {
                ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
            }
            assert not called & {"json.load", "json.loads"}, f"{path} reads JSON; use tools/json_text.py"


def test_environment_is_really_searched() -> None:
    assert len(SOURCES) > 40
    assert "onnx" in set(imports(ROOT / "flow/shiftwire/onnx/exporter.py"))


def places_named(template: str) -> set[str]:
    """Files and folders of ours that the comments of a template name."""
    comments = " ".join(re.findall(r"//(.*)", template))
    return {name.rstrip(".") for name in re.findall(r"\b(?:shiftwire|boards)/[\w./]+", comments)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_specifications_are_where_templates_say(path: Path) -> None:
    for name in places_named(path.read_text(encoding="utf-8")):
        assert (ROOT / "flow" / name).exists() or (ROOT / name).exists(), f"{path} names {name}, which is not there"


def test_specifications_are_really_searched() -> None:
    assert places_named("// One. Specification:\n// shiftwire/ops/a.py and shiftwire/b/\nint x;") == {
        "shiftwire/ops/a.py",
        "shiftwire/b/",
    }
    assert sum(bool(places_named(path.read_text(encoding="utf-8"))) for path in TEMPLATES) > 50
