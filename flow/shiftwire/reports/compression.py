"""What the weights of every layer take, beside floats and bytes, and in the memories of a design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shiftwire.ir.network import Network, Node
from shiftwire.ir.rtl_network import RtlUnit
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.escalate import SignsAndBases
from shiftwire.ops.conv import Conv
from shiftwire.ops.requantize import Requantize
from shiftwire.quantize.methods.escalate import counts_of
from shiftwire.reports.table import Table
from shiftwire.schedule.design import Design
from shiftwire.schedule.lowering import lowered

SMALLER = ("x fp32", "x int8")
COLUMNS = ("weights of", "kind", "weights", "bits", *SMALLER)
HLS_ROMS = {"weight", "stored", "context"}
RTL_ROMS = {"weights", "stored", "context"}


def smaller(weights: int, bits: int) -> tuple[float, float]:
    """How many times fewer bits than those of floats and of bytes."""
    return 32 * weights / bits, 8 * weights / bits


@dataclass(frozen=True, slots=True)
class Kept:
    """The weights that a layer stands for, and the bits of what they are made of: no biases, no scales behind."""

    name: str
    kind: str
    weights: int
    bits: int


def kept(network: Network) -> tuple[Kept, ...]:
    """Every layer with weights, in order; bases and the signs behind them are one, by the name of the sums."""
    return tuple(_kept(network))


def _kept(network: Network) -> Iterator[Kept]:
    by_name = {node.name: node for node in network.nodes}
    behind = {node.name: first for node in network.nodes if (first := bases_of_sums(by_name, node)) is not None}
    bases = {first.name for first in behind.values()}
    for node in network.nodes:
        if not isinstance(node.op, Weighted) or node.name in bases:
            continue
        if node.name in behind:
            made_of = spelled(behind[node.name], node)[0]
            kind = f"{behind[node.name].kind}, {node.kind}"
            yield Kept(node.name, kind, made_of.weights, made_of.bits)
            continue
        op = node.op
        weights = op.shared[0] if isinstance(op, Conv) and op.shared is not None else op.weights
        yield Kept(node.name, node.kind, int(op.weights.rows.size), weights.own_bits)


def spelled(first: Node, sums: Node) -> tuple[SignsAndBases, int, int]:
    """Counts, bits of ROMs and of a file of a layer that `bases_of_sums` knows."""
    assert isinstance(first.op, Conv) and isinstance(sums.op, Conv)
    counts = counts_of(first.op, sums.op)
    assert counts is not None
    return counts


def bases_of_sums(by_name: dict[str, Node], node: Node) -> Node | None:
    """The layer of bases whose ternary sums a layer makes; what rounds between the two is none of a layer's weights."""
    first = by_name.get(node.inputs[0])
    if first is not None and isinstance(first.op, Requantize):
        first = by_name.get(first.inputs[0])
    if first is None or not isinstance(first.op, Conv) or not isinstance(node.op, Conv):
        return None
    return first if counts_of(first.op, node.op) is not None else None


def whole(layers: Sequence[Kept]) -> Kept:
    """All of them together."""
    return Kept("together", "-", sum(each.weights for each in layers), sum(each.bits for each in layers))


def kept_json(layers: Sequence[Kept]) -> dict[str, object]:
    """By layer weights, bits and both ratios, and those of all."""
    every = (*layers, whole(layers)) if layers else ()
    return {each.name: _json(each) for each in every}


def _json(each: Kept) -> dict[str, object]:
    fp32, int8 = smaller(each.weights, each.bits)
    return {"kind": each.kind, "weights": each.weights, "bits": each.bits, "fp32": fp32, "int8": int8}


def kept_tables(layers: Sequence[Kept]) -> Iterator[Table | str]:
    """A row a layer and one for all; nothing where no layer has weights."""
    if not layers:
        return
    rows = [(each.name, each.kind, each.weights, each.bits, *smaller(each.weights, each.bits))
            for each in (*layers, whole(layers))]  # fmt: skip
    yield Table(COLUMNS, rows)
    yield (
        "bits of what weights are made of: signs and exponents, integers, single bits, vectors of blocks, factors, "
        "bases and signs; no biases, no scales behind. ONNX takes whole bytes, and memories what a project tells"
    )


def kept_sentence(layers: Sequence[Kept]) -> str:
    """All weights in one line."""
    all_of = whole(layers)
    fp32, int8 = smaller(all_of.weights, all_of.bits)
    return (
        f"{all_of.weights:,} in {all_of.bits:,} bits, {fp32:.3g} times smaller than floats, {int8:.3g} than bytes; "
        "biases and scales behind are not counted"
    )


def rom_bits(design: Design) -> dict[str, tuple[int, int | None]]:
    """Bits of the memories of a layer's weights, of the C++ and of the SystemVerilog, by layer.

    Layers that are logic have no memories: of an unrolled design the second is None.
    """
    bits: dict[str, tuple[int, int | None]] = {}
    units = [] if design.unroll else lowered(design.pipeline, "net", unroll=False).units
    for node in design.network.nodes:
        tables = [
            table
            for instance in design.pipeline.instances
            if instance.layer == node.name and isinstance(node.op, Weighted)
            for table in instance.unit.cfg.tables
        ]
        of_hls = sum(int(table.codes.size) * table.type.bits for table in tables if table.name in HLS_ROMS)
        bits[node.name] = of_hls, None if design.unroll else _rtl_bits(units, node.name)
    return bits


def _rtl_bits(units: Sequence[RtlUnit], layer: str) -> int:
    memories = [memory for unit in units if unit.layer == layer for memory in unit.module.memories]
    return sum(memory.words * memory.word_bits for memory in memories if memory.name in RTL_ROMS)
