"""Forms of sums in hardware: weights as trained, integers in LUTs or DSP blocks, adders in blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shiftwire.ir.network import Network, Op
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.rtl.files import module_files, write_network
from shiftwire.schedule.adder_blocks import in_adder_blocks
from shiftwire.schedule.design import Design
from shiftwire.schedule.lowering import in_dsp_blocks
from shiftwire.synth.counts import multiplies
from shiftwire.tools.yosys import Family, Synthesis


@dataclass(frozen=True)
class Form:
    """How products are made: of trained weights, or of integers in LUTs or a board's DSP blocks; blocks may add."""

    name: str
    bits: int = 0
    in_blocks: bool = False
    adds: bool = False

    def network(self, trained: Network) -> Network:
        return multiplying(trained, self.bits) if self.bits else trained

    def rtl(self, design: Design) -> RtlNetwork:
        if self.adds:
            return in_adder_blocks(design.rtl, design.board)
        return in_dsp_blocks(design.rtl, design.board.dsp) if self.in_blocks else design.rtl


FORMS = {
    form.name: form
    for form in (
        Form("trained"),
        Form("int8-lut", 8),
        Form("int4-lut", 4),
        Form("int8-dsp", 8, in_blocks=True),
        Form("int4-dsp", 4, in_blocks=True),
        Form("dsp-adders", adds=True),
    )
}


def multiplying(network: Network, bits: int) -> Network:
    """The same shapes with random integer weights in place of shift and adder ones."""
    rng = np.random.default_rng(bits)

    def changed(op: Op) -> Op:
        if not isinstance(op, Conv | Dense):
            return op
        return replace(op, weights=Int(rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), op.weights.shape), 0))

    return replace(network, nodes=tuple(replace(node, op=changed(node.op)) for node in network.nodes))


def netlist_of(design: Design, form: Form, rtl: RtlNetwork, folder: Path) -> Synthesis:
    """What yosys is to map: `form`'s network as files in the folder, each module kept apart."""
    sources = write_network(rtl, folder, generic=False)
    kept = tuple(sorted({unit.module.name for unit in rtl.units}))
    data = tuple(sorted(folder.glob("*.mem")))
    may_use_dsp = form.in_blocks or not multiplies(design.network)
    files = (*sources, *module_files())
    return Synthesis(files, rtl.name, family=Family.SERIES_7, dsp=may_use_dsp, kept=kept, data=data)
