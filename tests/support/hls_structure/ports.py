"""What an iteration does to each memory and each stream of a unit, counted while a frame runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import shiftwire_hls
from hls_structure.counting import COUNTING, write_counted
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import HERE, TYPES
from hls_structure.units import Subject, counting_text
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run

WIDEST = 4096
ENOUGH = 20_000
"""Iterations of a frame that are looked at; a longer one does the same row by row."""
FLAGS = (f'-DSHIFTWIRE_CODE_TYPES="{TYPES}"', f'-DSTRUCTURE_STREAMS="{COUNTING}"', "-D__SYNTHESIS__")


@dataclass(frozen=True)
class Memory:
    """The worst of all iterations: words of one bank read and written, and how often a word was written in part, and
    read behind its write in one iteration.

    `name` is file:line:variable or that of a table; `words` are those of a bank.
    """

    name: str
    word_bits: int
    words: int
    is_memory: bool
    read: int
    written: int
    partly: int
    behind: int

    @classmethod
    def parse(cls, fields: Sequence[str]) -> Memory:
        name, bits, words, is_memory, *counts = fields
        return cls(name, int(bits), int(words), is_memory == "1", *map(int, counts))


@dataclass(frozen=True)
class Passed:
    """Beats on a stream: most in an iteration, and in all."""

    most: int
    total: int


@dataclass(frozen=True)
class Counts:
    """Of one frame; streams by name."""

    memories: tuple[Memory, ...]
    streams: dict[str, Passed]
    ticks: int
    outside: str = ""


def counted(
    many: Sequence[Subject], folder: Path, headers: Path = shiftwire_hls.INCLUDE_DIR, flags: tuple[str, ...] = ("-O0",)
) -> list[Counts]:
    """Each unit's frame, all units of the list in one program, which `folder` keeps."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "counting.cpp"
    source.write_text(counting_text(many))
    write_counted(headers, folder / "headers")
    build = Build(source, (folder / "headers", HERE), flags=(*flags, *FLAGS))
    program = compiled(build, folder / "cache")
    return [_frame(program, at, one, folder) for at, one in enumerate(many)]


def _frame(program: Path, index: int, one: Subject, folder: Path) -> Counts:
    tables = folder / "tables.bin"
    one.tables.astype("<i8").tofile(tables)
    lines = [
        line.split() for line in run([program, str(index), tables, str(ENOUGH)], "count a unit's accesses").splitlines()
    ]
    memories = {Memory.parse(fields) for word, *fields in lines if word == "array"}
    streams = {line[1]: Passed(*map(int, line[2:])) for line in lines if line[0] == "stream"}
    ticks = [int(line[1]) for line in lines if line[0] == "ticks"]
    outside = [" ".join(line[1:]) for line in lines if line[0] == "outside"]
    return Counts(tuple(sorted(memories, key=lambda m: m.name)), streams, sum(ticks), "".join(outside))


def port_faults(one: Subject, counts: Counts) -> Iterator[Fault]:
    """What a frame showed that no memory and no stream can do."""
    if counts.outside:
        yield fault(Rule.PORTS, one.name, f"an index outside of {counts.outside}", "one within")
        return
    for memory in counts.memories:
        yield from _memory_faults(one, memory)
    for fifo in one.fifos:
        passed = counts.streams[fifo.name]
        if passed.most > 1:
            yield fault(Rule.STREAMS, one.name, f"{passed.most} uses of {fifo.name} in an iteration", "one at most")
        if passed.total != fifo.port.beats and counts.ticks <= ENOUGH:
            yield fault(
                Rule.TRIP_COUNT, one.name, f"{passed.total} beats of {fifo.name} in a frame", f"{fifo.port.beats}"
            )
    if counts.ticks != one.unit.iterations and counts.ticks <= ENOUGH:
        found, wanted = f"{counts.ticks} iterations in a frame", f"{one.unit.iterations}, as the nest has"
        yield fault(Rule.TRIP_COUNT, one.name, found, wanted)


def _memory_faults(one: Subject, memory: Memory) -> Iterator[Fault]:
    name = f"{memory.name} of {one.name}"
    if memory.read > 1:
        found = f"{memory.read} words of one bank read in an iteration"
        yield fault(Rule.PORTS, name, found, "one: partition it, or reshape what is read together")
    if memory.written > 1:
        yield fault(Rule.PORTS, name, f"{memory.written} words of one bank written in an iteration", "one")
    if memory.partly and memory.is_memory:
        yield fault(Rule.PORTS, name, f"a word written in part, {memory.partly} times", "whole words")
    if memory.behind and memory.is_memory:
        found = f"a word read behind its write in one iteration, {memory.behind} times"
        yield fault(Rule.BYPASS, name, found, "reads before writes, or other words")


def width_faults(one: Subject, memories: Sequence[Memory]) -> Iterator[Fault]:
    """Beats and words of memories."""
    for fifo in one.fifos:
        bits = fifo.port.lanes * fifo.format.bits
        if bits > WIDEST:
            yield fault(Rule.WIDTHS, one.name, f"beats of {bits} bits on {fifo.name}", f"at most {WIDEST}")
    for memory in memories:
        if memory.word_bits > WIDEST and memory.is_memory:
            place = f"{memory.name} of {one.name}"
            yield fault(Rule.WIDTHS, place, f"words of {memory.word_bits} bits", f"at most {WIDEST}")
