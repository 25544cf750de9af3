"""What an expression of a template is: an operator, a call, a constant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hls_structure.source import REFERENCES, Kind, Source, cindex, operands

LITERALS = (Kind.INTEGER_LITERAL, Kind.CXX_BOOL_LITERAL_EXPR, Kind.CHARACTER_LITERAL, Kind.SIZE_OF_PACK_EXPR)
TRANSPARENT = (
    Kind.UNARY_OPERATOR,
    Kind.CONDITIONAL_OPERATOR,
    Kind.PAREN_EXPR,
    Kind.UNEXPOSED_EXPR,
    Kind.CSTYLE_CAST_EXPR,
    Kind.CXX_FUNCTIONAL_CAST_EXPR,
    Kind.CXX_STATIC_CAST_EXPR,
    Kind.CXX_UNARY_EXPR,
)
OPERATOR = re.compile(r"operator\W+")


@dataclass(frozen=True)
class Operation:
    """Two operands and what stands between them, as << or %=."""

    sign: str
    left: cindex.Cursor
    right: cindex.Cursor
    line: int


def operation(source: Source, cursor: cindex.Cursor) -> Operation | None:
    """The binary operator of an expression, whether a built-in one, one of ours or one not yet known."""
    if cursor.kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR):
        left, right = cursor.get_children()
    elif cursor.kind == Kind.CALL_EXPR:
        parts = [c for c in operands(cursor) if not is_operator_name(c)]
        if len(parts) != 2 or len(parts) == len(operands(cursor)):
            return None
        left, right = parts
    else:
        return None
    between = source.bytes[left.extent.end.offset : right.extent.start.offset].decode()
    return Operation(between.strip(" \n()"), left, right, cursor.location.line)


def operations(source: Source) -> Iterator[Operation]:
    for cursor in source.all:
        if found := operation(source, cursor):
            yield found


def is_operator_name(cursor: cindex.Cursor) -> bool:
    names = [cursor.spelling, *(c.spelling for c in cursor.get_children())]
    return cursor.kind in (Kind.DECL_REF_EXPR, Kind.UNEXPOSED_EXPR) and any(map(OPERATOR.match, names))


def is_operator(call: cindex.Cursor) -> bool:
    """Whether a call is spelled as one, with one operand or two."""
    return any(map(is_operator_name, operands(call)))


def is_constant(source: Source, cursor: cindex.Cursor) -> bool:
    """Whether HLS knows a value: numbers, members of a Cfg, variables of unrolled loops, and what is made of them."""
    if cursor.kind in LITERALS:
        return True
    if cursor.kind == Kind.DECL_REF_EXPR:
        return _names_a_constant(source, cursor)
    if cursor.kind == Kind.UNARY_OPERATOR and re.search(r"\+\+|--", source.text_of(cursor)):
        return False
    if found := operation(source, cursor):
        return "=" not in found.sign.strip("=<>!") and all(is_constant(source, c) for c in (found.left, found.right))
    if cursor.kind == Kind.CALL_EXPR and not (_makes_a_value(cursor) or is_operator(cursor)):
        return False
    return cursor.kind in (*TRANSPARENT, Kind.CALL_EXPR) and all(
        is_constant(source, c) for c in operands(cursor) if not is_operator_name(c)
    )


def _makes_a_value(call: cindex.Cursor) -> bool:
    """Whether it is a type's, as S(0) or int(x)."""
    first = next(iter(call.get_children()), None)
    return first is not None and (first.kind in REFERENCES or first.extent.start.offset > call.extent.start.offset)


def _names_a_constant(source: Source, cursor: cindex.Cursor) -> bool:
    target = cursor.referenced
    if target is None or target.kind in (Kind.NAMESPACE, Kind.NO_DECL_FOUND):
        return re.fullmatch(r"\w+::\w+", source.text_of(cursor)) is not None
    if target.kind in (Kind.TEMPLATE_NON_TYPE_PARAMETER, Kind.ENUM_CONSTANT_DECL):
        return True
    if target.kind != Kind.VAR_DECL:
        return False
    if target.location.offset in source.unrolled and source.owns(target):
        return True
    values = [c for c in operands(target) if c.kind != Kind.TEMPLATE_REF]
    return target.type.is_const_qualified() and bool(values) and is_constant(source, values[-1])


def called(source: Source, cursor: cindex.Cursor) -> str | None:
    """The name of the function that a call names, with no regard to where it lives."""
    if cursor.kind != Kind.CALL_EXPR or _makes_a_value(cursor) or is_operator(cursor):
        return None
    first = next(iter(operands(cursor)), None)
    if first is None or first.kind not in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR, Kind.UNEXPOSED_EXPR):
        return None
    named = re.search(r"(\w+)\s*(<.*>)?$", source.text_of(first), re.DOTALL)
    return named[1] if named else None


def assigned(source: Source, cursor: cindex.Cursor) -> cindex.Cursor | None:
    """What an expression changes."""
    if cursor.kind == Kind.UNARY_OPERATOR and re.search(r"\+\+|--", source.text_of(cursor)):
        return next(iter(cursor.get_children()))
    found = operation(source, cursor)
    changes = found is not None and found.sign.endswith("=") and found.sign not in ("==", "!=", "<=", ">=")
    return found.left if found and changes else None
