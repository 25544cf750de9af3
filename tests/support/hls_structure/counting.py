"""Headers whose arrays count their accesses: rewritten by the syntax tree, laid out by their own pragmas."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hls_structure.layout import arrays_in_scope, rank_of
from hls_structure.pragmas import Pragma
from hls_structure.source import HERE, Kind, Source, cindex, header, known, on_stand_in_types, parameters, walk

COUNTING = HERE / "counting.h"


@dataclass(frozen=True, order=True)
class Edit:
    """Bytes from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


def write_counted(folder: Path, out: Path) -> None:
    """All headers of a folder, counting, under their names."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.h")):
        if path.name != "sw_code.h":
            (out / path.name).write_text(counted_text(header(path)))
    shim = (folder / "sw_code.h").read_text(encoding="utf-8")
    (out / "sw_code.h").write_text(_shim_text(shim, out))


def _shim_text(text: str, out: Path) -> str:
    """The shim's own functions count too; they are read on the stand-in types, as they are compiled."""
    own, after = text.partition("#else")[0], text.partition("#else")[2]
    library, end, rest = after.partition("#endif\n")
    path = out / "shim" / "sw_code.h"
    path.parent.mkdir(exist_ok=True)
    path.write_text(own + "#else" + "\n" * library.count("\n") + end + rest)
    return counted_text(known(path, on_stand_in_types))


@functools.cache
def counted_text(source: Source) -> str:
    """A header's text with counted arrays in place of plain ones."""
    text, end = bytearray(), 0
    for edit in sorted(set(_edits(source))):
        text += source.bytes[end : edit.start] + edit.text.encode()
        end = edit.end
    return (text + source.bytes[end:]).decode()


def _edits(source: Source) -> Iterator[Edit]:
    for function in source.functions:
        yield from _parameter_edits(source, function)
        for statement in (c for c in walk(function) if c.kind == Kind.DECL_STMT):
            yield from _declaration_edits(source, statement)
    for kind in (c for c in source.all if c.kind == Kind.TYPEDEF_DECL and "[" in c.underlying_typedef_type.spelling):
        yield _typedef_edit(source, kind)
    for pragma in source.pragmas:
        if pragma.lays_out and pragma.options.get("variable") in arrays_in_scope(source, pragma.line):
            yield _pragma_edit(source, pragma)


def _parameter_edits(source: Source, function: cindex.Cursor) -> Iterator[Edit]:
    """`T x[A][B]` becomes a view of two dimensions, of any kind; what points to a row becomes that row."""
    kinds = []
    for at, parameter in enumerate(parameters(function)):
        text = source.text_of(parameter)
        start, end = parameter.extent.start.offset, parameter.extent.end.offset
        if rank := rank_of(parameter):
            element = re.sub(rf"\s*{parameter.spelling}\s*\[.*", "", text, flags=re.DOTALL).removeprefix("const ")
            kinds.append(f"class SwKind{at}")
            yield Edit(start, end, f"counted::view<{element}, {rank}, SwKind{at}> {parameter.spelling}")
        elif "*" in text:
            yield Edit(start, end, text.replace("*", "&", 1))
    if kinds:
        close = _template_end(source, function)
        yield Edit(close, close, "".join(f", {kind}" for kind in kinds))


def _template_end(source: Source, function: cindex.Cursor) -> int:
    """Where the list of a template's parameters is closed."""
    depth = 0
    for at in range(function.extent.start.offset, len(source.bytes)):
        depth += {ord("<"): 1, ord(">"): -1}.get(source.bytes[at], 0)
        if source.bytes[at] == ord(">") and depth == 0:
            return at
    raise AssertionError(f"{source.at(function.location.line)}: an array as a parameter of what is no template")


def _typedef_edit(source: Source, kind: cindex.Cursor) -> Edit:
    """Variables of such a type are registers: `hidden` in layout.py sees to it."""
    text = source.text_of(kind)
    element = text.removeprefix("typedef ").partition(kind.spelling + "[")[0].strip()
    extents = ", ".join(re.findall(r"\[([^\]]*)\]", text))
    made = f"typedef counted::registers_of<{element}, {extents}> {kind.spelling}"
    return Edit(kind.extent.start.offset, kind.extent.end.offset, made)


def _declaration_edits(source: Source, statement: cindex.Cursor) -> Iterator[Edit]:
    variables = [c for c in statement.get_children() if c.kind == Kind.VAR_DECL]
    if not any(_is_plain_array(source, variable) for variable in variables):
        return
    start, end = statement.extent.start.offset, statement.extent.end.offset
    text = source.text_of(statement)
    element = text[: variables[0].location.offset - start].strip()
    ends = [*(v.location.offset for v in variables[1:]), end]
    parts = []
    for variable, after in zip(variables, ends, strict=True):
        own = source.bytes[variable.location.offset : after].decode().rstrip().rstrip(",;")
        is_array = _is_plain_array(source, variable)
        parts.append(_declared(source, variable, element, own) if is_array else f"{element} {own};")
    yield Edit(start, end, " ".join(parts))


def _is_plain_array(source: Source, variable: cindex.Cursor) -> bool:
    """Whether it has extents and no values."""
    return rank_of(variable) > 0 and "=" not in source.text_of(variable)


def _declared(source: Source, variable: cindex.Cursor, element: str, text: str) -> str:
    extents = re.findall(r"\[([^\]]*)\]", text)
    kind = "registers" if is_registers(source, variable) else "memory"
    place = f"{source.at(variable.location.line)}:{variable.spelling}"
    array = f"counted::array<{element.removeprefix('static ')}, {len(extents)}, counted::{kind}>"
    return f'{array} {variable.spelling}("{place}", {{{", ".join(extents)}}});'


def is_registers(source: Source, variable: cindex.Cursor) -> bool:
    """Whether its pragmas take all of it apart."""
    apart = set()
    for pragma in source.pragmas:
        if pragma.directive == "ARRAY_PARTITION" and "complete" in {*pragma.flags, pragma.options.get("type", "")}:
            named = arrays_in_scope(source, pragma.line).get(pragma.options.get("variable", ""))
            if named is not None and named == variable:
                apart |= set(range(1, rank_of(variable) + 1)) if not pragma.dim else {pragma.dim}
    return apart == set(range(1, rank_of(variable) + 1))


def _pragma_edit(source: Source, pragma: Pragma) -> Edit:
    """The pragma as a call, on its own line."""
    lines = source.text.splitlines(keepends=True)
    start = len("".join(lines[: pragma.line - 1]).encode())
    end = start + len(lines[pragma.line - 1].rstrip("\n").encode())
    name, dim = pragma.options["variable"], pragma.dim or 0
    if "cyclic" in {*pragma.flags, pragma.options.get("type")} and pragma.directive == "ARRAY_PARTITION":
        return Edit(start, end, f"{name}.cyclic({dim}, {pragma.options['factor']});")
    assert "factor" not in pragma.options, f"{source.at(pragma.line)}: blocks are not counted"
    verb = {"ARRAY_PARTITION": "partition", "ARRAY_RESHAPE": "reshape"}[pragma.directive]
    return Edit(start, end, f"{name}.{verb}({dim});")
