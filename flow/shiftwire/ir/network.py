"""The typed network; `Network.evaluate` is the specification that every other execution is compared with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError, noted
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, divisors
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes, Fixed

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
class Operations:
    """What one inference costs, counted in scalar operations; a shift by a constant is a wire in unrolled hardware."""

    shifts: int = 0
    adds: int = 0
    compares: int = 0
    multiplies: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(
            self.shifts + other.shifts,
            self.adds + other.adds,
            self.compares + other.compares,
            self.multiplies + other.multiplies,
        )


Witness = tuple[tuple[str, Codes], ...]
"""Named codes that explain one output."""


class Op(ABC):
    """One layer: its specification, its hardware as units, and what it costs.

    Subclasses are frozen dataclasses of weights and settings. Inputs are passed in, so an op knows neither its place in
    a network nor its fold.
    """

    unit_types: ClassVar[tuple[type[Unit], ...]]
    """Every class of units that `units` may give."""

    @abstractmethod
    def infer(self, *inputs: Tensor) -> Tensor:
        """Shape and narrowest format of the output; raises InputError for inputs that the op cannot read."""

    @abstractmethod
    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        """Exact output codes (N, ...) for input codes (N, ...) of tensors `inputs`; this is the specification."""

    @abstractmethod
    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        """The hardware that does the same: the first unit reads the inputs, each other one its predecessor.

        None at all where the output's stream is the input's.
        """

    def folds(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[Fold, ...]:
        """Every way to fold the layer; lanes that divide the channels where it has no weights."""
        return tuple(Fold(lanes) for lanes in divisors(output.shape[-1]))

    def cost(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> Cost:
        """Modelled resources of `units`, without the FIFOs between them."""
        return sum((unit.cost for unit in self.units(inputs, output, fold)), Cost())

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        """What made the output code at `index` of one sample; whole inputs where an op knows nothing narrower."""
        return tuple((f"input {at}", code) for at, code in enumerate(codes))

    @abstractmethod
    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        """Scalar operations of one inference."""

    @property
    def kind(self) -> str:
        """What people and design.json call the layer: with weights their scheme comes first, such as ShiftConv."""
        return type(self).__name__

    @property
    def weight_bits(self) -> int:
        """Bits of constants that the layer stores."""
        return 0

    @property
    def terms(self) -> float | None:
        """Mean number of power-of-two terms a filter has, None where weights are no such sums."""
        return None


@dataclass(frozen=True, slots=True)
class Node:
    """One layer; its name is its output tensor's name."""

    name: str
    op: Op
    inputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        """That of its op."""
        return self.op.kind


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """A tensor that the caller gives, and what the host does to make its codes."""

    name: str
    tensor: Tensor
    host: HostInput = field(default_factory=HostInput)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """The name of a tensor that the caller gets back, and what the host makes of its codes."""

    name: str
    host: HostOutput = field(default_factory=HostOutput)


@dataclass(frozen=True)
class Network:
    """Nodes in topological order from inputs to outputs; construction infers and checks every tensor.

    Inputs and outputs are lists in every file that is written; all back ends build one of each so far, and InputError
    says so. `input`, `output` and what follows them are those of the only one.
    """

    inputs: tuple[NetworkInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[NetworkOutput, ...]
    tensors: dict[str, Tensor] = field(init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        input_name: str,
        source: Tensor,
        nodes: tuple[Node, ...],
        output_name: str,
        *,
        host_input: HostInput | None = None,
        host_output: HostOutput | None = None,
    ) -> Network:
        """One with an input and an output, and nothing for the host to do where it is not said."""
        entry = NetworkInput(input_name, source, host_input or HostInput())
        return cls((entry,), nodes, (NetworkOutput(output_name, host_output or HostOutput()),))

    def __post_init__(self) -> None:
        for ends, what in ((self.inputs, "inputs"), (self.outputs, "outputs")):
            if len(ends) != 1:
                names = ", ".join(end.name for end in ends) or "none"
                raise InputError(f"found {len(ends)} {what} ({names}), wanted 1; join or drop the others in the model")
        tensors = {end.name: end.tensor for end in self.inputs}
        for node in self.nodes:
            with noted(f"in node '{node.name}' ({node.kind})"):
                tensors[node.name] = _inferred(node, tensors)
        for end in self.outputs:
            if end.name not in tensors:
                raise InputError(f"the output '{end.name}' is made by no node; name one of {', '.join(tensors)}")
        object.__setattr__(self, "tensors", tensors)

    @property
    def input_name(self) -> str:
        """The tensor that the caller gives."""
        return self.inputs[0].name

    @property
    def input(self) -> Tensor:
        """The tensor that the caller gives."""
        return self.inputs[0].tensor

    @property
    def host_input(self) -> HostInput:
        """What makes its codes."""
        return self.inputs[0].host

    @property
    def output_name(self) -> str:
        """The tensor that the caller gets back."""
        return self.outputs[0].name

    @property
    def host_output(self) -> HostOutput:
        """What becomes of its codes."""
        return self.outputs[0].host

    @property
    def output(self) -> Tensor:
        """The tensor that the caller gets back."""
        return self.tensors[self.output_name]

    def sources(self, node: Node) -> tuple[Tensor, ...]:
        """The tensors a node reads."""
        return tuple(self.tensors[name] for name in node.inputs)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read a tensor, in topological order; one that reads it twice stands once."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def evaluate(self, codes: Codes) -> Codes:
        """Output codes (N, ...) for input codes (N, *input.shape)."""
        return self.evaluate_layers(codes)[self.output_name]

    def evaluate_layers(self, codes: Codes) -> dict[str, Codes]:
        """Codes of the input and of every node, by name, each (N, *shape)."""
        self._check(codes)
        known = {self.input_name: codes}
        for node in self.nodes:
            known[node.name] = node.op.evaluate(self.sources(node), *(known[name] for name in node.inputs))
        return known

    def batches(self, codes: Codes, size: int = 32) -> Iterator[Codes]:
        """Slices of at most `size` samples, so that a whole test set fits in memory."""
        return (codes[start : start + size] for start in range(0, len(codes), size))

    def _check(self, codes: Codes) -> None:
        if codes.shape[1:] != self.input.shape:
            raise InputError(f"codes of shape {codes.shape[1:]} do not fit the input {self.input}; give (N, ...) codes")
        if codes.dtype != np.int64 or not self.input.format.holds(codes):
            raise InputError(f"codes of {codes.dtype} outside {self.input.format} cannot enter; quantize them first")


def _inferred(node: Node, tensors: dict[str, Tensor]) -> Tensor:
    if node.name in tensors:
        raise InputError(f"the name '{node.name}' is taken by an earlier tensor; rename the node")
    missing = [name for name in node.inputs if name not in tensors]
    if missing:
        raise InputError(f"it reads '{missing[0]}', which no earlier node makes; put the nodes in topological order")
    sources = [tensors[name] for name in node.inputs]
    with noted(f"reading {', '.join(map(str, sources))}"):
        return node.op.infer(*sources)
