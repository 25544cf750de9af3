"""Layers that meet all their weights in one cycle, as logic: the weights are wires and there is no ROM."""

from __future__ import annotations

import numpy as np

from shiftwire.ir.kernel import Lane
from shiftwire.ir.rtl_network import RtlUnit
from shiftwire.numbers.fixed import Codes
from shiftwire.rtl.actors import plain
from shiftwire.rtl.site import Site
from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form

MOST_WEIGHTS = 4096
"""Larger layers take minutes to optimise and fill a device."""

WRAPPER = """// Layer '@LAYER@' with all its weights as logic: a beat in, a beat out @LATENCY@ cycles later.
// Written by shiftwire.
module @MODULE@ #(
    parameter bit GENERIC = 1,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [@IN@-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [@OUT@-1:0] m_data
);
    logic room;
    logic [@LATENCY@:0] is_live;
    logic [@OUT@-1:0] y;
    assign s_ready = room;
    assign is_live[0] = s_valid & room;
@SHIFT@
    generate
        if (GENERIC) begin : plain
            @MODULE@_generic layer (.clk, .x(s_data), .y);
        end else begin : primitives
            @MODULE@_series7 layer (.clk, .x(s_data), .y);
        end
    endgenerate
    sw_fifo #(.WIDTH(@OUT@), .DEPTH(DEPTH), .AHEAD(@AHEAD@), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(is_live[0]), .room, .push(is_live[@LATENCY@]), .push_data(y), .m_valid, .m_ready, .m_data
    );
endmodule
"""

SHIFT = """    always_ff @(posedge clk) is_live[@LATENCY@:1] <= rst ? '0 : is_live[@BEFORE@:0];
"""


def is_unrollable(site: Site) -> bool:
    """Whether all weights of a layer meet all inputs at once, and there are few enough of them."""
    kernel = site.kernel
    if kernel.function != "mvu":
        return False
    folds = kernel.number("groups") * kernel.number("neuron_folds") * kernel.number("synapse_folds")
    is_adder = any(s.value is Lane.ADDER for s in kernel.settings)
    weights = kernel.number("pe") * kernel.number("simd")
    return folds == 1 and weights <= MOST_WEIGHTS and not (is_adder and kernel.number("grid_shift"))


def unrolled(site: Site, network: str) -> RtlUnit:
    """The layer as a module of its own in `network`; raises ToolError where the optimiser is missing."""
    kernel, unit = site.kernel, site.unit
    module = f"{network}_{unit.name}_layer"
    bias = kernel.table("bias")
    is_adder = any(s.value is Lane.ADDER for s in kernel.settings)
    make = adder_layer if is_adder else linear_layer
    rows = _rows(site)
    forms = [
        make(f"{module}_{name}", rows, site.x, bias, site.made, form=form)
        for name, form in (("generic", Form.GENERIC), ("series7", Form.XILINX))
    ]
    latency = forms[0].latency
    text = WRAPPER.replace("@SHIFT@\n", SHIFT if latency else "")
    for key, value in {
        "@LAYER@": unit.layer,
        "@MODULE@": module,
        "@LATENCY@": latency,
        "@BEFORE@": latency - 1,
        "@AHEAD@": int(latency > 0),
        "@IN@": kernel.number("simd") * site.x.bits,
        "@OUT@": kernel.number("pe") * site.made.bits,
    }.items():
        text = text.replace(key, str(value))
    sources = {module: text} | {form.name: form.text for form in forms}
    actor = plain(unit.name, unit.inputs, site.writes, kernel.number("positions"), stages=latency)
    return RtlUnit(unit.name, module, {}, unit.inputs, site.writes, unit.layer, (actor,), sources=sources)


def _rows(site: Site) -> Codes:
    """Integer weights (out, in) in the kernel's order of filters, on the grid of the output for linear layers."""
    kernel = site.kernel
    pe, simd = kernel.number("pe"), kernel.number("simd")
    table = kernel.table("weight").reshape(-1, pe, simd)
    if any(s.value is Lane.SHIFT for s in kernel.settings):
        magnitude_bits = kernel.number("magnitude_bits")
        field = table & ((1 << magnitude_bits) - 1)
        power = np.where(field == 0, 0, np.int64(1) << np.maximum(field - 1, 0))
        table = np.where(table >> magnitude_bits, -power, power)
    rows: Codes = table.sum(axis=0) << kernel.number("grid_shift")
    return rows
