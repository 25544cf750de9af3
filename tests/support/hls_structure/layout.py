"""Pragmas in their places, and arrays and beats as words."""

from __future__ import annotations

from collections.abc import Iterator

from hls_structure.expressions import is_constant
from hls_structure.faults import Fault, Rule, fault
from hls_structure.loops import directives
from hls_structure.pragmas import Pragma
from hls_structure.source import Kind, Source, body_of, cindex, parameters, same, streams_of, walk

KNOWN = frozenset({"PIPELINE", "UNROLL", "INLINE", "ARRAY_PARTITION", "ARRAY_RESHAPE", "DEPENDENCE"})
ARRAYS = (cindex.TypeKind.CONSTANTARRAY, cindex.TypeKind.DEPENDENTSIZEDARRAY, cindex.TypeKind.INCOMPLETEARRAY)
HOW = ("complete", "cyclic", "block")


def dependence(source: Source) -> Iterator[Fault]:
    """There is no proof today that would allow one."""
    for pragma in source.pragmas:
        if pragma.directive == "DEPENDENCE":
            yield fault(Rule.DEPENDENCE, source.at(pragma.line), "DEPENDENCE", "a kernel that needs none")


def places(source: Source) -> Iterator[Fault]:
    """Loops' pragmas under loops, INLINE under a function, those of arrays where the array is known."""
    loops = [body_of(c) for c in source.all if c.kind == Kind.FOR_STMT]
    under_loops = {p.line for body in loops for p in source.under(body)}
    under_functions = {p.line for f in source.functions for p in source.under(body_of(f))}
    if "_Pragma" in source.text:
        yield fault(Rule.PRAGMAS, source.at(1), "_Pragma", "#pragma, which can be seen")
    for pragma in source.pragmas:
        place = source.at(pragma.line)
        if pragma.directive not in KNOWN:
            yield fault(Rule.PRAGMAS, place, pragma.directive, f"one of {', '.join(sorted(KNOWN))}")
        elif pragma.directive in ("PIPELINE", "UNROLL") and pragma.line not in under_loops:
            wanted = "it on the line behind a loop's brace"
            yield fault(Rule.PRAGMAS, place, f"{pragma.directive} under no loop", wanted)
        elif pragma.directive == "INLINE" and pragma.line not in under_functions:
            yield fault(Rule.PRAGMAS, place, "INLINE within a body", "it on the line behind a function's brace")
        elif pragma.directive == "INLINE" and source.kernel and pragma in source.under(body_of(source.kernel)):
            yield fault(Rule.PRAGMAS, place, "INLINE in a kernel", "a function, which becomes a process")
        elif pragma.lays_out:
            yield from _array(source, pragma)


def _array(source: Source, pragma: Pragma) -> Iterator[Fault]:
    place, name = source.at(pragma.line), pragma.options.get("variable", "")
    array = arrays_in_scope(source, pragma.line).get(name)
    if array is None:
        yield fault(Rule.PRAGMAS, place, f"variable = {name}", "an array that is declared above, in this scope")
    elif not set(HOW) & {*pragma.flags, pragma.options.get("type", "")}:
        yield fault(Rule.PRAGMAS, place, f"no way to store {name}", f"one of {', '.join(HOW)}")
    elif _is_any(array) or may_be_array(array):
        return
    elif (pragma.dim is None and rank_of(array) > 1) or (pragma.dim or 0) > rank_of(array):
        wanted = f"one of its {rank_of(array)}, or 0 for all"
        yield fault(Rule.PRAGMAS, place, f"dim = {pragma.dim} of {name}", wanted)


def arrays_in_scope(source: Source, line: int) -> dict[str, cindex.Cursor]:
    """Parameters and local arrays that a pragma on a line may name."""
    found = {}
    for function in source.functions:
        if function.extent.start.line <= line <= function.extent.end.line:
            found |= {p.spelling: p for p in parameters(function) if rank_of(p) or _is_any(p)}
            found |= {v.spelling: v for v in _declared(body_of(function), line) if rank_of(v) or may_be_array(v)}
    return found


def may_be_array(variable: cindex.Cursor) -> bool:
    """Whether its type is another template's, such as the codes that an iteration sees."""
    kind = variable.type.spelling
    return variable.kind == Kind.VAR_DECL and kind.startswith("typename ") and "<" in kind and "code_of<" not in kind


