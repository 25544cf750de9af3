"""How much of C++ a header uses: less than HLS would take."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from hls_structure.expressions import called
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import FUNCTIONS, Kind, Source, cindex, walk

ALLOCATORS = frozenset({"malloc", "calloc", "realloc", "free", "alloca"})
CONTAINERS = frozenset({"vector", "deque", "list", "map", "set", "string", "queue", "unique_ptr", "shared_ptr"})
SHIM = "sw_code.h"
LIBRARIES = re.compile(r"\b(std|hls|ap_\w+)\s*::|#include\s*<")
MEMBERS_OF_TYPES = frozenset({"read", "write", "to_int"})
LONGEST_FUNCTION, LONGEST_HEADER = 60, 160


def recursion(sources: Sequence[Source]) -> Iterator[Fault]:
    """Over all headers, by names: a call may be one of every function of its name."""
    calls: dict[str, set[str]] = {}
    for name, _, made in (one for source in sources for one in _calls(source)):
        calls.setdefault(name, set()).update(made)
    for source in sources:
        for name, line, made in _calls(source):
            if name in _reached(set(made), calls):
                found = f"{name}, which calls itself by way of others or alone"
                yield fault(Rule.RECURSION, source.at(line), found, "no circle")


def _reached(names: set[str], calls: dict[str, set[str]]) -> set[str]:
    """Functions called by those named, near and far."""
    reached: set[str] = set()
    while names:
        reached |= names
        names = set().union(*(calls.get(name, set()) for name in names)) - reached
    return reached


@functools.cache
def _calls(source: Source) -> list[tuple[str, int, dict[str, int]]]:
    """Each function, its line, and what it calls, where."""
    return [
        (f.spelling, f.location.line, {name: c.location.line for c in walk(f) if (name := called(source, c))})
        for f in source.functions
    ]


def heap(source: Source) -> Iterator[Fault]:
    for cursor in source.all:
        words = {Kind.CXX_NEW_EXPR: "new", Kind.CXX_DELETE_EXPR: "delete"}
        word = words.get(cursor.kind) or (called(source, cursor) if called(source, cursor) in ALLOCATORS else None)
        if word is None and cursor.kind in (Kind.TEMPLATE_REF, Kind.TYPE_REF) and _container(cursor):
            word = cursor.spelling
        if word:
            yield fault(Rule.HEAP, source.at(cursor.location.line), word, "arrays of constant size")


def _container(cursor: cindex.Cursor) -> bool:
    target = cursor.referenced
    place = target.location.file.name if target is not None and target.location.file else ""
    return cursor.spelling.split("::")[-1].strip() in CONTAINERS and "sw_" not in place


def library(sources: Sequence[Source]) -> Iterator[Fault]:
    """Includes, namespaces and calls of what these headers have not."""
    own = {name for source in sources for name, _, _ in _calls(source)} | MEMBERS_OF_TYPES | ALLOCATORS
    for source in sources:
        if source.name == SHIM:
            continue
        yield from _named_libraries(source)
        calls = ((name, line) for _, _, made in _calls(source) for name, line in made.items())
        for name, line in calls:
            if name not in own:
                yield fault(Rule.LIBRARY, source.at(line), f"a call of {name}", "calls of these headers alone")


def _named_libraries(source: Source) -> Iterator[Fault]:
    for number, line in enumerate(source.text.splitlines(), 1):
        named = LIBRARIES.search(line.partition("//")[0])
        if named and not _is_for_the_host(source, number):
            yield fault(Rule.LIBRARY, source.at(number), f"'{named[0]}'", f"{SHIM} to be all that names a library")


def _is_for_the_host(source: Source, line: int) -> bool:
    """Whether a line stands under `#ifndef __SYNTHESIS__`."""
    before = source.text.splitlines()[: line - 1]
    return any(text.startswith("#ifndef __SYNTHESIS__") for text in before)


def state(source: Source) -> Iterator[Fault]:
    for cursor in source.all:
        if cursor.kind != Kind.VAR_DECL or cursor.semantic_parent is None:
            continue
        stays = cursor.storage_class == cindex.StorageClass.STATIC or cursor.semantic_parent.kind not in FUNCTIONS
        kind = cursor.type
        while kind.kind in (cindex.TypeKind.CONSTANTARRAY, cindex.TypeKind.DEPENDENTSIZEDARRAY):
            kind = kind.element_type
        if stays and not kind.is_const_qualified():
            what = f"{cursor.spelling}, which outlives a call"
            yield fault(Rule.STATE, source.at(cursor.location.line), what, "a constant or a local variable")


def plain(source: Source) -> Iterator[Fault]:
    words = {Kind.CXX_THROW_EXPR: "throw", Kind.CXX_TRY_STMT: "try", Kind.CXX_TYPEID_EXPR: "typeid"}
    for cursor in source.all:
        word = words.get(cursor.kind)
        if cursor.kind == Kind.CXX_METHOD and cursor.is_virtual_method():
            word = "a virtual function"
        if cursor.kind in (Kind.VAR_DECL, Kind.PARM_DECL, Kind.FIELD_DECL) and _points_to_a_pointer(cursor):
            word = f"{cursor.spelling}, a pointer to a pointer"
        if word:
            wanted = "calls and addresses that HLS can resolve"
            yield fault(Rule.LANGUAGE, source.at(cursor.location.line), word, wanted)


def _points_to_a_pointer(cursor: cindex.Cursor) -> bool:
    return re.search(r"\*\s*(const\s*)?\*", cursor.type.spelling) is not None


def sizes(source: Source) -> Iterator[Fault]:
    lines = source.text.count("\n")
    if lines > LONGEST_HEADER:
        yield fault(Rule.SIZE, source.at(1), f"{lines} lines", f"at most {LONGEST_HEADER} in a header")
    for function in source.functions:
        length = function.extent.end.line - function.extent.start.line + 1
        if length > LONGEST_FUNCTION:
            place = source.at(function.location.line)
            wanted = f"at most {LONGEST_FUNCTION} in a function"
            yield fault(Rule.SIZE, place, f"{function.spelling} of {length} lines", wanted)
