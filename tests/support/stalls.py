"""Pipelines of units with latency, cycle by cycle: an independent model of what an HLS design does on its FIFOs.

A unit issues an iteration a cycle where what it reads is there. What the iteration writes leaves `latency` cycles
later: where STALLING, a cycle in which a read has to wait moves nothing in the unit; where FLUSHING, what is inside
moves on. A write that finds its FIFO full holds everything up in both. After a frame's last iteration a unit moves on
by itself until it is empty, rests, and begins the next frame.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from one_layer import shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.pipeline import SHALLOWEST, Instance, Pipeline
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize

REST = 2
"""Cycles between frames of a unit."""

NOTHING = -1


class Style(enum.Enum):
    """What a blocked read does to iterations on their way."""

    STALLING = "stalling"
    FLUSHING = "flushing"


@dataclass(frozen=True)
class Run:
    """Cycle in which the last beat of each frame left, and the most beats that each FIFO held.

    `waiting` names what stood still, if the pipeline did.
    """

    ends: tuple[int, ...]
    most: Mapping[str, int]
    waiting: tuple[str, ...] = ()

    @property
    def is_deadlock(self) -> bool:
        return bool(self.waiting)

    @property
    def interval(self) -> int:
        """Cycles between the last two frames."""
        return self.ends[-1] - self.ends[-2]


@dataclass
class _Stage:
    """A unit at work; `inside` are iterations on their way, the oldest last; FIFOs are places in lists."""

    instance: Instance
    latency: int
    frames: int
    reads: list[int]
    outputs: list[int]
    needs: list[list[int]] = field(init=False)
    writes: list[bool] = field(init=False)
    inside: deque[int] = field(init=False)
    issued: int = 0
    frame: int = 0
    rests: int = 0
    live: int = 0
    """Iterations on their way."""

    def __post_init__(self) -> None:
        nest = self.instance.unit.nest
        self.needs = [np.bincount(use.first, minlength=nest.iterations).tolist() for use in nest.reads]
        self.writes = np.bincount(nest.writes.last, minlength=nest.iterations).astype(bool).tolist()
        self.inside = deque([NOTHING] * self.latency)

    def step(self, held: Sequence[int], depth: Sequence[int], style: Style) -> tuple[bool, bool, int]:
        """Whether it moves, whether it writes, and the iteration that it issues."""
        oldest, issued = self.inside[-1], self.issued
        writes = oldest != NOTHING and self.writes[oldest]
        if writes and any(held[at] >= depth[at] for at in self.outputs):
            return False, False, NOTHING
        wants = self.frame < self.frames and (issued > 0 or (self.live == 0 and self.rests == 0))
        if wants and all(held[at] >= need[issued] for at, need in zip(self.reads, self.needs, strict=True)):
            return True, writes, issued
        if wants and issued > 0 and style is Style.STALLING:
            return False, False, NOTHING
        return (self.live > 0 or self.rests > 0), writes, NOTHING

    def move(self, issued: int) -> None:
        if self.live == 0 and issued == NOTHING:
            self.rests -= 1
            return
        self.live += (issued != NOTHING) - (self.inside.pop() != NOTHING)
        self.inside.appendleft(issued)
        if issued != NOTHING:
            self.issued = issued + 1
            if self.issued == len(self.writes):
                self.issued, self.frame, self.rests = 0, self.frame + 1, REST


@dataclass
class _Fifos:
    """Beats in each FIFO, its depth, the most that it ever held, and the stages at its ends."""

    names: list[str]
    held: list[int]
    depth: list[int]
    most: list[int]
    ends: list[list[int]]

    def wake(self, stage: _Stage, issued: int, writes: bool) -> set[int]:
        """Beats that a stage takes and gives; the stages that may move because of it."""
        woken: set[int] = set()
        if issued != NOTHING:
            for at, need in zip(stage.reads, stage.needs, strict=True):
                if need[issued]:
                    self.held[at] -= need[issued]
                    woken.update(self.ends[at])
        if writes:
            for at in stage.outputs:
                self.held[at] += 1
                self.most[at] = max(self.most[at], self.held[at])
                woken.update(self.ends[at])
        return woken


def run(
    pipeline: Pipeline, latency: Callable[[Instance], int], style: Style, frames: int = 3, limit: int = 1 << 22
) -> Run:
    """Some frames one behind the other, then no more input; every beat of them has to leave."""
    places = {name: at for at, name in enumerate(pipeline.fifos)}
    stages = [
        _Stage(i, latency(i), frames, [places[n] for n in i.inputs], [places[n] for n in i.outputs])
        for i in pipeline.instances
    ]
    fifos = _fifos(pipeline, stages, frames, limit)
    sink, size, ends = places[pipeline.output], pipeline.fifos[pipeline.output].port.beats, []
    awake = set(range(len(stages)))
    for cycle in range(limit):
        steps = [(at, *stages[at].step(fifos.held, fifos.depth, style)) for at in awake]
        moving = [step for step in steps if step[1]]
        if not moving:
            waiting = zip(fifos.names, fifos.held, fifos.depth, strict=True)
            return Run(tuple(ends), _most(fifos), tuple(f"{name} {held}/{depth}" for name, held, depth in waiting))
        awake = {at for at, *_ in moving}
        for at, _, writes, issued in moving:
            awake |= fifos.wake(stages[at], issued, writes)
            stages[at].move(issued)
        while fifos.held[sink] >= size * (len(ends) + 1):
            ends.append(cycle + 1)
        if len(ends) == frames:
            return Run(tuple(ends), _most(fifos))
    raise AssertionError(f"no end within {limit} cycles")


def _fifos(pipeline: Pipeline, stages: Sequence[_Stage], frames: int, limit: int) -> _Fifos:
    """All frames wait at the input; the output takes whatever comes."""
    names = list(pipeline.fifos)
    depth = [limit if name == pipeline.output else pipeline.fifos[name].depth for name in names]
    held = [pipeline.fifos[name].port.beats * frames if name == pipeline.input else 0 for name in names]
    ends = [[k for k, stage in enumerate(stages) if at in (*stage.reads, *stage.outputs)] for at in range(len(names))]
    return _Fifos(names, held, depth, [0] * len(names), ends)


def _most(fifos: _Fifos) -> Mapping[str, int]:
    return dict(zip(fifos.names, fifos.most, strict=True))


def residual(size: int = 8, channels: int = 4) -> Network:
    """A convolution beside a skip connection."""
    format = Fixed(6, 3, signed=False)
    back = Requantize(format, Rounding.FLOOR, Overflow.SATURATE)
    conv = Conv(
        shift((channels, 3, 3, channels), 1, -3, 0), Bias.none(channels), Window((3, 3), (1, 1), (1, 1), (1, 1))
    )
    nodes = (
        Node("first", back, ("x",)),
        Node("conv", conv, ("first",)),
        Node("relu", Relu(), ("conv",)),
        Node("back", back, ("relu",)),
        Node("y", Add(), ("back", "first")),
    )
    return Network.of("x", Tensor((size, size, channels), format), nodes, "y")


def depths_of_loops(units: Pipeline) -> dict[str, int]:
    """Most beats in each FIFO where units spread a frame evenly over the interval and what they read leaves at once."""
    interval = max(instance.unit.iterations for instance in units.instances)
    beats = units.fifos[units.input].port.beats
    written, depths = {units.input: np.arange(beats) * interval // beats}, {units.output: SHALLOWEST}
    for instance in units.instances:
        nest = instance.unit.nest
        reads = [use.first * interval // nest.iterations for use in nest.reads]
        start = max(int((written[name] + 1 - at).max()) for name, at in zip(instance.inputs, reads, strict=True))
        for name, at in zip(instance.inputs, reads, strict=True):
            frames = [written[name] + frame * interval for frame in range(3)]
            gone = np.sort(np.concatenate([at + start + frame * interval for frame in range(-3, 6)]))
            came = np.sort(np.concatenate([written[name] + frame * interval for frame in range(-3, 6)]))
            held = [
                np.searchsorted(came, t, "right") - np.searchsorted(gone, t, "left") for t in np.concatenate(frames)
            ]
            depths[name] = max(int(max(held)), SHALLOWEST)
        written |= dict.fromkeys(instance.outputs, nest.writes.last * interval // nest.iterations + start)
    return depths
