"""C++ of a simulation program: the units' own headers on native types, every unit a coroutine on its FIFOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from shiftwire.hls.cpp import Variable, call, config_struct
from shiftwire.hls.parts import PART_LINES, PARTS, guarded, load, parts
from shiftwire.ir.cfg import Cfg, CodeType, Table
from shiftwire.ir.pipeline import Pipeline
from shiftwire.native.fifos import Fifos
from shiftwire.native.fusion import UNFUSED, Fusion
from shiftwire.native.packing import UNPACKED, Packing
from shiftwire.native.widths import rounded, rounded_cfg
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


def simulation(
    pipeline: Pipeline, capacities: Mapping[str, int], packed: Packing = UNPACKED, fusion: Fusion = UNFUSED
) -> Simulation:
    """The program of a pipeline whose FIFOs hold `capacities` beats."""
    return _Writer(pipeline, capacities, packed, fusion).simulation()


@dataclass(frozen=True)
class _Writer:
    """Spells one program; a Cfg without doubles stands once, under a name of its own."""

    pipeline: Pipeline
    capacities: Mapping[str, int]
    packed: Packing
    fusion: Fusion

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
        return [
            ("int batches", ""),
            *self._fifos.declared,
            *(
                (f"{_table_type(self._configs[at], table)} t{at}_{table.name}", "")
                for at, cfg in enumerate(self._cfgs)
                for table in cfg.tables
            ),
        ]

    def _part_lines(self, part: int) -> list[str]:
        return [line for at, its in self._parts.items() if its == part for line in self._unit_lines(at)]

    @cached_property
    def _parts(self) -> Mapping[int, int]:
        """The part of each unit that is a coroutine; those that share code are compiled once."""
        units = {at: instance for at, instance in enumerate(self.pipeline.instances) if not self.fusion.has(instance)}
        codes = [
            (each.unit.function, self._configs[at], *map(self._fifos.written, each.outputs))
            for at, each in units.items()
        ]
        loads = [
            load(each.unit) + sum(load(stage.unit) for stage in self.fusion.behind(each)) for each in units.values()
        ]
        return dict(zip(units, parts(codes, loads, SURROUNDINGS), strict=True))

    @cached_property
    def _cfgs(self) -> list[Cfg]:
        """What each unit is set up with, widths rounded up to what a machine has."""
        cfgs = self.packed.cfgs
        return [rounded_cfg(cfgs.get(each.name, each.unit.native_cfg)) for each in self.pipeline.instances]

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
    def _fifos(self) -> Fifos:
        configs = {each.name: config for each, config in zip(self.pipeline.instances, self._configs, strict=True)}
        return Fifos(self.pipeline, self.capacities, self.packed, self.fusion, configs)

    @cached_property
    def _watched(self) -> tuple[str, ...]:
        pipeline = self.pipeline
        lasts = (instance.outputs[0] for instance in pipeline.instances if instance.is_last)
        return tuple(dict.fromkeys([pipeline.output, *lasts]))

    @property
    def _input_bits(self) -> int:
        """Width of the integers in which input codes are handed over."""
        return rounded(CodeType.of(self.pipeline.fifos[self.pipeline.input].format)).bits

    def _width_lines(self, at: int) -> Iterator[str]:
        """What the interval analysis proved of a unit's widths, for the compiler to hold against the native types.

        As a machine has them: other weights of as many bits are the same program.
        """
        instance, config = self.pipeline.instances[at], self._configs[at]
        for setting in instance.unit.cfg.members:
            if isinstance(setting.value, CodeType):
                bits = rounded(setting.value).bits
                width = f"8 * sizeof({config}::{setting.name}::element)"
                yield f'static_assert({width} >= {bits}, "{instance.name}: {setting.name}");'

    def _unit_lines(self, at: int) -> Iterator[str]:
        instance, config = self.pipeline.instances[at], self._configs[at]
        fifos, tables = self._fifos, self._fifos.tables(instance)
        read = [Variable(fifos.read(name), f"f{fifos.numbers[name]}") for name in instance.inputs]
        written = [Variable(fifos.written(name), f"f{fifos.numbers[name]}") for name in instance.outputs]
        statement = call(instance.unit, config, read, written, tables)
        yield f"void unit{at}() {{"
        yield "    for (int b = 0; b < batches; b++) {"
        if self.packed.words.keys() & set(instance.outputs):
            yield f"        sw::next_frame<{config}, {fifos.read(instance.inputs[0])}::value_type>();"
        yield f"        {statement}"
        yield "        sw::drained();"
        yield "    }"
        yield "}"

    def _main_lines(self) -> Iterator[str]:
        pipeline, numbers = self.pipeline, self._fifos.numbers
        source, sink = numbers[pipeline.input], numbers[pipeline.output]
        codes_in, codes_out = (pipeline.fifos[name].port.codes for name in (pipeline.input, pipeline.output))
        kind, written = f"int{self._input_bits}_t", self._fifos.log_function(pipeline.output)
        yield from (f"void unit{at}();" for at in self._parts)
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
        for at in self._parts:
            instance = self.pipeline.instances[at]
            yield f'"{instance.name}", unit{at}, {instance.unit.hls_latency}'
        yield '"output", drainer, 0'

    @property
    def _log_entries(self) -> Iterator[str]:
        for name in self._watched[1:]:
            codes = self.pipeline.fifos[name].port.codes
            yield f"&f{self._fifos.numbers[name]}.log, {self._fifos.log_function(name)}, {codes}"


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
