"""What a network is made of, layer by layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shiftwire.ir.network import Network, Operations
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.escalate import SignsAndBases
from shiftwire.numbers.factored import Storage
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.quantize.floats.virtual_pooling import Pooled
from shiftwire.quantize.terms import Exchange, Spelling, forms_of
from shiftwire.reports.compression import SMALLER, bases_of_sums, rom_bits, smaller, spelled
from shiftwire.reports.table import Table
from shiftwire.schedule.design import Design
from shiftwire.units.sums.matrix import MatrixUnit

POOLED = ("virtual pooling of", "pooled", "outputs off %", "is off by", "at most", "of", "products", "before")
SPELLED = (
    "layer", "bases", "zeros %", "sign bits", "base bits", "bits", "in ROM", "in the file", *SMALLER, "adds",
    "products", "adds of LightNN-1",
)  # fmt: skip
STORED = ("layer", "bits a Ce", "Ce bits", "B bits", "row bits", "empty rows", "weights", "bits", *SMALLER)


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One row of `shiftwire inspect`; operations are of one inference."""

    name: str
    kind: str
    shape: tuple[int, ...]
    format: str
    terms: float | None
    operations: Operations
    weight_bits: int


def inspect_network(network: Network) -> Iterator[LayerFacts]:
    """The inputs and every layer, in order."""
    for end in network.inputs:
        yield LayerFacts(end.name, "Input", end.tensor.shape, str(end.tensor.format), None, Operations(), 0)
    for node in network.nodes:
        output = network.tensors[node.name]
        operations = node.op.operations(network.sources(node), output)
        facts = node.op.terms, operations, node.op.weight_bits
        yield LayerFacts(node.name, node.kind, output.shape, str(output.format), *facts)


def stored(network: Network) -> dict[str, Storage]:
    """What layers of factors take where they are stored as factors, by name."""
    layers = {node.name: node.op.weights for node in network.nodes if isinstance(node.op, Weighted)}
    return {name: weights.factors.storage for name, weights in layers.items() if isinstance(weights, OfFactors)}


def stored_json(layers: Mapping[str, Storage]) -> dict[str, object]:
    """By layer, every count, and the sums."""
    return {name: dataclasses.asdict(each) | {"bits": each.bits} for name, each in layers.items()}


def stored_tables(layers: Mapping[str, Storage]) -> Iterator[Table | str]:
    """A row a layer and one for all; nothing where no layer has factors."""
    if not layers:
        return
    rows = [(name, each.code_bits, *_counts(each), *smaller(each.weights, each.bits)) for name, each in layers.items()]
    whole = [sum(column) for column in zip(*map(_counts, layers.values()), strict=True)]
    yield Table(STORED, (*rows, ("all", "-", *whole, *smaller(*whole[-2:]))))
    yield "bits of factors as they are stored in the file; memories have their products, but for folds of turns"


def _counts(each: Storage) -> tuple[int, ...]:
    return each.coefficient_bits, each.basis_bits, each.index_bits, each.empty_rows, each.weights, each.bits


def forms_tables(exchanges: Sequence[Exchange]) -> Iterator[Table | str]:
    """What factors of float weights take, then what other forms of the same weights take and are off."""
    if not exchanges:
        return
    yield from stored_tables({each.layer: each.storage for each in exchanges})
    forms = forms_of(exchanges)
    yield from _compared(exchanges, sum(each.storage.weights for each in exchanges))
    yield Table(
        ("weight error % of", "theta", *(form.name for form in forms)),
        [(each.layer, f"{each.theta:g}", *(100 * each.error(at) for at in range(len(forms)))) for each in exchanges],
    )


def spelled_tables(spellings: Sequence[Spelling]) -> Iterator[Table | str]:
    """What bases and signs take, then what other forms of the same weights take and are off."""
    if not spellings:
        return
    yield from bases_tables({each.layer: (each.stored, each.memory_bits, each.file_bits) for each in spellings})
    yield from _compared(spellings, sum(each.stored.weights for each in spellings))
    forms = forms_of(spellings)
    yield Table(
        ("weight error % of", *(form.name for form in forms)),
        [(each.layer, *(100 * each.error(at) for at in range(len(forms)))) for each in spellings],
    )


def bases_of(network: Network) -> dict[str, tuple[SignsAndBases, int, int]]:
    """Counts, bits of ROMs and of a file, of layers that are ternary sums of bases, by the name of the sums."""
    by_name, layers = {node.name: node for node in network.nodes}, {}
    for node in network.nodes:
        first = bases_of_sums(by_name, node)
        if first is not None:
            layers[node.name] = spelled(first, node)
    return layers


def bases_json(layers: Mapping[str, tuple[SignsAndBases, int, int]]) -> dict[str, object]:
    """By layer, every count."""
    return {
        name: dataclasses.asdict(stored) | {"bits": stored.bits, "memory_bits": memory_bits, "file_bits": file_bits}
        for name, (stored, memory_bits, file_bits) in layers.items()
    }


