"""Units as C++ on stand-in types: many of them in one file, each a function of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from shiftwire.hls.cpp import Variable, call, code_type, config_struct, rom_type
from shiftwire.ir.cfg import CodeType, Table
from shiftwire.ir.pipeline import Fifo, Pipeline
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class Subject:
    """A unit between its FIFOs; `name` tells where it was met first."""

    name: str
    unit: Unit
    read: tuple[Fifo, ...]
    written: tuple[Fifo, ...]

    @property
    def instance(self) -> str:
        """Its name in its own pipeline."""
        return self.name.rpartition("/")[2]

    @property
    def fifos(self) -> tuple[Fifo, ...]:
        return (*self.read, *self.written)

    @property
    def beats(self) -> list[str]:
        """C++ types of the beats on its streams, inputs first."""
        return [f"sw::beat<{code_type(CodeType.of(fifo.format))}, {fifo.port.lanes}>" for fifo in self.fifos]

    @property
    def text(self) -> str:
        """All that decides its C++ but the constants in its tables."""
        tables = [f"{table.name} {table.codes.shape}" for table in self.unit.cfg.tables]
        return "\n".join([self.unit.function, *self.beats, config_struct("config", self.unit.cfg), *tables])

    @property
    def tables(self) -> Codes:
        """The constants, table by table."""
        return np.concatenate([np.zeros(0, np.int64), *(table.codes.ravel() for table in self.unit.cfg.tables)])

    def statement(self, streams: Iterable[str]) -> str:
        """Its call on streams and tables of those names."""
        named = [Variable(beat, name) for beat, name in zip(self.beats, streams, strict=True)]
        count, tables = len(self.read), [table.name for table in self.unit.cfg.tables]
        return call(self.unit, "config", named[:count], named[count:], tables)


def subjects(name: str, units: Pipeline) -> Iterator[Subject]:
    """The units of a pipeline, whose beats are as wide as its FIFOs."""
    for instance in units.instances:
        read, written = (tuple(units.fifos[fifo] for fifo in names) for names in (instance.inputs, instance.outputs))
        yield Subject(f"{name}/{instance.name}", instance.unit, read, written)


def distinct(many: Iterable[Subject]) -> list[Subject]:
    """The first of those whose C++ is the same."""
    kept: dict[str, Subject] = {}
    for one in many:
        kept.setdefault(one.text, one)
    return list(kept.values())


def includes(many: Iterable[Subject]) -> list[str]:
    headers = sorted({header for one in many for header in one.unit.headers})
    return [f'#include "{header}"' for header in ["sw_code.h", "sw_beat.h", *headers]]


def opaque_text(many: Iterable[Subject]) -> str:
    """Functions unit0, unit1, ... of streams and tables of which a compiler knows nothing."""
    many = list(many)
    lines = includes(many)
    for at, one in enumerate(many):
        names = [f"s{k}" for k in range(len(one.fifos))]
        streams = ", ".join(f"sw::stream<{b} > &{n}" for b, n in zip(one.beats, names, strict=True))
        lines += [f"namespace of{at} {{", config_struct("config", one.unit.cfg)]
        lines += [f"extern const {rom_type(t.type)} {t.name}{_extents(t)};" for t in one.unit.cfg.tables]
        lines += ["}", f'extern "C" void unit{at}({streams}) {{', f"    using namespace of{at};"]
        lines += [f"    {one.statement(names)}", "}"]
    return "\n".join(lines) + "\n"


def counting_text(many: Iterable[Subject]) -> str:
    """A program `main(index, file of tables, iterations)` that runs a frame of one of the units, or so many iterations
    of it, and prints what it counted."""
    many = list(many)
    lines = includes(many)
    for at, one in enumerate(many):
        names = [f"s{k}" for k in range(len(one.fifos))]
        lines += [f"namespace of{at} {{", config_struct("config", one.unit.cfg), "void run(FILE *tables) {"]
        streams = zip(one.beats, names, one.fifos, strict=True)
        lines += [f'    sw::stream<{beat} > {name}("{fifo.name}");' for beat, name, fifo in streams]
        for table in one.unit.cfg.tables:
            extents = ", ".join(map(str, table.codes.shape))
            kind = f"counted::array<{rom_type(table.type)}, {table.codes.ndim}, counted::table>"
            lines += [f'    {kind} {table.name}("{table.name}", {{{extents}}});', f"    {table.name}.fill(tables);"]
        lines += [f"    {one.statement(names)}", "    counted::books::all().end();", "}", "}"]
    lines += ["int main(int, char **argv) {", '    FILE *tables = fopen(argv[2], "rb");']
    lines += ["    counted::books::all().enough = atol(argv[3]);"]
    lines += [f"    if (atoi(argv[1]) == {at}) of{at}::run(tables);" for at in range(len(many))]
    return "\n".join([*lines, "}"]) + "\n"


def _extents(table: Table) -> str:
    return "".join(f"[{size}]" for size in table.codes.shape)
