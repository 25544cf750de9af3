"""Native C-simulation against hls4ml's own convolutions and onnxruntime int8: one run, one thread, same shapes.

Seconds of conversion and of simulation are of this process and its children (user time), so that a busy machine changes
the ratios little; those of compiling are of the wall clock, for ours compiles its parts side by side.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nets import PLANS, Plan, network
from peers import float_onnx, hls4ml_layers
from results import Cell, Column, Result, save, table, this_machine
from shiftwire.api import convert
from shiftwire.ir.network import Network
from shiftwire.native.program import native_program, simulate
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.tools.resources import Evidence


@dataclass(frozen=True)
class Peer:
    """How hls4ml builds a net: its strategy, its reuse factor, and how many images it can be asked for."""

    strategy: str
    reuse: int
    images: int


PEERS = {
    "LeNet": Peer("Latency", 1, 400),
    "ResNet-8": Peer("Latency", 1, 16),
    "ResNet-20": Peer("Resource", 16, 6),
    "MobileNetV1-0.25": Peer("Resource", 16, 4),
    "VGG19-small": Peer("Resource", 16, 3),
}


WITH_LESS = "ResNet-20"
"""The net that is simulated without AVX-512 too, beside peers that have it."""

COLUMNS = (
    Column("network"),
    Column("simulated by"),
    Column("convert", "s", 1),
    Column("compile", "s", 1),
    Column("images/s"),
    Column("compile to hls4ml's", decimals=2),
    Column("images/s to hls4ml's", decimals=1),
    Column("images/s to onnxruntime int8's", decimals=3),
)
Cells = tuple[Cell, ...]


def seconds_of(work: Callable[[], object]) -> float:
    """User and system seconds of this process and the children it waited for."""

    def now() -> float:
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    start = now()
    work()
    return now() - start


def waited_for(work: Callable[[], object]) -> float:
    """Seconds of the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def least_seconds(work: Callable[[], object]) -> float:
    """The least of four measurements; every tool is timed so."""
    return min(seconds_of(work) for _ in range(4))


def ours(net: Network, samples: int, folder: Path) -> tuple[float, float, float]:
    """Seconds to convert, seconds of g++, images a second in one process."""
    programs: list[Any] = []
    seconds_convert = seconds_of(lambda: convert(net, "zcu104", folder / "project"))
    seconds_compile = waited_for(lambda: programs.append(native_program(net, folder)))
    codes = np.random.default_rng(0).integers(0, 256, (samples, *net.input.shape))
    simulate(programs[0], codes[:16])
    expected = net.evaluate(codes[:16])
    found = simulate(programs[0], codes[:16]).codes[programs[0].pipeline.output]
    assert np.array_equal(found, expected.reshape(16, -1)), "the simulation is wrong"
    return seconds_convert, seconds_compile, samples / least_seconds(lambda: simulate(programs[0], codes))


def seconds_of_headers() -> float:
    """What the second program ever takes longer than the third, for it precompiles headers."""
    net, seconds = run_pipeline(network(PLANS["LeNet"](), adder=False)), []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            seconds.append(waited_for(lambda folder=folder: native_program(net, Path(folder))))
    return max(seconds[1] - seconds[2], 0.0)


def by_hls4ml(plan: Plan, peer: Peer, folder: Path) -> tuple[float, float, float]:
    """Seconds to convert, seconds of g++, images a second of its own compile and predict."""
    import hls4ml  # noqa: PLC0415 - prints at import
    from hls4ml.model.graph import ModelGraph  # noqa: PLC0415

    layers, types = hls4ml_layers(plan, peer.reuse)
    backend = hls4ml.backends.get_backend("Vitis")
    config = backend.create_initial_config(part="xczu7ev-ffvc1156-2-e", clock_period=5, io_type="io_stream")
    model = {"Precision": "fixed<16,8>", "ReuseFactor": peer.reuse, "Strategy": peer.strategy}
    config |= {"OutputDir": str(folder), "ProjectName": "peer", "Backend": "Vitis"}
    config["HLSConfig"] = {"Model": model, "LayerName": types}
    graphs: list[Any] = []

    def make() -> None:
        graphs.append(ModelGraph.from_layer_list(config, layers, ["x"], [layers[-1]["name"]]))
        graphs[0].write()

    seconds_convert = seconds_of(make)
    seconds_compile = waited_for(graphs[0]._compile)
    values = np.random.default_rng(0).random((peer.images, plan.size, plan.size, plan.channels)).astype(np.float32)
    graphs[0].predict(values[:1])
    return seconds_convert, seconds_compile, peer.images / least_seconds(lambda: graphs[0].predict(values))


