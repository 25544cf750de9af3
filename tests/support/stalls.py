"""Pipelines of units with latency, cycle by cycle: an independent model of what an HLS design does on its FIFOs.

A unit issues an iteration a cycle where what it reads is there. What the iteration writes leaves `latency` cycles
later: where STALLING, a cycle in which a read has to wait moves nothing in the unit; where FLUSHING, what is inside
moves on. A write that finds its FIFO full holds everything up in both. After a frame's last iteration a unit moves on
by itself until it is empty, rests, and begins the next frame.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
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
    """A unit at work; `inside` are iterations on their way, the oldest last."""

    instance: Instance
    latency: int
    frames: int
    needs: list[list[int]] = field(init=False)
    writes: list[bool] = field(init=False)
    inside: list[int] = field(init=False)
    issued: int = 0
    frame: int = 0
    rests: int = 0
    is_empty: bool = True

    def __post_init__(self) -> None:
        nest = self.instance.unit.nest
        self.needs = [np.bincount(use.first, minlength=nest.iterations).tolist() for use in nest.reads]
        self.writes = np.bincount(nest.writes.last, minlength=nest.iterations).astype(bool).tolist()
        self.inside = [NOTHING] * self.latency

    def step(self, there: Mapping[str, int], room: Mapping[str, int], style: Style) -> tuple[bool, bool, int]:
        """Whether it moves, whether it writes, and the iteration that it issues."""
        oldest = self.inside[-1]
        writes = oldest != NOTHING and self.writes[oldest]
        if writes and any(room[name] <= 0 for name in self.instance.outputs):
            return False, False, NOTHING
        wants = self.frame < self.frames and (self.issued > 0 or (self.is_empty and self.rests == 0))
        if wants and all(
            there[n] >= need[self.issued] for n, need in zip(self.instance.inputs, self.needs, strict=True)
        ):
            return True, writes, self.issued
        if wants and self.issued > 0 and style is Style.STALLING:
            return False, False, NOTHING
        return (not self.is_empty or self.rests > 0), writes, NOTHING

    def move(self, issued: int) -> None:
        self.inside.pop()
        self.inside.insert(0, issued)
        if issued != NOTHING:
            self.issued = issued + 1
            if self.issued == len(self.writes):
                self.issued, self.frame, self.rests = 0, self.frame + 1, REST
        elif self.is_empty and self.rests:
            self.rests -= 1
        self.is_empty = all(iteration == NOTHING for iteration in self.inside)


def run(
    pipeline: Pipeline, latency: Callable[[Instance], int], style: Style, frames: int = 3, limit: int = 1 << 22
) -> Run:
    """Some frames one behind the other, then no more input; every beat of them has to leave."""
    beats = dict.fromkeys(pipeline.fifos, 0)
    depth = {name: fifo.depth for name, fifo in pipeline.fifos.items()}
    beats[pipeline.input] = pipeline.fifos[pipeline.input].port.beats * frames
    depth[pipeline.output] = limit
    size, ends, most = pipeline.fifos[pipeline.output].port.beats, [], dict.fromkeys(beats, 0)
    stages = [_Stage(instance, latency(instance), frames) for instance in pipeline.instances]
    for cycle in range(limit):
        room = {name: depth[name] - held for name, held in beats.items()}
        steps = [(stage, *stage.step(beats, room, style)) for stage in stages]
        steps = [step for step in steps if step[1]]
        if not steps:
            return Run(tuple(ends), most, tuple(f"{name} {held}/{depth[name]}" for name, held in beats.items()))
        for stage, _, writes, issued in steps:
            if issued != NOTHING:
                for name, need in zip(stage.instance.inputs, stage.needs, strict=True):
                    beats[name] -= need[issued]
            if writes:
                for name in stage.instance.outputs:
                    beats[name] += 1
            stage.move(issued)
        most = {name: max(held, most[name]) for name, held in beats.items()}
        while beats[pipeline.output] >= size * (len(ends) + 1):
            ends.append(cycle + 1)
        if len(ends) == frames:
            return Run(tuple(ends), most)
    raise AssertionError(f"no end within {limit} cycles")


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
