"""What a fold costs, modelled: packed slice LUTs and BRAM36 of 7-series parts.

The LUTs of the processing elements were counted after open synthesis (yosys 0.70, generic 8-bit inputs, no place and
route); everything else is an estimate. The model ranks folds; it does not replace a report of Vivado.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from shiftwire.kernel import Fold, Lane
from shiftwire.network import Network, Node, Op, Tensor
from shiftwire.ops import Affine, AveragePool, Conv, Dense, MaxPool, Requantize, SumPool, Threshold, Weights, Window
from shiftwire.streaming import Pipeline

SHELL_LUT = 8000
"""DMA, interconnect and control around the network."""

SHELL_BRAM36 = 6

BRAM36_IN_LUT = 200
"""What a BRAM36 is worth when folds are ranked: about the ratio of both on the smaller parts."""

BRAM_SHAPES = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))
"""Words and bits of a BRAM36."""

LUTRAM_WORDS = 64
"""Words that one LUT holds of a bit."""

SHALLOW_BITS = 2048
"""FIFOs and ROMs up to this size stay in LUTs."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Modelled, for the network alone."""

    lut: int = 0
    bram36: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.lut + other.lut, self.bram36 + other.bram36)


def memory(words: int, bits: int) -> Resources:
    """Storage of `words` words of `bits`: LUTs while it is small, BRAM36 above."""
    if words * bits <= SHALLOW_BITS or words <= LUTRAM_WORDS:
        return Resources(lut=bits * ceil(words / LUTRAM_WORDS))
    return Resources(bram36=min(ceil(words / deep) * ceil(bits / wide) for deep, wide in BRAM_SHAPES))


def layer_resources(network: Network, node: Node, fold: Fold) -> Resources:
    """A layer's units, without the FIFOs between them."""
    source, output = network.sources(node)[0], network.tensors[node.name]
    match node.op:
        case Conv(weights=weights, window=window):
            return _matrix(weights, source, output, fold) + _ring(window, source, fold)
        case Dense(weights=weights):
            return _matrix(weights, source, output, fold)
        case MaxPool(window=window) | AveragePool(window=window) | SumPool(window=window):
            lanes = Resources(lut=fold.pe * fold.simd * output.format.bits)
            return lanes + _ring(window, source, fold)
    return Resources(lut=fold.pe * _lane_lut(node.op, source, output))


def fifo_resources(pipeline: Pipeline) -> Resources:
    """All FIFOs of a pipeline."""
    fifos = pipeline.fifos.values()
    return sum((memory(fifo.depth, fifo.port.lanes * fifo.format.bits) for fifo in fifos), Resources())


def _matrix(weights: Weights, source: Tensor, output: Tensor, fold: Fold) -> Resources:
    lanes = fold.pe * fold.simd
    words = ceil(int(weights.filter_terms.sum()) * prod(weights.shape[1:]) / lanes)
    once, each = _element_lut(weights)
    scale = max(source.format.bits, 4) / 8
    units = Resources(lut=ceil(fold.pe * (once + each * fold.simd) * scale) + 100)
    held = memory(prod(weights.shape[1:]) // fold.simd, fold.simd * source.format.bits)
    # a ROM of one word is wires
    rom = memory(words, lanes * weights.type.bits) if words > 1 else Resources()
    return units + held + rom + Resources(lut=fold.pe * output.format.bits)


def _element_lut(weights: Weights) -> tuple[float, float]:
    """LUTs of a processing element at 8-bit inputs: once, and for each of its SIMD lanes."""
    if weights.lane is Lane.ADDER:
        return 6.0, 16.7
    if weights.lane is Lane.INT:
        return 0.0, 66.0 if weights.type.bits > 4 else 37.0
    window = (1 << (weights.type.bits - 1)) - 1
    return {1: (5.0, 12.8), 3: (1.5, 19.0)}.get(window, (-5.0, 33.0))


def _ring(window: Window, source: Tensor, fold: Fold) -> Resources:
    """The rows that a window unit holds, a bank each."""
    rows = window.kernel[0] + window.stride[0] if window.axes == 2 else 1
    width, channels = source.shape[-2], source.shape[-1]
    lanes = min(fold.simd, channels)
    bank = memory(ceil(width * channels / lanes), lanes * source.format.bits)
    return Resources(rows * bank.lut + 90, rows * bank.bram36)


def _lane_lut(op: Op, source: Tensor, output: Tensor) -> int:
    """LUTs of one lane of a layer without weights."""
    match op:
        case Requantize():
            return 2 * source.format.bits + 2 * output.format.bits
        case Affine(scale=scale):
            return scale.terms * output.format.bits * 2
        case Threshold(thresholds=thresholds):
            return ceil(thresholds.shape[1] * (source.format.bits / 2 + 1))
    return output.format.bits
