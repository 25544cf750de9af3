"""C++ of a simulation program: the kernels' own headers on native lane types, every unit a coroutine on its FIFOs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shiftwire.hls.cpp import Variable, call, code_type, config_struct
from shiftwire.ir.kernel import CodeType, Kernel, Lane, Setting, Table
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.schedule.streaming import Pipeline, Unit

IMAGES = 16
"""Images in a lane vector; the constant of the same name in sw_lanes.h."""

MACHINE_BITS = (16, 32, 64)


@dataclass(frozen=True)
class Simulation:
    """A program's source and the codes of all its tables, in the order in which it reads them.

    `watched` are the FIFOs whose codes it can write, in its own order, the output last; `given` is the type of the
    input codes.
    """

    source: str
    tables: Codes
    watched: tuple[str, ...]
    given: np.dtype[Any]


def simulation(pipeline: Pipeline, capacities: Mapping[str, int]) -> Simulation:
    """The program of a pipeline whose FIFOs hold `capacities` beats."""
    units = [replace(unit, kernel=_native(unit.kernel)) for unit in pipeline.units]
    configs = _configs(units)
    watched = tuple(dict.fromkeys([*(unit.outputs[0] for unit in units if unit.is_last), pipeline.output]))
    numbers = {name: at for at, name in enumerate(pipeline.fifos)}
    lines = [
        "// Simulation of a pipeline on native lane types. Written by shiftwire.",
        '#define SHIFTWIRE_CODE_TYPES "sw_native.h"',
        '#include "sw_simulation.h"',
        *(f'#include "{header}"' for header in sorted({h for unit in units for h in unit.kernel.headers})),
        *(text.replace("struct config ", f"struct {name} ", 1) for text, name in configs.items()),
        *(
            line
            for before, after in zip(pipeline.units, units, strict=True)
            for line in _width_lines(before, after, configs)
        ),
        *_fifo_lines(pipeline, numbers, capacities),
        "static int batches;",
        f"static std::vector<int{_input_bits(pipeline)}_t> given;",
    ]
    for at, unit in enumerate(units):
        lines += _unit_lines(at, unit, configs, pipeline, numbers)
    lines += _main_lines(units, configs, pipeline, numbers, watched)
    tables = [table.codes.ravel() for unit in units for table in unit.kernel.tables]
    codes = np.concatenate([np.zeros(0, np.int64), *tables])
    return Simulation("\n".join(lines) + "\n", codes, watched, np.dtype(f"int{_input_bits(pipeline)}"))


def _input_bits(pipeline: Pipeline) -> int:
    """Width of the integers in which input codes are handed over."""
    held = pipeline.fifos[pipeline.input].format
    return _rounded(CodeType(held.bits, held.signed)).bits


def _native(kernel: Kernel) -> Kernel:
    """Widths rounded up to what a machine has, and shift codes decoded, so that layers of one shape share code."""
    lane = next((s.value for s in kernel.settings if isinstance(s.value, Lane)), None)
    decode = lane is Lane.SHIFT
    bits = kernel.number("magnitude_bits") if decode else 0
    tables = tuple(
        _powers(table, bits) if decode and table.name == "weight" else replace(table, type=_rounded(table.type))
        for table in kernel.tables
    )
    members = tuple(
        Setting(s.name, _rounded(s.value))
        if isinstance(s.value, CodeType)
        else Setting(s.name, 0)
        if s.name == "magnitude_bits"
        else s
        for s in kernel.settings
    )
    return replace(kernel, settings=members, tables=tables)


def _powers(table: Table, magnitude_bits: int) -> Table:
    """Weight codes as the signed powers of two that they name."""
    field = table.codes & ((1 << magnitude_bits) - 1)
    power = np.where(field == 0, 0, np.int64(1) << np.maximum(field - 1, 0))
    codes = np.where(table.codes >> magnitude_bits, -power, power)
    return Table(table.name, codes, _rounded(CodeType(Fixed.covering(-int(power.max()), int(power.max()), 0).bits)))


def _rounded(held: CodeType) -> CodeType:
    return CodeType(next(bits for bits in MACHINE_BITS if held.bits + (not held.signed) <= bits))


def _configs(units: Iterable[Unit]) -> dict[str, str]:
    """Cfg structs without doubles: text to name."""
    texts = dict.fromkeys(config_struct("config", unit.kernel) for unit in units)
    return {text: f"config{at}" for at, text in enumerate(texts)}


def _width_lines(proven: Unit, unit: Unit, configs: Mapping[str, str]) -> Iterator[str]:
    """What the interval analysis proved of a unit's widths, for the compiler to hold against the lanes."""
    config = configs[config_struct("config", unit.kernel)]
    for setting in proven.kernel.settings:
        if isinstance(setting.value, CodeType):
            bits = setting.value.bits + (not setting.value.signed)
            lane = f"8 * sizeof({config}::{setting.name}::element)"
            yield f'static_assert({lane} >= {bits}, "{unit.name}: {setting.name}");'


