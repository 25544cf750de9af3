"""What no rewriting of yosys' own hides: strides that are products, and units that are small by its grace alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlib import some_folds
from random_networks import random_network
from rtl_nets import random_folds
from shell_cases import CASES
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.rtl.files import MODULES, module_files, write_network
from shiftwire.rtl.shell import SHELL_MODULES, TOP
from shiftwire.schedule.lowering import in_dsp_blocks, rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.tools.yosys import Synthesis, synthesised
from single_layers import single_layers
from tiers import every_third, part
from without_peepopt import multiplications, without_peepopt

MOST_GROWTH = 1.1
FEW_LUT = 8
"""More LUTs than these and than a tenth: a unit of a few LUTs may take one more."""

LAYERS = (
    "shift_dense_four_terms",
    "adder_conv",
    "shift_conv_depthwise",
    "affine",
    "threshold",
    "max_pool",
    "concat",
    "add",
    "flatten",
    "requantize_half_even_saturate",
)
ODD = 5
"""A seed whose folds are no powers of two."""


def synthesis_of(network: RtlNetwork, folder: Path, *, dsp: bool = True) -> Synthesis:
    sources = write_network(network, folder, generic=False)
    kept = tuple(sorted({unit.module.name for unit in network.units}))
    data = tuple(sorted(folder.glob("*.mem")))
    return Synthesis((*sources, *module_files()), network.name, dsp=dsp, kept=kept, data=data)


def grown(synthesis: Synthesis, folder: Path) -> dict[str, tuple[int, int]]:
    """LUTs with and without peepopt of the units that take more than a tenth more without."""
    usual = synthesised(synthesis, folder).units
    unhelped = synthesised(without_peepopt(synthesis), folder).units
    assert usual.keys() == unhelped.keys()
    pairs = {name: (unit.lut, unhelped[name].lut) for name, unit in usual.items()}
    return {name: (few, many) for name, (few, many) in pairs.items() if many > max(MOST_GROWTH * few, few + FEW_LUT)}


def layer(name: str) -> Network:
    return single_layers()[name]


@pytest.mark.parametrize("name", part(LAYERS, ("max_pool",), ("shift_conv_depthwise",)))
def test_units_are_small_without_peepopt(name: str, tmp_path: Path) -> None:
    for seed in (1, ODD):
        network = rtl_network(pipeline(layer(name), some_folds(layer(name), seed)))
        synthesis = synthesis_of(network, tmp_path / str(seed))
        assert not grown(synthesis, tmp_path / "maps")
        assert not multiplications(synthesis)


@pytest.mark.parametrize("seed", part((6, 57, 83, 131, 132), (6,), (57,)))
def test_no_product_is_left_in_a_network(seed: int, tmp_path: Path) -> None:
    """Of data and weights, by request, in DSP blocks alone; these fold into beats of three parts and more."""
    folded = pipeline(random_network(seed), random_folds(random_network(seed), seed))
    network = in_dsp_blocks(rtl_network(folded))
    asked = any(unit.module.pe is Pe.INT_IN_DSP for unit in network.units)
    assert multiplications(synthesis_of(network, tmp_path)) == ({"sw_product.sv"} if asked else set())


@pytest.mark.parametrize("name", every_third(sorted(CASES), "odd words"))
def test_a_shell_is_small_without_peepopt(name: str, tmp_path: Path) -> None:
    synthesis = Synthesis(CASES[name].files(tmp_path), TOP, kept=SHELL_MODULES)
    assert not multiplications(synthesis)
    assert not grown(synthesis, tmp_path / "maps")


STRIDE = """\
module stride #(parameter int PARTS = 5, parameter int WIDTH = 7) (
    input logic [PARTS*WIDTH-1:0] words, input logic [2:0] number, output logic [WIDTH-1:0] word
);
    assign word = words[number*WIDTH+:WIDTH];
endmodule
"""


def test_a_multiplied_stride_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "stride.sv"
    source.write_text(STRIDE, encoding="utf-8")
    assert multiplications(Synthesis((source,), "stride")) == {"stride.sv"}
    whole = "module outer (input logic [34:0] a, input logic [2:0] n, output logic [6:0] y);\n"
    outer = tmp_path / "outer.sv"
    outer.write_text(f"{whole}    stride u (.words(a), .number(n), .word(y));\nendmodule\n", encoding="utf-8")
    assert grown(Synthesis((source, outer), "outer", kept=("stride",)), tmp_path / "maps").keys() == {"u"}


def test_a_choice_of_words_is_none(tmp_path: Path) -> None:
    assert not multiplications(Synthesis((MODULES / "sw_pick.sv",), "sw_pick", {"COUNT": 5, "WIDTH": 7}))
