"""Operators: which of them would be hardware that nobody wants."""

from __future__ import annotations

from collections.abc import Iterator

from hls_structure.expressions import called, is_constant, operation, operations
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import Source, cindex, walk

MAGNITUDES = frozenset({"abs", "fabs", "magnitude", "labs", "llabs"})


def divisions(source: Source) -> Iterator[Fault]:
    """By constants alone; `divisors` names them for those who know their values."""
    for found in operations(source):
        if found.sign in ("/", "%", "/=", "%=") and not is_constant(source, found.right):
            what = f"{found.sign} by '{source.text_of(found.right)}', a value of run time"
            yield fault(Rule.DIVISION, source.at(found.line), what, "a constant power of two")


def divisors(source: Source) -> list[tuple[str, int]]:
    """What is divided by, as written, and on which line."""
    found = (one for one in operations(source) if one.sign in ("/", "%", "/=", "%="))
    return [(source.text_of(one.right), one.line) for one in found]


def shifts(source: Source) -> Iterator[Fault]:
    for found in operations(source):
        if found.sign in ("<<", ">>", "<<=", ">>=") and not is_constant(source, found.right):
            what = f"{found.sign} by '{source.text_of(found.right)}', a value of run time"
            yield fault(Rule.SHIFTS, source.at(found.line), what, "a constant: HLS builds a shifter for anything else")


def distance(source: Source) -> Iterator[Fault]:
    """In the adder lane, whose sums owe the difference once for all taps."""
    if source.name != "sw_adder_lane.h":
        return
    for function in (f for f in source.functions if f.spelling == "add"):
        for cursor in walk(function):
            if _is_difference(source, cursor):
                what = f"'{source.text_of(cursor)}' for every tap"
                yield fault(Rule.DISTANCE, source.at(cursor.location.line), what, "the smaller of x and w alone")


def _is_difference(source: Source, cursor: cindex.Cursor) -> bool:
    found = operation(source, cursor)
    return called(source, cursor) in MAGNITUDES or (found is not None and found.sign in ("-", "-="))
