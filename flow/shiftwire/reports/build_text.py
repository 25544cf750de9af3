"""What Vivado said of a routed bitstream, in the words that the terminal and HTML show."""

from __future__ import annotations

from collections.abc import Iterator

from shiftwire.synth.build_report import BuildReport, clock_name
from shiftwire.synth.vivado_power import LABEL
from shiftwire.tools.resources import Report, Resources
from shiftwire_boards.catalog import Board
from shiftwire_boards.runtime.inner import Inner


def build_sentences(report: BuildReport, board: Board, counted: Report | None) -> Iterator[tuple[str, str]]:
    """Heads and texts; `counted` is the network's row of open synthesis, to stand beside the network's routed one."""
    whole = report.whole
    label = f"routed, {whole.tool} {whole.version}"
    if whole.resources is not None:
        yield "bitstream", f"{_shares(whole.resources, board)}, all of the block design ({label}, {whole.part})"
    if report.network is not None and report.network.resources is not None:
        if report.inner is Inner.HLS:  # what open synthesis counted is the SystemVerilog
            yield "network in it", _network(report.network.resources, f"made by Vitis HLS; {label}", None)
        else:
            yield "network in it", _network(report.network.resources, label, counted)
    timing, asked = report.timing, whole.clock_ns
    assert asked is not None
    met = "met" if timing.is_met else "NOT MET"
    yield (
        "timing",
        f"{met}: worst slack {timing.worst_setup:.3f} ns setup ({timing.total_setup:.3f} ns in all), "
        f"{timing.worst_hold:.3f} ns hold, at {1000 / asked:.3f} MHz ({clock_name(report)}; {label})",
    )
    yield "power", power_text(report)


def power_text(report: BuildReport) -> str:
    """With the tool's own word for how far to trust it."""
    power = report.power
    rates = "assumed toggle rates" if power.activity is None else f"toggle rates of {power.activity}"
    return (
        f"{power.total_w:.3f} W on chip, {power.dynamic_w:.3f} W dynamic and {power.static_w:.3f} W static: {LABEL} "
        f"(routed, Vivado {power.version}, confidence {power.confidence}, {rates}), no measurement"
    )


def _shares(resources: Resources, board: Board) -> str:
    have: tuple[tuple[str, float, int], ...] = (
        ("LUT", resources.lut, board.lut),
        ("FF", resources.ff, board.flip_flop),
        ("BRAM36", resources.bram36, board.bram36),
        ("DSP", resources.dsp, board.dsp),
    )
    return ", ".join(f"{used:,.6g} {name} ({100 * used / room:.1f} % of {room:,})" for name, used, room in have)


def _network(resources: Resources, label: str, counted: Report | None) -> str:
    text = f"{_counts(resources)} with its shell ({label})"
    if counted is None or counted.resources is None:
        return text
    return f"{text}; {_counts(counted.resources)} without ({counted.evidence.value}, {counted.tool} {counted.version})"


def _counts(resources: Resources) -> str:
    return f"{resources.lut:,} LUT, {resources.ff:,} FF, {resources.bram36:g} BRAM36, {resources.dsp:,} DSP"
