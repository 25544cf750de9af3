"""Network, board and target to Design: how far each layer is folded, and the units, FIFOs and times that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, floor

from shiftwire.errors import InputError
from shiftwire.ir.cost import BRAM36_IN_LUT, SHELL_BRAM36, SHELL_LUT, Cost, memory
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.schedule.adder_blocks import DspUse, in_adder_blocks, saved
from shiftwire.schedule.checks import check_network, require_positive
from shiftwire.schedule.fold_choice import every_choice, slowest_layer
from shiftwire.schedule.lowering import NONE, rtl_network
from shiftwire.schedule.pace import below, cycles_within, quickest
from shiftwire.schedule.prices import Market, Plan, Room
from shiftwire.schedule.streaming import cost_between, pipeline
from shiftwire.schedule.timing import Timing, timing
from shiftwire_boards.catalog import Board
from shiftwire_boards.runtime.family import Family

MIN_CLOCK_NS, MAX_CLOCK_NS = 0.5, 1000.0
"""No programmable logic is faster than 2 GHz."""

DEFAULT_LUT_PERCENT = 70.0

TIGHT_LUT = 0.5
"""From this share of a board's LUTs on, modelled, memories move into block RAM that is left."""

MOST_BRAM36 = 0.9
"""Of a board's, that such memories fill at most: what is modelled may be off by some."""

FIRST = 3
"""Fastest designs that are tried one by one."""

TRIES = 2
"""Designs of a speed that are built where the usual one does not fit."""


@dataclass(frozen=True, slots=True)
class Target:
    """Frames a second to reach, or the share of the board's LUTs to fill; with neither, 70 % of them.

    With `for_hls` the design is one for HLS C++ as well: its words are as narrow as HLS needs them, and what reaches
    the frames a second is the C++ with its drain. `more_lut` are LUTs beside the share, which DSP blocks will save.
    """

    fps: float | None = None
    lut_percent: float | None = None
    for_hls: bool = False
    more_lut: int = 0

    def pace(self, design: Design) -> int:
        """Cycles from frame to frame of a design, as this target counts them."""
        return design.timing.hls_interval if self.for_hls else design.timing.interval

    def speed(self, design: Design) -> float:
        """Frames a second of a design, as this target counts them."""
        return design.hls_frames_per_second if self.for_hls else design.frames_per_second


@dataclass(frozen=True)
class Design:
    """All that back ends need; `bram36_lut` says where memories of the SystemVerilog lie, `memories` of layers."""

    network: Network
    board: Board
    clock_ns: float
    folds: Mapping[str, Fold]
    pipeline: Pipeline
    timing: Timing
    unroll: bool = False
    bram36_lut: float = BRAM36_IN_LUT
    memories: Mapping[str, float] = field(default_factory=dict)
    dsp: DspUse = DspUse.NONE

    @cached_property
    def rtl(self) -> RtlNetwork:
        """The SystemVerilog units; with `unroll`, layers that meet all their weights at once are logic."""
        spare, price, own = self.spare_bram36, self.bram36_lut, self.memories
        rtl = rtl_network(self.pipeline, unroll=self.unroll, spare_bram36=spare, bram36_lut=price, memories=own)
        return in_adder_blocks(rtl, self.board) if self.dsp is DspUse.ADDERS else rtl

    @property
    def is_generic(self) -> bool:
        """Whether the processing elements are plain operators; the others are LUTs and carry chains of the 7 series."""
        return self.board.family is not Family.ZYNQ_7000

    @property
    def spare_bram36(self) -> float:
        """Block RAM that may hold small memories: what is left where LUTs are what runs out, else none."""
        need, board = self.without_blocks, self.board
        is_tight = need.lut > board.lut * TIGHT_LUT
        return max(floor(board.bram36 * MOST_BRAM36) - need.bram36, 0) if is_tight else 0

    @property
    def frames_per_second(self) -> float:
        """Modelled: the clock over the iterations of the slowest unit, which the SystemVerilog does one a cycle."""
        return 1e9 / self.clock_ns / self.timing.interval

    @property
    def hls_frames_per_second(self) -> float:
        """Modelled for the C++: a unit drains before its next frame."""
        return 1e9 / self.clock_ns / self.timing.hls_interval

    @cached_property
    def resources(self) -> Cost:
        """Modelled, without the shell around the network, and without what lies in DSP blocks."""
        whole = self.without_blocks
        return whole if self.dsp is DspUse.NONE else replace(whole, lut=whole.lut - saved(self.rtl).lut)

    @cached_property
    def without_blocks(self) -> Cost:
        """Modelled, as if all of it were logic."""
        return sum(map(self.layer_cost, self.network.nodes), self.buffers.at(self.bram36_lut))

    def layer_cost(self, node: Node) -> Cost:
        """Modelled resources of a layer's units."""
        network = self.network
        cost = node.op.cost(network.sources(node), network.tensors[node.name], self.folds[node.name])
        return cost.at(self.memories.get(node.name, self.bram36_lut))

    @cached_property
    def buffers(self) -> Cost:
        """All between units of layers, at the usual price; a FIFO of a single beat is registers."""
        rtl = rtl_network(self.pipeline, bram36_lut=self.bram36_lut, memories=self.memories)
        deep = ((depth, rtl.streams[name].width) for name, depth in rtl.depths.items() if depth > 1)
        return sum((memory(depth, width) for depth, width in deep), cost_between(self.pipeline, rtl))


