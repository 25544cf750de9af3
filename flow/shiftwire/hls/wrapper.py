"""One unit of a design as a C++ file of its own, behind plain word streams, for any tool that reads HLS C++."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shiftwire.errors import InputError
from shiftwire.hls.cpp import Variable, array, call, code_type, config_struct, rom_type
from shiftwire.ir.cfg import CodeType
from shiftwire.ir.pipeline import Fifo, Instance
from shiftwire.schedule.design import Design
from shiftwire.schedule.fold_choice import HLS_BITS

BYTE = 8


def word_bits(fifo: Fifo) -> int:
    """Width of a port: a beat's codes, code 0 in the low bits, padded to whole bytes."""
    return -(-fifo.port.lanes * fifo.format.bits // BYTE) * BYTE


def unit_source(design: Design, name: str) -> str:
    """C++ whose top function `<name>` has a port `hls::stream<ap_uint<W> > &` for each FIFO, inputs first.

    It needs the headers of shiftwire_hls alone and holds the unit's own tables. Raises InputError for a name that is
    no unit's.
    """
    units = {instance.name: instance for instance in design.pipeline.instances}
    if name not in units:
        raise InputError(f"found no unit '{name}'; name one of {', '.join(units)}")
    instance = units[name]
    read = [design.pipeline.fifos[fifo] for fifo in instance.inputs]
    written = [design.pipeline.fifos[fifo] for fifo in instance.outputs]
    return "\n".join([*_head(instance, read, written), *_top(instance, read, written)]) + "\n"


def _head(instance: Instance, read: Sequence[Fifo], written: Sequence[Fifo]) -> Iterator[str]:
    yield f"// Unit '{instance.name}' behind plain streams of words. Written by shiftwire."
    yield f"#define AP_INT_MAX_W {HLS_BITS}"
    headers = ["sw_beat.h", "sw_pack.h", "sw_unpack.h", *instance.unit.headers]
    yield from (f'#include "{header}"' for header in headers)
    yield config_struct("config", instance.unit.cfg)
    for at, fifo in enumerate([*read, *written]):
        yield f"struct port{at} {{"
        yield f"    static const int iterations = {fifo.port.beats};"
        yield f"    static const int code_bits = {fifo.format.bits};"
        yield "};"
    for table in instance.unit.cfg.tables:
        yield array(rom_type(table.type), table.name, table.codes)


def _top(instance: Instance, read: Sequence[Fifo], written: Sequence[Fifo]) -> Iterator[str]:
    ports = [f"p{at}" for at in range(len(read) + len(written))]
    fifos = [*read, *written]
    words = [f"sw::uint<{word_bits(fifo)}>" for fifo in fifos]
    arguments = ", ".join(f"sw::stream<{word} > &{port}" for word, port in zip(words, ports, strict=True))
    yield f"void {instance.name}({arguments}) {{"
    yield f"#pragma HLS INTERFACE axis port = {','.join(ports)}"
    yield "#pragma HLS INTERFACE ap_ctrl_none port = return"
    yield "#pragma HLS DATAFLOW"
    beats = [Variable(_beat(fifo), f"b{at}") for at, fifo in enumerate(fifos)]
    for beat, fifo in zip(beats, fifos, strict=True):
        yield f"    sw::stream<{beat.type} > {beat.name};"
        yield f"#pragma HLS STREAM variable = {beat.name} depth = {fifo.depth}"
    for at in range(len(read)):
        yield f"    sw::unpack<{words[at]}, {beats[at].type}, port{at}>({ports[at]}, {beats[at].name});"
    tables = [table.name for table in instance.unit.cfg.tables]
    yield f"    {call(instance.unit, 'config', beats[: len(read)], beats[len(read) :], tables)}"
    for at in range(len(read), len(fifos)):
        yield f"    sw::pack<{beats[at].type}, {words[at]}, port{at}>({beats[at].name}, {ports[at]});"
    yield "}"


def _beat(fifo: Fifo) -> str:
    return f"sw::beat<{code_type(CodeType.of(fifo.format))}, {fifo.port.lanes}>"