def _is_any(parameter: cindex.Cursor) -> bool:
    """Whether it refers to what a template may take, so to an array too."""
    types = {c.spelling for c in parameter.semantic_parent.get_children() if c.kind == Kind.TEMPLATE_TYPE_PARAMETER}
    named = parameter.type.spelling.removeprefix("const ").removesuffix(" &")
    is_reference = parameter.type.kind == cindex.TypeKind.LVALUEREFERENCE
    return parameter.kind == Kind.PARM_DECL and is_reference and named in types


def _declared(scope: cindex.Cursor, line: int) -> Iterator[cindex.Cursor]:
    """Variables of a scope and of those around `line` within it, above that line."""
    for child in scope.get_children():
        if child.kind == Kind.DECL_STMT and child.extent.end.line < line:
            yield from (c for c in child.get_children() if c.kind == Kind.VAR_DECL)
        elif child.kind != Kind.DECL_STMT and child.extent.start.line < line <= child.extent.end.line:
            yield from _declared(child, line)


def rank_of(variable: cindex.Cursor) -> int:
    """How many extents an array has; 0 for what is none."""
    text = variable.type.spelling
    return text.count("[") if variable.type.kind in ARRAYS or ("[" in text and variable.kind == Kind.PARM_DECL) else 0


def beats(source: Source) -> Iterator[Fault]:
    """Beats indexed by constants, and no memory of beats."""
    for function in source.functions:
        carried = {p.type.spelling.partition("<")[2].rpartition(">")[0].strip() for p in parameters(function)} - {""}
        for cursor in walk(function):
            place = source.at(cursor.location.line)
            if cursor.kind == Kind.VAR_DECL and rank_of(cursor) and _element(cursor) in carried:
                yield fault(Rule.BEATS, place, f"{cursor.spelling}, an array of beats", "an array of codes, reshaped")
            if cursor.kind == Kind.ARRAY_SUBSCRIPT_EXPR and _is_searched(source, cursor, carried):
                found = f"'{source.text_of(cursor)}', wires chosen by a value of run time"
                yield fault(Rule.BEATS, place, found, "a constant: the variable of an unrolled loop, a member of C")


def _is_listed(source: Source, variable: cindex.Cursor | None) -> bool:
    """Whether it is an array with its values, which is no memory: its elements are wires."""
    return variable is not None and variable.kind == Kind.VAR_DECL and "=" in source.text_of(variable)


def _is_searched(source: Source, subscript: cindex.Cursor, carried: set[str]) -> bool:
    """Whether it looks for an element of a beat at a place that is known late."""
    base, index = subscript.get_children()
    named = base.referenced
    is_beat = named is not None and named.type.spelling.removeprefix("const ") in carried
    return (is_beat or _is_listed(source, named)) and not is_constant(source, index)


def hidden(source: Source) -> Iterator[Fault]:
    """Arrays where no pragma finds them: in a struct that is no beat, or of a type that another template names."""
    for cursor in source.all:
        place = source.at(cursor.location.line)
        if cursor.kind == Kind.FIELD_DECL and "[" in cursor.type.spelling and source.name != "sw_beat.h":
            yield fault(
                Rule.PORTS, place, f"{cursor.spelling}, an array in a struct", "a variable, which a pragma can name"
            )
        if may_be_array(cursor) and not _is_taken_apart(source, cursor):
            yield fault(Rule.PORTS, place, f"{cursor.spelling}, whose type another names, in one memory", "registers")


def _is_taken_apart(source: Source, variable: cindex.Cursor) -> bool:
    return any(
        p.directive == "ARRAY_PARTITION"
        and "complete" in p.flags
        and same(variable, arrays_in_scope(source, p.line).get(variable.spelling))
        and p.options.get("variable") == variable.spelling
        for p in source.pragmas
    )


def _element(array: cindex.Cursor) -> str:
    return str(array.type.spelling.partition("[")[0].removeprefix("const ").strip())


def stream_sites(source: Source) -> Iterator[Fault]:
    """Streams outside unrolled loops, or they would be used many times an iteration."""
    for function in source.functions:
        streams = set(streams_of(function))
        for loop in (c for c in walk(function) if c.kind == Kind.FOR_STMT and "UNROLL" in directives(source, c)):
            for cursor in walk(loop):
                if cursor.kind == Kind.DECL_REF_EXPR and cursor.spelling in streams:
                    place = source.at(cursor.location.line)
                    found = f"{cursor.spelling}, a stream, in an unrolled loop"
                    yield fault(Rule.STREAMS, place, found, "one read or write an iteration")
