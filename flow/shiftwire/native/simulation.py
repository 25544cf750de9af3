"""C++ of a simulation program: the units' own headers on native types, every unit a coroutine on its FIFOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shiftwire.hls.cpp import Variable, call, code_type, config_struct
from shiftwire.hls.parts import PART_LINES, PARTS, guarded, load, parts
from shiftwire.ir.cfg import Cfg, CodeType, HostType, Setting, Table
from shiftwire.ir.pipeline import Pipeline
from shiftwire.native.packing import UNPACKED, Packing
from shiftwire.numbers.fixed import Codes

IMAGES = 16
"""Images in a vector, one an element; the constant of the same name in sw_lanes.h."""

PREFIX = """\
#define SHIFTWIRE_CODE_TYPES "sw_native.h"
#include "sw_simulation.h"
"""
"""What every program begins with."""

SURROUNDINGS = 8
"""What a compiler has to do for `main`, in 1/20 s."""

MACHINE_BITS = (16, 32, 64)
"""Widths that codes are worked on in."""

ONE = HostType(8, name="sw::one")
"""Of counts that are all 1, so that a compiler leaves out what else they may ask for."""

BYTE_BITS = 8
"""Up to so many bits of a code are a byte between units."""


@dataclass(frozen=True)
class Simulation:
    """A program's source and all its tables, in the order in which it reads them.

    `watched` are the FIFOs whose codes it can write, in its own order, the output first; `input_type` is that of the
    input codes.
    """

    source: str
    cfg_tables: tuple[Table, ...]
    watched: tuple[str, ...]
    input_type: np.dtype[Any]

    @property
    def tables(self) -> Codes:
        """The codes of all tables, flat."""
        return np.concatenate([np.zeros(0, np.int64), *(table.codes.ravel() for table in self.cfg_tables)])


def simulation(pipeline: Pipeline, capacities: Mapping[str, int], packed: Packing = UNPACKED) -> Simulation:
    """The program of a pipeline whose FIFOs hold `capacities` beats."""
    return _Writer(pipeline, capacities, packed).simulation()


@dataclass(frozen=True)
class _Writer:
    """Spells one program; a Cfg without doubles stands once, under a name of its own."""

    pipeline: Pipeline
    capacities: Mapping[str, int]
    packed: Packing

    def simulation(self) -> Simulation:
        pipeline = self.pipeline
        lines = [
            "// Simulation of a pipeline on native lane types. Written by shiftwire.",
            PREFIX.rstrip(),
            *(f'#include "{header}"' for header in sorted({h for i in pipeline.instances for h in i.unit.headers})),
            *PART_LINES,
            *(text.replace("struct config ", f"struct {name} ", 1) for text, name in self._names.items()),
            *(line for at in range(len(pipeline.instances)) for line in self._width_lines(at)),
            *(f"extern {declared};" for declared, _ in self._globals),
            *(line for part in range(PARTS) for line in guarded(part, self._part_lines(part))),
            *guarded(0, [*(f"{declared}{value};" for declared, value in self._globals), *self._main_lines()]),
        ]
        tables = tuple(table for cfg in self._cfgs for table in cfg.tables)
        return Simulation("\n".join(lines) + "\n", tables, self._watched, np.dtype(f"int{self._input_bits}"))

    @cached_property
    def _globals(self) -> list[tuple[str, str]]:
        """Declarations of what all parts share, each with what follows where it is defined."""
        fifos = self.pipeline.fifos
        return [
            ("int batches", ""),
            *(
                (f"sw::stream<{self._written(name)} > f{at}", f'("{name}", {", ".join(map(str, self._depth(name)))})')
                for name, at in self._numbers.items()
                if name in fifos
            ),
            *(
                (f"{_table_type(self._configs[at], table)} t{at}_{table.name}", "")
                for at, cfg in enumerate(self._cfgs)
                for table in cfg.tables
            ),
        ]

    def _depth(self, name: str) -> tuple[int, ...]:
        """Beats in a FIFO, and where any are kept behind the one that is read, those."""
        depth = self.packed.depths.get(name, self.capacities[name])
        return (depth, self.packed.kept[name]) if name in self.packed.kept else (depth,)

    def _part_lines(self, part: int) -> list[str]:
        return [line for at, its in enumerate(self._parts) if its == part for line in self._unit_lines(at)]

    @cached_property
    def _parts(self) -> list[int]:
        """The part of each unit; those that share code are compiled once."""
        units = [instance.unit for instance in self.pipeline.instances]
        codes = [(unit.function, config) for unit, config in zip(units, self._configs, strict=True)]
        return parts(codes, [load(unit) for unit in units], SURROUNDINGS)

    @cached_property
    def _cfgs(self) -> list[Cfg]:
        """What each unit is set up with, widths rounded up to what a machine has."""
        cfgs = self.packed.cfgs
        return [_rounded_cfg(cfgs.get(each.name, each.unit.native_cfg)) for each in self.pipeline.instances]

    @cached_property
    def _names(self) -> dict[str, str]:
        """Cfg structs: text to name."""
        texts = dict.fromkeys(config_struct("config", cfg) for cfg in self._cfgs)
        return {text: f"config{at}" for at, text in enumerate(texts)}

    @cached_property
    def _configs(self) -> list[str]:
        """Name of the Cfg struct of each unit."""
        return [self._names[config_struct("config", cfg)] for cfg in self._cfgs]

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.pipeline.fifos)}

    @cached_property
    def _watched(self) -> tuple[str, ...]:
        pipeline = self.pipeline
        lasts = (instance.outputs[0] for instance in pipeline.instances if instance.is_last)
        return tuple(dict.fromkeys([pipeline.output, *lasts]))

    @property
    def _input_bits(self) -> int:
        """Width of the integers in which input codes are handed over."""
        return _rounded(CodeType.of(self.pipeline.fifos[self.pipeline.input].format)).bits

    def _width_lines(self, at: int) -> Iterator[str]:
        """What the interval analysis proved of a unit's widths, for the compiler to hold against the native types.

        As a machine has them: other weights of as many bits are the same program.
        """
        instance, config = self.pipeline.instances[at], self._configs[at]
        for setting in instance.unit.cfg.members:
            if isinstance(setting.value, CodeType):
                bits = _rounded(setting.value).bits
                width = f"8 * sizeof({config}::{setting.name}::element)"
                yield f'static_assert({width} >= {bits}, "{instance.name}: {setting.name}");'

    def _read(self, name: str) -> str:
        """The type of the beats that a FIFO's reader sees."""
        return f"sw::view<{self._carried(name)} >"

    def _written(self, name: str) -> str:
        """The type of the beats that its writer makes."""
        if name not in self.packed.edges:
            return self._carried(name)
        packed, lanes = self.packed.fifos[name], self.pipeline.fifos[name].port.lanes
        return f"sw::packing<{self._made(name)}, {lanes}, sw::{packed.type}, {packed.lowest}>"

    def _made(self, name: str) -> str:
        """The type of codes that are packed: as wide as their writer works on them, bytes where it has read such."""
        read = [source for each in self.pipeline.instances if name in each.outputs for source in each.inputs]
        bits = [self.pipeline.fifos[source].format.bits for source in read]
        return self._code(name) if min(bits, default=0) <= BYTE_BITS else "sw::lanes<int32_t>"

    def _carried(self, name: str) -> str:
        lanes, packed = self.pipeline.fifos[name].port.lanes, self.packed.fifos.get(name)
        code, size = (f"sw::{packed.type}", packed.elements(lanes)) if packed else (self._code(name), lanes)
        each = self.packed.words.get(name)
        kind = "columns" if name in self.packed.columns else "words"
        return f"sw::{kind}<{code}, {size}, {each}>" if each else f"sw::beat<{code}, {size}>"

    def _code(self, name: str) -> str:
        """The type of a FIFO's codes; they are worked on in wider ones."""
        format = self.pipeline.fifos[name].format
        if format.bits <= BYTE_BITS:
            return f"sw::lanes<{'' if format.signed else 'u'}int8_t>"
        return code_type(_rounded(CodeType.of(format)))

    def _unit_lines(self, at: int) -> Iterator[str]:
        instance, config = self.pipeline.instances[at], self._configs[at]
        tables = [f"t{at}_{table.name}" for table in self._cfgs[at].tables]
        read = [Variable(self._read(name), f"f{self._numbers[name]}") for name in instance.inputs]
        written = [Variable(self._written(name), f"f{self._numbers[name]}") for name in instance.outputs]
        statement = call(instance.unit, config, read, written, tables)
        yield f"void unit{at}() {{"
        yield "    for (int b = 0; b < batches; b++) {"
        if self.packed.words.keys() & set(instance.outputs):
            yield f"        sw::next_frame<{config}, {self._read(instance.inputs[0])}::value_type>();"
        yield f"        {statement}"
        yield "        sw::drained();"
        yield "    }"
        yield "}"

    def _main_lines(self) -> Iterator[str]:
        pipeline, numbers = self.pipeline, self._numbers
        source, sink = numbers[pipeline.input], numbers[pipeline.output]
        codes_in, codes_out = (pipeline.fifos[name].port.codes for name in (pipeline.input, pipeline.output))
        kind, written = f"int{self._input_bits}_t", self._log_function(pipeline.output)
        yield from (f"void unit{at}();" for at in range(len(pipeline.instances)))
        yield "static FILE *given, *out;"
        yield f"static void feeder() {{ sw::feed<{kind}>(f{source}, given, batches, {codes_in}); }}"
        yield f"static void drainer() {{ sw::drain(f{sink}, out, batches, {codes_out}, {written}); }}"
        yield from _entries("table", self._table_entries)
        yield from _entries("unit", self._unit_entries)
        yield from _entries("log", self._log_entries)
        yield "int main(int argc, char **argv) {"
        yield "    return argc == 8 ? sw::simulated(argv, tables, units, logs, batches, given, out) : 2;"
        yield "}"

    @property
    def _table_entries(self) -> Iterator[str]:
        for at, cfg in enumerate(self._cfgs):
            for table in cfg.tables:
                yield f"&t{at}_{table.name}, sw::load<{_word_type(self._configs[at], table)}>, {table.codes.size}"

    @property
    def _unit_entries(self) -> Iterator[str]:
        yield '"input", feeder, 0'
        for at, instance in enumerate(self.pipeline.instances):
            yield f'"{instance.name}", unit{at}, {instance.unit.hls_latency}'
        yield '"output", drainer, 0'

    @property
    def _log_entries(self) -> Iterator[str]:
        for name in self._watched[1:]:
            codes = self.pipeline.fifos[name].port.codes
            yield f"&f{self._numbers[name]}.log, {self._log_function(name)}, {codes}"

    def _log_function(self, name: str) -> str:
        packed = self.packed.fifos.get(name)
        if packed is None:
            return f"sw::write_log<{self._code(name)}::element>"
        fifo = self.pipeline.fifos[name]
        sign = f"{packed.bits}, {str(fifo.format.signed).lower()}, {packed.lowest}"
        return f"sw::write_packed_log<sw::{packed.type}, {sign}, {fifo.port.lanes}>"


