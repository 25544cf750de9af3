"""onnxruntime on the file itself as an engine."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.importer import ExactTensors, exact_tensors
from shiftwire.onnx.runtime import codes_of, run_tensors
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

    def _values(self, codes: Codes) -> npt.NDArray[Any]:
        """The samples of these codes, or values of which the host makes them."""
        places = [self._places.get(row.tobytes()) for row in codes]
        known = [at for at in places if at is not None]
        if self.samples is None or len(known) < len(codes) or self._tensors.is_given:
            return self.network.host_input.values_of(codes, self.network.input.format)
        values: npt.NDArray[Any] = self.samples.values[known]
        return values

    @cached_property
    def _tensors(self) -> ExactTensors:
        """The file's own name of each layer of the network, and of its output."""
        network = self.network
        own = exact_tensors(self.model, network.inputs[0])
        if (own.network.input, own.network.output) != (network.input, network.output):
            raise InputError(
                f"{self.model} turns {own.network.input} into {own.network.output}, the project {network.input} into "
                f"{network.output}; name the model that the project was converted from"
            )
        return own

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        network, own, last = self.network, self._tensors, self.network.output_name
        shown = {name: tensor for name, tensor in own.tensors.items() if name in network.tensors}
        wanted = shown if all_layers else {name: tensor for name, tensor in shown.items() if name == last}
        if last not in wanted and own.output is None:
            raise InputError(f"{self.model} holds no tensor of the network's output codes; compare with another engine")
        extra = () if last in wanted or own.output is None else (own.output,)
        values = self._values(codes)
        start = time.perf_counter()
        _, *outputs = run_tensors(self.model, values, (*wanted.values(), *extra))
        seconds = time.perf_counter() - start
        layers = {
            name: codes_of(value, network.tensors[name].format) for name, value in zip(wanted, outputs, strict=False)
        }
        if extra:
            plain = replace(network.host_output, steps=())
            layers[last] = plain.nearest(outputs[-1], network.output.format)
        return Outcome(layers, seconds)
