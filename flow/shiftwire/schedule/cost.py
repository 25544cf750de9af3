"""What a fold costs, modelled: packed slice LUTs and BRAM36 of 7-series parts.

The constants are rounded counts of our own SystemVerilog after open synthesis (yosys 0.70, xc7, no place and route).
The model ranks folds and guesses what fits; `shiftwire synth` counts the netlist itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from shiftwire.ir.kernel import Fold
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ir.weights import Weights
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.shift import Shift
from shiftwire.ops.window import Taps, Window

SHELL_LUT = 8000
"""DMA, interconnect and control around the network."""

SHELL_BRAM36 = 6

BRAM36_IN_LUT = 120
"""What a BRAM36 is worth when folds are ranked: a third of the ratio on the smaller parts, where LUTs run out first."""

BRAM_SHAPES = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))
"""Words and bits of a BRAM36."""

LUTRAM_WORDS = 64
"""Words that one LUT holds of a bit."""

UNIT_LUT = 15
"""Control of a unit that works beat by beat."""

SHIFT_LUT = ((5.0, 12.8), (3.0, 15.0), (0.0, 23.0), (-5.0, 33.0))
"""A shift element of 1, 2, 4 and 8 exponents: once, and for each lane."""

SHALLOW_BITS = 2048
"""FIFOs and ROMs up to this size stay in LUTs."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Modelled, for the network alone."""

    lut: int = 0
    bram36: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.lut + other.lut, self.bram36 + other.bram36)


def memory(words: int, bits: int) -> Cost:
    """Storage of `words` words of `bits`: LUTs while it is small, BRAM36 above."""
    if words * bits <= SHALLOW_BITS or words <= LUTRAM_WORDS:
        return Cost(lut=bits * ceil(words / LUTRAM_WORDS))
    return Cost(bram36=blocks(words, bits))


def blocks(words: int, bits: int) -> int:
    """BRAM36 that hold `words` words of `bits`."""
    return min(ceil(words / deep) * ceil(bits / wide) for deep, wide in BRAM_SHAPES)


def layer_resources(network: Network, node: Node, fold: Fold) -> Cost:
    """A layer's units, without the FIFOs between them."""
    source, output = network.sources(node)[0], network.tensors[node.name]
    match node.op:
        case Conv() as op:
            feed = Cost() if op.is_pointwise else _ring(op.window, source, op.taps(source.shape, fold))
            return _matrix(op.weights, source, output, fold) + feed
        case Dense(weights=weights):
            return _matrix(weights, source, output, fold)
        case MaxPool() | AveragePool() | SumPool() as op:
            lanes = Cost(lut=fold.pe * (fold.simd + 1) * output.format.bits + 20)
            return lanes + _ring(op.window, source, op.taps(source.shape, fold))
    return Cost(lut=UNIT_LUT + fold.pe * _lane_lut(node.op, source, output))


def buffer_resources(network: RtlNetwork) -> Cost:
    """All buffers between units; one of a single beat is registers."""
    deep = ((depth, network.streams[name].width) for name, depth in network.depths.items() if depth > 1)
    return sum((memory(depth, width) for depth, width in deep), Cost())


def _matrix(weights: Weights, source: Tensor, output: Tensor, fold: Fold) -> Cost:
    """A unit of sums and the one that adds the bias behind it, on one lane."""
    lanes, taps = fold.pe * fold.simd, prod(weights.shape[1:])
    words = ceil(int(weights.filter_terms.sum()) * taps / lanes)
    once, each = _element_lut(weights)
    scale = max(source.format.bits, 4) / 8
    sums = Cost(lut=ceil(fold.pe * (once + each * fold.simd) * scale) + 60)
    synapses, neurons = taps // fold.simd, weights.shape[0] // fold.pe
    held = memory(synapses, fold.simd * source.format.bits) if synapses > 1 and neurons > 1 else Cost()
    # a ROM of one word is wires
    rom = memory(words, lanes * weights.type.bits) if words > 1 else Cost()
    return sums + held + rom + Cost(lut=ceil(output.format.bits * (fold.pe / 4 + 2)))


def _element_lut(weights: Weights) -> tuple[float, float]:
    """LUTs of a processing element at 8-bit inputs: once, and for each of its SIMD lanes."""
    match weights:
        case Adder():
            return 6.0, 16.7
        case Shift(weights=terms):
            low, high = terms.window
            exponents = (high - low).bit_length()
            return SHIFT_LUT[exponents] if exponents < len(SHIFT_LUT) else (0.0, 33.0 + 12 * (exponents - 3))
    return 0.0, 66.0 if weights.type.bits > 4 else 37.0


def _ring(window: Window, source: Tensor, taps: Taps) -> Cost:
    """The rows that a window unit holds, once for each tap that it gives at a time."""
    rows = window.kernel[0] + window.stride[0] if window.axes == 2 else 1
    words = 1 << (rows * source.shape[-2] * source.shape[-1] // taps.channels - 1).bit_length()
    ring = memory(words, taps.channels * source.format.bits)
    return Cost(taps.count * ring.lut + 120, taps.count * ring.bram36)


def _lane_lut(op: Op, source: Tensor, output: Tensor) -> int:
    """LUTs of one lane of a layer without weights."""
    match op:
        case Requantize():
            return source.format.bits + output.format.bits
        case Affine(scale=scale):
            return ceil(3.4 * scale.terms * output.format.bits)
        case Threshold(thresholds=thresholds):
            steps = thresholds.shape[1]
            return ceil(steps.bit_length() * source.format.bits + thresholds.size * source.format.bits / LUTRAM_WORDS)
    return ceil(1.5 * output.format.bits)