def _entries(kind: str, entries: Iterator[str]) -> Iterator[str]:
    """An array of them, as sw_simulation.h goes through it."""
    yield f"static const sw::{kind}_entry {kind}s[] = {{"
    yield from (f"    {{{entry}}}," for entry in entries)
    yield "    {},"
    yield "};"


def _table_type(config: str, table: Table) -> str:
    return f"sw::table_of<{_word_type(config, table)}>"


def _word_type(config: str, table: Table) -> str:
    """Where a table is passed, C++ wants a pointer to its first word: a code, or an array of lanes."""
    words = "".join(f"[{size}]" for size in table.codes.shape[1:])
    return f"{config}::{table.name}_t{words}"


def _rounded_cfg(cfg: Cfg) -> Cfg:
    members = (Setting(m.name, _rounded(m.value)) if isinstance(m.value, CodeType) else m for m in cfg.members)
    return Cfg(tuple(members), tuple(replace(table, type=_type_in_table(table)) for table in cfg.tables))


def _type_in_table(table: Table) -> CodeType:
    is_one = table.name == "last_term" and bool((table.codes == 1).all())
    return ONE if is_one else _rounded(table.type)


def _rounded(code: CodeType) -> CodeType:
    if isinstance(code, HostType):
        return code
    return CodeType(next(bits for bits in MACHINE_BITS if code.bits + (not code.signed) <= bits))
