"""Float networks of several inputs and outputs in ONNX's textual form, and what quantizing them gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_outputs
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model

Shapes = Mapping[str, tuple[int, ...]]


def drawn(seed: int = 0, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Weights (out, in...) of a size that keeps values near 1."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        for name, shape in shapes.items()
    }


def float_model(
    inputs: Shapes, outputs: Mapping[str, int], lines: str, constants: Mapping[str, Any]
) -> onnx.ModelProto:
    """Nodes parted by semicolons, each called after its output; `outputs` tells the axes of each with the batch."""
    nodes = [onnx.parser.parse_node(line.strip()) for line in lines.split(";")]
    for node in nodes:
        node.name = node.output[0]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]) for name, shape in inputs.items()],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *inputs.get(name, [None] * (axes - 1))])
            for name, axes in outputs.items()
        ],
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", *ends, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def samples_of(inputs: Shapes, count: int = 32, seed: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(count, *shape)).astype(np.float32) for name, shape in inputs.items()}


def quantized_text(model: onnx.ModelProto, inputs: Shapes, folder: Path, **options: Any) -> Quantized:
    path = folder / "float.onnx"
    onnx.save(model, path)
    values = samples_of(inputs)
    given = values if len(values) > 1 else next(iter(values.values()))
    return quantize_model(path, Samples(given), Options(**options), lambda *_: None)


def is_repeated(made: Quantized, inputs: Shapes) -> int:
    """Every number that onnxruntime makes of the file is the network's, on random and on extreme inputs; how many."""
    count, network = 0, network_from_model(made.model)
    for factor in (1, -3, 1e4):
        values = {name: np.float32(factor) * each for name, each in samples_of(inputs, seed=9).items()}
        own = {part.name: values[name] for part, name in zip(network.entries, inputs, strict=True)}
        right = run_outputs(made.model, values if len(values) > 1 else next(iter(values.values())))
        codes = network.exit_codes(network.evaluate(network.encode(own)))
        for part, of_part, (name, wanted) in zip(network.exits, codes, right.items(), strict=True):
            assert np.array_equal(part.decode(of_part).astype(np.float32), wanted), (name, factor)
            assert factor > 1 or len(np.unique(wanted)) > 2
            count += wanted.size
    return count
