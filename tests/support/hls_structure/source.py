"""A header as libclang reads it: functions, loops and expressions of templates that nobody has called yet."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hls_structure.pragmas import Pragma, pragmas_of
from netlib import ap_types

cindex = pytest.importorskip("clang.cindex", reason="libclang is absent: pip install libclang==18.1.1")

HERE = Path(__file__).resolve().parent
TYPES = HERE / "structure_types.h"
Kind = cindex.CursorKind
FUNCTIONS = (Kind.FUNCTION_DECL, Kind.FUNCTION_TEMPLATE, Kind.CXX_METHOD, Kind.CONSTRUCTOR)
REFERENCES = (Kind.TYPE_REF, Kind.TEMPLATE_REF, Kind.NAMESPACE_REF)


def needs(*programs: str) -> None:
    """A test that asks is skipped where one of them is absent."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is absent: on Debian, apt-get install clang llvm")


@functools.cache
def builtin_includes() -> str:
    """The folder of stddef.h and its like, which the libclang of PyPI comes without."""
    needs("clang")
    told = subprocess.run(["clang", "-print-resource-dir"], check=True, capture_output=True, text=True)
    return str(Path(told.stdout.strip()) / "include")


@dataclass(frozen=True, eq=False)
class Source:
    """A parsed C++ file; what it includes is left out of everything."""

    path: Path
    text: str
    root: cindex.Cursor
    pragmas: tuple[Pragma, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.path.name

    def at(self, line: int) -> str:
        """A place in it, as file:line."""
        return f"{self.name}:{line}"

    def text_of(self, cursor: cindex.Cursor) -> str:
        return self.bytes[cursor.extent.start.offset : cursor.extent.end.offset].decode()

    @functools.cached_property
    def bytes(self) -> bytes:
        return self.text.encode()

    @functools.cached_property
    def functions(self) -> tuple[cindex.Cursor, ...]:
        """Everything that has a body, methods too."""
        return tuple(c for c in self.all if c.kind in FUNCTIONS and body_of(c) is not None)

    @functools.cached_property
    def all(self) -> tuple[cindex.Cursor, ...]:
        return tuple(c for top in self.root.get_children() if self.owns(top) for c in walk(top))

    @property
    def kernel(self) -> cindex.Cursor | None:
        """The public function: that of the file's name, on streams."""
        return next((f for f in self.functions if f"sw_{f.spelling}.h" == self.name and streams_of(f)), None)

    def owns(self, cursor: cindex.Cursor) -> bool:
        return bool(cursor.location.file and cursor.location.file.name == str(self.path))

    def under(self, body: cindex.Cursor | None) -> list[Pragma]:
        """Pragmas on the lines behind an opening brace."""
        line, found = (body.extent.start.line if body else -1), []
        by_line = {pragma.line: pragma for pragma in self.pragmas}
        while (line := line + 1) in by_line:
            found.append(by_line[line])
        return found

    @functools.cached_property
    def unrolled(self) -> frozenset[int]:
        """Offsets of the variables of unrolled loops: constants to an HLS compiler."""
        loops = (c for c in self.all if c.kind == Kind.FOR_STMT)
        return frozenset(
            variable.location.offset
            for loop in loops
            if any(p.directive == "UNROLL" for p in self.under(body_of(loop)))
            for variable in loop_variables(loop)
        )


def parsed(path: Path, include_dirs: Sequence[Path], flags: Sequence[str] = ()) -> Source:
    """A file as HLS would see it; raises AssertionError where it is no C++."""
    includes = [f"-I{folder}" for folder in (path.parent, *include_dirs, builtin_includes())]
    options = ["-xc++", "-std=c++14", "-Wno-unknown-pragmas", *flags, *includes]
    unit = cindex.Index.create().parse(str(path), options)
    errors = [str(d) for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    assert not errors, errors
    text = path.read_text(encoding="utf-8")
    return Source(path, text, unit.cursor, tuple(pragmas_of(text)))


_KNOWN: dict[tuple[str, str], Source] = {}


def header(path: Path) -> Source:
    """A header of ours on stand-in types, the shim itself on those that it names; one of a known text is known."""
    return known(path, _on_ap_types if path.name == "sw_code.h" else on_stand_in_types)


def known(path: Path, parse: Callable[[Path], Source]) -> Source:
    """What `parse` makes of a file, which it is asked once for each text."""
    key = (path.name, path.read_text(encoding="utf-8"))
    if key not in _KNOWN:
        _KNOWN[key] = parse(path)
    return _KNOWN[key]


def _on_ap_types(path: Path) -> Source:
    return parsed(path, [ap_types()], ["-DSHIFTWIRE_HARDWARE"])


def on_stand_in_types(path: Path, include_dirs: Sequence[Path] = ()) -> Source:
    return parsed(path, include_dirs, ["-D__SYNTHESIS__", f'-DSHIFTWIRE_CODE_TYPES="{TYPES}"'])


def walk(cursor: cindex.Cursor) -> Iterator[cindex.Cursor]:
    yield cursor
    for child in cursor.get_children():
        yield from walk(child)


def same(one: cindex.Cursor, other: cindex.Cursor | None) -> bool:
    """Whether there is another and it is this one."""
    return other is not None and one == other


def body_of(cursor: cindex.Cursor) -> cindex.Cursor | None:
    """The compound statement of a function or a loop."""
    children = list(cursor.get_children())
    return children[-1] if children and children[-1].kind == Kind.COMPOUND_STMT else None


def parameters(function: cindex.Cursor) -> list[cindex.Cursor]:
    return [c for c in function.get_children() if c.kind == Kind.PARM_DECL]


def streams_of(function: cindex.Cursor) -> list[str]:
    """Names of the parameters that are streams."""
    return [p.spelling for p in parameters(function) if "stream<" in p.type.spelling]


def loop_variables(loop: cindex.Cursor) -> list[cindex.Cursor]:
    first = next(iter(loop.get_children()), None)
    return [c for c in walk(first) if c.kind == Kind.VAR_DECL] if first and first.kind == Kind.DECL_STMT else []


def operands(cursor: cindex.Cursor) -> list[cindex.Cursor]:
    """Expressions below one, without the types that it names."""
    return [c for c in cursor.get_children() if c.kind not in REFERENCES]
