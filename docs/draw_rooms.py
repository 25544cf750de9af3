"""Draws the rooms of the house from their imports: rooms.svg, and the table of rooms in architecture.md.

`python docs/draw_rooms.py` rewrites both; a test does the same and compares. A room is a package; above it stand those
that import it, so that every line of the picture leads down. What follows from other lines is left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
SOURCES = {
    "shiftwire": ROOT / "flow/shiftwire",
    "shiftwire_hls": ROOT / "hls_templates/shiftwire_hls",
    "shiftwire_boards": ROOT / "boards/shiftwire_boards",
    "shiftwire_models": ROOT / "models/shiftwire_models",
}
WHOLE = ("shiftwire_boards.runtime", "shiftwire_models")
"""Packages that are one room, inner packages and all."""
COLOURS = {
    "shiftwire": "#e6effa",
    "shiftwire_hls": "#e3f4e3",
    "shiftwire_boards": "#fdf0d8",
    "shiftwire_models": "#f7e4ee",
}
HEIGHT, FLOOR, GAP, LETTER, MARGIN = 30, 74, 18, 7.2, 16
SWEEPS = 12

Rooms = Mapping[str, frozenset[str]]
"""Names of rooms, and of those that each imports."""


PARTS = {
    "shiftwire.quantize.methods": "shiftwire.quantize",
    "shiftwire.onnx.ops.weights": "shiftwire.onnx.ops",
    "shiftwire.units.sums": "shiftwire.units",
    "shiftwire.passes.forms": "shiftwire.passes",
    "shiftwire.reports.records": "shiftwire.reports",
    "shiftwire.explore.characterise": "shiftwire.explore",
    "shiftwire.cli.boards": "shiftwire.cli",
}
"""Folders that are part of another room."""


@cache
def rooms() -> Rooms:
    """Every room of the four source folders, and the rooms that its files import."""
    wanted: dict[str, set[str]] = {}
    for folder in SOURCES.values():
        for file in sorted(folder.rglob("*.py")):
            own = room_of(".".join(file.relative_to(folder.parent).with_suffix("").parts))
            if own is not None:
                names = (room_of(name) for name in imports(file))
                wanted.setdefault(own, set()).update(name for name in names if name is not None and name != own)
    return {name: frozenset(wanted[name]) for name in sorted(wanted)}


def room_of(module: str) -> str | None:
    """The room of a module or of a name in one; files in flow/shiftwire itself are rooms of their own."""
    room = _folder_of(module)
    return None if room is None else PARTS.get(room, room)


def _folder_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] not in SOURCES or parts[1:] in (["__init__"], ["__main__"]):
        return parts[0] if parts[0] in WHOLE else None
    whole = next((name for name in WHOLE if f"{module}.".startswith(f"{name}.")), None)
    if whole or parts == ["shiftwire_hls"]:
        return whole or module
    folder, deep = SOURCES[parts[0]], 1
    while deep < len(parts) and (folder / parts[deep] / "__init__.py").is_file():
        folder, deep = folder / parts[deep], deep + 1
    if deep > 1:
        return ".".join(parts[:deep])
    is_file = parts[0] == "shiftwire" and len(parts) > 1 and (folder / f"{parts[1]}.py").is_file()
    return ".".join(parts[:2]) if is_file else None if parts[0] == "shiftwire" else parts[0]


def imports(file: Path) -> Iterator[str]:
    """Dotted names that a file imports; what is for type checkers alone does not count."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    typing_only = {id(inner) for block in blocks for inner in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in typing_only:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing_only:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floors(house: Rooms) -> dict[str, int]:
    """Ground is 0; every room stands above all that it imports. Raises graphlib.CycleError for a circle."""
    floor: dict[str, int] = {}
    for name in TopologicalSorter(house).static_order():
        floor[name] = max((floor[below] + 1 for below in house[name]), default=0)
    return floor


def essential(house: Rooms) -> dict[str, list[str]]:
    """The imports that do not follow from other imports."""
    reach: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter(house).static_order():
        reach[name] = house[name].union(*(reach[below] for below in house[name]))
    return {
        name: sorted(below for below in house[name] if not any(below in reach[other] for other in house[name]))
        for name in house
    }


@dataclass
class _Spot:
    """A place on a floor: a room, or a bend of a line that passes by."""

    width: float
    x: float = 0.0


def picture(house: Rooms) -> str:
    """The rooms on their floors as SVG."""
    height = floors(house)
    rows: list[list[str]] = [[] for _ in range(max(height.values()) + 1)]
    spots, lines = {name: _Spot(len(short(name)) * LETTER + 20) for name in house}, []
    for name in house:
        rows[height[name]].append(name)
    for name, below in essential(house).items():
        for end in below:
            bends = [f"{name}>{end}@{floor}" for floor in range(height[name] - 1, height[end], -1)]
            spots.update({bend: _Spot(6) for bend in bends})
            for bend, floor in zip(bends, range(height[name] - 1, height[end], -1), strict=True):
                rows[floor].append(bend)
            lines.append([name, *bends, end])
    _arrange(rows, spots, lines)
    return _svg(house, rows, spots, lines, height)