def schedule(
    network: Network,
    board: Board,
    clock_ns: float | None = None,
    target: Target | None = None,
    folds: Mapping[str, Fold] | None = None,
) -> Design:
    """The cheapest design that meets a target; `folds` fixes those of some layers, by name.

    Raises InputError for a network without layers, a tensor too wide for hls4ml, a fold that does not divide, and a
    target that no fold reaches, with the best one that some fold does.
    """
    period_ns = board.clock_ns if clock_ns is None else clock_ns
    if not MIN_CLOCK_NS <= period_ns < MAX_CLOCK_NS:
        raise InputError(
            f"a clock period of {period_ns} ns makes no clock; give one between {MIN_CLOCK_NS} and {MAX_CLOCK_NS} ns"
        )
    check_network(network)
    wanted = target or Target()
    market = Market(every_choice(network, folds or {}, for_hls=wanted.for_hls))
    search = Search(network, board, period_ns, market, wanted.more_lut)
    return search.for_speed(wanted) if wanted.fps is not None else search.for_share(wanted)


def folded(
    network: Network,
    board: Board,
    clock_ns: float,
    folds: Mapping[str, Fold],
    bram36_lut: float = BRAM36_IN_LUT,
    *,
    memories: Mapping[str, float] = NONE,
) -> Design:
    """The design of given folds, one for every layer, where a BRAM36 is worth so many LUTs, in some layers others."""
    units = pipeline(network, folds)
    times = timing(units)
    deep = units.with_depths(times.depths)
    return Design(network, board, clock_ns, folds, deep, times, bram36_lut=bram36_lut, memories=memories)


