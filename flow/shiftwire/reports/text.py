"""The page of a project in words and cells, which the terminal and HTML show alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from shiftwire.explore.energy import claim_sentence
from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.project.labels import Task
from shiftwire.project.report_rows import as_json
from shiftwire.project.scores import of_what
from shiftwire.quantize.report import Answers
from shiftwire.reports.build_text import build_sentences
from shiftwire.reports.compression import kept_json, kept_sentence
from shiftwire.reports.cost_text import roofline_json
from shiftwire.reports.inspection import left_out, left_out_sentence
from shiftwire.reports.summary import LayerLine, Page
from shiftwire.reports.table import figure
from shiftwire.synth.build_report import build_json
from shiftwire.tools.resources import Cycles, Evidence, Report

ANSWERS = {
    Task.CLASSES: ("answers", "samples"),
    Task.PIXELS: ("pixels", "pixels"),
    Task.DECISIONS: ("decisions", "yes-or-no outputs"),
}
"""Head of a line, and what is counted in it."""
NO_PLACEMENT = "synthesised, no place and route"
COLUMNS = ("layer", "kind", "shape", "format", "k terms", "PE", "SIMD", "cycles", "% busy", "LUT", "BRAM36", "nJ")


def cells(layer: LayerLine) -> tuple[object, ...]:
    """The cells under COLUMNS."""
    built = (layer.pe, layer.simd, layer.cycles, layer.busy_percent)
    return (
        layer.name, layer.kind, "x".join(map(str, layer.shape)), layer.format, _or_dash(layer.terms),
        *(_or_dash(cell) for cell in built), int(layer.lut), float(layer.bram36), layer.energy_pj / 1000,
    )  # fmt: skip


def sentences(page: Page) -> Iterator[tuple[str, str]]:
    """What is told under which head, most wanted first; each says how it came about."""
    design, worst = page.design, page.bottleneck
    yield "board", f"{design.board.title} ({design.board.part}), {design.clock_ns:g} ns asked for"
    yield "speed", f"{page.frames_per_second:,.0f} frames/s at that clock ({_evidence_of_cycles(page)} cycles)"
    yield "cycles", _cycles(page)
    yield (
        "bottleneck",
        f"{worst.name} ({worst.kind}), {worst.cycles or 0:,} cycles a frame, PE {worst.pe}, SIMD {worst.simd}",
    )
    if spared := left_out_sentence(design):
        yield "folds of zeros", spared
    yield "resources", _resources(page)
    if page.overruns:
        short = "; ".join(f"{figure(use.used)} {use.name} where {use.room:,} are left" for use in page.overruns)
        yield "too large", f"{short} beside DMA and interconnect ({page.taken.value}); convert again with less --fps"
    for row in page.vendor:
        yield row.tool, _vendor(row)
    if page.built is not None:
        yield from build_sentences(page.built, design.board, page.counted)
    done = page.operations
    yield (
        "operations",
        f"{done.shifts:,} shifts, {done.adds:,} adds, {done.compares:,} compares, {done.xnors:,} XNORs of bits, "
        f"{done.multiplies:,} multiplies an inference",
    )
    if page.kept:
        yield "weights", kept_sentence(page.kept)
    energy = page.energy
    yield (
        "energy",
        (
            f"{energy.own_pj / 1000:,.1f} nJ an inference for arithmetic alone, modelled: operations times "
            f"{energy.table.name}, {energy.table.source}; no memory, no wires, no measurement"
        ),
    )
    yield "against multiplication", claim_sentence(energy)
    yield "version", page.version_hash


def page_json(page: Page) -> dict[str, object]:
    """Everything on the page; evidence stands in each row."""
    design, energy = page.design, page.energy
    return {
        "name": page.name,
        "version_hash": page.version_hash,
        "board": design.board.name,
        "part": design.board.part,
        "clock_ns": design.clock_ns,
        "frames_per_second": page.frames_per_second,
        "bottleneck": page.bottleneck.name,
        "predicted": as_json(page.predicted),
        "simulated": None if page.simulated is None else as_json(page.simulated),
        "resources": _resources_json(page),
        "too_large_in": [use.name for use in page.overruns],
        "built": None if page.built is None else build_json(page.built),
        "vendor": [as_json(row) for row in page.vendor],
        "energy": {
            "evidence": Evidence.MODELLED.value,
            **dataclasses.asdict(energy),
            "saving": energy.saving,
            "block_saving": energy.block_saving,
        },
        "layers": [dataclasses.asdict(layer) for layer in page.layers],
        "operations": dataclasses.asdict(page.operations),
        "kept": kept_json(page.kept),
        "roofline": roofline_json(*page.rooflines),
        "left_out": [dataclasses.asdict(layer) for layer in left_out(design)],
    }


def _resources_json(page: Page) -> dict[str, object]:
    if page.counted is not None:
        return as_json(page.counted)
    cost = page.design.resources
    return {"evidence": Evidence.MODELLED.value, "resources": {"lut": cost.lut, "bram36": cost.bram36}}


def _or_dash(cell: object) -> object:
    return "-" if cell is None else cell


def _evidence_of_cycles(page: Page) -> str:
    return "simulated" if page.simulated and page.simulated.interval else "predicted"


def _cycles(page: Page) -> str:
    what = "schedule of the SystemVerilog" if page.is_rtl else "schedule of the C++"
    latency = "latency too long to predict" if page.predicted.latency is None else _latency(page.predicted)
    sentence = f"{latency}, between frames {_range(page.predicted.interval)} (predicted, {what})"
    row = page.simulated
    if row is None:
        return f"{sentence}; not simulated yet{' (shiftwire cosim)' if page.is_rtl else ''}"
    simulated = f"{_latency(row)}, between frames {_range(row.interval)}"
    return f"{sentence}; {simulated} (simulated, {row.tool} {row.version}, every code right)"


def _resources(page: Page) -> str:
    row, design = page.counted, page.design
    if row is None or row.resources is None:
        shares = _shares(design.resources.lut, design.resources.bram36, page)
        return f"{shares}, modelled" + ("; shiftwire synth counts them" if page.is_rtl else "")
    resources = row.resources
    rest = f"{resources.ff:,} FF, {resources.dsp:,} DSP: {row.tool} {row.version}, {NO_PLACEMENT}"
    return f"{_shares(resources.lut, resources.bram36, page)}, {rest}"


def _shares(lut: int, bram36: float, page: Page) -> str:
    board = page.design.board
    return (
        f"{lut:,} LUT ({100 * lut / (board.lut - SHELL_LUT):.1f} % of what is left beside DMA and interconnect), "
        f"{bram36:g} BRAM36 ({100 * bram36 / (board.bram36 - SHELL_BRAM36):.1f} %)"
    )


def _vendor(row: Report) -> str:
    parts = [f"{row.version}, {row.part}, {row.evidence.value}"]
    if row.resources is not None:
        resources = row.resources
        parts.append(f"{resources.lut:,} LUT, {resources.ff:,} FF, {resources.bram36:g} BRAM36, {resources.dsp:,} DSP")
    if row.reached_ns is not None:
        parts.append(f"{row.reached_ns:.2f} ns reached")
    return "; ".join(parts)


def _latency(row: Report) -> str:
    """Cycles and microseconds at the clock that was asked for."""
    if row.latency is None or row.clock_ns is None:
        return "latency not told"
    return f"latency {_range(row.latency)} ({row.latency.most * row.clock_ns / 1000:,.1f} us)"


def _range(cycles: Cycles | None) -> str:
    if cycles is None:
        return "-"
    return f"{cycles.most:,}" if cycles.least == cycles.most else f"{cycles.least:,} to {cycles.most:,}"


def answer_lines(answers: Answers) -> Iterator[str]:
    """What the task allows to say: shares of equal answers, and the error of values."""
    if answers.agreement is None:
        yield f"values: {answers.error.sentence}, beside the float network's"
        if answers.held_out_error is not None:
            yield f"values: error {100 * answers.held_out_error:.2f} % over the samples that did not calibrate"
    else:
        yield from _answer_shares(answers, answers.agreement)
    before, after = answers.labels_float, answers.labels_exact
    if before is None or after is None:
        return
    if before.nearness is not None and after.nearness is not None:
        yield f"labels: float {before.nearness.sentence}"
        yield f"labels: exact {after.nearness.sentence}"
    elif before.accuracy is not None and after.accuracy is not None:
        lost = before.accuracy - after.accuracy
        of = of_what(answers.task, answers.threshold)
        yield f"accuracy{of}: {before.accuracy:.2f} % float, {after.accuracy:.2f} % exact, {lost:.2f} points lost"


def _answer_shares(answers: Answers, agreement: float) -> Iterator[str]:
    head, things = ANSWERS[answers.task]
    error = answers.error
    count = answers.samples if answers.task is Task.CLASSES else answers.total
    if answers.never_change:
        yield (
            f"{head}: 1 distinct answer to all {answers.samples} samples, the float network's too: it never changes, "
            f"so agreement says nothing, rms error {error.rms_error:.4g}; give samples that it tells apart"
        )
        return
    yield (
        f"{head}: {agreement:.2f} % of {count} {things} agree with the float network, "
        f"rms error {error.rms_error:.4g} ({100 * error.relative_error:.2f} % of their spread)"
    )
    if answers.clear_agreement is not None:
        yield f"{head}: {answers.clear_agreement:.2f} % of the {answers.clear_answers} with a float margin >= 1 agree"
    if answers.held_out_agreement is not None:
        yield f"{head}: {answers.held_out_agreement:.2f} % over the samples that did not calibrate agree"
