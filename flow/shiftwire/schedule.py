"""Network, board and target to Design: how far each layer is folded, and the units, FIFOs and times that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import floor

from shiftwire.cost import SHELL_BRAM36, SHELL_LUT, Resources, fifo_resources, layer_resources
from shiftwire.errors import InputError
from shiftwire.kernel import Fold
from shiftwire.network import Network, Node
from shiftwire.rhythm import Timing, timing
from shiftwire.streaming import Pipeline, pipeline
from shiftwire_boards.catalog import Board

HLS_MAX_BITS = 53
"""hls4ml's trace and predict carry values as doubles."""

MAX_CLOCK_NS = 1000.0

DEFAULT_LUT_PERCENT = 70.0


@dataclass(frozen=True, slots=True)
class Target:
    """Frames a second to reach, or the share of the board's LUTs to fill; with neither, 70 % of them."""

    fps: float | None = None
    lut_percent: float | None = None


@dataclass(frozen=True)
class Design:
    """Everything the back ends need."""

    network: Network
    board: Board
    clock_ns: float
    folds: Mapping[str, Fold]
    pipeline: Pipeline
    timing: Timing

    @property
    def frames_per_second(self) -> float:
        """Modelled: the clock over the cycles of the slowest unit."""
        return 1e9 / self.clock_ns / self.timing.interval

    @cached_property
    def resources(self) -> Resources:
        """Modelled, without the shell around the network."""
        network = self.network
        layers = (layer_resources(network, node, self.folds[node.name]) for node in network.nodes)
        return sum(layers, fifo_resources(self.pipeline))


@dataclass(frozen=True, slots=True)
class _Choice:
    cycles: int
    cost: Resources
    fold: Fold


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
    if not 0 < period_ns < MAX_CLOCK_NS:
        raise InputError(f"a clock period of {period_ns} ns makes no clock; give one between 0 and {MAX_CLOCK_NS} ns")
    _check(network)
    choices = {node.name: _choices(network, node, folds or {}) for node in network.nodes}
    unknown = sorted(set(folds or {}) - set(choices))
    if unknown:
        raise InputError(f"found a fold for '{unknown[0]}', which is no layer; name one of {', '.join(choices)}")
    return folded(network, board, period_ns, _chosen(choices, board, period_ns, target or Target()))


def folded(network: Network, board: Board, clock_ns: float, folds: Mapping[str, Fold]) -> Design:
    """The design of given folds, one for every layer."""
    units = pipeline(network, folds)
    times = timing(units)
    return Design(network, board, clock_ns, folds, units.with_depths(times.depths), times)


def _check(network: Network) -> None:
    if not network.nodes:
        raise InputError("the network has no layers behind its input quantiser; there is nothing to build")
    for name, tensor in network.tensors.items():
        if tensor.format.bits > HLS_MAX_BITS:
            raise InputError(
                f"tensor '{name}' needs {tensor.format.bits} bits, more than the {HLS_MAX_BITS} that an hls4ml "
                "project can carry; requantise before it"
            )


def _choices(network: Network, node: Node, given: Mapping[str, Fold]) -> list[_Choice]:
    """Folds of a layer, fastest first, without those that another one beats in cycles and in LUTs."""
    inputs, output = network.sources(node), network.tensors[node.name]
    possible = node.op.folds(inputs, output)
    if node.name in given:
        possible = (_allowed(node, given[node.name], possible),)
    every = [
        _Choice(node.op.cycles(inputs, output, fold), layer_resources(network, node, fold), fold) for fold in possible
    ]
    kept: list[_Choice] = []
    for choice in sorted(every, key=lambda c: (c.cycles, c.cost.lut + 200 * c.cost.bram36, c.fold)):
        if not kept or _price(choice) < _price(kept[-1]):
            kept.append(choice)
    return kept


def _price(choice: _Choice) -> int:
    """One figure to rank folds by: a BRAM36 is worth about 200 LUTs, as they are on the smaller parts."""
    return choice.cost.lut + 200 * choice.cost.bram36


