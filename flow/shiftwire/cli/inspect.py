"""shiftwire inspect and shiftwire unit: what a model or a project is made of, and one unit of it as C++."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from shiftwire.api import load_network
from shiftwire.cli.terminal import Verbs, add_verb, print_json, print_table, say, show
from shiftwire.costs.bit_operations import network_bits
from shiftwire.errors import ExitCode, InputError
from shiftwire.hls.wrapper import unit_source
from shiftwire.ir.frames import InputPart, OutputPart
from shiftwire.ir.host import step_name
from shiftwire.ir.network import Network, Operations
from shiftwire.onnx.survey import Fate, Surveyed, survey
from shiftwire.passes.forms.rescale_choice import rescalings
from shiftwire.passes.forms.weight_choice import weight_choices
from shiftwire.project.project import load_project
from shiftwire.quantize.handlers import KNOWN as QUANTIZABLE
from shiftwire.reports.compression import kept, kept_json, kept_tables
from shiftwire.reports.design_text import iterations, modelled, speed
from shiftwire.reports.inspection import (
    LayerBuild,
    LayerFacts,
    bases_json,
    bases_of,
    bases_tables,
    inspect_network,
    layer_builds,
    left_out,
    left_out_sentence,
    slowest_layer,
    stored,
    stored_json,
    stored_tables,
)
from shiftwire.reports.rescale_text import rescale_json, rescale_tables, weight_json, weight_tables
from shiftwire.schedule.design import Design
from shiftwire_boards.runtime.host_steps import HostStep
from shiftwire_hls import INCLUDE_DIR

COLUMNS = (
    "layer", "kind", "shape", "format", "k terms", "shifts", "adds", "compares", "XNORs", "multiplies", "weight bits",
)  # fmt: skip

BUILT = ("layer", "PE", "SIMD", "units", "C++ iterations", "% busy", "FIFO depth", "C++ ROM bits", "SV ROM bits")


def add_inspect(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `inspect` and its options."""
    parser = add_verb(
        verbs,
        "inspect",
        "show layers, shapes, formats, terms, operations per inference and weight bits",
        "shiftwire inspect model.onnx",
    )
    parser.add_argument("target", type=Path, help="any ONNX file, or a folder that 'shiftwire convert' wrote")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _told(steps: tuple[HostStep, ...]) -> str:
    return "as it is" if not steps else f"through {', '.join(map(step_name, steps))}"


def run_inspect(arguments: argparse.Namespace) -> int:
    """A folder is read as a project and shown as it is built, a file as a model."""
    design = load_project(arguments.target).design if arguments.target.is_dir() else None
    try:
        network = design.network if design else load_network(arguments.target)
    except InputError as refusal:
        if design is None and arguments.target.is_file():
            return _survey(arguments.target, str(refusal), arguments.json)
        raise
    facts = list(inspect_network(network))
    if arguments.json:
        total = _total_json(facts) | {"bit_operations": network_bits(network)}
        members = {"layers": [_layer_json(fact) for fact in facts], "total": total}
        stores: dict[str, object] = {"factors": stored_json(stored(network)), "bases": bases_json(bases_of(network))}
        stores["kept"] = kept_json(kept(network))
        print_json(members | stores | _built(design))
    else:
        _print(network, facts, design)
    return ExitCode.OK


def _survey(path: Path, refusal: str, as_json: bool) -> int:
    """A file that convert does not take: node by node what converts, what needs quantize, what nothing handles."""
    nodes = survey(path, QUANTIZABLE)
    if as_json:
        rows = [dataclasses.asdict(node) | {"fate": node.fate.value} for node in nodes]
        print_json({"nodes": rows, "refusal": refusal})
        return ExitCode.OK
    print_table(("node", "operation", "what becomes of it", "what would do"), [_surveyed_row(node) for node in nodes])
    counts = ", ".join(f"{sum(node.fate is fate for node in nodes)} {fate.value}" for fate in Fate)
    say(f"{len(nodes)} nodes: {counts}")
    say(f"convert: {refusal}")
    return ExitCode.OK


def _surveyed_row(node: Surveyed) -> tuple[str, str, str, str]:
    return node.node, node.operation, node.fate.value, node.mend


