"""An actor and its critic: an image and an observation, each with a front of its own, a policy and a value."""

from __future__ import annotations

import numpy as np

import onnx
from one_layer import S8, shift
from onnx import numpy_helper
from shiftwire.ir.bias import Bias
from shiftwire.ir.host import HostInput, HostOutput
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.concat import Concat
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pool import MaxPool
from shiftwire.ops.relu import Relu
from shiftwire_boards.runtime.host_steps import Softmax

U6 = Fixed(6, 3, signed=False)

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
agent (float[N,1,6,6] image, float[N,3] observation) => (float[N,4] policy, float[N,1] value) {
    c = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(image, wc, bc)
    r = Relu(c)
    m = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r)
    f = Flatten<axis=1>(m)
    g = Gemm<transB=1>(observation, wg, bg)
    h = Relu(g)
    j = Concat<axis=1>(f, h)
    t = Gemm<transB=1>(j, wt, bt)
    u = Relu(t)
    policy = Gemm<transB=1>(u, wp, bp)
    value = Gemm<transB=1>(u, wv, bv)
}"""
WEIGHTS = {"c": (4, 1, 3, 3), "g": (6, 3), "t": (16, 42), "p": (4, 16), "v": (1, 16)}


def float_agent() -> onnx.ModelProto:
    model, rng = onnx.parser.parse_model(TEXT), np.random.default_rng(3)
    for name, shape in WEIGHTS.items():
        fan = np.prod(shape[1:])
        arrays = {f"w{name}": rng.normal(0, fan**-0.5, shape), f"b{name}": rng.normal(0, 0.2, shape[0])}
        model.graph.initializer.extend(numpy_helper.from_array(a.astype(np.float32), n) for n, a in arrays.items())
    return model


def samples(count: int = 48, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "image": rng.uniform(0, 1, (count, 1, 6, 6)).astype(np.float32),
        "observation": rng.normal(0, 1.5, (count, 3)).astype(np.float32),
    }


def small_agent() -> Network:
    """Ten codes in of two formats, rounded by the host; a soft maximum and three numbers out, one tensor read twice."""
    nodes = (
        Node("bright", MaxPool(Window((1, 2), (1, 2), (0, 0), (0, 0))), ("image",)),
        Node("flat", Flatten(), ("bright",)),
        Node("front", Dense(shift((4, 4), 2, -2, 1), Bias.none(4)), ("flat",)),
        Node("active", Relu(), ("front",)),
        Node("joined", Concat(), ("active", "vector")),
        Node("policy", Dense(shift((3, 6), 2, -2, 1, seed=2), Bias.none(3)), ("joined",)),
    )
    rounds = HostInput(quantizes=True)
    inputs = (NetworkInput("image", Tensor((2, 2, 2), S8), rounds), NetworkInput("vector", Tensor((2,), U6), rounds))
    soft = NetworkOutput("policy", HostOutput(steps=(Softmax(1),)), "act/policy")
    return Network(inputs, nodes, (soft, NetworkOutput("active")))


def small_samples(count: int = 9, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"image": rng.normal(0, 3, (count, 2, 2, 2)), "vector": rng.uniform(0, 8, (count, 2))}