def _allowed(node: Node, fold: Fold, possible: Iterable[Fold]) -> Fold:
    every = tuple(possible)
    if fold not in every:
        pes, simds = sorted({f.pe for f in every}), sorted({f.simd for f in every})
        raise InputError(
            f"a fold of PE {fold.pe} and SIMD {fold.simd} does not divide layer '{node.name}' ({node.kind}); "
            f"give a PE of {_listed(pes)} and a SIMD of {_listed(simds)}"
        )
    return fold


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _chosen(choices: Mapping[str, list[_Choice]], board: Board, clock_ns: float, target: Target) -> dict[str, Fold]:
    """The cheapest folds for frames a second, or the fastest that fit a share of the board."""
    if target.fps is not None:
        return _for_speed(choices, board, clock_ns, target)
    percent = DEFAULT_LUT_PERCENT if target.lut_percent is None else target.lut_percent
    if not 0 < percent < float("inf"):
        raise InputError(f"a share of {percent} % of the LUTs holds nothing; give one above 0 %")
    intervals = sorted({choice.cycles for kept in choices.values() for choice in kept} | {1})
    fitting = [T for T in _reachable(choices, intervals) if _fits(_picked(choices, T), board, percent)]
    if fitting:
        return _folds(_picked(choices, min(fitting)))
    smallest = _picked(choices, intervals[-1])
    if target.lut_percent is None:
        return _folds(smallest)
    need = _total(smallest)
    raise InputError(
        f"no fold fits {percent:g} % of {board.title}: the smallest needs {need.lut:,} of {board.lut:,} LUT "
        f"({100 * need.lut / board.lut:.0f} %) and {need.bram36} of {board.bram36 - SHELL_BRAM36} BRAM36 (modelled); "
        "give a larger share, a larger board or a smaller network"
    )


def _for_speed(choices: Mapping[str, list[_Choice]], board: Board, clock_ns: float, target: Target) -> dict[str, Fold]:
    fps = target.fps or 0.0
    if not 0 < fps < float("inf"):
        raise InputError(f"{fps} frames a second is no speed; give more than 0")
    clock_hz = 1e9 / clock_ns
    interval = floor(clock_hz / fps)
    slowest = max(choices, key=lambda name: choices[name][0].cycles)
    least = max(choices[slowest][0].cycles, 1)
    if least > interval:
        raise InputError(
            f"no fold reaches {fps:g} frames a second at {clock_ns:g} ns: layer '{slowest}' takes at least {least} "
            f"cycles a frame; the best is {clock_hz / least:.0f}, so ask for that or less, or for a faster clock"
        )
    percent = target.lut_percent or 100.0
    picked = _picked(choices, interval)
    if _fits(picked, board, percent):
        return _folds(picked)
    intervals = sorted({choice.cycles for kept in choices.values() for choice in kept})
    fitting = [T for T in _reachable(choices, intervals) if _fits(_picked(choices, T), board, percent)]
    need = _total(picked)
    best = f"the best that fits is {clock_hz / min(fitting):.0f}" if fitting else "no slower fold fits either"
    raise InputError(
        f"{fps:g} frames a second need {need.lut:,} LUT and {need.bram36} BRAM36 (modelled), more than {percent:g} % "
        f"of {board.title} beside the shell; {best}; ask for less or name a larger board"
    )


def _reachable(choices: Mapping[str, list[_Choice]], intervals: Iterable[int]) -> Iterable[int]:
    least = max(kept[0].cycles for kept in choices.values())
    return (interval for interval in intervals if interval >= least)


def _picked(choices: Mapping[str, list[_Choice]], interval: int) -> dict[str, _Choice]:
    """The cheapest fold of each layer that ends a frame in `interval` cycles; each list is fastest, dearest first."""
    return {name: [c for c in kept if c.cycles <= interval][-1] for name, kept in choices.items()}


def _folds(picked: Mapping[str, _Choice]) -> dict[str, Fold]:
    return {name: choice.fold for name, choice in picked.items()}


def _total(picked: Mapping[str, _Choice]) -> Resources:
    return sum((choice.cost for choice in picked.values()), Resources())


def _fits(picked: Mapping[str, _Choice], board: Board, percent: float) -> bool:
    """Whether a share of the board holds the layers; up to 100 %, the shell needs its place too."""
    need, share = _total(picked), board.lut * percent / 100
    limit = share if share > board.lut else min(share, board.lut - SHELL_LUT)
    return need.lut <= limit and need.bram36 <= board.bram36 - SHELL_BRAM36