def by_onnxruntime(plan: Plan, samples: int, folder: Path) -> float:
    """Images a second of onnxruntime's static int8, one thread."""
    import onnxruntime  # noqa: PLC0415
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static  # noqa: PLC0415

    shape = (plan.channels, plan.size, plan.size)

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = [np.random.default_rng(0).random((8, *shape)).astype(np.float32)]

        def get_next(self) -> dict[str, np.ndarray] | None:
            return {"x": self.left.pop()} if self.left else None

    source, target = folder / "float.onnx", folder / "int8.onnx"
    float_onnx(plan, source)
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "per_channel": True}
    quantize_static(source, target, Calibration(), quant_format=QuantFormat.QDQ, **types)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(target, options, providers=["CPUExecutionProvider"])
    values = np.random.default_rng(1).random((samples, *shape)).astype(np.float32)
    session.run(None, {"x": values[:8]})
    return samples / least_seconds(lambda: session.run(None, {"x": values}))


def lines(name: str, forms: dict[str, Network], samples: int) -> Iterator[tuple[str, Cells]]:
    """Lines to print, each with its row."""
    plan = PLANS[name]()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        convert_peer, compile_peer, rate_peer = by_hls4ml(plan, PEERS[name], Path(folder) / "hls4ml")
        rate_int8 = by_onnxruntime(plan, samples, Path(folder))
    peer = f"convert {convert_peer:.1f} s, g++ {compile_peer:.1f} s, {rate_peer:.1f} images/s"

    def cells(what: str, convert_s: float | None, compile_s: float | None, rate: float) -> Cells:
        seconds = (each and round(each, 1) for each in (convert_s, compile_s))
        ratio = compile_s and round(compile_s / compile_peer, 2)
        return name, what, *seconds, round(rate), ratio, round(rate / rate_peer, 1), round(rate / rate_int8, 3)

    yield f"{name}: hls4ml's convolutions: {peer}", cells("hls4ml", convert_peer, compile_peer, rate_peer)
    yield f"{name}: onnxruntime int8: {rate_int8:.0f} images/s", cells("onnxruntime int8", None, None, rate_int8)
    tried = [(form, net, "") for form, net in forms.items()]
    if name == WITH_LESS:
        tried += [(f"{form}, AVX2 alone", net, "avx2") for form, net in forms.items()]
    for form, net, instructions in tried:
        os.environ["SHIFTWIRE_SIMD"] = instructions
        with tempfile.TemporaryDirectory() as folder:
            seconds_convert, seconds_compile, rate = ours(net, samples, Path(folder))
        os.environ["SHIFTWIRE_SIMD"] = ""
        yield (
            f"{name}, {form}: native: convert {seconds_convert:.1f} s, g++ {seconds_compile:.1f} s "
            f"({seconds_compile / compile_peer:.2f} x hls4ml's), {rate:.0f} images/s: {rate / rate_peer:.0f} x hls4ml, "
            f"{rate / rate_int8:.3f} x onnxruntime int8",
            cells(f"ours, {form}", seconds_convert, seconds_compile, rate),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", help=f"of {', '.join(PLANS)} (default: all)")
    chosen = parser.parse_args().nets
    machine = this_machine(compiles=True)
    tools = {name: importlib.metadata.version(name) for name in ("hls4ml", "onnxruntime")}
    versions = ", ".join(f"{name} {version}" for name, version in tools.items())
    print(f"bench native: measured on {machine.arch}, {machine.compiler}, {versions}; one thread, user seconds")
    cache = tempfile.TemporaryDirectory()
    os.environ["XDG_CACHE_HOME"] = cache.name  # a machine that has simulated nothing yet
    print(f"headers, precompiled once a machine and used from then on: {seconds_of_headers():.1f} s")
    for name, plan in PLANS.items():
        if chosen and name not in chosen:
            continue
        forms = {"shift": network(plan(), adder=False)}
        if name.startswith("ResNet"):
            forms |= {"adder": network(plan(), adder=True), "shift-add": network(plan(), adder=False, alternate=True)}
        start = time.perf_counter()
        rows: list[Cells] = []
        for line, row in lines(
            name, {form: run_pipeline(net) for form, net in forms.items()}, 4096 if name == "LeNet" else 256
        ):
            print(line, flush=True)
            rows.append(row)
        said = "python tests/benchmarks/bench_native.py"
        save("native", Result(said, Evidence.MEASURED, tools, COLUMNS, table(*rows), machine=machine), keys=2)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"{name}: {time.perf_counter() - start:.0f} s in all, peak memory {peak} MiB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
