"""Our layers inside hls4ml: one class a C++ function, types and tables given, nothing left to its passes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hls4ml.backends.fpga.fpga_types import (
    APTypeConverter,
    HLSTypeConverter,
    StaticWeightVariableConverter,
    StaticWeightVariableDefinition,
)
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.backends.vivado.vivado_types import VivadoStreamVariableConverter
from hls4ml.model.layers import Layer
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType

from shiftwire.hls.cpp import Variable, call, config_struct, extents
from shiftwire.ir.cfg import Table
from shiftwire.ir.cost import is_block
from shiftwire.ir.pipeline import Fifo
from shiftwire.ir.unit import Unit
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.layers import LAYERS
from shiftwire.schedule.streaming import BETWEEN


def precision(format: Fixed) -> FixedPrecisionType:
    """ap_fixed or ap_ufixed with the same bits and the same binary point."""
    return FixedPrecisionType(width=format.bits, integer=format.bits - format.frac, signed=format.signed)


class _TableDefinition(StaticWeightVariableDefinition):  # type: ignore[misc]
    """A table's definition in C++, in its own shape; hls4ml's own are flat."""

    def definition_cpp(self, name_suffix: str = "", as_reference: bool = False) -> str:
        """Called by hls4ml."""
        return f"SHIFTWIRE_TABLE {self.type.name} {self.name}{name_suffix}{extents(self.data)}"


def _as_table(variable: Any) -> None:
    """Make hls4ml's variable of weights one that keeps its shape."""
    StaticWeightVariableConverter(type_converter=HLSTypeConverter(precision_converter=APTypeConverter())).convert(
        variable
    )
    variable.__class__ = type("TableVariable", (_TableDefinition, type(variable)), {"_wrapped": variable._wrapped})


def as_stream(variable: Any, fifo: Fifo) -> Any:
    """hls4ml's stream of `nnet::array` beats of the FIFO's lanes and depth, converted by its own passes or not yet."""
    types = HLSTypeConverter(precision_converter=APTypeConverter())
    stream = VivadoStreamVariableConverter(type_converter=types).convert(variable, depth=fifo.depth)
    stream.type.n_elem = fifo.port.lanes
    stream.pragma = ("stream", fifo.depth)
    return stream


class UnitLayer(Layer):  # type: ignore[misc]
    """A layer that carries its `unit`, its output `fifos` and the `output_shape` of a frame as attributes.

    C++ names begin with the names of layers and FIFOs and end in a word of their own: no two are alike.
    """

    def initialize(self) -> None:
        """Called by hls4ml: declare the outputs and the tables with explicit types."""
        fifos: tuple[Fifo, ...] = self.attributes["fifos"]
        for fifo in fifos:
            self.add_output_variable(
                list(self.attributes["output_shape"]),
                out_name=fifo.name,
                var_name=f"{fifo.name}_out",
                type_name=f"{self.name}_beat",
                precision=precision(fifo.format),
            )
            self.set_attr(fifo.name, as_stream(self.get_output_variable(fifo.name), fifo))
        unit: Unit = self.attributes["unit"]
        for table in unit.cfg.tables:
            self.add_weights_variable(
                name=table.name,
                var_name=f"{self.name}_{table.name}",
                type_name=f"{self.name}_{table.name}_t",
                precision=IntegerPrecisionType(width=table.type.bits, signed=table.type.signed),
                data=np.asarray(table.codes, np.float64),
            )
            _as_table(self.weights[table.name])


def _storage(name: str, table: Table) -> str:
    """Where HLS keeps a table: in what the cost model counted on; nothing where it is no memory."""
    words, bits = table.memory
    if words < 2:
        return ""
    return f"#pragma HLS BIND_STORAGE variable={name} type=rom_1p impl={'bram' if is_block(words, bits) else 'lutram'}"


def _layer_class(function: str) -> type[UnitLayer]:
    """The hls4ml class of a C++ function, such as ShiftwireMaxPool."""
    return type(f"Shiftwire{function.title().replace('_', '')}", (UnitLayer,), {})


LAYER_CLASSES = {
    function: _layer_class(function)
    for function in sorted({unit.function for op in LAYERS for unit in op.unit_types} | {u.function for u in BETWEEN})
}
"""hls4ml's class for each C++ function."""


class ConfigTemplate(LayerConfigTemplate):  # type: ignore[misc]
    """Writes the Cfg struct of any of our layers."""

    def __init__(self) -> None:
        super().__init__(list(LAYER_CLASSES.values()))

    def format(self, node: Any) -> str:
        """Called by hls4ml for each of our layers; the struct is named after the layer, as the call expects."""
        return config_struct(f"{node.name}_config", node.attributes["unit"].cfg)


class CallTemplate(FunctionCallTemplate):  # type: ignore[misc]
    """Writes the call of any of our layers and includes its headers."""

    def __init__(self) -> None:
        super().__init__(list(LAYER_CLASSES.values()))

    def format(self, node: Any) -> str:
        """Called by hls4ml for each of our layers: the statement in its top function."""
        unit: Unit = node.attributes["unit"]
        inputs = [node.get_input_variable(name) for name in node.inputs]
        outputs = [node.get_output_variable(fifo.name) for fifo in node.attributes["fifos"]]
        tables = [node.get_weights(table.name).name for table in unit.cfg.tables]
        read, written = ([Variable(x.type.name, x.name) for x in streams] for streams in (inputs, outputs))
        storage = [_storage(name, table) for name, table in zip(tables, unit.cfg.tables, strict=True)]
        return "\n".join(
            [*filter(None, storage), f"    {call(unit, f'{node.name}_config', read, written, tables)}"]
        ).strip()

    def transform(self, model: Any, node: Any) -> bool:
        """Called by hls4ml; also names the headers to include, which its own layers know by their class."""
        changed: bool = super().transform(model, node)
        unit: Unit = node.attributes["unit"]
        node.set_attr("include_header", [f"nnet_utils/{header}" for header in ("sw_tables.h", *unit.headers)])
        return changed
