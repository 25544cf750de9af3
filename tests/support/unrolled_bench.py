"""Many unrolled layers in one simulation: they share their input bits, and each answers at its own latency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.rtl.unrolled.result import Form, Unrolled
from shiftwire.tools.process import run
from shiftwire.tools.verilator import Verilated, verilated

WORD = 32

QUICK = ("--output-split", "20000", "--output-split-cfuncs", "500", "-CFLAGS", "-O0")
"""A few thousand cycles run in no time; compilers take long over long functions."""

DRIVER = """
#include "Vtop.h"
#include <cstdint>
#include <cstdio>
int main(int, char **argv) {
    Vtop top;
    std::FILE *in = std::fopen(argv[1], "rb"), *out = std::fopen(argv[2], "wb");
    while (std::fread(&top.x, sizeof top.x, 1, in) == 1) {
        top.clk = 0;
        top.eval();
        std::fwrite(&top.y, sizeof top.y, 1, out);
        top.clk = 1;
        top.eval();
    }
    std::fclose(out);
    return 0;
}
"""


def simulate(layers: Sequence[Unrolled], words: NDArray[np.uint32], models: Path, folder: Path) -> list[Codes]:
    """Outputs (vectors, out) of each layer for input bits (vectors, words); low bits are input 0."""
    top = folder / "bench_top.sv"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [top, *sorted(models.glob("*.sv"))]
    for layer in layers:
        sources.append(folder / f"{layer.name}.sv")
        sources[-1].write_text(layer.text, encoding="utf-8")
    top.write_text(_top(layers, words.shape[1] * WORD), encoding="utf-8")
    program = verilated(Verilated(tuple(sources), "bench_top", DRIVER, options=QUICK), folder / "programs")
    tail = np.zeros((max(layer.latency for layer in layers), words.shape[1]), np.uint32)
    np.concatenate([words, tail]).tofile(folder / "x.bin")
    run([program, folder / "x.bin", folder / "y.bin"], "simulate the layers")
    seen = _bits(np.fromfile(folder / "y.bin", np.uint32).reshape(len(words) + len(tail), -1))
    found, start = [], 0
    for layer in layers:
        stop = start + layer.outputs * layer.y.bits
        answered = seen[layer.latency : layer.latency + len(words), start:stop]
        found.append(_codes(answered, layer.y))
        start = stop
    return found


def inputs_of(layer: Unrolled, words: NDArray[np.uint32]) -> Codes:
    """What the layer reads of the shared bits: codes (vectors, in)."""
    return _codes(_bits(words)[:, : layer.inputs * layer.x.bits], layer.x)


def vectors(layers: Iterable[tuple[Unrolled, Codes]], random: int, rng: np.random.Generator) -> NDArray[np.uint32]:
    """Random bits, and for each layer the codes (vectors, in) beside it and others from the ends of its format."""
    layers = list(layers)
    bits = max(layer.inputs * layer.x.bits for layer, _ in layers)
    width = (bits // (2 * WORD) + 1) * 2 * WORD
    rows = [rng.integers(0, 2, (random, width))]
    for layer, extremes in layers:
        ends = np.array([layer.x.lo, layer.x.hi, 0, min(layer.x.lo + 1, layer.x.hi)])
        codes = np.concatenate(
            [np.repeat(ends[:, None], layer.inputs, 1), rng.choice(ends, (12, layer.inputs)), extremes]
        )
        spread = (codes[..., None] >> np.arange(layer.x.bits) & 1).reshape(len(codes), -1)
        rows.append(np.pad(spread, [(0, 0), (0, width - spread.shape[1])]))
    packed = np.packbits(np.concatenate(rows).astype(np.uint8), axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint32)


def _bits(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")


def _codes(bits: NDArray[np.uint8], to: Fixed) -> Codes:
    placed = bits.reshape(len(bits), -1, to.bits).astype(np.int64) << np.arange(to.bits)
    codes: Codes = placed.sum(axis=2)
    return np.where(codes > to.hi, codes - (1 << to.bits), codes)


def _top(layers: Sequence[Unrolled], input_bits: int) -> str:
    lines, start = [], 0
    for layer in layers:
        width = layer.outputs * layer.y.bits
        ports = f".clk(clk), .x(x[{layer.inputs * layer.x.bits - 1}:0]), .y(y[{start + width - 1}:{start}])"
        lines.append(f"  {layer.name} i_{layer.name} ({ports});")
        start += width
    output_bits = (start // (2 * WORD) + 1) * 2 * WORD
    ports = f"input logic clk, input logic [{input_bits - 1}:0] x, output logic [{output_bits - 1}:0] y"
    rest = f"  assign y[{output_bits - 1}:{start}] = '0;"
    return "\n".join([f"module bench_top ({ports});", *lines, rest, "endmodule"]) + "\n"


def both_forms(name: str) -> list[tuple[str, Form]]:
    return [(f"{name}_{form.value}", form) for form in Form]
