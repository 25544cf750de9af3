"""How a prediction is shown: tables by layer and by module, an interval, what stood in, JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from shiftwire.costs.model import Estimate, FamilyModel, Prediction, total
from shiftwire.reports.table import Table, figure
from shiftwire.schedule.design import Design
from shiftwire.tools.resources import Resources

COLUMNS = ("LUT", "as logic", "as RAM", "as SRL", "FF", "BRAM36", "DSP")


def prediction_tables(design: Design, model: FamilyModel, prediction: Prediction) -> Iterator[Table | str]:
    """By layer, by module, and the whole."""
    yield Table(("layer", *COLUMNS), [(name, *_cells(own)) for name, own in by_layer(design, prediction).items()])
    yield Table(
        ("module", "units", *COLUMNS),
        [(name, number, *_cells(own)) for name, (number, own) in by_module(design, prediction).items()],
    )
    whole, board = prediction.whole.resources, design.board
    yield (
        f"modelled: {whole.lut:,} LUT, nine in ten netlists have {prediction.least:,} to {prediction.most:,}; "
        f"{whole.ff:,} FF, {figure(whole.bram36)} BRAM36, {whole.dsp:,} DSP"
    )
    yield (
        f"{100 * whole.lut / board.lut:.1f} % of the {board.lut:,} LUT of {board.title}, "
        f"{design.frames_per_second:,.0f} frames/s and {design.timing.latency:,} cycles of latency at "
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
        f"note: {prediction.whole.strangers:,} LUT ({share:.1f} %) are of modules that no model was fitted to; the "
        "average of other units stands in, so take these for a guess and count them by 'shiftwire synth'"
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
    return {
        "evidence": "modelled",
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "family": model.family,
        "tool": model.tool,
        "frames_per_second": design.frames_per_second,
        "interval_cycles": design.timing.interval,
        "latency_cycles": design.timing.latency,
        **_figures(prediction.whole.resources),
        "lut_between": [prediction.least, prediction.most],
        "lut_of_stand_ins": prediction.whole.strangers,
        "layers": {name: _figures(own.resources) for name, own in by_layer(design, prediction).items()},
        "modules": {
            name: {"units": number, **_figures(own.resources)}
            for name, (number, own) in by_module(design, prediction).items()
        },
    }


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
