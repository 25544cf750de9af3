"""Files as other tools write them, by hand, and the judge of all: the file itself under onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx_nets import DOMAIN
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx

MICROSOFT = "com.microsoft"
CHANNELS_LAST = "qonnx.custom_op.channels_last"
F32 = int(TensorProto.FLOAT)
NUMPY = {
    F32: np.float32,
    int(TensorProto.UINT8): np.uint8,
    int(TensorProto.INT8): np.int8,
    int(TensorProto.UINT16): np.uint16,
    int(TensorProto.INT16): np.int16,
}
"""Types of graph inputs."""


@dataclass
class File:
    """A graph from x to y in the making; `add` puts a node behind, its constants given as arrays."""

    shape: Sequence[int]
    """Of a sample."""
    kind: int = F32
    result: int = F32
    rank: int | None = None
    """Of the output, the batch included; None for that of the input."""
    opset: int = 20
    batch: int | str = "N"
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def constant(self, value: Any, kind: int | None = None) -> str:
        """An initialiser of numbers, in `kind` where numpy has no such type."""
        name = f"c{len(self.tensors)}"
        array = np.asarray(value)
        if kind is not None:
            self.tensors.append(helper.make_tensor(name, kind, array.shape, array.ravel().tolist()))
        else:
            whole = array.dtype.kind in "iub"
            self.tensors.append(numpy_helper.from_array(array if whole else array.astype(np.float32), name))
        return name

    def add(self, kind: str, *inputs: Any, out: str = "", domain: str = "", **attributes: Any) -> str:
        """Inputs are names, or values of constants; returns the name of the output."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        made = out or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [made], name=made, domain=domain, **attributes))
        return made

    def quant(self, x: Any, scale: Any, bits: int, *, signed: int = 1, zero: float = 0, out: str = "") -> str:
        """QONNX's Quant, narrow never, rounding half to even."""
        return self.add("Quant", x, scale, float(zero), float(bits), out=out, domain=DOMAIN, signed=signed, narrow=0,
                        rounding_mode="ROUND")  # fmt: skip

    def model(self) -> onnx.ModelProto:
        """Checked by ONNX itself; the batch stays open unless it was given."""
        rank = len(self.shape) + 1 if self.rank is None else self.rank
        x = helper.make_tensor_value_info("x", self.kind, [self.batch, *self.shape])
        y = helper.make_tensor_value_info("y", self.result, [None] * rank)
        domains = {node.domain for node in self.nodes} - {""}
        graph = helper.make_graph(self.nodes, "g", [x], [y], self.tensors)
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(domain, 1) for domain in sorted(domains))]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        if self.metadata:
            helper.set_model_props(model, dict(self.metadata))
        return model


def executed(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """Outputs of onnxruntime for the file as it is written, its optimiser off."""
    return run_onnx(model, x)


def encoded(network: Network, x: np.ndarray) -> Codes:
    """What the host makes of values."""
    return network.host_input.encode(x, network.input.format)


def decoded(network: Network, x: np.ndarray) -> np.ndarray:
    """What the network and its host make of values, in the file's own layout."""
    return network.host_output.decode(network.evaluate(encoded(network, x)), network.output.format)


def agrees(model: onnx.ModelProto, x: np.ndarray, count: Any, levels: int = 5, **wish: Any) -> Network:
    """The whole output is onnxruntime's of the file itself: bit for bit, or the same codes behind a float scale.

    `levels` are the different values that it must have at least.
    """
    network = network_from_model(model, **wish)
    expected, found = executed(model, x), decoded(network, x)
    assert found.shape == expected.shape
    same_values(network, found, expected)
    assert len(np.unique(expected)) >= levels, np.unique(expected)
    count(onnxruntime_outputs=expected.size)
    return network


def same_values(network: Network, found: np.ndarray, expected: np.ndarray) -> None:
    """Equal in float32; behind a float scale codes are equal, and values beside curves differ in the last bits."""
    host = network.host_output
    if host.is_scaled and not host.hides_codes:
        assert np.array_equal(
            host.nearest(expected.astype(np.float64), network.output.format),
            host.nearest(found.astype(np.float64), network.output.format),
        )
    if host.is_scaled or host.steps:
        assert np.allclose(found, expected.astype(np.float64), rtol=2e-6, atol=2e-6)
    else:
        assert np.array_equal(found.astype(np.float32), expected.astype(np.float32))


def kinds(network: Network) -> list[str]:
    """Of its layers, in order."""
    return [node.kind for node in network.nodes]


def step_names(network: Network) -> tuple[list[str], list[str]]:
    """The host's steps in front and behind."""
    ends = network.host_input.steps, network.host_output.steps
    front, behind = ([type(step).__name__ for step in steps] for steps in ends)
    return front, behind


def spread(rng: np.random.Generator, shape: Sequence[int], count: int = 64, reach: float = 3.0) -> np.ndarray:
    """Normal float32 samples, the first ones far beyond any range, ties and zeros among them."""
    x = rng.normal(0, reach, (count, *shape)).astype(np.float32)
    x[0], x[1], x[2] = 1e6, -1e6, 0
    flat = x[3:6].reshape(3, -1)
    flat[:] = np.round(flat * 8) / 16
    return x
