"""The files we add to an hls4ml project: test bench, C-simulation driver, and how to run the vendor's tools."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from shiftwire.hls.cpp import array
from shiftwire.hls.parts import PART_LINES, guarded, load, parts
from shiftwire.ir.cfg import CodeType
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.schedule.design import Design
from shiftwire.tools.template import filled


def test_bench(design: Design, top: str, frames: int) -> str:
    """C++ that Vitis HLS and plain g++ run alike; it wants all of `frames` golden frames."""
    network = design.network
    return filled("test_bench.cpp", top=top, frames=frames, n_in=network.input.size, n_out=network.output.size)


def csim_driver(design: Design, top: str) -> str:
    """C++ of the program that `shiftwire csim` builds."""
    names = [instance.name for instance in design.pipeline.instances if instance.is_last]
    tensors = [design.network.tensors[name] for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    return filled(
        "csim_driver.cpp",
        names=f"static const char *const names[] = {{{quoted}}};",
        sizes=array("int", "sizes", np.array([tensor.size for tensor in tensors])),
        fracs=array("int", "fracs", np.array([tensor.format.frac for tensor in tensors])),
        parts="\n".join(_part_lines(design.pipeline)),
        n_layers=len(tensors),
        top=top,
        n_in=design.network.input.size,
    )


SURROUNDINGS = 6
"""What a compiler has to do for `main`, in 1/20 s; each stream of the network's function adds one."""


@dataclass(frozen=True)
class _Piece:
    """An instance of a template that can stand in any part; equal codes are one."""

    code: Hashable
    load: int
    declaration: str


def _part_lines(pipeline: Pipeline) -> Iterator[str]:
    """Instances of templates, each compiled in one part, where there are parts, and declared in the others."""
    yield from PART_LINES
    yield "#ifdef SHIFTWIRE_PART"
    pieces = list({piece.code: piece for piece in _pieces(pipeline)}.values())
    chosen = parts(
        [piece.code for piece in pieces], [piece.load for piece in pieces], SURROUNDINGS + len(pipeline.fifos)
    )
    for part, piece in zip(chosen, pieces, strict=True):
        yield from guarded(part, [f"template {piece.declaration};"])
        yield f"#if !SHIFTWIRE_IS({part})"
        yield f"extern template {piece.declaration};"
        yield "#endif"
    yield "#endif"


def _pieces(pipeline: Pipeline) -> Iterator[_Piece]:
    """The units, and what hls4ml's own code makes for them: what reads a table, what keeps a layer's codes."""
    beats = {pipeline.input: "input_t"} | {fifo: f"{i.name}_beat" for i in pipeline.instances for fifo in i.outputs}
    beats[pipeline.output] = "result_t"
    for instance in pipeline.instances:
        name = _template(instance, beats)
        yield _Piece(name, load(instance.unit), f"decltype({name}) {name}")
        for table in instance.unit.cfg.tables:
            kind, count = f"{instance.name}_{table.name}_t", table.codes.size
            declared = f"void nnet::load_weights_from_txt<{kind}, {count}>({kind} *, const char *)"
            yield _Piece((table.type, count), 1, declared)
        if instance.is_last:
            beat, fifo = beats[instance.outputs[0]], pipeline.fifos[instance.outputs[0]]
            declared = f"void nnet::save_layer_output<{beat}>(hls::stream<{beat}> &, const char *, size_t)"
            yield _Piece((CodeType.of(fifo.format), fifo.port.lanes), 2, declared)


def _template(instance: Instance, beats: Mapping[str, str]) -> str:
    """A unit's function with all its arguments; what a call deduces of tables comes last."""
    types = [*(beats[name] for name in (*instance.inputs, *instance.outputs)), f"{instance.name}_config"]
    deduced = [f"decltype({instance.name}_{table.name})" for table in instance.unit.cfg.tables if table.is_deduced]
    return f"sw::{instance.unit.function}<{', '.join([*types, *deduced])}>"


def hls_readme(design: Design) -> str:
    """How a user runs the vendor's tools on the project, and that nobody has yet."""
    return filled("hls_readme.txt", part=design.board.part, clock=design.clock_ns)


def frame_lines(values: Values) -> Iterator[str]:
    """Lines of a test bench's data file; repr of a double reads back to the same double."""
    return (" ".join(map(repr, frame.ravel().tolist())) + "\n" for frame in values)


def golden(design: Design, codes: Codes) -> tuple[str, str]:
    """Input and output files of the test bench for input codes (N, ...)."""
    network = design.network
    outputs = network.output.format.decode(network.evaluate(codes))
    return "".join(frame_lines(network.input.format.decode(codes))), "".join(frame_lines(outputs))
