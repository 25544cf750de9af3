"""What a record says, row by row, and what two records say side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire.reports.table import figure
from shiftwire_boards.runtime.energy.result import Energy, Spread, Unavailable
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.record import Badge, OutputFigures, Record

NOTHING = "not taken"


@dataclass(frozen=True, slots=True)
class Row:
    """`value` may be divided by another record's, where the `basis` of both is the same."""

    head: str
    text: str
    value: float | None = None
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of two records; `ratio` is right over left, or says why there is none."""

    head: str
    left: str
    right: str
    ratio: str


def rows_of(record: Record) -> tuple[Row, ...]:
    """Every row of a record, in one order; what was not taken says so."""
    return (
        *_identity_rows(record),
        *_speed_rows(record),
        *_cycle_rows(record),
        *_correctness_rows(record),
        *_energy_rows(record),
    )


def badge_text(record: Record) -> str:
    """The large letters of a page."""
    if record.identity.badge is Badge.SIMULATED:
        return f"SIMULATED, no {record.identity.board} was used"
    return f"MEASURED on {record.identity.board}"


def pairs_of(left: Record, right: Record) -> tuple[Pair, ...]:
    """Both records' rows by their heads; a head that only one has is kept."""
    first, second = ({row.head: row for row in rows_of(record)} for record in (left, right))
    heads = [*first, *(head for head in second if head not in first)]
    none = Row("", NOTHING)
    return tuple(_pair(head, first.get(head, none), second.get(head, none)) for head in heads)


def _pair(head: str, left: Row, right: Row) -> Pair:
    if left.value is None or right.value is None:
        ratio = ""
    elif left.basis != right.basis:
        ratio = f"none: {left.basis} against {right.basis}"
    else:
        ratio = f"{right.value / left.value:.4g}" if left.value else ""
    return Pair(head, left.text, right.text, ratio)


def _identity_rows(record: Record) -> Iterator[Row]:
    identity, clock = record.identity, record.clock
    yield Row("model", identity.model)
    yield Row("board", identity.board)
    yield Row("version", identity.version_hash)
    yield Row("inner network", _inner_text(record))
    yield _number("clock, nominal", clock.nominal_mhz, "MHz")
    if identity.badge is Badge.SIMULATED:
        yield Row("clock, derived from the cycle counter", "assumed, no board ran")
    else:
        yield _number("clock, derived from the cycle counter", clock.derived_mhz, "MHz")
        yield _number("clock of the processing system, read back", clock.source_mhz, "MHz")


def _is_stand_in(record: Record) -> bool:
    """A simulated board has no logic of Vitis HLS."""
    return record.identity.badge is Badge.SIMULATED and record.identity.inner is Inner.HLS


def _inner_text(record: Record) -> str:
    if _is_stand_in(record):
        return "hls: the compiled C++, a stand-in for the IP of Vitis HLS"
    return "hls: the IP of Vitis HLS" if record.identity.inner is Inner.HLS else "rtl: the open SystemVerilog"


def _basis(record: Record) -> str:
    if record.identity.badge is Badge.MEASURED:
        return "wall time"
    return f"cycles{' of a stand-in' if _is_stand_in(record) else ''} over an assumed clock"


def _speed_rows(record: Record) -> Iterator[Row]:
    speed, latency, split = record.speed, record.latency, record.time_split
    basis = _basis(record)
    yield Row("frames/s", f"{figure(speed.fps)} ({basis})", speed.fps, basis)
    yield Row("frames", f"{speed.frames:,} in {figure(speed.seconds)} s ({basis})")
    yield _number("frames a transfer", speed.frames_per_transfer, "")
    for percent in (50, 95, 99):
        value = None if latency is None else latency.percentile_us(percent)
        yield _number(f"latency of a single frame, p{percent}", value, "us", basis)
    parts = (None, None, None) if split is None else (split.fabric_s, split.dma_s, split.python_s)
    for place, seconds in zip(("the fabric", "the DMA", "Python"), parts, strict=True):
        yield _number(f"time in {place}", seconds, "s", basis)


