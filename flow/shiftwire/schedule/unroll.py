"""Layers that meet all their weights in one cycle, as logic: the weights are wires and there is no ROM."""

from __future__ import annotations

from shiftwire.ir.cfg import Element
from shiftwire.ir.module import Module
from shiftwire.ir.nest import each_beat
from shiftwire.ir.pipeline import Instance
from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form
from shiftwire.tools.template import filled
from shiftwire.units.sums.matrix import MatrixUnit

MOST_WEIGHTS = 4096
"""Larger layers take minutes to optimise and fill a device."""


def unrolled(instance: Instance, network: str) -> Module | None:
    """The layer as a module of its own in `network`; None where its weights do not meet all inputs at once.

    Raises ToolError where the optimiser is missing.
    """
    unit = instance.unit
    if not isinstance(unit, MatrixUnit) or not _is_unrollable(unit):
        return None
    module = f"{network}_{instance.name}_layer"
    make = adder_layer if unit.weights.element is Element.ADDER else linear_layer
    # integer weights (out, in) in the order of the bias, on the grid of the output for linear layers
    rows = unit.weights.rows[unit.order] << unit.grid_shift
    bias = unit.bias.on(unit.format.frac)[unit.order]
    forms = [
        make(f"{module}_{name}", rows, unit.x, bias, unit.format, form=form)
        for name, form in (("generic", Form.GENERIC), ("series7", Form.XILINX))
    ]
    latency = forms[0].latency
    shift = f"    always_ff @(posedge clk) is_live[{latency}:1] <= rst ? '0 : is_live[{latency - 1}:0];"
    text = filled(
        "unrolled_layer.sv",
        layer=instance.layer,
        module=module,
        latency=latency,
        shift=shift if latency else "",
        ahead=int(latency > 0),
        **{"in": unit.fold.simd * unit.x.bits, "out": unit.fold.pe * unit.format.bits},
    )
    sources = {module: text} | {form.name: form.text for form in forms}
    return Module(module, {}, each_beat(unit.positions), latency, has_forms=True, sources=sources)


def _is_unrollable(unit: MatrixUnit) -> bool:
    """Whether all weights of a layer meet all inputs at once, and there are few enough of them."""
    folds = unit.groups * unit.neuron_folds * unit.synapse_folds
    is_shifted_adder = unit.weights.element is Element.ADDER and unit.grid_shift != 0
    return folds == 1 and unit.fold.pe * unit.fold.simd <= MOST_WEIGHTS and not is_shifted_adder
