"""Unrolled layers beside alkaid's own Verilog of the same layers, in one run: slice LUTs, flip-flops, latency.

Peer: alkaid's RTLModel as it comes (ternary_fuse, latency_cutoff 5, its registers at both ends). Both sides are mapped
to xc7 by the same yosys flow and counted by the same rule; nobody places and routes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from alkaid.codegen import RTLModel
from alkaid.trace import FVArray, HWConfig, trace

from results import Cell, Column, Result, command, save, table
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, adder_interval, linear_interval
from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form, Unrolled
from shiftwire.tools.resources import Evidence, Resources
from shiftwire.tools.yosys import Family, Synthesis, synthesised, yosys_version

SIZE = (16, 16)
CUTOFF = 5.0

COLUMNS = (
    Column("layer"),
    Column("form"),
    Column("LUT"),
    Column("of which SRL"),
    Column("FF"),
    Column("DSP"),
    Column("latency", "cycles"),
    Column("LUT to alkaid's", decimals=3),
)


@dataclass(frozen=True)
class Layer:
    """Weights (out, in) of a layer without biases."""

    name: str
    weights: Codes
    x: Fixed
    is_adder: bool

    @property
    def reach(self) -> Interval:
        return (adder_interval if self.is_adder else linear_interval)(self.weights, self.x)

    def ours(self, form: Form) -> Unrolled:
        write = adder_layer if self.is_adder else linear_layer
        bias = np.zeros(len(self.weights), np.int64)
        return write("layer", self.weights, self.x, bias, self.reach.format(0), form=form)

    def peers(self, folder: Path) -> Any:
        """alkaid's project, written to a folder."""
        ones = np.ones(self.weights.shape[1], np.int64)
        bits = self.x.bits - self.x.signed
        x = FVArray.from_kif(ones * self.x.signed, ones * bits, 0 * ones, HWConfig(1, -1, -1), 0.0, {"hard_dc": 2})
        weights = self.weights.astype(np.float64)
        y = -np.sum(np.abs(x[None, :] - weights), axis=1) if self.is_adder else x @ weights.T
        model = RTLModel(trace(x, y), folder, prj_name="peer", latency_cutoff=CUTOFF, part_name="xc7z020clg400-1")
        model.write()
        return model


def layers() -> Iterator[Layer]:
    rng = np.random.default_rng(0)
    for bits in (8, 6, 4):
        x = Fixed(bits, 0, signed=True)
        drawn = np.rint(rng.normal(0, 2.0 ** (bits - 3), SIZE)).astype(np.int64)
        yield Layer(f"adder {bits} bit, normal weights", np.clip(drawn, x.lo, x.hi), x, is_adder=True)
        yield Layer(f"adder {bits} bit, uniform weights", rng.integers(x.lo, x.hi + 1, SIZE), x, is_adder=True)
    for terms in (1, 2):
        signs = rng.choice(np.array([-1, 1]), (terms, *SIZE))
        powers = (signs << rng.integers(0, 7, (terms, *SIZE))).sum(axis=0)
        yield Layer(f"shift 8 bit, {terms} power(s) of two", powers, Fixed(8, 0, signed=True), is_adder=False)


def main() -> None:
    tools = f"{yosys_version()}, alkaid {version('alkaid')}, latency_cutoff {CUTOFF:g}, xc7"
    print(f"bench unrolled: {SIZE[0]}x{SIZE[1]} layers, synthesised, not placed; {tools}", flush=True)
    rows: list[tuple[Cell, ...]] = []
    for layer in layers():
        with tempfile.TemporaryDirectory() as name:
            rows.extend(report(layer, Path(name)))
    versions = {"pyosys": yosys_version().split()[-1], "alkaid": version("alkaid")}
    part = Family.SERIES_7.value
    save("unrolled", Result(command(), Evidence.SYNTHESISED, versions, COLUMNS, table(*rows), part=part))


def report(layer: Layer, folder: Path) -> Iterator[tuple[Cell, ...]]:
    """Prints a layer's lines and gives its rows."""
    model = layer.peers(folder / "peer")
    sources = sorted((folder / "peer" / "src").rglob("*.v"))
    wanted = tuple(path for path in sources if "wrapper" not in path.name)
    peer = synthesised(Synthesis(wanted, "peer"), folder / "maps").resources
    print(line(layer.name, "alkaid", peer, int(model.latency)), flush=True)
    yield row(layer.name, "alkaid", peer, int(model.latency), 1.0)
    for form in (Form.XILINX, Form.GENERIC):
        unrolled = layer.ours(form)
        path = folder / f"{form.value}.sv"
        path.write_text(unrolled.text, encoding="utf-8")
        found = synthesised(Synthesis((path,), "layer"), folder / "maps").resources
        ratio = found.lut / peer.lut
        print(f"{line(layer.name, form.value, found, unrolled.latency)}; ratio {ratio:.3f}", flush=True)
        yield row(layer.name, form.value, found, unrolled.latency, round(ratio, 3))


def line(name: str, what: str, found: Resources, latency: int) -> str:
    counts = f"{found.lut} LUT ({found.srl} SRL), {found.ff} FF, {found.dsp} DSP, latency {latency}"
    return f"{name}: {what}: {counts}"


def row(name: str, what: str, found: Resources, latency: int, ratio: float) -> tuple[Cell, ...]:
    return (name, what, round(found.lut), found.srl, round(found.ff), round(found.dsp), latency, ratio)


if __name__ == "__main__":
    main()
