"""How a prediction is shown: tables by layer and by module, an interval, what stood in, JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from math import inf

from shiftwire.costs.model import Estimate, FamilyModel, Prediction, total
from shiftwire.explore.levels import Level, LevelRow
from shiftwire.explore.roofline import BLOCK_PORT_BITS, COMPUTE, Bound, Roofline, dma_bits, rooflines
from shiftwire.reports.table import Table, figure
from shiftwire.schedule.design import Design
from shiftwire.tools.resources import Resources

ROOFS = (
    "layer", "operations", "op/byte", "lanes", "lanes that fit", "roof of lanes", "of block RAM", "of the DMA",
    "reached", "bound by", "% of it",
)  # fmt: skip
COLUMNS = ("LUT", "as logic", "as RAM", "as SRL", "FF", "BRAM36", "DSP")


SHORT_ROOFS = ("roofline, modelled", "operations", "op/byte", "GOP/s", "its roof", "% of it", "bound by")

SHORT_SHARE = 0.01
"""Of a network's operations, that a layer has which a page shows; JSON has them all."""
ROOFLINE = "10^9 operations/s of the SystemVerilog, modelled, and what would run out first"


def prediction_tables(design: Design, model: FamilyModel, prediction: Prediction) -> Iterator[Table | str]:
    """By layer, by module, and the whole."""
    yield Table(("layer", *COLUMNS), [(name, *_cells(own)) for name, own in by_layer(design, prediction).items()])
    yield Table(
        ("module", "units", *COLUMNS),
        [(name, number, *_cells(own)) for name, (number, own) in by_module(design, prediction).items()],
    )
    rows, network = rooflines(design, prediction)
    yield Table(ROOFS, [_roof_cells(row) for row in (*rows, network)])
    yield (
        "roofs, of the whole board for one layer, and what is reached at the design's frames/s, in 10^9 operations/s, "
        f"modelled: block RAM gives {BLOCK_PORT_BITS} bits a BRAM36 and cycle, a DMA {dma_bits(design.board)} each way"
    )
    if network.share > 1:
        yield (
            f"the DMA gives at most {network.roofs[Bound.DMA]:,.0f} frames/s: the network is faster, and waits for it "
            "(modelled)"
        )
    whole, board = prediction.whole.resources, design.board
    yield (
        f"modelled: {whole.lut:,} LUT, nine in ten netlists have {prediction.least:,} to {prediction.most:,}; "
        f"{whole.ff:,} FF, {figure(whole.bram36)} BRAM36, {whole.dsp:,} DSP"
    )
    yield (
        f"{100 * whole.lut / board.lut:.1f} % of the {board.lut:,} LUT of {board.title}, "
        f"{network.frames_per_second:,.0f} frames/s and {design.timing.latency:,} cycles of latency at "
        f"{design.clock_ns:g} ns (modelled)"
    )
    yield (
        f"from {sum(group.rows for name, group in model.groups.items() if name != 'any'):,} units of the family "
        f"{model.family}, counted by {model.tool}, no place and route; BRAM36, DSP, LUT as RAM and cycles by formula"
    )


def stand_in_note(prediction: Prediction) -> str | None:
    """One sentence where units were never characterised."""
    share = 100 * prediction.whole.strangers / max(prediction.whole.resources.lut, 1)
    if not prediction.whole.strangers:
        return None
    return (
        f"note: {prediction.whole.strangers:,} LUT ({share:.1f} %) are of modules, or of multipliers of weights "
        "beyond 8 bits, that no model was fitted to; an average stands in, so take these for a guess and count them by "
        "'shiftwire synth'"
    )


def by_layer(design: Design, prediction: Prediction) -> Mapping[str, Estimate]:
    """In the order of the network."""
    units = design.rtl.units
    return {
        layer: total(prediction.units[unit.name] for unit in units if unit.layer == layer)
        for layer in dict.fromkeys(unit.layer for unit in units)
    }


def by_module(design: Design, prediction: Prediction) -> Mapping[str, tuple[int, Estimate]]:
    """How many of each and what they take together, the largest first."""
    kinds: defaultdict[str, list[Estimate]] = defaultdict(list)
    for unit in design.rtl.units:
        kinds[unit.module.name].append(prediction.units[unit.name])
    sums = {name: (len(own), total(own)) for name, own in kinds.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1][1].resources.lut, item[0])))


def prediction_json(design: Design, model: FamilyModel, prediction: Prediction) -> dict[str, object]:
    """The same for machines."""
    rows, network = rooflines(design, prediction)
    return {
        "evidence": "modelled",
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "family": model.family,
        "tool": model.tool,
        "frames_per_second": network.frames_per_second,
        "interval_cycles": network.cycles,
        "latency_cycles": design.timing.latency,
        **_figures(prediction.whole.resources),
        "lut_between": [prediction.least, prediction.most],
        "lut_of_stand_ins": prediction.whole.strangers,
        "layers": {name: _figures(own.resources) for name, own in by_layer(design, prediction).items()},
        "modules": {
            name: {"units": number, **_figures(own.resources)}
            for name, (number, own) in by_module(design, prediction).items()
        },
        "roofline": roofline_json(rows, network),
    }


