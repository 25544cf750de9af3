"""The typed network; `Network.evaluate` is the specification that every other execution is compared with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from shiftwire.errors import InputError, noted
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold, divisors
from shiftwire.ir.frames import (
    MAX_ELEMENTS,
    Array,
    FramedInput,
    FramedOutput,
    InputPart,
    NetworkInput,
    NetworkOutput,
    OutputPart,
    Samples,
    Tensor,
    frame_of,
    joined,
    parted,
)
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Codes

__all__ = [
    "MAX_ELEMENTS",
    "Network",
    "NetworkInput",
    "NetworkOutput",
    "Node",
    "Op",
    "Operations",
    "Tensor",
    "Witness",
]


@dataclass(frozen=True, slots=True)
class Operations:
    """What one inference costs, in scalar operations, XNORs of bits; unrolled, a shift by a constant is a wire."""

    shifts: int = 0
    adds: int = 0
    compares: int = 0
    multiplies: int = 0
    xnors: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(
            self.shifts + other.shifts,
            self.adds + other.adds,
            self.compares + other.compares,
            self.multiplies + other.multiplies,
            self.xnors + other.xnors,
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


@dataclass(frozen=True)
class Network:
    """Nodes in topological order from inputs to outputs; construction infers and checks every tensor.

    Codes of several inputs or outputs are a frame, one behind the other; `input` and `output` are that frame then.
    Hardware has one stream each way: the pass `frame_ends` gives a network the nodes that take frames apart.
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
            if not ends:
                raise InputError(f"found no {what}, wanted one at least; name some in the model")
        tensors: dict[str, Tensor] = {}
        for end in self.inputs:
            if end.name in tensors:
                raise InputError(f"the name '{end.name}' is taken by an earlier input; rename one of them")
            tensors[end.name] = end.tensor
        for node in self.nodes:
            with noted(f"in node '{node.name}' ({node.kind})"):
                tensors[node.name] = _inferred(node, tensors)
        for output in self.outputs:
            if output.name not in tensors:
                raise InputError(f"the output '{output.name}' is made by no node; name one of {', '.join(tensors)}")
        object.__setattr__(self, "tensors", tensors)

    @property
    def input_name(self) -> str:
        """The only tensor that the caller gives."""
        (only,) = self.inputs
        return only.name

    @property
    def output_name(self) -> str:
        """The only tensor that the caller gets back."""
        (only,) = self.outputs
        return only.name

    @property
    def output_names(self) -> tuple[str, ...]:
        """The tensors that the caller gets back."""
        return tuple(end.name for end in self.outputs)

    @property
    def is_framed(self) -> bool:
        """Whether one tensor goes in and one comes out, as hardware has it."""
        return len(self.inputs) == len(self.outputs) == 1

    @property
    def entries(self) -> tuple[InputPart, ...]:
        """Every input as the caller knows it."""
        return tuple(part for end in self.inputs for part in end.parts)

    @property
    def exits(self) -> tuple[OutputPart, ...]:
        """Every output as the caller knows it."""
        return tuple(part for end in self.outputs for part in end.parts(self.tensors[end.name]))

    @property
    def input(self) -> Tensor:
        """The tensor that the caller gives, or the frame of several."""
        return frame_of([end.tensor for end in self.inputs])

    @property
    def output(self) -> Tensor:
        """The tensor that the caller gets back, or the frame of several."""
        return frame_of([self.tensors[end.name] for end in self.outputs])

    @property
    def host_input(self) -> HostInput | FramedInput:
        """What makes the codes of `input`."""
        return self.inputs[0].host if len(self.inputs) == 1 else FramedInput(self.entries)

    @property
    def host_output(self) -> HostOutput | FramedOutput:
        """What becomes of the codes of `output`."""
        return self.outputs[0].host if len(self.outputs) == 1 else FramedOutput(self.exits)

    def encode(self, samples: Samples) -> Codes:
        """Codes (N, *input.shape) of samples of every input, by its name; of a single one by any name."""
        entries = self.entries
        if len(entries) > 1:
            return FramedInput(entries).encode(samples, self.input.format)
        (values,) = samples.values()
        return entries[0].host.encode(values, self.input.format)

    def values_of(self, codes: Codes) -> dict[str, Array]:
        """Samples of every input that `encode` makes these codes of."""
        return FramedInput(self.entries).values_of(codes)

    def exit_codes(self, codes: Codes) -> list[Codes]:
        """Codes (N, *shape) of each output, of output codes (N, *output.shape)."""
        return parted(codes, [part.shape for part in self.exits])

    def sources(self, node: Node) -> tuple[Tensor, ...]:
        """The tensors a node reads."""
        return tuple(self.tensors[name] for name in node.inputs)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read a tensor, in topological order; one that reads it twice stands once."""
        return tuple(node for node in self.nodes if name in node.inputs)

    def evaluate(self, codes: Codes) -> Codes:
        """Output codes (N, *output.shape) for input codes (N, *input.shape)."""
        known = self.evaluate_layers(codes)
        parts = [known[end.name] for end in self.outputs]
        return parts[0] if len(parts) == 1 else joined(parts)

    def evaluate_layers(self, codes: Codes) -> dict[str, Codes]:
        """Codes of every input and of every node, by name, each (N, *shape)."""
        self._check(codes)
        each = parted(codes, [end.tensor.shape for end in self.inputs])
        known = {end.name: own for end, own in zip(self.inputs, each, strict=True)}
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
        for part, own in zip(self.entries, parted(codes, [part.shape for part in self.entries]), strict=True):
            if not part.format.holds(own):
                raise InputError(f"codes outside {part.format} cannot enter '{part.name}'; quantize them first")


def _inferred(node: Node, tensors: dict[str, Tensor]) -> Tensor:
    if node.name in tensors:
        raise InputError(f"the name '{node.name}' is taken by an earlier tensor; rename the node")
    missing = [name for name in node.inputs if name not in tensors]
    if missing:
        raise InputError(f"it reads '{missing[0]}', which no earlier node makes; put the nodes in topological order")
    sources = [tensors[name] for name in node.inputs]
    with noted(f"reading {', '.join(map(str, sources))}"):
        return node.op.infer(*sources)
