"""Rules of the C++ and the sentences of those who break them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Rule(enum.Enum):
    """What is held of every header, unit and project; the value says what for."""

    ONE_LOOP = "a kernel is one pipelined loop, everything in it unrolled, so that a frame costs its iterations alone"
    BOUND = "loops count from 0 to a constant, and nothing leaves them early"
    TRIP_COUNT = "the pipelined loop runs as often as the unit's nest has iterations, and passes a frame"
    DIVISION = "nothing is divided but by a constant power of two, which is no hardware"
    PORTS = "a bank of a memory gives one whole word and takes one whole word an iteration"
    BEATS = "a beat is indexed by constants, and a memory holds codes, so that both are plain words"
    BYPASS = "no iteration reads a word that it has written: a memory gives what it had"
    STREAMS = "a stream is read or written at most once an iteration"
    DEPENDENCE = "no compiler is told what it could not prove"
    RECURSION = "hardware calls nothing that calls it"
    HEAP = "hardware allocates nothing"
    LIBRARY = "only the shim sw_code.h names a library"
    SHIFTS = "every shift is one of a constant: wires"
    STATE = "a kernel forgets its frame"
    PRAGMAS = "a pragma stands where it bends, and names what is there"
    LANGUAGE = "C++ without virtual functions, exceptions and pointers to pointers"
    WIDTHS = "a beat and a word of a memory have at most 4096 bits"
    SIZE = "functions of at most 60 lines, headers of at most 160"
    DISTANCE = "an adder lane takes a minimum, no magnitude of a difference"
    DATAFLOW = "a project is a dataflow region of processes on streams of one writer and one reader"


@dataclass(frozen=True, order=True)
class Fault:
    """One breach: `place` is file:line or the name of a unit, `sentence` what was found and what was wanted."""

    place: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}: {self.sentence}"


def fault(rule: Rule, place: str, found: str, wanted: str) -> Fault:
    return Fault(place, rule.name, f"found {found}, wanted {wanted}")
