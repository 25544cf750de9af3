"""LeNet, ResNet-8, ResNet-20, MobileNet and VGG-19 as plain data, and as Networks of shift or adder layers.

Weights are random: these nets are for timing, beside the same shapes as peers take them (peers).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.shift import Shift

ACTIVATION = Fixed(8, 4, signed=False)


@dataclass(frozen=True)
class Step:
    """One layer: conv, depthwise, add, max_pool, mean or dense; `size` and `channels` are those of its output."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    channels: int
    size: int
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    in_channels: int = 0
    in_size: int = 0


@dataclass(frozen=True)
class Plan:
    """Steps on a square image of `size` and `channels`."""

    size: int
    channels: int
    steps: tuple[Step, ...]


class _Planner:
    """Steps in the making; each method returns the name of what it made."""

    def __init__(self, size: int, channels: int) -> None:
        self.first = (size, channels)
        self.shapes = {"x": (size, channels)}
        self.steps: list[Step] = []

    def _step(self, kind: str, inputs: tuple[str, ...], size: int, channels: int, **more: int) -> str:
        name = f"{kind}{len(self.steps)}"
        in_size, in_channels = self.shapes[inputs[0]]
        step = Step(kind, name, inputs, channels, size, in_size=in_size, in_channels=in_channels)
        self.steps.append(replace(step, **more))
        self.shapes[name] = (size, channels)
        return name

    def conv(self, x: str, channels: int, kernel: int, stride: int = 1, pad: int | None = None) -> str:
        pad = kernel // 2 if pad is None else pad
        size = (self.shapes[x][0] + 2 * pad - kernel) // stride + 1
        return self._step("conv", (x,), size, channels, kernel=kernel, stride=stride, pad=pad)

    def depthwise(self, x: str, stride: int = 1) -> str:
        size, channels = self.shapes[x]
        return self._step("depthwise", (x,), (size - 1) // stride + 1, channels, kernel=3, stride=stride, pad=1)

    def add(self, a: str, b: str) -> str:
        return self._step("add", (a, b), *self.shapes[a])

    def max_pool(self, x: str) -> str:
        size, channels = self.shapes[x]
        return self._step("max_pool", (x,), size // 2, channels, kernel=2, stride=2)

    def mean(self, x: str) -> str:
        size, channels = self.shapes[x]
        return self._step("mean", (x,), 1, channels, kernel=size)

    def dense(self, x: str, outputs: int) -> str:
        return self._step("dense", (x,), 1, outputs)

    def plan(self) -> Plan:
        return Plan(*self.first, tuple(self.steps))


def lenet() -> Plan:
    p = _Planner(28, 1)
    x = p.max_pool(p.conv("x", 6, 5))
    x = p.max_pool(p.conv(x, 16, 5, pad=0))
    p.dense(p.dense(p.dense(x, 120), 84), 10)
    return p.plan()


def resnet(blocks: int) -> Plan:
    p = _Planner(32, 3)
    x = p.conv("x", 16, 3)
    for stage, channels in enumerate((16, 32, 64)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = p.conv(p.conv(x, channels, 3, stride), channels, 3)
            x = p.add(y, p.conv(x, channels, 1, stride, 0) if stride == 2 else x)
    p.dense(p.mean(x), 10)
    return p.plan()


def mobilenet() -> Plan:
    p = _Planner(96, 3)
    x = p.conv("x", 8, 3, 2)
    for channels, stride in [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *[(128, 1)] * 5,
        (256, 2),
        (256, 1),
    ]:
        x = p.conv(p.depthwise(x, stride), channels, 1)
    p.dense(p.mean(x), 2)
    return p.plan()


def vgg19() -> Plan:
    p = _Planner(32, 3)
    x = "x"
    for channels, count in ((16, 2), (32, 2), (64, 4), (128, 4), (128, 4)):
        for _ in range(count):
            x = p.conv(x, channels, 3)
        x = p.max_pool(x)
    p.dense(x, 10)
    return p.plan()


PLANS = {"LeNet": lenet, "ResNet-8": lambda: resnet(1), "ResNet-20": lambda: resnet(3), "MobileNetV1-0.25": mobilenet,
         "VGG19-small": vgg19}  # fmt: skip


def network(plan: Plan, adder: bool, alternate: bool = False) -> Network:
    """Ours: shift weights of one term, or adders, or both in turn; an 8-bit quantizer behind every layer."""
    rng = np.random.default_rng(0)
    nodes: list[Node] = []
    known = {"x": "x"}

    def add(name: str, op: Op, *inputs: str) -> str:
        nodes.append(Node(name, op, inputs))
        return name

    for at, step in enumerate(plan.steps):
        inputs = [known[name] for name in step.inputs]
        is_adder = (at % 2 == 1) if alternate else adder
        if step.kind == "dense" and plan.steps[at - 1].kind != "dense":
            inputs = [add(f"{step.name}_flat", Flatten(), inputs[0])]
        name = add(step.name, _op(step, rng, is_adder), *inputs)
        if step is not plan.steps[-1]:
            name = add(f"{step.name}_q", Requantize(ACTIVATION, Rounding.HALF_UP, Overflow.SATURATE), name)
        known[step.name] = name
    shape = (plan.size, plan.size, plan.channels)
    return Network.of("x", Tensor(shape, ACTIVATION), tuple(nodes), nodes[-1].name)


def _op(step: Step, rng: np.random.Generator, is_adder: bool) -> Op:
    if step.kind == "add":
        return Add()
    if step.kind in ("max_pool", "mean"):
        window = Window((step.kernel,) * 2, (step.kernel,) * 2, (0, 0), (0, 0))
        area = step.kernel**2
        mean = SumPool(window) if area & (area - 1) else AveragePool(window)
        return MaxPool(window) if step.kind == "max_pool" else mean
    if step.kind == "dense":
        shape: tuple[int, ...] = (step.channels, step.in_size**2 * step.in_channels)
    else:
        inner = 1 if step.kind == "depthwise" else step.in_channels
        shape = (step.channels, step.kernel, step.kernel, inner)
    taps = int(np.prod(shape[1:]))
    if is_adder:
        weights: Any = Adder(rng.integers(0, 128, shape), ACTIVATION.frac)
        bias = Bias(np.full(step.channels, 60 * taps), ACTIVATION.frac)
    else:
        sign = rng.choice(np.array([-1, 1], np.int8), (1, *shape))
        weights = Shift(ShiftWeights(sign, rng.integers(-7, 0, (1, *shape)).astype(np.int8)))
        bias = Bias(np.full(step.channels, 40), ACTIVATION.frac)
    if step.kind == "dense":
        return Dense(weights, bias)
    window = Window((step.kernel,) * 2, (step.stride,) * 2, (step.pad,) * 2, (step.pad,) * 2)
    return Conv(weights, bias, window, step.in_channels if step.kind == "depthwise" else 1)
