"""Float nets: a float adder by its definition, plain ONNX for all, refusals."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import onnx
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float
from shiftwire_models.floats.adder import FloatAdderConv2d
from shiftwire_models.floats.lenet import FloatLeNet, FloatLeNetConfig
from shiftwire_models.floats.resnet import ConvKind, FloatResNet, FloatResNetConfig, HeadKind
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear
from tiers import first


def run_file(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(["logits"], {"x": x.numpy()})[0]
    return y


def test_a_float_adder_is_its_definition() -> None:
    torch.manual_seed(1)
    layer = FloatAdderConv2d(3, 5, 3, stride=2, padding=1)
    x = torch.randn(2, 3, 7, 7) * 3
    windows = functional.unfold(functional.pad(x, (1, 1, 1, 1)), 3, stride=2).double()
    wanted = -(windows[:, None] - layer.weight.detach().double().flatten(1)[None, :, :, None]).abs().sum(2)
    found = layer(x).detach().double().flatten(2)
    assert torch.allclose(found, wanted, atol=1e-4)
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert float(layer.weight.grad.norm()) == pytest.approx(0.2 * 135**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("net", "shape", "ops"),
    first(
        (FloatLeNet(FloatLeNetConfig(widths=(2, 3, 8, 6))), (1, 28, 28), {"Conv": 2, "Gemm": 3, "MaxPool": 2}),
        (
            FloatResNet(FloatResNetConfig((1, 14, 14), (2, 3), 1)),
            (1, 14, 14),
            {"Conv": 6, "BatchNormalization": 6, "Gemm": 1, "GlobalAveragePool": 1, "Add": 2},
        ),
        (
            FloatResNet(FloatResNetConfig((3, 8, 8), (2, 3), 1, conv=ConvKind.ADDER, head=HeadKind.CONV_NORM)),
            (3, 8, 8),
            {"Conv": 2, "AdderConv": 5, "BatchNormalization": 7, "Add": 2},
        ),
    ),
    ids=["lenet", "resnet", "addernet"],
)
def test_float_files_are_plain(net: nn.Module, shape: tuple[int, ...], ops: dict[str, int]) -> None:
    torch.manual_seed(2)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()  # what was drawn when the file was read has no seed
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    x = torch.randn(16, *shape)
    net.train()(x)
    model = export_float(net, shape)
    kinds = [node.op_type for node in model.graph.node]
    assert {op: kinds.count(op) for op in ops} == ops
    assert set(kinds) <= {*ops, "Relu", "Flatten", "GlobalAveragePool"}
    biases = [len(node.input) == 3 for node in model.graph.node if node.op_type == "Conv"]
    assert set(biases) == {"BatchNormalization" not in ops}
    found = run_file(model, x)
    with torch.no_grad():
        assert np.allclose(found, net.eval()(x).numpy(), atol=1e-4)
    assert len(np.unique(found)) > 100
    assert export_float(net, shape).SerializeToString() == model.SerializeToString()


def test_half_quantized_nets_have_no_float_file() -> None:
    net = nn.Sequential(ActivationQuant(Format(8, 4, True)), nn.Linear(3, 2))
    with pytest.raises(ModelsError, match=r"layer 'layer_0' is quantized already \(Quant\), and a float file holds"):
        export_float(net, (3,))
    with pytest.raises(ModelsError, match=r"is quantized already \(ShiftDense\)"):
        export_float(ShiftLinear(3, 2), (3,))


def test_a_float_file_that_strays_is_refused() -> None:
    net = nn.Sequential(nn.AvgPool2d(2, divisor_override=3), nn.Flatten(), nn.Linear(12, 4))
    with pytest.raises(ModelsError, match=r"differs from the net by up to .*; torch's exporter dropped an option"):
        export_float(net, (3, 4, 4))
