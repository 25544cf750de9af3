"""Design to hls4ml's ModelGraph, through a layer list in which every type is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hls4ml
from hls4ml.model.graph import ModelGraph

from shiftwire.errors import InputError
from shiftwire.hls.layer import LAYER_CLASSES, as_stream, precision
from shiftwire.hls.register import register
from shiftwire.ir.network import Network
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.schedule.design import Design
from shiftwire.schedule.fold_choice import HLS_BITS

AP_TYPES_DIR = Path(hls4ml.__file__).parent / "templates/vivado/ap_types"
"""The arbitrary-precision types that hls4ml ships for C-simulation."""


def version() -> str:
    """That of the hls4ml at hand, such as 1.3.0."""
    return str(hls4ml.__version__)


def model_graph(design: Design, folder: Path) -> ModelGraph:
    """A genuine ModelGraph that writes into `folder`; write, compile, predict, trace and build work on it.

    predict takes and gives values (N, ...) with channels last; give float64 for formats of more than 24 bits.
    """
    register()
    network = design.network
    units = design.pipeline
    _require_narrow(units)
    layers = [_input_layer(design), *(_layer(design, instance) for instance in units.instances)]
    graph = ModelGraph.from_layer_list(_config(design, folder), layers, [_input_name(network)], [units.output])
    (source,) = graph.get_input_variables()
    as_stream(source, units.fifos[units.input])
    return graph


def _require_narrow(units: Pipeline) -> None:
    """Raises InputError for a word that HLS does not take."""
    widest = max(units.instances, key=lambda instance: instance.unit.widest_word)
    bits = widest.unit.widest_word
    if bits > HLS_BITS:
        raise InputError(
            f"layer '{widest.layer}' makes words of {bits:,} bits in unit '{widest.name}', more than the {HLS_BITS:,} "
            "that HLS takes; give it a fold of fewer lanes, or take the RTL back end alone"
        )


def _config(design: Design, folder: Path) -> dict[str, Any]:
    backend = hls4ml.backends.get_backend("Vitis")
    config: dict[str, Any] = backend.create_initial_config(
        part=design.board.part,
        clock_period=design.clock_ns,
        io_type="io_stream",
        write_weights_txt=True,
    )
    network = design.network
    precisions = {_input_name(network): {"Precision": {"result": str(precision(network.input.format))}}}
    traced = {i.name: {"Trace": True} for i in design.pipeline.instances if i.is_last}
    config |= {
        "OutputDir": str(folder),
        "ProjectName": NETWORK,
        "Backend": "Vitis",
        "TraceOutput": True,
        "HLSConfig": {
            "Model": {
                "Precision": "fixed<16,6>",
                "ReuseFactor": 1,
                "Strategy": "Latency",
                "PipelineStyle": "dataflow",
                "TraceOutput": True,
            },
            "LayerName": precisions | traced,
        },
    }
    return config


def _input_name(network: Network) -> str:
    """hls4ml makes a C++ variable of it, which must be no keyword, no macro and no layer's name."""
    name = f"{network.input_name}_in"
    while name in network.tensors:
        name += "_"
    return name


def _input_layer(design: Design) -> dict[str, Any]:
    network = design.network
    return {
        "name": _input_name(network),
        "class_name": "InputLayer",
        "input_shape": list(network.input.shape),
        "inputs": [],
        "outputs": [_input_name(network)],
    }


def _layer(design: Design, instance: Instance) -> dict[str, Any]:
    units, network = design.pipeline, design.network
    fifos = tuple(units.fifos[name] for name in instance.outputs)
    port = fifos[0].port
    return {
        "name": instance.name,
        "class_name": LAYER_CLASSES[instance.unit.function].__name__,
        "inputs": [_input_name(network) if name == units.input else name for name in instance.inputs],
        "outputs": list(instance.outputs),
        "unit": instance.unit,
        "fifos": fifos,
        "output_shape": network.tensors[instance.layer].shape if instance.is_last else (port.beats, port.lanes),
    }
