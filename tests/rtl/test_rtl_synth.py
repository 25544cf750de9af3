"""Every kind of unit goes through open synthesis: primitives for the 7 series, plain operators for UltraScale+."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlib import some_folds
from shiftwire.rtl.files import module_files, write_network
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.tools.yosys import Family, Synthesis, synthesised
from single_layers import single_layers
from tiers import some

LAYERS = (
    "shift_dense",
    "adder_conv",
    "shift_conv_depthwise",
    "shift_conv_pruned_grouped",
    "affine",
    "threshold",
    "max_pool",
    "concat",
    "add",
    "flatten",
    "requantize_half_even_saturate",
)


@pytest.mark.parametrize("layer", some(LAYERS, "shift_dense", "adder_conv", "shift_conv_pruned_grouped"))
@pytest.mark.parametrize("family", some(Family, Family.SERIES_7), ids=lambda family: family.value)
def test_units_are_synthesised(layer: str, family: Family, tmp_path: Path) -> None:
    network = rtl_network(pipeline(single_layers()[layer], some_folds(single_layers()[layer], 1)))
    sources = write_network(network, tmp_path, generic=family is not Family.SERIES_7)
    kept = tuple(sorted({unit.module.name for unit in network.units}))
    data = tuple(sorted(tmp_path.glob("*.mem")))
    synthesis = Synthesis((*sources, *module_files()), network.name, family=family, dsp=True, kept=kept, data=data)
    netlist = synthesised(synthesis, tmp_path / "maps")
    assert netlist.resources.dsp == 0
    assert {path.removeprefix("unit_") for path in netlist.units} >= {unit.name for unit in network.units}
    assert all(netlist.units[f"unit_{unit.name}"].lut > 0 for unit in network.units)
