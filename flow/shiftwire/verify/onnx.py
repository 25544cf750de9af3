"""onnxruntime on the file itself as an engine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.host import channels_first
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.importer import exact_tensors
from shiftwire.onnx.runtime import codes_of, run_tensors
from shiftwire.project.engine import Engine, EngineName, Outcome


@dataclass(frozen=True)
class OnnxRuntime(Engine):
    """`model` as it lies on disk, its graph without fusions; `network` is what the project was made of it.

    Every tensor of the file whose values are a layer's codes on their grid is one of its layers; tensors behind a
    scale that is no power of two have no such codes, but for the output.
    """

    model: Path
    specification: Network
    name = EngineName.ONNXRUNTIME
    chunk = layers_chunk = 64

    @property
    def network(self) -> Network:
        return self.specification

    @cached_property
    def _tensors(self) -> dict[str, str]:
        """The file's own name of each layer of the network."""
        network, own = self.network, exact_tensors(self.model)
        if (own.network.input, own.network.output) != (network.input, network.output):
            raise InputError(
                f"{self.model} turns {own.network.input} into {own.network.output}, the project {network.input} into "
                f"{network.output}; name the model that the project was converted from"
            )
        return {name: tensor for name, tensor in own.tensors.items() if name in network.tensors}

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        network, wanted = self.network, self._tensors
        if not all_layers:
            wanted = {name: tensor for name, tensor in wanted.items() if name == network.output_name}
        start = time.perf_counter()
        output, *values = run_tensors(self.model, self._values(codes), tuple(wanted.values()))
        seconds = time.perf_counter() - start
        layers = {
            name: codes_of(value, network.tensors[name].format) for name, value in zip(wanted, values, strict=True)
        }
        if network.output_name not in layers:
            layers[network.output_name] = network.host_output.nearest(output, network.output.format)
        return Outcome(layers, seconds)

    def _values(self, codes: Codes) -> npt.NDArray[Any]:
        """What the file's own input quantizer turns into these codes."""
        network = self.network
        quantizer = network.host_input.quantizer
        scale = None if quantizer is None else np.float32(quantizer.scale)
        values = network.input.format.decode(codes) if scale is None else codes * scale
        return channels_first(values).astype(np.float32)
