"""Files behind qonnx's own transformations, converted as they come: the codes are those of qonnx's execution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx

onnx_exec = pytest.importorskip("qonnx.core.onnx_exec", reason="qonnx is not installed; pip install 'shiftwire[dev]'")

from qonnx.core.modelwrapper import ModelWrapper  # noqa: E402
from qonnx.transformation.base import Transformation  # noqa: E402
from qonnx.transformation.batchnorm_to_affine import BatchNormToAffine  # noqa: E402
from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean  # noqa: E402
from qonnx.transformation.extract_conv_bias import ExtractBiasFromConv  # noqa: E402
from qonnx.transformation.extract_quant_scale_zeropt import ExtractQuantScaleZeroPt  # noqa: E402
from qonnx.transformation.fold_constants import FoldConstants  # noqa: E402
from qonnx.transformation.gemm_to_matmul import GemmToMatMul  # noqa: E402
from qonnx.transformation.infer_shapes import InferShapes  # noqa: E402
from qonnx.transformation.make_input_chanlast import MakeInputChannelsLast  # noqa: E402
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant  # noqa: E402
from qonnx.transformation.qonnx_to_qcdq import QuantToQCDQ  # noqa: E402
from qonnx.util.cleanup import cleanup_model  # noqa: E402

from onnx import helper  # noqa: E402
from qonnx_nets import NETS  # noqa: E402
from shiftwire.api import load_network  # noqa: E402
from small_nets import samples, settled  # noqa: E402
from static_quantization import Static, exported, statically_quantized  # noqa: E402
from tiers import some  # noqa: E402

STEPS: dict[str, Callable[[], tuple[Transformation, ...]]] = {
    "cleanup": tuple,
    "qcdq": lambda: (QuantToQCDQ(),),
    "channels-last": lambda: (ConvertToChannelsLastAndClean(),),
    "channels-last-input": lambda: (ConvertToChannelsLastAndClean(make_input_channels_last=True),),
    "input-last": lambda: (MakeInputChannelsLast(),),
    "affine": lambda: (BatchNormToAffine(),),
    "bias": lambda: (ExtractBiasFromConv(),),
    "gemm": lambda: (GemmToMatMul(),),
    "scale": lambda: (ExtractQuantScaleZeroPt(),),
    "scale-folded": lambda: (ExtractQuantScaleZeroPt(), FoldConstants(exclude_op_types=["Quant", "BipolarQuant"])),
    "folded": lambda: (FoldConstants(exclude_op_types=[]),),
}
"""Transformations behind qonnx's cleanup."""

FILES = [
    *((net, "cleanup") for net in ("po2_mlp", "bipolar", "pooled")),
    *((net, "qcdq") for net in ("po2_mlp", "scaled_cnn", "channel_cnn", "residual", "pooled", "bipolar")),
    *((net, "channels-last") for net in ("scaled_cnn", "channel_cnn", "residual", "pooled")),
    *((net, "channels-last-input") for net in NETS if net not in ("po2_mlp", "bipolar")),
    *((net, "input-last") for net in ("scaled_cnn", "residual")),
    *((net, "affine") for net in ("norm_cnn", "bipolar", "residual")),
    *((net, "bias") for net in ("channel_cnn", "norm_cnn")),
    ("po2_mlp", "gemm"),
    *((net, "scale") for net in NETS),
    *((net, "scale-folded") for net in NETS),
    *((net, "folded") for net in ("po2_mlp", "scaled_cnn", "residual")),
]
WINDOWED = {"Conv": ("dilations", "strides", "pads", "group", "kernel_shape"), "MaxPool": ("strides", "pads"),
            "AveragePool": ("strides", "pads")}  # fmt: skip


def explicit(model: onnx.ModelProto) -> onnx.ModelProto:
    """Attributes that qonnx's layouts ask for, which ONNX lets a file leave out."""
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    sources = {node.output[0]: node.input[0] for node in model.graph.node}
    for node in model.graph.node:
        kernel = shapes.get(sources.get(node.input[1], ""), [])[2:] if node.op_type == "Conv" else []
        usual: dict[str, Any] = {
            "dilations": [1, 1], "strides": [1, 1], "pads": [0] * 4, "group": 1, "kernel_shape": kernel
        }  # fmt: skip
        lacking = set(WINDOWED.get(node.op_type, ())) - {attribute.name for attribute in node.attribute}
        node.attribute.extend(helper.make_attribute(name, usual[name]) for name in sorted(lacking))
    return model


def transformed(model: onnx.ModelProto, steps: str) -> ModelWrapper:
    wrapper = cleanup_model(ModelWrapper(model))
    for step in STEPS[steps]():
        wrapper = wrapper.transform(step)
    return wrapper.transform(InferShapes())


def agrees(wrapper: ModelWrapper, x: np.ndarray, path: Path, count: Any) -> None:
    """Every output code; an input whose channels were moved behind gets them there."""
    entry, result = wrapper.graph.input[0].name, wrapper.graph.output[0].name
    moved = tuple(wrapper.get_tensor_shape(entry)) != x.shape
    x = np.moveaxis(x, 1, -1) if moved else x
    expected = onnx_exec.execute_onnx(wrapper, {entry: x})[result]
    onnx.save(wrapper.model, path)
    network = load_network(path)
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    wanted = network.host_output.nearest(expected.astype(np.float64), network.output.format)
    assert np.array_equal(codes, wanted)
    assert len(np.unique(codes)) >= 5
    count(qonnx_files=1, qonnx_codes=codes.size)


@pytest.mark.parametrize(("net", "steps"), some(FILES, ("scaled_cnn", "qcdq"), ("residual", "channels-last")))
def test_transformations(net: str, steps: str, tmp_path: Path, count: Any) -> None:
    made = NETS[net]()
    x = made.values()
    agrees(transformed(explicit(made.model(len(x))), steps), x, tmp_path / "net.onnx", count)


@pytest.mark.whole
@pytest.mark.parametrize("net", ["mlp", "cnn", "depthwise", "joined"])
def test_quantizers_of_onnxruntime_as_qonnx(net: str, tmp_path: Path, count: Any) -> None:
    """QDQ of one scale a tensor becomes Quant; what follows from ties of float sums may differ."""
    path = exported(settled(net), samples(net), tmp_path / "net.onnx")
    quantized = statically_quantized(path, samples(net, 64, seed=1)[:60], Static(per_channel=False))
    wrapper = cleanup_model(ModelWrapper(str(quantized))).transform(QCDQToQuant()).transform(InferShapes())
    assert "Quant" in {node.op_type for node in wrapper.graph.node}
    onnx.save(wrapper.model, tmp_path / "qonnx.onnx")
    ours, theirs = load_network(tmp_path / "qonnx.onnx"), load_network(quantized)
    x = samples(net)
    made, wanted = (
        network.host_output.decode(network.evaluate(network.host_input.encode(x, network.input.format)),
                                   network.output.format)
        for network in (ours, theirs)
    )  # fmt: skip
    assert np.array_equal(made.astype(np.float32), wanted.astype(np.float32))
    count(qonnx_files=1, qonnx_codes=made.size)