def bases_tables(layers: Mapping[str, tuple[SignsAndBases, int, int]]) -> Iterator[Table | str]:
    """A row a layer, with the bits of its ROMs and of its file, and one for all."""
    if not layers:
        return
    whole = tuple(map(sum, zip(*(_spelled(*each) for each in layers.values()), strict=True)))
    counts = [*((name, _spelled(*each)) for name, each in layers.items()), ("all", whole)]
    yield Table(SPELLED, [_spelled_row(name, *each) for name, each in counts])
    yield (
        "bits: 2 a sign, 8 a number of a base, each base once; a file has bases for every channel and 16 bits a sign; "
        "adds and products at a place of the image, products by 8 bits; scales of filters stand behind and are not "
        "counted"
    )


def _spelled(stored: SignsAndBases, memory_bits: int, file_bits: int) -> tuple[int, ...]:
    """Counts that add up."""
    counts = stored.weights, stored.signs, stored.adds, stored.products, stored.sign_bits, stored.basis_bits
    return (*counts, stored.bases, memory_bits, file_bits)


def _spelled_row(name: str, *counts: int) -> tuple[object, ...]:
    weights, signs, adds, products, sign_bits, basis_bits, bases, memory_bits, file_bits = counts
    bits = sign_bits + basis_bits
    return (
        name, bases, 100 * (1 - adds / signs), sign_bits, basis_bits, bits, memory_bits, file_bits,
        *smaller(weights, bits), adds, products, weights,
    )  # fmt: skip


def _compared(layers: Sequence[Exchange | Spelling], weights: int) -> Iterator[Table]:
    """Bits and errors of every form, all layers together."""
    yield Table(
        ("the same weights as", "bits", *SMALLER, "weight error %"),
        [(form.name, form.bits, *smaller(weights, form.bits), 100 * form.lost) for form in forms_of(layers)],
    )


def pooled_tables(pooled: Pooled | None) -> Iterator[Table | str]:
    """Layers from the least sensitive on; nothing where pooling was not asked for."""
    if pooled is None:
        return
    rows = []
    for layer in pooled.layers:
        before, behind = layer.products
        figures = 100 * layer.damage, layer.measured, layer.bound, layer.largest, behind if layer.is_pooled else before
        rows.append((layer.layer, "yes" if layer.is_pooled else "no", *figures, before))
    yield Table(POOLED, rows)
    yield (
        "outputs off: of the float network, that layer alone pooled; is off by: the largest on calibration samples; "
        "at most: a bound from weights and ranges, for any input within the ranges of the samples"
    )
    yield f"virtual pooling takes the float network's outputs {100 * pooled.together:.2f} % of their spread away"


def pooled_notes(pooled: Pooled | None) -> Iterator[str]:
    """Layers that cannot be pooled, each with the reason."""
    for layer, reason in ({} if pooled is None else pooled.left_alone).items():
        yield f"note: virtual pooling leaves '{layer}' alone, for {reason}"


def pooled_json(pooled: Pooled) -> dict[str, object]:
    """Layers in the same order, and what they lose together."""
    layers = [dataclasses.asdict(layer) for layer in pooled.layers]
    return {"layers": layers, "together": pooled.together, "left_alone": dict(pooled.left_alone)}


@dataclass(frozen=True, slots=True)
class LayerBuild:
    """How a layer is built; `cycles` are those of its slowest unit a frame, `depths` those of the FIFOs it reads.

    hls_rom_bits, rtl_rom_bits  of the memories of its weights; the second is None where they are logic.
    """

    name: str
    pe: int
    simd: int
    units: str
    cycles: int
    busy_percent: float
    depths: str
    hls_rom_bits: int
    rtl_rom_bits: int | None


def layer_builds(design: Design) -> Iterator[LayerBuild]:
    """Every layer that is hardware, in order, with the forks and width converters around it."""
    pipeline, roms = design.pipeline, rom_bits(design)
    for node in design.network.nodes:
        instances = [instance for instance in pipeline.instances if instance.layer == node.name]
        if not instances:
            continue
        fold, cycles = design.folds[node.name], max(i.unit.iterations for i in instances)
        depths = [str(pipeline.fifos[name].depth) for instance in instances for name in instance.inputs]
        names = " ".join(instance.unit.function for instance in instances)
        busy = 100 * cycles / design.timing.interval
        yield LayerBuild(node.name, fold.pe, fold.simd, names, cycles, busy, " ".join(depths), *roms[node.name])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Folds of a layer's weights that are all zero and take no cycle; iterations a frame without them and with them."""

    name: str
    folds: int
    empty_folds: int
    iterations: int
    whole_iterations: int


def left_out(design: Design) -> Iterator[LeftOut]:
    """Every layer that has such folds, in order."""
    for instance in design.pipeline.instances:
        unit = instance.unit
        if isinstance(unit, MatrixUnit) and unit.cycles_a_position < unit.whole_cycles:
            counts, whole = unit.steps.counts, unit.positions * unit.whole_cycles
            yield LeftOut(instance.layer, counts.size, int((counts == 0).sum()), unit.iterations, whole)


def left_out_sentence(design: Design) -> str | None:
    """What a frame is spared; None where nothing is."""
    each = [
        f"{one.name} leaves out {one.empty_folds:,} of {one.folds:,} folds, which are all zero: "
        f"{one.iterations:,} iterations and not {one.whole_iterations:,}"
        for one in left_out(design)
    ]
    return "; ".join(each) or None


def slowest_layer(design: Design) -> LayerBuild:
    """The layer of the first of the slowest units of the C++."""
    return max(layer_builds(design), key=lambda layer: layer.cycles)