def _print(network: Network, facts: list[LayerFacts], design: Design | None) -> None:
    print_table(COLUMNS, [_row(fact) for fact in facts])
    total = _operations(facts)
    say(
        f"per inference: {total.shifts:,} shifts, {total.adds:,} adds, {total.compares:,} compares, {total.xnors:,} "
        f"XNORs of bits, {total.multiplies:,} multiplies; {sum(fact.weight_bits for fact in facts):,} weight bits; "
        f"{network_bits(network):,} bit operations"
    )
    show(kept_tables(kept(network)))
    show(stored_tables(stored(network)))
    show(bases_tables(bases_of(network)))
    say(f"host: {'; '.join(map(_front, network.entries))}; {'; '.join(map(_tail, network.exits))}")
    if design is not None:
        _print_built(design)


def _front(part: InputPart) -> str:
    front = f"{_told(part.host.steps)} and " if part.host.steps else ""
    return f"input '{part.name}' {part}, {front}{'quantized' if part.host.quantizes else 'given on its grid'}"


def _tail(part: OutputPart) -> str:
    return f"output '{part.name}' {part}, {_told(part.host.steps)}"


def _print_built(design: Design) -> None:
    rows = [(*_fold_row(layer), layer.depths, *_roms(layer)) for layer in layer_builds(design)]
    print_table(BUILT, rows)
    say("ROM bits: of the weights' memories, in the C++ and in the SystemVerilog, which pack their codes differently")
    slowest = slowest_layer(design)
    say(f"bottleneck: {slowest.name}, {iterations(slowest.cycles)} a frame of the C++")
    if spared := left_out_sentence(design):
        say(spared)
    say(f"modelled for {design.board.title} ({design.board.part}): {speed(design)}")
    show(weight_tables(weight_choices(design)))
    show(rescale_tables(rescalings(design)))


def _fold_row(layer: LayerBuild) -> tuple[object, ...]:
    return (layer.name, layer.pe, layer.simd, layer.units, layer.cycles, layer.busy_percent)


def _roms(layer: LayerBuild) -> tuple[object, object]:
    return layer.hls_rom_bits, "-" if layer.rtl_rom_bits is None else layer.rtl_rom_bits


def _row(fact: LayerFacts) -> tuple[object, ...]:
    done = fact.operations
    shape = "x".join(map(str, fact.shape))
    terms = "-" if fact.terms is None else fact.terms
    return (
        fact.name, fact.kind, shape, fact.format, terms,
        done.shifts, done.adds, done.compares, done.xnors, done.multiplies, fact.weight_bits,
    )  # fmt: skip


def _operations(facts: list[LayerFacts]) -> Operations:
    return sum((fact.operations for fact in facts), Operations())


def _layer_json(fact: LayerFacts) -> dict[str, object]:
    return dataclasses.asdict(fact)


def _total_json(facts: list[LayerFacts]) -> dict[str, object]:
    bits = sum(fact.weight_bits for fact in facts)
    return {"operations": dataclasses.asdict(_operations(facts)), "weight_bits": bits}


def _built(design: Design | None) -> dict[str, object]:
    """What only a project knows: the board and how each layer is folded."""
    if design is None:
        return {}
    layers = [dataclasses.asdict(layer) for layer in layer_builds(design)]
    spared = [dataclasses.asdict(layer) for layer in left_out(design)]
    board = {"board": design.board.name, "clock_ns": design.clock_ns}
    return {
        "built": {**board, "layers": layers, "left_out": spared} | modelled(design),
        "rescaled": rescale_json(rescalings(design)),
        "weights": weight_json(weight_choices(design)),
    }


def add_unit(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `unit` and its options."""
    parser = add_verb(
        verbs,
        "unit",
        "write one unit of a project as C++ behind plain word streams, for any HLS tool",
        "shiftwire unit build/model conv1 -o conv1.cpp",
    )
    parser.add_argument("project", type=Path, help="folder that 'shiftwire convert' wrote")
    parser.add_argument("name", help="a unit of design.json; a layer's last unit has the layer's name")
    parser.add_argument("-o", "--output", type=Path, required=True, help="C++ file to write")
    return parser


def run_unit(arguments: argparse.Namespace) -> int:
    """Write one unit as C++ for any HLS tool; raises InputError for a name that is no unit's."""
    text = unit_source(load_project(arguments.project).design, arguments.name)
    if not arguments.output.parent.is_dir():
        raise InputError(f"found no folder {arguments.output.parent}; make it or name another file")
    arguments.output.write_text(text, encoding="utf-8")
    say(f"{arguments.output}: top function {arguments.name}; its headers are in {INCLUDE_DIR}")
    return ExitCode.OK