@dataclass(frozen=True)
class Search:
    """Designs of one network on one board, by cycles a frame and by what a block RAM is worth."""

    network: Network
    board: Board
    clock_ns: float
    market: Market
    more_lut: int = 0

    def usual(self, interval: int) -> Design:
        """The cheapest design of so many cycles a frame where nothing runs out."""
        return self._built(Plan(BRAM36_IN_LUT, self.market.usual.folds(interval)))

    def fitting(self, interval: int, room: Room) -> Design | None:
        """A design of so many cycles a frame that fits, FIFOs and all: the usual one if that does.

        Else one that leaves most room, as far as buffers are known by the design that was tried before.
        """
        if room.holds(self.market.usual.layers(interval)):
            design = self.usual(interval)
            if room.holds(design.resources):
                return design
            room = room.beside(design.buffers)
        for _ in range(TRIES):
            plan = self.market.plan(interval, room)
            if plan is None:
                return None
            design = self._built(plan)
            if room.holds(design.resources):
                return design
            room = room.beside(design.buffers)
        return None

    def fastest(self, room: Room) -> Design | None:
        """The fastest design that fits, FIFOs and all; slower ones are taken to be smaller."""
        every = self.market.may_fit(room)
        for interval in every[:FIRST]:  # mostly right, and buffers of slower designs may be larger
            design = self.fitting(interval, room)
            if design is not None:
                return design
        best, low, high = None, FIRST, len(every) - 1
        while low <= high:
            middle = (low + high) // 2
            design = self.fitting(every[middle], room)
            if design is not None:
                best, high = design, middle - 1
            else:
                low = middle + 1
        return best

    def unhindered(self, design: Design, target: Target, room: Room, enough: int | None = None) -> Design:
        """A design of `enough` cycles a frame at most, or the fastest that is found, where converters are the slowest.

        Layers whose lanes do not divide each other's may have one between them that is slower than they are. Without
        `enough`, what a share of the board holds is as fast as its layers.
        """
        layers = max(self.market.cycles(name, fold) for name, fold in design.folds.items())
        if target.pace(design) <= (layers if enough is None else enough):
            return design
        start = target.pace(design) if enough is None else enough
        others = (self.fitting(interval, room) for interval in below(self.market.intervals, start))
        return quickest(design, others, target.pace, enough or 0)

    def _built(self, plan: Plan) -> Design:
        return folded(self.network, self.board, self.clock_ns, plan.folds, plan.bram36_lut)

    def room(self, percent: float) -> Room:
        """That of a share of the LUTs; up to 100 %, the shell needs its place too."""
        share = self.board.lut * percent / 100
        lut = share if share > self.board.lut else min(share, self.board.lut - SHELL_LUT)
        return Room(lut + self.more_lut, self.board.bram36 - SHELL_BRAM36)

    def for_share(self, target: Target) -> Design:
        """The fastest design that a share of the LUTs holds; without a share asked for, the smallest if none fits."""
        percent = DEFAULT_LUT_PERCENT if target.lut_percent is None else target.lut_percent
        require_positive(percent, f"a share of {percent} % of the LUTs holds nothing; give one above 0 %")
        fastest = self.fastest(self.room(percent))
        if fastest is not None:
            return self.unhindered(fastest, target, self.room(percent))
        smallest = self.usual(self.market.intervals[-1])
        if target.lut_percent is None:
            return smallest
        need, board = smallest.resources, self.board
        share = ceil(10_000 * need.lut / board.lut) / 100
        raise InputError(
            f"no fold fits {percent:g} % of {board.title}: the smallest needs {need.lut:,} of {board.lut:,} LUT "
            f"({share:.2f} %) and {need.bram36:g} of {board.bram36 - SHELL_BRAM36} BRAM36 (modelled); "
            f"{self._mend(need, percent)}"
        )

    def for_speed(self, target: Target) -> Design:
        """The cheapest design of so many frames a second."""
        fps = target.fps or 0.0
        require_positive(fps, f"{fps} frames a second is no speed; give more than 0")
        clock_hz = 1e9 / self.clock_ns
        slowest, least = slowest_layer(self.market.usual.among)
        if least > clock_hz / fps:
            raise InputError(
                f"no fold reaches {fps:g} frames a second at {self.clock_ns:g} ns: layer '{slowest}' takes at least "
                f"{least} cycles a frame; the best is {floor(clock_hz / least)}, so ask for that or less, or for a "
                "faster clock"
            )
        percent = 100.0 if target.lut_percent is None else target.lut_percent
        interval = cycles_within(fps, self.clock_ns)
        design = self.fitting(interval, self.room(percent))
        if design is not None:
            return self.unhindered(design, target, self.room(percent), interval)
        need, slower = self.usual(interval).resources, self.fastest(self.room(percent))
        best = f"the best that fits is {floor(target.speed(slower))}" if slower else "no slower fold fits either"
        raise InputError(
            f"{fps:g} frames a second need {need.lut:,} LUT and {need.bram36:g} BRAM36 (modelled), more than "
            f"{percent:g} % of {self.board.title} beside the shell; {best}; ask for less or name a larger board"
        )

    def _mend(self, need: Cost, percent: float) -> str:
        if need.lut > self.room(percent).lut:
            return "give a larger share, a larger board or a smaller network"
        return "its memories are what is too large, so give a larger board or a smaller network"