def roofline_json(rows: Sequence[Roofline], network: Roofline) -> dict[str, object]:
    """By layer and of all; a roof that is not asked for is null."""
    return {
        "evidence": "modelled",
        "layers": {row.name: _roof_json(row) for row in rows},
        "network": _roof_json(network),
    }


def roofline_table(rows: Sequence[Roofline], network: Roofline) -> Table:
    """The lowest roof alone, of layers with a share of the network's operations that counts, for a page."""
    least = SHORT_SHARE * network.demand.operations
    return Table(SHORT_ROOFS, [_short_roof(row) for row in (*rows, network) if row.demand.operations >= least])


def _short_roof(row: Roofline) -> tuple[object, ...]:
    gops = row.gops(row.frames_per_second), row.gops(row.roofs[row.bound])
    return (row.name, row.demand.operations, row.demand.intensity, *gops, 100 * row.share, row.bound.value)


def _roof_json(row: Roofline) -> dict[str, object]:
    lanes = {} if row.lanes is None else {"lanes": row.lanes.count, "lanes_that_fit": row.lanes.fit}
    return {
        **asdict(row.demand),
        "operations_per_byte": row.demand.intensity,
        **lanes,
        "roofs_gops": {bound.value: row.gops(row.roofs[bound]) if bound in row.roofs else None for bound in Bound},
        "bound": row.bound.value,
        "gops": row.gops(row.frames_per_second),
        "share": row.share,
    }


def _roof_cells(row: Roofline) -> tuple[object, ...]:
    lanes = ("-", "-") if row.lanes is None else (row.lanes.count, row.lanes.fit)
    kinds = (COMPUTE, (Bound.BLOCK_RAM,), (Bound.DMA,))
    roofs = [row.gops(row.roof(bounds)) if row.roof(bounds) < inf else "-" for bounds in kinds]
    done, speed = row.demand, row.gops(row.frames_per_second)
    return (
        row.name, done.operations, done.intensity, *lanes, *roofs, speed, row.bound.value, 100 * row.share,
    )  # fmt: skip


def _figures(resources: Resources) -> dict[str, float]:
    ram, srl = resources.lutram or 0, resources.srl or 0
    return {
        "lut": resources.lut,
        "lut_logic": resources.lut - ram - srl,
        "lut_ram": ram,
        "lut_srl": srl,
        "ff": resources.ff,
        "bram36": resources.bram36,
        "dsp": resources.dsp,
    }


def _cells(estimate: Estimate) -> tuple[float, ...]:
    return tuple(_figures(estimate.resources).values())


def level_columns(level: Level) -> Sequence[str]:
    """Heads of a level's table; blocks do parts of operations, which no roof is told of."""
    heads = level.value, "units", "cycles", "frames/s", "LUT", "least", "most", "FF", "BRAM36", "DSP"
    return heads if level is Level.BLOCK else (*heads, "operations", "GOP/s", "its roof", "bound by", "% of it")


def level_row(row: LevelRow, level: Level) -> tuple[object, ...]:
    """The cells below."""
    own, roof = row.estimate.resources, row.roofline
    cycles = ("-", "-") if row.cycles is None or row.alone is None else (row.cycles, round(row.alone))
    cells = (row.name, row.units, *cycles, own.lut, row.least, row.most, own.ff, own.bram36, own.dsp)
    if level is Level.BLOCK:
        return cells
    if roof is None:
        return (*cells, 0, "-", "-", "-", "-")
    speeds = roof.gops(roof.alone), roof.gops(roof.roofs[roof.bound])
    return (*cells, roof.demand.operations, *speeds, roof.bound.value, 100 * roof.share_alone)


def level_json(design: Design, model: FamilyModel, level: Level, rows: Sequence[LevelRow]) -> dict[str, object]:
    """The same for machines."""
    return {
        "evidence": "modelled",
        "level": level.value,
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "family": model.family,
        "tool": model.tool,
        "rows": [_level_json(row) for row in rows],
    }


def _level_json(row: LevelRow) -> dict[str, object]:
    roof = row.roofline
    figures = {"name": row.name, "units": row.units, "cycles": row.cycles, "frames_per_second": row.alone}
    figures |= {**_figures(row.estimate.resources), "lut_between": [row.least, row.most]}
    if roof is None:
        return figures
    alone = {"gops": roof.gops(roof.alone), "share": roof.share_alone}
    return figures | _roof_json(roof) | alone
