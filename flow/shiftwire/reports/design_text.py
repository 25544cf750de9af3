"""What the verbs say of a design: its speed and what it takes, always as modelled."""

from __future__ import annotations

from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT
from shiftwire.passes.forms.factored_sums import IN_FRONT
from shiftwire.passes.forms.rescale_choice import blocks
from shiftwire.reports.table import in_halves
from shiftwire.rtl.axi_stream import CONTAINERS
from shiftwire.schedule.design import DEFAULT_LUT_PERCENT, Design, Target


def modelled(design: Design) -> dict[str, object]:
    """The members that --json prints; `dsp` where products lie in blocks, as in HLS C++, and not in the LUTs."""
    return {
        "modelled": {
            "interval_cycles": design.timing.interval,
            "frames_per_second": design.frames_per_second,
            "hls_interval_cycles": design.timing.hls_interval,
            "hls_frames_per_second": design.hls_frames_per_second,
            "hls_latency_cycles": design.timing.latency,
            "lut": design.resources.lut,
            "bram36": design.resources.bram36,
            "dsp": blocks(design),
            "fifo_bits": sum(fifo.bits for fifo in design.pipeline.fifos.values()),
        }
    }


def speed(design: Design) -> str:
    """One line: iterations, what the SystemVerilog does at least, HLS C++ and its latency, LUT, BRAM36."""
    need, board, times = design.resources, design.board, design.timing
    return (
        f"{iterations(times.interval)} a frame of the slowest unit; as SystemVerilog at least "
        f"{design.frames_per_second:,.0f} frames/s at {design.clock_ns:g} ns ('shiftwire report' has its own cycles); "
        f"as HLS C++ {times.hls_interval:,} cycles with its drain, "
        f"{design.hls_frames_per_second:,.0f} frames/s, latency {times.latency:,} cycles (no HLS tool "
        f"has confirmed them); {need.lut:,} of {board.lut:,} LUT, {need.bram36:g} of {board.bram36} BRAM36"
    )


def iterations(count: int) -> str:
    """1 iteration, 2 iterations."""
    return f"{count:,} iteration{'' if count == 1 else 's'}"


ROUTABLE = 0.8
"""Share of a device's LUTs up to which designs commonly place and route at speed; convert by itself may fill more."""


def slow_warning(design: Design, target: Target) -> str | None:
    """What a design lacks of the frames a second that were asked for."""
    if target.fps is None or target.speed(design) >= target.fps:
        return None
    return (
        f"{target.fps:g} frames/s were asked for and {target.speed(design):,.0f} are reached: what changes the lanes "
        "between two layers is slower than they are; another speed, or --fold for lanes that divide each other's, helps"
    )


def bases_note(design: Design) -> str | None:
    """That products with the bases of factors are the slowest, which have one output a group and so PE 1."""
    network, interval = design.network, design.timing.interval
    for each in design.pipeline.instances:
        front, name = each.layer + IN_FRONT, each.layer
        if front not in network.tensors or each.unit.iterations < interval:
            continue
        node = next(node for node in network.nodes if node.name == name)
        most = max(node.op.folds(network.sources(node), network.tensors[name]))
        mend = "--factors weights may be faster" if design.folds[name] == most else "a larger SIMD is faster"
        return (
            f"the slowest layer is '{name}', products with the bases of factors: {interval:,} cycles a frame at PE 1, "
            f"as each output has a basis of its own; {mend}"
        )
    return None


def room_warning(design: Design) -> str | None:
    """That a design does not fit beside the shell, or hardly; None where it does, as one of no target should."""
    need, board = design.resources, design.board
    both = ((need.lut, board.lut - SHELL_LUT, "LUT"), (need.bram36, board.bram36 - SHELL_BRAM36, "BRAM36"))
    mend = "slower folds, a larger board or a smaller network would do"
    if over := " and ".join(f"{in_halves(used)} {name} of {there:,}" for used, there, name in both if used > there):
        return f"warning: modelled {over} beside the shell; {mend}"
    usual = board.lut * DEFAULT_LUT_PERCENT / 100
    if need.lut > max(ROUTABLE * board.lut - SHELL_LUT, usual):
        share = (need.lut + SHELL_LUT) / board.lut
        return (
            f"warning: modelled {share:.0%} of the LUTs, the shell among them; beyond {ROUTABLE:.0%} a design seldom "
            f"places and routes at speed; {mend}"
        )
    return None


def wide_ends_warning(design: Design) -> str | None:
    """That the codes of an end are wider than what a DMA carries, so that no board takes them; None where none is."""
    network = design.network
    ends = {name: network.tensors[name].format for name in (network.input_name, network.output_name)}
    wide = [f"'{name}' ({format})" for name, format in ends.items() if format.bits > CONTAINERS[-1]]
    if not wide:
        return None
    return (
        f"warning: {' and '.join(wide)} takes more than the {CONTAINERS[-1]} bits of a board's DMA, so there is no AXI "
        "shell, and measure and package have nothing to run; put a quantizer there"
    )
