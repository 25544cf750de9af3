"""Loops: one of them pipelined, the others unrolled, all of constant length."""

from __future__ import annotations

from collections.abc import Iterator

from hls_structure.expressions import assigned, is_constant, operation
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import Kind, Source, body_of, cindex, loop_variables, same, streams_of, walk

OTHER_LOOPS = (Kind.WHILE_STMT, Kind.DO_STMT, Kind.CXX_FOR_RANGE_STMT)
EXITS = {Kind.BREAK_STMT: "break", Kind.GOTO_STMT: "goto", Kind.RETURN_STMT: "return"}
WRAPPERS = (Kind.LABEL_STMT,)


def directives(source: Source, loop: cindex.Cursor) -> list[str]:
    return [p.directive for p in source.under(body_of(loop)) if p.directive in ("PIPELINE", "UNROLL")]


def one_loop(source: Source) -> Iterator[Fault]:
    """Of each kernel; every other function has unrolled loops alone."""
    for function in source.functions:
        loops = [c for c in walk(function) if c.kind == Kind.FOR_STMT]
        piped = [loop for loop in loops if "PIPELINE" in directives(source, loop)]
        for loop in loops:
            if any(p.directive == "UNROLL" and p.options for p in source.under(body_of(loop))):
                yield _fault(source, loop, "a loop unrolled in part", "all of it")
            if len(directives(source, loop)) != 1:
                yield _fault(source, loop, "a loop without PIPELINE or UNROLL", "every loop in a kernel to have one")
        is_kernel = same(function, source.kernel)
        if len(piped) != is_kernel:
            line = source.at(function.location.line)
            wanted = "one in the kernel, none elsewhere"
            yield fault(Rule.ONE_LOOP, line, f"{len(piped)} pipelined loops in {function.spelling}", wanted)
        elif is_kernel:
            yield from _around(source, function, piped[0])
            yield from _pipeline(source, piped[0])
    if source.kernel is None and any(streams_of(f) for f in source.functions):
        yield fault(Rule.ONE_LOOP, source.at(1), "streams but no kernel", "a function of the header's name")


def _around(source: Source, kernel: cindex.Cursor, loop: cindex.Cursor) -> Iterator[Fault]:
    """Declarations, then the loop, and that is all: only so do frames follow each other without a gap."""
    *before, last = (_inner(statement) for statement in body_of(kernel).get_children())
    if last != loop:
        found = "the pipelined loop within or before something"
        yield _fault(source, loop, found, "it to be the kernel's last statement")
        return
    for statement in before:
        if statement.kind not in (Kind.DECL_STMT, Kind.NULL_STMT):
            yield _fault(source, statement, "a statement before the loop", "declarations alone")


def _inner(statement: cindex.Cursor) -> cindex.Cursor:
    """What stands behind a label."""
    return next(iter(statement.get_children())) if statement.kind in WRAPPERS else statement


def _pipeline(source: Source, loop: cindex.Cursor) -> Iterator[Fault]:
    (pragma,) = (p for p in source.under(body_of(loop)) if p.directive == "PIPELINE")
    if pragma.options.get("II") != "1" or "style" not in pragma.options:
        place, found = source.at(pragma.line), " ".join(f"{k} = {v}" for k, v in pragma.options.items())
        yield fault(Rule.ONE_LOOP, place, f"PIPELINE {found}".strip(), "II = 1 and a style")
    if source.text.splitlines()[pragma.line].strip() != "SHIFTWIRE_TICK":
        place = source.at(pragma.line + 1)
        yield fault(Rule.ONE_LOOP, place, "an iteration that is not counted", "SHIFTWIRE_TICK first")


def bounds(source: Source) -> Iterator[Fault]:
    """`for (int i = 0; i < constant; i++)`, i untouched, nothing that leaves it."""
    for cursor in source.all:
        if cursor.kind in OTHER_LOOPS:
            yield _fault(source, cursor, "a loop of unknown length", "for, from 0 to a constant", Rule.BOUND)
        if cursor.kind == Kind.FOR_STMT:
            yield from _bound(source, cursor)


def _bound(source: Source, loop: cindex.Cursor) -> Iterator[Fault]:
    parts, variables = list(loop.get_children()), loop_variables(loop)
    test = operation(source, parts[1]) if len(parts) == 4 else None
    if test is None or len(variables) != 1 or test.sign != "<" or not _steps_by_one(source, loop, parts):
        text = source.text_of(loop).partition("{")[0].strip()
        yield _fault(source, loop, f"'{text}'", "for (int i = 0; i < constant; i++)", Rule.BOUND)
        return
    if not is_constant(source, test.right):
        found = f"the bound '{source.text_of(test.right)}', which HLS can't know"
        yield _fault(source, loop, found, "a constant", Rule.BOUND)
    for inner in walk(parts[3]):
        changed = assigned(source, inner)
        if changed is not None and same(variables[0], changed.referenced):
            yield _fault(source, inner, f"{variables[0].spelling} changed in its loop", "i++ alone", Rule.BOUND)
        if inner.kind in EXITS:
            yield _fault(source, inner, f"{EXITS[inner.kind]} in a loop", "a loop that ends by its bound", Rule.BOUND)


def _steps_by_one(source: Source, loop: cindex.Cursor, parts: list[cindex.Cursor]) -> bool:
    (variable,) = loop_variables(loop)
    starts_at_0 = source.text_of(parts[0]).rstrip(";").endswith("= 0")
    return starts_at_0 and source.text_of(parts[2]) in (f"{variable.spelling}++", f"++{variable.spelling}")


def _fault(source: Source, cursor: cindex.Cursor, found: str, wanted: str, rule: Rule = Rule.ONE_LOOP) -> Fault:
    return fault(rule, source.at(cursor.location.line), found, wanted)
