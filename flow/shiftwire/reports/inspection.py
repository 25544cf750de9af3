"""What a network is made of, layer by layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shiftwire.ir.network import Network, Operations
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.factored import Storage
from shiftwire.ops.weights.factored import Factored
from shiftwire.quantize.report import Exchange, forms_of
from shiftwire.reports.table import Table
from shiftwire.schedule.design import Design
from shiftwire.units.matrix import MatrixUnit

SMALLER = ("x fp32", "x int8")
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
    return {name: weights.factors.storage for name, weights in layers.items() if isinstance(weights, Factored)}


def stored_json(layers: Mapping[str, Storage]) -> dict[str, object]:
    """By layer, every count, and the sums."""
    return {name: dataclasses.asdict(each) | {"bits": each.bits} for name, each in layers.items()}


def stored_tables(layers: Mapping[str, Storage]) -> Iterator[Table | str]:
    """A row a layer and one for all; nothing where no layer has factors."""
    if not layers:
        return
    rows = [(name, each.code_bits, *_counts(each), *_smaller(each.weights, each.bits)) for name, each in layers.items()]
    whole = [sum(column) for column in zip(*map(_counts, layers.values()), strict=True)]
    yield Table(STORED, (*rows, ("all", "-", *whole, *_smaller(*whole[-2:]))))
    yield "bits of factors as they are stored in the file; hardware has the products in its ROMs"


def _counts(each: Storage) -> tuple[int, ...]:
    return each.coefficient_bits, each.basis_bits, each.index_bits, each.empty_rows, each.weights, each.bits


def forms_tables(exchanges: Sequence[Exchange]) -> Iterator[Table | str]:
    """What factors of float weights take, then what other forms of the same weights take and are off."""
    if not exchanges:
        return
    yield from stored_tables({each.layer: each.storage for each in exchanges})
    forms, weights = forms_of(exchanges), sum(each.storage.weights for each in exchanges)
    yield Table(
        ("the same weights as", "bits", *SMALLER, "weight error %"),
        [(form.name, form.bits, *_smaller(weights, form.bits), 100 * form.lost) for form in forms],
    )
    yield Table(
        ("weight error % of", "theta", *(form.name for form in forms)),
        [(each.layer, f"{each.theta:g}", *(100 * each.error(at) for at in range(len(forms)))) for each in exchanges],
    )


def _smaller(weights: int, bits: int) -> tuple[float, float]:
    """How many times fewer bits than those of floats and of bytes."""
    return 32 * weights / bits, 8 * weights / bits


@dataclass(frozen=True, slots=True)
class LayerBuild:
    """How a layer is built; `cycles` are those of its slowest unit a frame, `depths` those of the FIFOs it reads."""

    name: str
    pe: int
    simd: int
    units: str
    cycles: int
    busy_percent: float
    depths: str


def layer_builds(design: Design) -> Iterator[LayerBuild]:
    """Every layer that is hardware, in order, with the forks and width converters around it."""
    pipeline = design.pipeline
    for node in design.network.nodes:
        instances = [instance for instance in pipeline.instances if instance.layer == node.name]
        if not instances:
            continue
        fold, cycles = design.folds[node.name], max(i.unit.iterations for i in instances)
        depths = [str(pipeline.fifos[name].depth) for instance in instances for name in instance.inputs]
        names = " ".join(instance.unit.function for instance in instances)
        busy = 100 * cycles / design.timing.interval
        yield LayerBuild(node.name, fold.pe, fold.simd, names, cycles, busy, " ".join(depths))


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
