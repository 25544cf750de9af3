"""Output codes against a file's own run in float32; what differs must begin on a tie of some quantizer.

The network is exact. A float runtime's sum in front of a rounding is off in its last bits, so that a value half way
between two codes may fall on either side there. Such a code differs by one step, and what follows from it may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import onnx
from shiftwire.api import load_network
from shiftwire.ir.host import channels_last
from shiftwire.ir.network import Network
from shiftwire.onnx.importer import constants_of
from shiftwire.onnx.runtime import run_onnx, run_tensors
from shiftwire.units.names import sanitised

NOISE = 2.0**-19
"""Of a code's size: some units of the last place of a float32 sum whose parts are larger than itself."""
SMALLEST = 256
"""Codes of eight bits are taken as large as this at least: their sums had such parts."""
BATCH = 64
MOST = 0.002
"""Of output codes, behind ties, where no mean of codes makes ties by the dozen."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`different` output codes of `codes`, in samples of which each one has a tie first; `ties` counts those."""

    codes: int
    different: int
    ties: int
    unexplained: int
    """Samples whose codes differ with no tie in front."""
    inner: int
    """Codes of all quantizers that are tensors of the file, of all samples: any of them may be a tie."""
    distinct: int
    """Different output codes, so that nothing vacuous is taken for agreement."""

    @property
    def share(self) -> float:
        """Of output codes that differ."""
        return self.different / self.codes


@dataclass(frozen=True, slots=True)
class Quantizer:
    """A rounding node: what it reads, in steps of `scale`, and what it gives; ties lie `shift` below a half."""

    read: str
    made: str
    scale: np.ndarray
    gives_values: bool = False
    shift: float = 0.0


def quantizers(model: onnx.ModelProto) -> Iterator[Quantizer]:
    """QuantizeLinear, Quant, Round and Floor nodes of activations, in the file's order."""
    constants = constants_of(model)
    for node in model.graph.node:
        if not node.input or node.input[0] in constants:
            continue
        ends = node.input[0], node.output[0]
        if node.op_type in ("QuantizeLinear", "Quant") and node.input[1] in constants:
            scale = constants[node.input[1]].astype(np.float64)
            yield Quantizer(*ends, scale, gives_values=node.op_type == "Quant")
        elif node.op_type in ("Round", "Floor"):
            yield Quantizer(*ends, np.ones(()), shift=0.5 * (node.op_type == "Floor"))


def agreement(model: onnx.ModelProto, network: Network, x: np.ndarray, smallest: int = SMALLEST) -> Agreement:
    """Whole output tensors of the network and of the file under onnxruntime, its optimiser off."""
    expected = network.host_output.nearest(run_onnx(model, x).astype(np.float64), network.output.format)
    entered = network.host_input.encode(x, network.input.format)
    found = np.concatenate([network.evaluate(batch) for batch in network.batches(entered, BATCH)])
    assert found.shape == expected.shape, (found.shape, expected.shape)
    wrong = found != expected
    rows = np.flatnonzero(wrong.reshape(len(x), -1).any(axis=1))
    parts = [_explained(model, network, x[rows[at : at + BATCH]], smallest) for at in range(0, len(rows), BATCH)]
    ties, unexplained = (sum(counts) for counts in zip(*parts, strict=True)) if parts else (0, 0)
    made = {sanitised(each.made, ()) for each in quantizers(model)} & network.tensors.keys()
    inner = len(x) * sum(network.tensors[name].size for name in made)
    return Agreement(found.size, int(wrong.sum()), ties, unexplained, inner, len(np.unique(found)))


def _explained(model: onnx.ModelProto, network: Network, x: np.ndarray, smallest: int) -> tuple[int, int]:
    """Ties from which the samples come to differ, and how many samples differ elsewhere first."""
    layers = network.evaluate_layers(network.host_input.encode(x, network.input.format))
    shown = [each for each in quantizers(model) if sanitised(each.made, ()) in layers]
    names = [name for each in shown for name in (each.read, each.made)]
    values = dict(zip(names, run_tensors(model, x, names)[1:], strict=True))
    parted, ties, unexplained = np.zeros(len(x), bool), 0, 0
    for each in shown:
        codes, own = layers[sanitised(each.made, ())], _codes(each, values[each.made])
        off = codes - own
        off -= np.int64(np.median(off))
        differs = (off != 0).reshape(len(x), -1).any(axis=1) & ~parted
        if not differs.any():
            continue
        is_tie = (np.abs(off) == 1) & _near_tie(each, values[each.read], smallest)
        fine = ((off == 0) | is_tie).reshape(len(x), -1).all(axis=1)
        ties += int(np.count_nonzero(off[differs & fine]))
        unexplained += int(np.count_nonzero(differs & ~fine))
        parted |= differs
    return ties, unexplained + int(np.count_nonzero(~parted))


def _codes(each: Quantizer, made: np.ndarray) -> np.ndarray:
    """Codes (N, ..., C) of what the node gave: those themselves, or values on its grid."""
    codes = made.astype(np.float64) / each.scale if each.gives_values else made
    return channels_last(np.rint(codes).astype(np.int64))


def _near_tie(each: Quantizer, read: np.ndarray, smallest: int) -> np.ndarray:
    """Where the value in front of the rounding lies half way between two codes, but for float32's noise."""
    code = read.astype(np.float64) / each.scale + each.shift
    distance = np.abs(code - np.floor(code) - 0.5)
    return channels_last(distance <= NOISE * np.maximum(np.abs(code), smallest))


def held(
    path: Path,
    x: np.ndarray,
    kind: str,
    count: Any,
    *,
    most: float = MOST,
    levels: int = 10,
    smallest: int = SMALLEST,
) -> Agreement:
    """Converts a file and holds its network to the file's own run; counts the file under its kind.

    `most` is the share of output codes that may follow from a tie, `levels` what there must be of different codes,
    `smallest` how large codes are taken at least.
    """
    found = agreement(onnx.load(path), load_network(path), x, smallest)
    assert found.unexplained == 0, found
    assert found.share <= most, found
    assert found.distinct >= levels, found
    count(**{f"{kind}_files": 1, f"{kind}_codes": found.codes, "codes_behind_ties": found.different})
    return found
