"""Tensors, those at a network's ends as the caller knows them, and several of them as one frame.

A frame's codes are whole numbers of one format, one tensor's behind the other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.numbers.fixed import Codes, Fixed

Array = npt.NDArray[Any]
Samples = Mapping[str, Array]
"""Values (N, ...) of each input by its name, in the model's own layout."""


MAX_ELEMENTS = 1 << 24
"""Largest tensor: 128 MiB of codes a sample, far more than a board holds."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Shape and format of one sample, without a batch axis; images are (height, width, channels)."""

    shape: tuple[int, ...]
    format: Fixed

    def __post_init__(self) -> None:
        if not self.shape or min(self.shape) < 1:
            raise InputError(f"a tensor of shape {self.shape} holds no elements; every axis needs at least 1")
        if self.size > MAX_ELEMENTS:
            raise InputError(f"a tensor of shape {self.shape} holds more than {MAX_ELEMENTS} elements; shrink it")

    def __str__(self) -> str:
        return f"{self.format}[{'x'.join(map(str, self.shape))}]"

    @property
    def size(self) -> int:
        """Codes of a sample."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class InputPart:
    """An input as the caller knows it: its name in data files, the shape and format of its codes, and its host end."""

    name: str
    shape: tuple[int, ...]
    format: Fixed
    host: HostInput

    @property
    def model_shape(self) -> tuple[int, ...]:
        """Of a sample in the model's own layout."""
        return self.host.model_shape(self.shape)

    def __str__(self) -> str:
        return f"{self.format}[{'x'.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class OutputPart:
    """An output as the caller knows it; `tensor` is the network's, of which there may be several outputs."""

    name: str
    tensor: str
    shape: tuple[int, ...]
    format: Fixed
    host: HostOutput

    def decode(self, codes: Codes) -> Array:
        """What the model returns here: values (N, ...) in its own layout."""
        return self.host.decode(codes, self.format)

    def scores(self, codes: Codes) -> Array:
        """The values (N, ...) that answer, in front of a ranking."""
        return self.host.scores(codes, self.format)

    def __str__(self) -> str:
        return f"{self.format}[{'x'.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class FramedInput:
    """The host end of a frame of inputs."""

    parts: tuple[InputPart, ...]

    def encode(self, x: Samples, to: Fixed) -> Codes:
        """Codes (N, those of all parts) of the samples; raises InputError for inputs that are missing or unequal."""
        check_samples(x, [part.name for part in self.parts])
        return joined([part.host.encode(x[part.name], part.format) for part in self.parts])

    def values_of(self, codes: Codes) -> dict[str, Array]:
        """Values of each part that `encode` makes these codes of."""
        each = parted(codes, [part.shape for part in self.parts])
        return {part.name: part.host.values_of(own, part.format) for part, own in zip(self.parts, each, strict=True)}


@dataclass(frozen=True, slots=True)
class FramedOutput:
    """The host end of a frame of outputs."""

    parts: tuple[OutputPart, ...]

    def decode(self, codes: Codes, format: Fixed) -> dict[str, Array]:
        """What the model returns: values (N, ...) of each output by its name, in the model's order."""
        each = parted(codes, [part.shape for part in self.parts])
        return {part.name: part.decode(own) for part, own in zip(self.parts, each, strict=True)}


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """A tensor that the caller gives, and what the host does to make its codes; `label` is the model's other name."""

    name: str
    tensor: Tensor
    host: HostInput | FramedInput = field(default_factory=HostInput)
    label: str | None = None

    @property
    def parts(self) -> tuple[InputPart, ...]:
        """What the caller knows: itself, or the inputs in its frame."""
        if isinstance(self.host, FramedInput):
            return self.host.parts
        return (InputPart(self.label or self.name, self.tensor.shape, self.tensor.format, self.host),)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """The name of a tensor that the caller gets back, and what the host makes of its codes; `label` as of an input."""

    name: str
    host: HostOutput | FramedOutput = field(default_factory=HostOutput)
    label: str | None = None

    def parts(self, tensor: Tensor) -> tuple[OutputPart, ...]:
        """As of an input, for the tensor of its name."""
        if isinstance(self.host, FramedOutput):
            return self.host.parts
        return (OutputPart(self.label or self.name, self.name, tensor.shape, tensor.format, self.host),)


def frame_of(tensors: Sequence[Tensor]) -> Tensor:
    """The only tensor, or the frame of several."""
    if len(tensors) == 1:
        return tensors[0]
    return Tensor((sum(tensor.size for tensor in tensors),), frame_format([tensor.format for tensor in tensors]))


def frame_format(formats: Sequence[Fixed]) -> Fixed:
    """The narrowest that holds the codes of all, whatever their grids."""
    return Fixed.covering(min(f.lo for f in formats), max(f.hi for f in formats), 0)


def joined(codes: Sequence[Codes]) -> Codes:
    """Frames (N, all codes) of the codes (N, *shape) of each part."""
    return np.concatenate([each.reshape(len(each), -1) for each in codes], axis=1)


def parted(codes: Codes, shapes: Sequence[tuple[int, ...]]) -> list[Codes]:
    """The codes (N, *shape) of each part of frames (N, all codes)."""
    if len(shapes) == 1:
        return [codes if codes.shape[1:] == shapes[0] else codes.reshape(len(codes), *shapes[0])]
    ends = np.cumsum([prod(shape) for shape in shapes])[:-1]
    split = np.split(codes.reshape(len(codes), -1), ends, axis=1)
    return [each.reshape(len(codes), *shape) for each, shape in zip(split, shapes, strict=True)]


def check_samples(x: Samples, names: Sequence[str]) -> None:
    """Raise InputError for an input without samples, for arrays of no input, and for unequal numbers of samples."""
    wanted = ", ".join(f"'{name}'" for name in names)
    if missing := [name for name in names if name not in x]:
        there = ", ".join(f"'{name}'" for name in x) or "none"
        raise InputError(f"found the arrays {there}, and none for the input '{missing[0]}'; give {wanted}")
    if extra := [name for name in x if name not in names]:
        raise InputError(f"found an array '{extra[0]}', which is no input; give {wanted}")
    counts = {name: len(x[name]) if x[name].ndim else 0 for name in names}
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise InputError(f"found {each}, and each sample is one of every input; give as many of each")
