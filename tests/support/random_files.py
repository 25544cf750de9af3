"""Random valid ONNX files made of the operations that docs/operators.md lists, in the spellings it lists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import onnx
from onnx import TensorProto, helper
from random_graph import QONNX, STYLES, RandomFile
from random_layers import extra

CURVED = 0.15
"""Share of quantizers behind which an activation stands that falls and rises."""


def random_file(seed: int, most_nodes: int = 30) -> onnx.ModelProto:
    """A valid file of the operations that are read, all codes on grids where layers read them."""
    rng = np.random.default_rng((seed, 77))
    shapes: list[tuple[int, ...]] = [(int(rng.integers(2, 12)),), (int(rng.integers(1, 4)), int(rng.integers(4, 12)))]
    shapes += [(int(rng.integers(1, 4)), int(rng.integers(4, 9)), int(rng.integers(4, 9)))] * 4
    file = RandomFile(rng, str(rng.choice(STYLES)), int(rng.choice([13, 14, 17, 19, 20])))
    file.shape = entry = shapes[rng.integers(len(shapes))]
    for _ in range(int(rng.integers(0, 3))):
        _front(file)
    file.quantize(int(rng.integers(4, 9)))
    steps: list[Callable[[], None]] = [
        file.layer,
        file.layer,
        file.pool,
        file.move,
        file.branch,
        *[lambda: extra(file)] * 3,
    ]
    while len(file.nodes) < rng.integers(3, most_nodes - 5):
        steps[rng.integers(len(steps))]()
        while not file.is_codes and rng.random() < 0.5:
            file.arithmetic()
        if not file.is_codes:
            file.quantize()
            if rng.random() < CURVED:
                file.curve()
                file.quantize()
        if len(file.shape) > 1 and int(np.prod(file.shape)) > 600:
            file.push("MaxPool", kernel_shape=[2] * (len(file.shape) - 1), strides=[2] * (len(file.shape) - 1))
            file.shape = (file.shape[0], *(max(size // 2, 1) for size in file.shape[1:]))
    _tail(file)
    return _model(file, entry)


def _front(file: RandomFile) -> None:
    rng, channels = file.rng, file.shape[0]
    row = (1, channels, *[1] * (len(file.shape) - 1))
    match int(rng.integers(0, 4)):
        case 0:
            file.push("Mul", file.constant(np.float32(rng.uniform(0.5, 2, row))))
        case 1:
            file.push("Sub", file.constant(np.float32(rng.normal(0, 0.5, row))))
        case 2:
            file.push("Div", file.number(float(rng.uniform(0.5, 2))))
        case _:
            file.push("Clip", file.number(-3), file.number(3))


def _tail(file: RandomFile) -> None:
    """The last layer, and what the host does behind it."""
    if len(file.shape) > 1 and file.rng.random() < 0.7:
        file.push("Flatten", axis=1)
        file.shape = (int(np.prod(file.shape)),)
    file.layer()
    match int(file.rng.integers(0, 6)):
        case 0:
            file.push("Softmax", axis=1)
        case 1:
            file.push("Sigmoid")
        case 2:
            file.push("LogSoftmax", axis=1)
        case 3:
            file.push("Mul", file.number(1.7))
        case _:
            pass


def _model(file: RandomFile, entry: tuple[int, ...]) -> onnx.ModelProto:
    batch = "N" if file.rng.random() < 0.5 else 1
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *entry])
    y = helper.make_tensor_value_info(file.name, TensorProto.FLOAT, [batch, *file.shape])
    graph = helper.make_graph(file.nodes, "random", [x], [y], file.constants)
    imports = [helper.make_opsetid("", file.opset)]
    if file.style == "quant" and file.rng.random() < 0.7:
        imports.append(helper.make_opsetid(QONNX, 1))
    return helper.make_model(graph, opset_imports=imports, ir_version=8)
