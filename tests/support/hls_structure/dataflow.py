"""A top function as a region of processes: what HLS's dataflow asks of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import shiftwire_hls
from hls_structure.expressions import called
from hls_structure.faults import Fault, Rule, fault
from hls_structure.source import (
    Kind,
    Source,
    body_of,
    cindex,
    header,
    on_stand_in_types,
    operands,
    parameters,
    parsed,
    streams_of,
)
from shiftwire.ir.rtl_network import NETWORK

NARROW = 1024
LOOPS = (Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT, Kind.CXX_FOR_RANGE_STMT)


@dataclass(frozen=True)
class Process:
    """A call of a kernel: the streams that it reads and writes, and its line."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    line: int


def project_faults(folder: Path) -> list[Fault]:
    """Those of an hls4ml project, whose text for the host alone is left out."""
    faults = []
    for path in sorted((folder / "firmware").glob("*.cpp")):
        source = parsed(path, [path.parent, path.parent / "nnet_utils", path.parent / "ap_types"])
        faults += dataflow_faults(source, path.stem, path.parent / "nnet_utils")
    return faults


def region_faults(path: Path, top: str) -> list[Fault]:
    """Those of a unit behind plain streams of words."""
    source = on_stand_in_types(path, [shiftwire_hls.INCLUDE_DIR])
    return [*dataflow_faults(source, top, shiftwire_hls.INCLUDE_DIR), *word_faults(source)]


def word_faults(source: Source) -> Iterator[Fault]:
    """Of words that ap_int takes only where AP_INT_MAX_W is set before it is included."""
    for number, line in enumerate(source.text.splitlines(), 1):
        wide = [int(bits) for bits in re.findall(r"\buint<(\d+)>", line) if int(bits) > NARROW]
        if wide and "#define AP_INT_MAX_W" not in source.text:
            wanted = f"at most {NARROW}, or AP_INT_MAX_W defined"
            yield fault(Rule.WIDTHS, source.at(number), f"words of {max(wide)} bits", wanted)


def dataflow_faults(source: Source, top: str, headers: Path) -> list[Fault]:
    (function,) = (f for f in source.functions if f.spelling == top)
    hidden = set(_host_lines(source.text))
    body = [c for c in body_of(function).get_children() if c.extent.start.line not in hidden]
    processes = [p for c in body if (p := _process(source, c, headers))]
    ports, streams = _streams(parameters(function)), _streams(v for c in body for v in _variables(c))
    faults = [*_statements(source, body, processes, streams), *_region(source, function, streams)]
    faults += _ends(source, processes, ports, streams)
    return sorted(set(faults))


def _host_lines(text: str) -> Iterator[int]:
    """Lines from `#ifndef __SYNTHESIS__` to its end."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        inside = inside or line.strip() == "#ifndef __SYNTHESIS__"
        if inside:
            yield number
        inside = inside and line.strip() != "#endif"


def _variables(statement: cindex.Cursor) -> list[cindex.Cursor]:
    return [c for c in statement.get_children() if c.kind == Kind.VAR_DECL] if statement.kind == Kind.DECL_STMT else []


def _streams(variables: Iterator[cindex.Cursor] | Sequence[cindex.Cursor]) -> dict[str, int]:
    """Lines of those that are streams, by name."""
    return {v.spelling: v.location.line for v in variables if "stream<" in v.type.spelling}


def _process(source: Source, call: cindex.Cursor, headers: Path) -> Process | None:
    """The process of a statement, where it is a call of a kernel, or of the whole region in a top around it."""
    name = called(source, call)
    if name == NETWORK:
        read, written = (source.text_of(argument) for argument in operands(call)[1:])
        return Process(name, (read,), (written,), call.location.line)
    if name is None or not (headers / f"sw_{name}.h").is_file():
        return None
    kernel = header(headers / f"sw_{name}.h")
    places = streams_of(kernel.kernel)
    given = [source.text_of(argument) for argument in operands(call)[1:]]
    written = [at for at, place in enumerate(places) if re.search(rf"\b{place}\.write\(", kernel.text)]
    reads = tuple(given[at] for at in range(len(places)) if at not in written)
    return Process(name, reads, tuple(given[at] for at in written), call.location.line)


def _statements(
    source: Source, body: Sequence[cindex.Cursor], processes: Sequence[Process], streams: dict[str, int]
) -> Iterator[Fault]:
    calls = {process.line for process in processes}
    for statement in body:
        line = statement.extent.start.line
        is_stream = bool(_variables(statement)) and all(v.spelling in streams for v in _variables(statement))
        if statement.kind in LOOPS:
            yield fault(Rule.DATAFLOW, source.at(line), "a loop around processes", "each to run once a frame")
        elif not is_stream and not (statement.kind == Kind.CALL_EXPR and statement.location.line in calls):
            text = source.text_of(statement).partition("\n")[0]
            yield fault(Rule.DATAFLOW, source.at(line), f"'{text}' in a region", "streams and calls of kernels alone")


def _region(source: Source, function: cindex.Cursor, streams: dict[str, int]) -> Iterator[Fault]:
    lines = range(function.extent.start.line, function.extent.end.line)
    pragmas = [p for p in source.pragmas if p.line in lines]
    if not any(p.directive == "DATAFLOW" for p in pragmas):
        yield fault(Rule.DATAFLOW, source.at(function.location.line), "no DATAFLOW", "it in the top function")
    depths = {p.options.get("variable"): p for p in pragmas if p.directive == "STREAM"}
    for name, line in streams.items():
        pragma = depths.get(name)
        if pragma is None or int(pragma.options.get("depth", "0")) < 1 or pragma.line < line:
            yield fault(Rule.DATAFLOW, source.at(line), f"stream {name} without a depth", "STREAM and a depth")


def _ends(
    source: Source, processes: Sequence[Process], ports: dict[str, int], streams: dict[str, int]
) -> Iterator[Fault]:
    """Of each stream one writer, then one reader; of each port one of them."""
    readers = Counter(name for process in processes for name in process.reads)
    writers = Counter(name for process in processes for name in process.writes)
    for name, line in {**ports, **streams}.items():
        found = (writers[name], readers[name])
        if found not in ([(1, 1)] if name in streams else [(0, 1), (1, 0)]):
            what = f"stream {name} of {found[0]} writers and {found[1]} readers"
            yield fault(Rule.DATAFLOW, source.at(line), what, "one of each, or a port of one")
    written: set[str] = set(ports)
    for process in processes:
        for name in set(process.reads) - written:
            place = source.at(process.line)
            yield fault(Rule.DATAFLOW, place, f"{process.name} that reads {name} before it is written", "writers first")
        written |= set(process.writes)