def _cycle_rows(record: Record) -> Iterator[Row]:
    cycles, basis = record.cycles, "cycles of a stand-in" if _is_stand_in(record) else ""
    yield _number("cycles a frame, counted", cycles.frame_counted, "", basis)
    yield _number("cycles a frame, predicted", cycles.frame_predicted, "")
    yield _number("latency, counted", cycles.latency_counted, "cycles", basis)
    yield _number("latency, predicted without the AXI ports", cycles.latency_predicted, "cycles")


def _correctness_rows(record: Record) -> Iterator[Row]:
    yield _score_row(record)
    yield Row("bit-exactness", exactness_text(record))
    for output in record.outputs:
        score = _score_row(output, f" of '{output.name}'")
        if score.text != NOTHING:
            yield score
        yield Row(f"bit-exactness of '{output.name}'", exactness_text(output))


def _score_row(of: Record | OutputFigures, which: str = "") -> Row:
    accuracy, error = of.accuracy, of.label_error
    if error is not None:
        text = f"rms {figure(error.rms)}, {error.relative:.2%} of the labels' spread"
        return Row(f"error beside the labels{which}", text, error.rms, "labels' own units")
    if accuracy is None:
        return Row(f"accuracy{which}", NOTHING)
    counts = f"{accuracy.share:.2%} ({accuracy.correct:,} of {accuracy.total:,})"
    return Row(f"accuracy{which}", counts, accuracy.share, f"{accuracy.total:,} labels")


def notes_of(record: Record) -> tuple[str, ...]:
    """What to know before a figure is quoted."""
    return record.notes + (record.energy.notes if isinstance(record.energy, Energy) else ())


def exactness_text(record: Record | OutputFigures) -> str:
    """One sentence on the output codes against the specification."""
    compared, different = record.exactness.compared, record.exactness.different
    if not compared:
        return "nothing was compared, so nothing is shown"
    if different:
        return f"NOT bit-exact: {different:,} of {compared:,} codes differ"
    return f"bit-exact: {compared:,} codes compared, none differs"


def _energy_rows(record: Record) -> Iterator[Row]:
    energy = record.energy
    if isinstance(energy, Unavailable):
        yield Row("energy an inference, gross", f"unavailable: {energy.reason}")
    else:
        yield from _measured_rows(energy)
    if record.modelled_energy is not None:
        joules, method = record.modelled_energy.joules, record.modelled_energy.method
        yield Row(
            "energy an inference, MODELLED", f"{figure(joules * 1e6, 4)} uJ, not measured: {method}", joules, method
        )


def _measured_rows(energy: Energy) -> Iterator[Row]:
    sensor, basis = energy.trace.sensor, energy.trace.sensor.point
    yield Row("energy an inference, gross", _micro(energy.gross_j), energy.gross_j.median, basis)
    yield Row("energy an inference, net of idle", _micro(energy.net_j), energy.net_j.median, basis)
    yield Row("power sensor", f"{sensor.name} ({sensor.kind.value}) at {sensor.point}")
    yield _number("power, idle with the overlay loaded", energy.idle_w, "W", basis)
    yield _number("power, busy (median span)", energy.busy_w.median, "W", basis)
    yield _number("power, busy less idle", energy.delta_w, "W", basis)
    shortest = min(span.seconds for span in energy.busy)
    yield Row(
        "spans",
        f"{len(energy.busy)} of {shortest:.4g} s or more, {energy.samples:,} samples, "
        f"{energy.trace.update_hz:.3g} new values a second",
    )


def _micro(spread: Spread) -> str:
    return (
        f"{figure(spread.median * 1e6, 4)} uJ (spans {figure(spread.low * 1e6, 4)} to {figure(spread.high * 1e6, 4)})"
    )


def _number(head: str, value: float | None, unit: str, basis: str = "") -> Row:
    return Row(head, NOTHING if value is None else f"{figure(value)} {unit}".strip(), value, basis)
