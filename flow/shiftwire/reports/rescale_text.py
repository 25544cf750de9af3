"""What the forms of rescaled layers, and of integer weights, take: as tables, as JSON and as notes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from shiftwire.passes.forms.rescale import Form
from shiftwire.passes.forms.rescale_choice import FormCost, Rescale, Rescaling
from shiftwire.passes.forms.weight_choice import WeightChoice, WeightForm
from shiftwire.reports.table import Table, in_halves

COLUMNS = ("rescaled layer", "lanes", "form", "k terms", "LUT", "BRAM36", "DSP", "built")

WEIGHT_COLUMNS = ("layer", "weights", "k terms", "PE", "SIMD", "C++ iterations", "LUT", "BRAM36", "DSP", "built")


def weight_tables(layers: Sequence[WeightChoice]) -> Iterator[Table | str]:
    """A row for each form of each layer of integer weights; nothing for a network without such layers."""
    if layers:
        yield Table(WEIGHT_COLUMNS, [_weight_row(layer, form) for layer in layers for form in layer.forms])
        yield (
            "a form that is not built has the cheapest fold of the design's pace, or its fastest where none keeps it; "
            "LUT and BRAM36 as SystemVerilog"
        )


def weight_json(layers: Sequence[WeightChoice]) -> list[dict[str, object]]:
    """The same as members of objects."""
    return [dataclasses.asdict(layer) for layer in layers]


def weight_notes(layers: Sequence[WeightChoice]) -> Iterator[str]:
    """That iterations multiply by k, and what products would take."""
    as_terms = [layer for layer in layers if layer.chosen == layer.terms.form]
    if as_terms:
        terms = [layer.terms.k or 0 for layer in as_terms]
        lut = sum(layer.terms.lut for layer in as_terms)
        others = [layer.products for layer in as_terms]
        yield (
            f"integer weights of {len(as_terms)} layer{'s' * (len(as_terms) > 1)} are sums of "
            f"{sum(terms) / len(terms):.1f} powers of two on average, and each takes an iteration: {lut:,} LUT; "
            f"--integer-weights multiply takes {sum(each.lut for each in others):,} LUT at the same pace as "
            f"SystemVerilog, up to {sum(each.dsp for each in others):,} DSP in HLS C++ (modelled)"
        )


def rescale_tables(layers: Sequence[Rescaling]) -> Iterator[Table | str]:
    """A row for each form of each layer, and why there is none; nothing for a network without such layers."""
    if layers:
        every = [(layer, form) for layer in layers for form in layer.forms]
        yield Table(COLUMNS, [_row(layer, form) for layer, form in every])
        yield from (f"no {form.form.value} of {layer.layer}: {form.why}" for layer, form in every if form.why)
        yield "LUT and BRAM36 as SystemVerilog, DSP where HLS C++ puts products into blocks; all modelled"


def rescale_json(layers: Sequence[Rescaling]) -> list[dict[str, object]]:
    """The same as members of objects."""
    return [
        {
            "layer": layer.layer,
            "lanes": layer.lanes,
            "chosen": layer.chosen.value,
            "forms": [dataclasses.asdict(form) | {"form": form.form.value} for form in layer.forms],
        }
        for layer in layers
    ]


def rescale_notes(layers: Sequence[Rescaling], asked: Rescale) -> Iterator[str]:
    """What a user should know: a form asked for that a layer has not, products, and what takes more than thresholds."""
    for layer in layers:
        own, plain = layer.of(layer.chosen), layer.of(Form.THRESHOLD)
        if asked is not Rescale.AUTO and layer.chosen.value != asked.value:
            why = (
                layer.of(Form(asked.value)).why
                or f"at {layer.lanes} lanes its words are wider than HLS takes, or it misses the target"
            )
            yield f"layer '{layer.layer}' is built as {layer.chosen.value}, not as {asked.value}: {why}"
        if layer.chosen is Form.MULTIPLY:
            yield (
                f"layer '{layer.layer}' multiplies: {own.lut:,} LUT for its {layer.lanes} products and what is behind "
                f"them as SystemVerilog, up to {own.dsp} DSP in HLS C++ (modelled)"
            )
        for name, used, least in (("LUT", own.lut, plain.lut), ("BRAM36", own.bram36, plain.bram36)):
            if used is not None and least is not None and used > least:
                yield (
                    f"layer '{layer.layer}' takes {in_halves(used)} {name} as {layer.chosen.value}, "
                    f"{in_halves(least)} as thresholds (modelled)"
                )


def _row(layer: Rescaling, form: FormCost) -> tuple[object, ...]:
    figures = (form.terms, form.lut, None if form.bram36 is None else in_halves(form.bram36), form.dsp)
    mark = "yes" if form.form is layer.chosen else ""
    return (layer.layer, layer.lanes, form.form.value, *("-" if each is None else each for each in figures), mark)


def _weight_row(layer: WeightChoice, form: WeightForm) -> tuple[object, ...]:
    k = "-" if form.k is None else f"{form.k:.2f}"
    mark = "yes" if form.form == layer.chosen else ""
    return (
        layer.layer,
        form.form,
        k,
        form.pe,
        form.simd,
        form.cycles,
        form.lut,
        in_halves(form.bram36),
        form.dsp,
        mark,
    )
