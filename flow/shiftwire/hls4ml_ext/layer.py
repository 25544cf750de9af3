"""Our layers inside hls4ml: one class a kernel function, types and tables given, nothing left to its passes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer
from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType

from shiftwire.cpp import Variable, call, config_struct
from shiftwire.fixed import Fixed
from shiftwire.kernel import Kernel


def precision(held: Fixed) -> FixedPrecisionType:
    """ap_fixed or ap_ufixed with the same bits and the same binary point."""
    return FixedPrecisionType(width=held.bits, integer=held.bits - held.frac, signed=held.signed)


class KernelLayer(Layer):  # type: ignore[misc]
    """A layer that carries its `kernel`, `output_shape` and `output_format` as attributes."""

    def initialize(self) -> None:
        """Called by hls4ml: declare the output and the tables with explicit types."""
        held: Fixed = self.attributes["output_format"]
        self.add_output_variable(list(self.attributes["output_shape"]), precision=precision(held))
        kernel: Kernel = self.attributes["kernel"]
        for table in kernel.tables:
            self.add_weights_variable(
                name=table.name,
                var_name=f"{table.name}{{index}}",
                precision=IntegerPrecisionType(width=table.type.bits, signed=table.type.signed),
                data=np.asarray(table.codes, np.float64),
            )


def _layer_class(function: str) -> type[KernelLayer]:
    """The hls4ml class of a kernel function, such as ShiftwireMaxPool."""
    return type(f"Shiftwire{function.title().replace('_', '')}", (KernelLayer,), {})


LAYER_CLASSES = {
    function: _layer_class(function)
    for function in (
        "add",
        "affine",
        "average_pool",
        "concat",
        "conv",
        "dense",
        "flatten",
        "max_pool",
        "pad",
        "relu",
        "requantize",
        "threshold",
    )
}
"""hls4ml's class for each kernel function."""


class ConfigTemplate(LayerConfigTemplate):  # type: ignore[misc]
    """Writes the Cfg struct of any of our layers."""

    def __init__(self) -> None:
        super().__init__(list(LAYER_CLASSES.values()))

    def format(self, node: Any) -> str:
        return config_struct(f"config{node.index}", node.attributes["kernel"])


class CallTemplate(FunctionCallTemplate):  # type: ignore[misc]
    """Writes the kernel call of any of our layers and includes its headers."""

    def __init__(self) -> None:
        super().__init__(list(LAYER_CLASSES.values()))

    def format(self, node: Any) -> str:
        kernel: Kernel = node.attributes["kernel"]
        inputs = [node.get_input_variable(name) for name in node.inputs]
        output = node.get_output_variable()
        tables = [node.get_weights(table.name).name for table in kernel.tables]
        variables = [Variable(x.type.name, x.name) for x in inputs]
        return call(kernel, f"config{node.index}", variables, Variable(output.type.name, output.name), tables)

    def transform(self, model: Any, node: Any) -> bool:
        changed: bool = super().transform(model, node)
        node.set_attr("include_header", [f"nnet_utils/{header}" for header in node.attributes["kernel"].headers])
        return changed
