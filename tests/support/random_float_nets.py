"""Random small float networks of every layer that quantize takes, some with weights and samples far from 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from float_nets import FloatNet

EXTREMES = (1e-30, 1e-12, 1e-6, 1e-3, 1e3, 1e6, 1e9)
"""What weights, biases, scales or samples are multiplied with."""


@dataclass(frozen=True, eq=False)
class FloatCase:
    """A network, and samples (N, ...) for it."""

    net: FloatNet
    samples: np.ndarray


class Builder:
    """A network that grows layer by layer; `shape` is that of its last tensor, channels first."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 77])
        is_image = self.rng.random() < 0.7
        self.shape: tuple[int, ...] = (
            (int(self.rng.integers(1, 5)), 6, 5) if is_image else (int(self.rng.integers(2, 9)),)
        )
        self.net = FloatNet(self.shape, seed)
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    @property
    def is_image(self) -> bool:
        return len(self.shape) > 1

    def layer(self) -> None:
        """One more with weights, of another number of channels."""
        channels = int(self.rng.integers(1, 7))
        if not self.is_image:
            self.net.dense(self.name(), channels, self.shape[0])
            self.shape = (channels,)
        elif min(self.shape[1:]) >= 3 and self.rng.random() < 0.2:
            self.net.adder(self.name(), channels, self.shape[0])
            self.shape = (channels, *self.shape[1:])
        else:
            self.net.conv(self.name(), channels, self.shape[0], kernel=int(self.rng.choice([1, 3])))
            self.shape = (channels, *self.shape[1:])
        self.extreme(f"t{self.count}_w", f"t{self.count}_b")

    def extreme(self, *names: str) -> None:
        """Sometimes far too large or small, or dead in one filter or all."""
        for name in names:
            if name in self.net.constants and self.rng.random() < 0.25:
                self.net.constants[name] = (self.net.constants[name] * self.rng.choice(EXTREMES)).astype(np.float32)
            if name in self.net.constants and self.rng.random() < 0.1:
                self.net.constants[name][0 if self.rng.random() < 0.7 else slice(None)] = 0

    def between(self) -> None:
        """What stands between two layers with weights."""
        channels, kinds = self.shape[0], ["norm", "mul", "add", "relu", "clip", "join", "pool", "average"]
        match kinds[int(self.rng.integers(len(kinds)))]:
            case "norm" if self.is_image:
                name = self.name()
                self.net.norm(name, channels)
                self.extreme(f"{name}_0", f"{name}_1", f"{name}_2", f"{name}_3")
            case "mul" | "add" as kind:
                name = self.name()
                factor = self.rng.normal(0, 2, (1, channels, *[1] * (len(self.shape) - 1)))
                self.net.node(kind.capitalize(), name, self.net.constant(f"{name}_k", factor))
                self.extreme(f"{name}_k")
            case "clip":
                name = self.name()
                self.net.constant(f"{name}_low", np.array(0.0))
                self.net.constant(f"{name}_high", np.array(self.rng.choice([0.5, 6.0])))
                self.net.node("Clip", name, f"{name}_low", f"{name}_high")
            case "join" if self.is_image:
                branch = self.net.at
                self.net.node("Relu", self.name())
                other = self.net.at
                self.net.conv(self.name(), channels, channels)
                self.extreme(f"t{self.count}_w", f"t{self.count}_b")
                if self.rng.random() < 0.5:
                    self.net.node("Add", self.name(), other)
                else:
                    self.net.node("Concat", self.name(), branch if self.rng.random() < 0.5 else other, axis=1)
                    self.shape = (2 * channels, *self.shape[1:])
            case "pool" if self.is_image and min(self.shape[1:]) >= 2:
                self.net.node("MaxPool", self.name(), kernel_shape=[2, 2], strides=[2, 2])
                self.shape = (channels, *(size // 2 for size in self.shape[1:]))
            case "average" if self.is_image and min(self.shape[1:]) >= 2:
                self.net.node("AveragePool", self.name(), kernel_shape=[2, 2], strides=[1, 1])
                self.shape = (channels, *(size - 1 for size in self.shape[1:]))
            case _:
                self.net.node("Relu", self.name())

    def end(self) -> None:
        """A classifier, a map, or numbers."""
        if self.is_image and self.rng.random() < 0.7:
            if self.rng.random() < 0.5:
                self.net.node("GlobalAveragePool", self.name())
                self.shape = (self.shape[0], 1, 1)
            self.net.node("Flatten", self.name(), axis=1)
            self.shape = (int(np.prod(self.shape)),)
            self.layer()
        if not self.is_image and self.rng.random() < 0.3:
            self.net.node("Softmax", self.name(), axis=1)


def random_float_case(seed: int) -> FloatCase:
    """The same network and samples for the same seed."""
    builder = Builder(seed)
    for _ in range(int(builder.rng.integers(1, 4))):
        builder.layer()
        for _ in range(int(builder.rng.integers(0, 3))):
            builder.between()
    builder.end()
    samples = builder.net.samples(int(builder.rng.choice([1, 3, 24])))
    if builder.rng.random() < 0.3:
        samples = samples * np.float32(builder.rng.choice([1e-6, 1e-3, 1e3, 1e6]))
    if builder.rng.random() < 0.2:
        samples.reshape(-1)[0] *= 1e4
    return FloatCase(builder.net, samples)
