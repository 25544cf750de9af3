"""How C++ spells units that are data: Cfg structs, tables and calls, for every file that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiftwire.ir.cfg import Cfg, CodeType, Element, HostType, Setting
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes

_INT32 = range(-(1 << 31) + 1, 1 << 31)


@dataclass(frozen=True, slots=True)
class Variable:
    """A C++ stream by its name; `type` is that of its beats."""

    type: str
    name: str


def code_type(code: CodeType) -> str:
    """The type of codes in streams and sums, the headers decide what stands behind it."""
    if isinstance(code, HostType):
        return code.name
    return f"sw::{'sint' if code.signed else 'uint'}<{code.bits}>"


def rom_type(code: CodeType) -> str:
    """The type of codes in tables, which HLS makes ROMs of."""
    if isinstance(code, HostType):
        return code.name
    return f"sw::rom_{'sint' if code.signed else 'uint'}<{code.bits}>"


def config_struct(name: str, cfg: Cfg) -> str:
    """The Cfg parameter of a unit as a struct: its members, then a type `<table>_t` for each of its tables."""
    lines = [f"    {_member(setting)}" for setting in cfg.members]
    lines += [f"    typedef {rom_type(table.type)} {table.name}_t;" for table in cfg.tables]
    return "\n".join([f"struct {name} {{", *lines, "};"])


def call(
    unit: Unit, config: str, inputs: Sequence[Variable], outputs: Sequence[Variable], tables: Sequence[str]
) -> str:
    """The statement that runs a unit for a frame; `tables` are the names under which its tables stand."""
    types = ", ".join([*(x.type for x in inputs), *(y.type for y in outputs), config])
    arguments = ", ".join([*(x.name for x in inputs), *(y.name for y in outputs), *tables])
    return f"sw::{unit.function}<{types}>({arguments});"


def array(element: str, name: str, codes: Codes) -> str:
    """A constant table (size,) or (words, lanes)."""
    return f"static const {element} {name}{extents(codes)} = {_listed(codes)};"


def extents(codes: Codes) -> str:
    """What follows the name of an array of such codes, as [words][lanes]."""
    return "".join(f"[{size}]" for size in codes.shape)


def _listed(codes: Codes) -> str:
    rows = map(_listed, codes) if codes.ndim > 1 else map(str, codes.tolist())
    return f"{{{', '.join(rows)}}}"


def _member(setting: Setting) -> str:
    match setting.value:
        case bool():
            return f"static const bool {setting.name} = {str(setting.value).lower()};"
        case int():
            width = "int" if setting.value in _INT32 else "long long"
            return f"static const {width} {setting.name} = {setting.value}{'' if width == 'int' else 'LL'};"
        case CodeType():
            return f"typedef {code_type(setting.value)} {setting.name};"
        case Element():
            return f"typedef sw::{setting.value.value} {setting.name};"