def _beat(pipeline: Pipeline, fifo: str) -> str:
    held = pipeline.fifos[fifo]
    native = code_type(_rounded(CodeType(held.format.bits, held.format.signed)))
    return f"sw::beat<{native}, {held.port.lanes}>"


def _fifo_lines(pipeline: Pipeline, numbers: Mapping[str, int], capacities: Mapping[str, int]) -> Iterator[str]:
    for name, at in numbers.items():
        yield f'static sw::stream<{_beat(pipeline, name)} > f{at}("{name}", {capacities[name]});'


def _unit_lines(
    at: int, unit: Unit, configs: Mapping[str, str], pipeline: Pipeline, numbers: Mapping[str, int]
) -> Iterator[str]:
    config = configs[config_struct("config", unit.kernel)]
    tables = [f"t{at}_{table.name}" for table in unit.kernel.tables]
    for table, name in zip(unit.kernel.tables, tables, strict=True):
        yield f"static const {config}::{table.name}_t *{name};"
    read, written = (
        [Variable(_beat(pipeline, name), f"f{numbers[name]}") for name in names]
        for names in (unit.inputs, unit.outputs)
    )
    statement = call(unit.kernel, config, read, written, tables)
    yield f"static void unit{at}() {{"
    yield f"    for (int b = 0; b < batches; b++) {statement}"
    yield "}"


def _main_lines(
    units: Sequence[Unit],
    configs: Mapping[str, str],
    pipeline: Pipeline,
    numbers: Mapping[str, int],
    watched: Sequence[str],
) -> Iterator[str]:
    source, sink = numbers[pipeline.input], numbers[pipeline.output]
    port = pipeline.fifos[pipeline.input].port
    beats = pipeline.fifos[pipeline.output].port.beats
    yield f"static void feeder() {{ sw::feed(f{source}, given, {port.codes}); }}"
    yield f"static void drainer() {{ sw::drain(f{sink}, {beats}LL * batches); }}"
    yield "// Usage: simulation TABLES BATCHES INPUT OUTPUT ALL_LAYERS"
    yield "int main(int argc, char **argv) {"
    yield "    if (argc != 6) return 2;"
    yield '    FILE *tables = sw::opened(argv[1], "rb");'
    for at, unit in enumerate(units):
        config = configs[config_struct("config", unit.kernel)]
        for table in unit.kernel.tables:
            held = f"{config}::{table.name}_t"
            yield f"    t{at}_{table.name} = sw::table<{held}>(tables, {table.codes.size});"
    yield "    batches = atoi(argv[2]);"
    kind = f"int{_input_bits(pipeline)}_t"
    yield f'    given = sw::read_codes<{kind}>(sw::opened(argv[3], "rb"), size_t(batches) * sw::IMAGES * {port.codes});'
    yield '    FILE *out = sw::opened(argv[4], "wb");'
    for name in watched:
        condition = "" if name == pipeline.output else "if (atoi(argv[5])) "
        yield f"    std::vector<{_beat(pipeline, name)} > log{numbers[name]};"
        yield f"    {condition}f{numbers[name]}.log = &log{numbers[name]};"
    yield "    std::vector<sw::unit> units;"
    yield '    units.push_back(sw::unit{"input", feeder});'
    for at, unit in enumerate(units):
        yield f'    units.push_back(sw::unit{{"{unit.name}", unit{at}}});'
    yield '    units.push_back(sw::unit{"output", drainer});'
    yield "    if (!sw::run(units)) return 0;"
    for name in watched:
        yield f"    sw::write_log(out, log{numbers[name]}, {pipeline.fifos[name].port.codes});"
    yield '    for (const sw::unit &u : units) printf("%s %lld\\n", u.name, u.cycles);'
    yield "    return fclose(out) ? 2 : 0;"
    yield "}"