def _arrange(rows: list[list[str]], spots: Mapping[str, _Spot], lines: list[list[str]]) -> None:
    """Order every floor by where its neighbours stand, up and down in turns."""
    above: dict[str, list[str]] = {name: [] for name in spots}
    below: dict[str, list[str]] = {name: [] for name in spots}
    for line in lines:
        for high, low in pairwise(line):
            below[high].append(low)
            above[low].append(high)
    widest = max(_width(row, spots) for row in rows)
    for row in rows:
        _place(row, spots, widest)
    for sweep in range(SWEEPS):
        near = below if sweep % 2 == 0 else above
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wish = {name: _mean([spots[other].x for other in near[name]], spots[name].x) for name in row}
            row.sort(key=lambda name: (round(wish[name], 3), name))
            _place(row, spots, widest)


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _width(row: list[str], spots: Mapping[str, _Spot]) -> float:
    return sum(spots[name].width + GAP for name in row) - GAP


def _place(row: list[str], spots: Mapping[str, _Spot], widest: float) -> None:
    """Side by side, in the middle of the picture; x is the middle of a spot."""
    left = (widest - _width(row, spots)) / 2 + MARGIN
    for name in row:
        spots[name].x = left + spots[name].width / 2
        left += spots[name].width + GAP


def _svg(house: Rooms, rows: list[list[str]], spots: Mapping[str, _Spot], lines: list[list[str]],
         height: Mapping[str, int]) -> str:  # fmt: skip
    widest = max(_width(row, spots) for row in rows) + 2 * MARGIN
    top = (len(rows) - 1) * FLOOR + MARGIN

    def y(name: str) -> float:
        return top - (height[name] if name in height else int(name.partition("@")[2])) * FLOOR

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {widest:.0f} {top + HEIGHT + MARGIN}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12.5">',
        "<!-- Written by docs/draw_rooms.py from the imports. -->",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for line in lines:
        points = [(spots[name].x, y(name)) for name in line]
        out.append(f'<path d="{_curve(points)}" fill="none" stroke="#8a94a0" stroke-width="1"/>')
    for name in house:
        spot, colour = spots[name], COLOURS[name.split(".")[0]]
        out.append(
            f'<rect x="{spot.x - spot.width / 2:.1f}" y="{y(name)}" width="{spot.width:.1f}" height="{HEIGHT}" rx="4" '
            f'fill="{colour}" stroke="#51606f"/>'
        )
        out.append(f'<text x="{spot.x:.1f}" y="{y(name) + 19.5}" text-anchor="middle">{short(name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def _curve(points: list[tuple[float, float]]) -> str:
    """From the foot of the first room to the head of the last, straight past what stands between."""
    (x, start), *others = points
    path, at = f"M{x:.1f} {start + HEIGHT:.1f}", start + HEIGHT
    for index, (to_x, head) in enumerate(others):
        bend = (at + head) / 2
        path += f" C{x:.1f} {bend:.1f} {to_x:.1f} {bend:.1f} {to_x:.1f} {head:.1f}"
        if index < len(others) - 1:
            path += f" V{head + HEIGHT:.1f}"
        x, at = to_x, head + HEIGHT
    return path


def short(name: str) -> str:
    """As the folders say it: ops/weights, boards/sim, models."""
    root, *inner = name.split(".")
    first = (
        "" if root == "shiftwire" else "hls_templates" if root == "shiftwire_hls" else root.removeprefix("shiftwire_")
    )
    return "/".join([first, *inner] if first else inner)


def sentence(name: str) -> str:
    """What a room says of itself, without the list of its imports."""
    parts = name.split(".")
    place = SOURCES[parts[0]].joinpath(*parts[1:])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return re.sub(r"; imports? .*$", ".", docstring.split("\n")[0])


def table(house: Rooms) -> str:
    """Rooms from the top floor down, what lives there, and what each imports."""
    height = floors(house)
    lines = ["| floor | room | what lives there | imports |", "| --- | --- | --- | --- |"]
    for name in sorted(house, key=lambda name: (-height[name], name)):
        below = ", ".join(short(other) for other in sorted(house[name], key=lambda other: (-height[other], other)))
        lines.append(f"| {height[name]} | {short(name)} | {sentence(name)} | {below or '-'} |")
    return "\n".join(lines)


def with_block(page: str, name: str, text: str) -> str:
    """A page whose block between two comments, `<!-- NAME -->` and `<!-- end -->`, is `text`."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda marks: f"{marks[1]}\n{text}\n\n{marks[2]}", page, flags=re.DOTALL)


def main() -> None:
    house = rooms()
    (DOCS / "rooms.svg").write_text(picture(house), encoding="utf-8")
    page = DOCS / "architecture.md"
    page.write_text(with_block(page.read_text(encoding="utf-8"), "rooms", table(house)), encoding="utf-8")


if __name__ == "__main__":
    main()
