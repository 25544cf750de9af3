"""The plans of nets as peers take them: float ONNX for onnxruntime, a layer list for hls4ml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import onnx
from nets import Plan, Step
from onnx import TensorProto, helper, numpy_helper


def float_onnx(plan: Plan, path: Path) -> None:
    """The same shapes in float32, Relu behind every layer with weights."""
    rng = np.random.default_rng(0)
    nodes, initialisers = [], []

    def weight(name: str, *shape: int) -> str:
        values = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        initialisers.append(numpy_helper.from_array(values, name))
        return name

    known = {"x": "x"}
    for step in plan.steps:
        inputs, out, last = [known[name] for name in step.inputs], step.name, step is plan.steps[-1]
        if step.kind in ("conv", "depthwise"):
            groups = step.in_channels if step.kind == "depthwise" else 1
            w = weight(f"{out}_w", step.channels, step.in_channels // groups, step.kernel, step.kernel)
            sizes = {"strides": [step.stride] * 2, "pads": [step.pad] * 4, "group": groups}
            nodes.append(helper.make_node("Conv", [inputs[0], w], [out], **sizes))
        elif step.kind == "dense":
            nodes.append(helper.make_node("Flatten", inputs, [f"{out}_flat"]))
            w = weight(f"{out}_w", step.channels, step.in_size**2 * step.in_channels)
            nodes.append(helper.make_node("Gemm", [f"{out}_flat", w], [out], transB=1))
        elif step.kind == "max_pool":
            nodes.append(helper.make_node("MaxPool", inputs, [out], kernel_shape=[2, 2], strides=[2, 2]))
        else:
            nodes.append(helper.make_node({"add": "Add", "mean": "GlobalAveragePool"}[step.kind], inputs, [out]))
        if not last and step.kind in ("conv", "depthwise", "dense", "add"):
            nodes.append(helper.make_node("Relu", [out], [f"{out}_relu"]))
            out = f"{out}_relu"
        known[step.name] = out
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", plan.channels, plan.size, plan.size])
    y = helper.make_tensor_value_info(known[plan.steps[-1].name], TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "peer", [x], [y], initialisers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def hls4ml_layers(plan: Plan, reuse: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """hls4ml's own layers and their configuration, for io_stream; every type given."""
    size = [plan.size, plan.size, plan.channels]
    listed: list[dict[str, Any]] = [
        {"name": "x", "class_name": "InputLayer", "input_shape": size, "inputs": [], "outputs": ["x"]}
    ]
    types: dict[str, Any] = {"x": {"Precision": {"result": "fixed<8,3>"}}}
    known = {"x": "x"}
    for step in plan.steps:
        for layer in _hls4ml_step(step, [known[name] for name in step.inputs]):
            listed.append(layer)
            types[layer["name"]] = {
                "Precision": {
                    "result": "fixed<16,8>",
                    "accum": "fixed<24,12>",
                    "weight": "fixed<8,3>",
                    "bias": "fixed<8,3>",
                },
                "ReuseFactor": reuse,
            }
        known[step.name] = listed[-1]["name"]
    return listed, types


def _hls4ml_step(step: Step, inputs: list[str]) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(len(step.name))
    shared = {"name": step.name, "inputs": inputs, "outputs": [step.name]}
    square = {
        "data_format": "channels_last", "in_height": step.in_size, "in_width": step.in_size, "n_chan": step.in_channels,
        "out_height": step.size, "out_width": step.size, "n_filt": step.channels, "stride_height": step.stride,
        "stride_width": step.stride, "pad_top": step.pad, "pad_bottom": step.pad, "pad_left": step.pad,
        "pad_right": step.pad, "padding": "same",
    }  # fmt: skip
    bias = {"bias_data": np.zeros(step.channels)}
    if step.kind in ("conv", "depthwise"):
        shape = (step.kernel, step.kernel, step.in_channels, 1 if step.kind == "depthwise" else step.channels)
        data = rng.integers(-100, 100, shape) / 32
        name = "depthwise_data" if step.kind == "depthwise" else "weight_data"
        class_name = "DepthwiseConv2D" if step.kind == "depthwise" else "Conv2D"
        if step.kind == "depthwise":
            square |= {"depth_multiplier": 1}
        yield shared | square | bias | {
            "class_name": class_name, "filt_height": step.kernel, "filt_width": step.kernel, name: data,
        }  # fmt: skip
    elif step.kind == "add":
        yield shared | {"class_name": "Merge", "op": "add"}
    elif step.kind == "max_pool":
        yield shared | square | {
            "class_name": "MaxPooling2D", "pool_height": 2, "pool_width": 2, "stride_height": 2, "stride_width": 2,
            "padding": "valid", "count_pad": False,
        }  # fmt: skip
        return
    elif step.kind == "mean":
        yield shared | square | {"class_name": "GlobalAveragePooling2D"}
        return
    else:
        flat = step.in_size**2 * step.in_channels
        source = inputs[0]
        if step.in_size > 1:
            source = f"{step.name}_flat"
            yield {
                "name": source,
                "class_name": "Reshape",
                "inputs": inputs,
                "outputs": [source],
                "target_shape": [flat],
            }
        data = rng.integers(-100, 100, (flat, step.channels)) / 32
        yield shared | bias | {
            "class_name": "Dense", "inputs": [source], "n_in": flat, "n_out": step.channels, "weight_data": data,
        }  # fmt: skip
    relu = f"{step.name}_relu"
    yield {"name": relu, "class_name": "Activation", "activation": "relu", "inputs": [step.name], "outputs": [relu],
           "n_in": step.channels * step.size**2}  # fmt: skip
