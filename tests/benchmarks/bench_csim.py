"""C-simulation against hls4ml's own layers of the same shapes and widths, in one run; `make bench` prints it.

Peer: Dense and Conv2D of hls4ml (Vitis backend, io_parallel, Latency), its own compile() and predict(). Ours is timed
twice: through the same compile() and predict(), and through `shiftwire csim`, which also checks every layer.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import shiftwire
from results import Cell, Column, Result, command, save, table, this_machine
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.shift import Shift
from shiftwire.tools.resources import Evidence
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim

WEIGHT = "fixed<8,3>"
ACCUMULATOR = "fixed<24,12>"
ACTIVATION = Fixed(8, 4, signed=False)


@dataclass(frozen=True)
class Timing:
    """Seconds to write and compile, samples simulated a second."""

    seconds_build: float
    samples_per_second: float

    def line(self) -> str:
        return f"compile {self.seconds_build:.1f} s, {self.samples_per_second:.0f} samples/s"

    def cells(self, peer: Timing) -> tuple[Cell, ...]:
        """Both, and both to a peer's."""
        ratios = self.seconds_build / peer.seconds_build, self.samples_per_second / peer.samples_per_second
        return (round(self.seconds_build, 1), round(self.samples_per_second), *(round(ratio, 2) for ratio in ratios))


@dataclass(frozen=True)
class Layer:
    """One layer of both nets: filters of a window (none for a dense layer) and a stride."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 0
    stride: int = 1
    is_adder: bool = False


MLP = [Layer(f"fc{at}", i, o) for at, (i, o) in enumerate([(16, 64), (64, 32), (32, 32), (32, 5)], start=1)]
DIGITS = [
    Layer("conv1", 1, 8, 3),
    Layer("conv2", 8, 12, 3, 2),
    Layer("conv3", 12, 12, 3, 1, is_adder=True),
    Layer("conv4", 12, 16, 3, 2),
    Layer("conv5", 16, 16, 3, 1, is_adder=True),
    Layer("fc", 64, 10),
]


COLUMNS = (
    Column("network"),
    Column("simulated by"),
    Column("compile", "s", 1),
    Column("samples/s"),
    Column("compile to hls4ml's", decimals=2),
    Column("samples/s to hls4ml's", decimals=2),
)


def main() -> None:
    machine = this_machine(compiles=True)
    rows: list[tuple[Cell, ...]] = []
    print(f"bench csim: measured on {machine.arch}, {machine.compiler}, hls4ml {importlib.metadata.version('hls4ml')}")
    cache = tempfile.TemporaryDirectory()
    os.environ["XDG_CACHE_HOME"] = cache.name  # a machine that has simulated nothing yet
    print(f"headers, precompiled once a machine and used from then on: {seconds_of_headers():.1f} s")
    for name, layers, shape, samples in (
        ("MLP 16-64-32-32-5", MLP, (16,), 20000),
        ("digits CNN", DIGITS, (8, 8, 1), 400),
    ):
        network = ours(layers, shape)
        codes = np.random.default_rng(0).integers(0, 256, (samples, *shape))
        quiet = redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO())
        with tempfile.TemporaryDirectory() as folder, quiet[0], quiet[1]:
            peer = through_hls4ml(peer_graph(layers, shape, Path(folder) / "peer"), codes)
            same = through_hls4ml(shiftwire.to_hls4ml(network, output=Path(folder) / "ours"), codes)
            checked = through_csim(network, codes[: samples // 4], Path(folder) / "project")
        report(name, peer, same, checked)
        timings = {"hls4ml's own layers": peer, "ours, hls4ml's predict": same, "ours, csim, all layers": checked}
        rows += [(name, what, *timing.cells(peer)) for what, timing in timings.items()]
    tools = {"hls4ml": importlib.metadata.version("hls4ml")}
    save("csim", Result(command(), Evidence.MEASURED, tools, COLUMNS, table(*rows), machine=machine))


def seconds_of_headers() -> float:
    """What the second program ever takes longer than the third, for it precompiles headers."""
    network, codes = ours(MLP[:1], (16,)), np.zeros((1, 16), np.int64)
    with tempfile.TemporaryDirectory() as folder:
        seconds = [through_csim(network, codes, Path(folder) / str(at)).seconds_build for at in range(3)]
    return max(seconds[1] - seconds[2], 0.0)


def report(name: str, peer: Timing, same: Timing, checked: Timing) -> None:
    print(f"{name}: hls4ml's own layers: {peer.line()}")
    for what, timing in (("ours, hls4ml's predict", same), ("ours, csim, all layers", checked)):
        compile_ratio = timing.seconds_build / peer.seconds_build
        ratio = timing.samples_per_second / peer.samples_per_second
        print(f"{name}: {what}: {timing.line()}; ratio to the peer: compile {compile_ratio:.2f}, samples/s {ratio:.2f}")


def through_hls4ml(graph: Any, codes: Codes) -> Timing:
    """hls4ml's own compile and predict, one thread."""
    start = time.perf_counter()
    graph.compile()
    seconds = time.perf_counter() - start
    values = np.ascontiguousarray(ACTIVATION.decode(codes), np.float32)
    graph.predict(values[:8])
    start = time.perf_counter()
    graph.predict(values)
    return Timing(seconds, len(codes) / (time.perf_counter() - start))


def through_csim(network: Network, codes: Codes, folder: Path) -> Timing:
    """`shiftwire csim` on both cores, every layer's codes compared."""
    report = compared(Csim(shiftwire.convert(network, output=folder)), codes)
    assert report.different == 0
    return Timing(report.seconds_build, report.samples_per_second)


