"""Types of codes in native simulations: as wide as a machine has them."""

from __future__ import annotations

from dataclasses import replace

from shiftwire.hls.cpp import code_type
from shiftwire.ir.cfg import Cfg, CodeType, HostType, Setting, Table
from shiftwire.numbers.fixed import Fixed

MACHINE_BITS = (16, 32, 64)
"""Widths that codes are worked on in."""

BYTE_BITS = 8
"""Up to so many bits of a code are a byte between units."""

ONE = HostType(8, name="sw::one")
"""Of counts that are all 1, so that a compiler leaves out what else they may ask for."""


def rounded(code: CodeType) -> CodeType:
    """The type in which a machine works on such codes."""
    if isinstance(code, HostType):
        return code
    return CodeType(next(bits for bits in MACHINE_BITS if code.bits + (not code.signed) <= bits))


def rounded_cfg(cfg: Cfg) -> Cfg:
    """The same in types of a machine."""
    members = (Setting(m.name, rounded(m.value)) if isinstance(m.value, CodeType) else m for m in cfg.members)
    return Cfg(tuple(members), tuple(replace(table, type=_type_in_table(table)) for table in cfg.tables))


def between_units(format: Fixed) -> str:
    """The type of codes in a FIFO; they are worked on in wider ones."""
    if format.bits <= BYTE_BITS:
        return f"sw::lanes<{'' if format.signed else 'u'}int8_t>"
    return code_type(rounded(CodeType.of(format)))


def _type_in_table(table: Table) -> CodeType:
    is_one = table.name == "last_term" and bool((table.codes == 1).all())
    return ONE if is_one else rounded(table.type)
