"""onnxruntime on the file itself as an engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.ir.frames import InputPart, OutputPart, Samples, joined
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.onnx.importer import ExactTensors, exact_tensors
from shiftwire.onnx.runtime import codes_of, run_named
from shiftwire.project.data import Data
from shiftwire.project.engine import Engine, EngineName, Outcome


@dataclass(frozen=True)
class OnnxRuntime(Engine):
    """`model` as it lies on disk, its graph without fusions; `network` is what the project was made of it.

    Every tensor of the file whose values are a layer's codes on their grid is one of its layers; tensors behind a
    scale that is no power of two have no such codes, but for the output.
    """

    model: Path
    specification: Network
    samples: Data | None = None
    """What the codes to be run come from, where it is at hand: the file then reads its own values."""
    name = EngineName.ONNXRUNTIME
    chunk = layers_chunk = 64

    @property
    def network(self) -> Network:
        return self.specification

    @cached_property
    def _places(self) -> dict[bytes, int]:
        """Which sample has some codes."""
        return {} if self.samples is None else {row.tobytes(): at for at, row in enumerate(self.samples.codes)}

    def _values(self, codes: Codes) -> Samples:
        """The samples of these codes, or values of which the host makes them."""
        places = [self._places.get(row.tobytes()) for row in codes]
        known = [at for at in places if at is not None]
        if self.samples is None or len(known) < len(codes) or self._tensors.is_given:
            return self.network.values_of(codes)
        return {name: values[known] for name, values in self.samples.values.items()}

    @cached_property
    def _tensors(self) -> ExactTensors:
        """The file's own name of each layer of the network, and of its outputs."""
        own = exact_tensors(self.model, self.network.entries)
        require_same_ends(self.model, own.network, self.network)
        return own

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        network, own = self.network, self._tensors
        exits = {part.tensor: part for part in network.exits}
        shown = {name: tensor for name, tensor in own.tensors.items() if name in network.tensors}
        wanted = shown if all_layers else {name: tensor for name, tensor in shown.items() if name in exits}
        outputs = {part.tensor: tensor for part, tensor in zip(network.exits, own.outputs, strict=True)}
        extra = {name: tensor for name, tensor in outputs.items() if name not in wanted}
        if None in extra.values():
            raise InputError(f"{self.model} holds no tensor of the network's output codes; compare with another engine")
        values = self._values(codes)
        start = time.perf_counter()
        values_of = run_named(self.model, values, [*wanted.values(), *filter(None, extra.values())])
        seconds = time.perf_counter() - start
        layers = {name: codes_of(values_of[tensor], network.tensors[name].format) for name, tensor in wanted.items()}
        for name, tensor in extra.items():
            plain = replace(exits[name].host, steps=())
            layers[name] = plain.nearest(values_of[str(tensor)], exits[name].format)
        if len(network.exits) > 1:
            layers[network.output_name] = joined([layers[part.tensor] for part in network.exits])
        return Outcome(layers, seconds)


def require_same_ends(model: Path, own: Network, network: Network) -> None:
    """Raise InputError where a file has other inputs and outputs than the network that was made of it."""
    if _ends(own) != _ends(network):
        raise InputError(
            f"{model} turns {_told(own.entries)} into {_told(own.exits)}, the project {_told(network.entries)} "
            f"into {_told(network.exits)}; name the model that the project was converted from"
        )


def _ends(network: Network) -> list[tuple[tuple[int, ...], Fixed]]:
    entries = [(part.shape, part.format) for part in network.entries]
    return entries + [(part.shape, part.format) for part in network.exits]


def _told(parts: Sequence[InputPart | OutputPart]) -> str:
    return ", ".join(map(str, parts))