def ours(layers: Sequence[Layer], shape: tuple[int, ...]) -> Network:
    """Shift and adder layers with one term a weight, Relu and an 8-bit quantizer between them."""
    rng = np.random.default_rng(1)
    nodes: list[Node] = []

    def add(name: str, op: Op) -> None:
        nodes.append(Node(name, op, (nodes[-1].name if nodes else "x",)))

    for layer in layers:
        if not layer.kernel and len(shape) == 3 and layer is layers[-1]:
            add("flat", Flatten())
        add(layer.name, _op(rng, layer))
        if layer is not layers[-1]:
            add(f"{layer.name}_relu", Relu())
            add(f"{layer.name}_quant", Requantize(ACTIVATION, Rounding.HALF_UP, Overflow.SATURATE))
    return Network.of("x", Tensor(shape, ACTIVATION), tuple(nodes), nodes[-1].name)


def _op(rng: np.random.Generator, layer: Layer) -> Op:
    spatial = (layer.kernel, layer.kernel) if layer.kernel else ()
    size = (layer.outputs, *spatial, layer.inputs)
    shift = Shift(ShiftWeights(_signs(rng, size), rng.integers(-5, 0, (1, *size)).astype(np.int8)))
    weights = Adder(rng.integers(-30, 30, size), ACTIVATION.frac) if layer.is_adder else shift
    bias = Bias(np.full(layer.outputs, 900 * layer.is_adder), ACTIVATION.frac)
    if not layer.kernel:
        return Dense(weights, bias)
    pad = (layer.kernel // 2,) * 2
    return Conv(weights, bias, Window(spatial, (layer.stride,) * 2, pad, pad))


def _signs(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return rng.choice(np.array([-1, 1], np.int8), (1, *size))


def peer_graph(layers: Sequence[Layer], shape: tuple[int, ...], folder: Path) -> Any:
    """hls4ml's own layers: Conv2D or Dense, relu, every type given."""
    import hls4ml  # noqa: PLC0415 - prints at import
    from hls4ml.model.graph import ModelGraph  # noqa: PLC0415

    listed = [{"name": "x", "class_name": "InputLayer", "input_shape": list(shape), "inputs": [], "outputs": ["x"]}]
    precisions: dict[str, Any] = {"x": {"Precision": {"result": "ufixed<8,4>"}}}
    rng, last, size = np.random.default_rng(2), "x", shape[0]
    for layer in layers:
        made, size = _peer_layer(rng, layer, last, size)
        if not layer.kernel and len(shape) == 3:
            listed.append({"name": "flat", "class_name": "Reshape", "inputs": [last], "outputs": ["flat"],
                           "target_shape": [layer.inputs]})  # fmt: skip
            precisions["flat"] = {"Precision": {"result": "ufixed<8,4,RND,SAT>"}}
            made["inputs"] = ["flat"]
        listed.append(made)
        precisions[layer.name] = {
            "Precision": {"result": ACCUMULATOR, "accum": ACCUMULATOR, "weight": WEIGHT, "bias": WEIGHT}
        }
        last = layer.name
        if layer is not layers[-1]:
            relu = f"{layer.name}_relu"
            listed.append({"name": relu, "class_name": "Activation", "activation": "relu", "inputs": [last],
                           "outputs": [relu], "n_in": made["n_values"]})  # fmt: skip
            precisions[relu] = {"Precision": {"result": "ufixed<8,4,RND,SAT>"}}
            last = relu
    backend = hls4ml.backends.get_backend("Vitis")
    config = backend.create_initial_config(part="xc7z020clg400-1", clock_period=10, io_type="io_parallel")
    model = {"Precision": ACCUMULATOR, "ReuseFactor": 1, "Strategy": "Latency"}
    config |= {"OutputDir": str(folder), "ProjectName": "peer", "Backend": "Vitis"}
    config["HLSConfig"] = {"Model": model, "LayerName": precisions}
    return ModelGraph.from_layer_list(config, listed, ["x"], [last])


def _peer_layer(rng: np.random.Generator, layer: Layer, source: str, size: int) -> tuple[dict[str, Any], int]:
    """hls4ml's description of a layer, and the width and height behind it."""
    shared = {"name": layer.name, "inputs": [source], "outputs": [layer.name], "bias_data": np.zeros(layer.outputs)}
    if not layer.kernel:
        weights = rng.integers(-100, 100, (layer.inputs, layer.outputs)) / 32
        dense = {"class_name": "Dense", "n_in": layer.inputs, "n_out": layer.outputs, "weight_data": weights}
        return shared | dense | {"n_values": layer.outputs}, size
    out, pad = (size - 1) // layer.stride + 1, layer.kernel // 2
    weights = rng.integers(-100, 100, (layer.kernel, layer.kernel, layer.inputs, layer.outputs)) / 32
    convolution = {
        "class_name": "Conv2D", "data_format": "channels_last", "weight_data": weights, "padding": "same",
        "in_height": size, "in_width": size, "n_chan": layer.inputs, "filt_height": layer.kernel,
        "filt_width": layer.kernel, "n_filt": layer.outputs, "stride_height": layer.stride,
        "stride_width": layer.stride, "pad_top": pad, "pad_bottom": pad, "pad_left": pad, "pad_right": pad,
        "out_height": out, "out_width": out,
    }  # fmt: skip
    return shared | convolution | {"n_values": out * out * layer.outputs}, out


if __name__ == "__main__":
    main()
