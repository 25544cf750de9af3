"""What onnxruntime computes from the file is what torch computes, for every layer, to the last bit."""

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d, AdderLinear
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic, ShiftAddBlock
from shiftwire_models.errors import ModelsError
from shiftwire_models.export import export_model
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.quant import ActivationQuant, CalibratedQuant
from shiftwire_models.shift import ShiftConv2d, ShiftLinear
from shiftwire_models.terms import Window
from shiftwire_models.weights import WeightRule, WeightSpec
from shiftwire_models.weights.deepshift import PowerSignWeight

S8_4 = Format(8, 4, True)
IMAGE = (4, 6, 6)


def run_file(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(["logits"], {"x": x.numpy()})[0]
    return y


def extreme_inputs(shape: tuple[int, ...]) -> Tensor:
    """Blank, the format's two ends and beyond, ties of the rounding, and both ends side by side."""
    flat = [torch.full(shape, value) for value in (0.0, -8.0, 7.9375, 3e38, -3e38, 1 / 32, -1 / 32)]
    mixed = [torch.where(torch.rand(shape) < 0.5, 3e38, -3e38) for _ in range(9)]
    return torch.stack(flat + mixed)


def assert_exact(layer: nn.Module, shape: tuple[int, ...], live: int) -> onnx.ModelProto:
    """Equal on noise, on extremes and for a batch of one; noise gives `live` distinct outputs, extremes at least two."""
    net = nn.Sequential(ActivationQuant(S8_4), layer).eval()
    model = export_model(net, shape)
    noise, extremes = torch.randn(40, *shape) * 4, extreme_inputs(shape)
    for x, distinct in ((noise, live), (extremes, 2), (noise[:1], 1)):
        with torch.no_grad():
            y = net(x).numpy()
        assert np.array_equal(run_file(model, x), y)
        assert len(np.unique(y)) >= distinct
    return model


def with_statistics(layer: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Batch norms that know the noise of `assert_exact`."""
    for module in layer.modules():
        if isinstance(module, BatchNormAffine):
            module.momentum = 1.0
    layer(ActivationQuant(S8_4)(torch.randn(100, *shape) * 4))
    return layer


def specs() -> list[WeightSpec]:
    return [*(WeightSpec(rule) for rule in WeightRule), WeightSpec(WeightRule.LIGHTNN, terms=3), WeightSpec(bits=2)]


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: f"{spec.rule.value}-{spec.bits}-{spec.terms}")
def test_shift_linear(spec: WeightSpec) -> None:
    layer = ShiftLinear(12, 5, spec, bias_frac=6)
    assert layer.bias is not None
    layer.bias.latent.data = torch.randn(5)
    assert_exact(layer, (12,), live=30)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 4)])
def test_shift_conv(stride: int, padding: int, groups: int) -> None:
    layer = ShiftConv2d(4, 8, 3, stride=stride, padding=padding, groups=groups, bias_frac=3)
    assert_exact(layer, IMAGE, live=100)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 4)])
def test_adder_conv(stride: int, padding: int, groups: int) -> None:
    assert_exact(AdderConv2d(4, 8, 3, S8_4, stride=stride, padding=padding, groups=groups), IMAGE, live=100)


def test_adder_linear() -> None:
    assert_exact(AdderLinear(12, 5, S8_4), (12,), live=30)


@pytest.mark.parametrize("shape", [(12,), IMAGE])
def test_affine(shape: tuple[int, ...]) -> None:
    assert_exact(with_statistics(BatchNormAffine(shape[0]), shape), shape, live=100)


@pytest.mark.parametrize(("rounding", "signed"), list(itertools.product(Rounding, (True, False))))
def test_quantisers(rounding: Rounding, signed: bool) -> None:
    model = assert_exact(ActivationQuant(Format(5, 2, signed), rounding), (12,), live=2)
    wanted = "Requantize" if rounding is Rounding.HALF_UP else "Quant"
    assert model.graph.node[-1].op_type == wanted


def test_calibrated_quantiser() -> None:
    layer = CalibratedQuant(6, signed=True)
    layer(torch.tensor([3.0]))
    assert_exact(layer, (12,), live=2)


def test_shift_add_block() -> None:
    assert_exact(with_statistics(ShiftAddBlock(4, 8, 2, Arithmetic()), IMAGE), IMAGE, live=20)


@pytest.mark.parametrize("layer", [nn.AvgPool2d(2), nn.MaxPool2d(2), nn.Flatten(), nn.ReLU()], ids=str)
def test_standard_layers(layer: nn.Module) -> None:
    assert_exact(layer, IMAGE, live=2)


class Residual(nn.Module):
    """A sum and a join, which live in forward and have no layer of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = ShiftConv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.shift(x)
        return torch.cat([x + y, y], 1)


def test_sum_and_join_are_named_after_their_module() -> None:
    model = assert_exact(Residual(), IMAGE, live=100)
    assert [node.name for node in model.graph.node] == ["layer_0", "layer_1_shift", "layer_1_add", "logits"]


def test_a_file_holds_contract_nodes_and_its_functions_alone() -> None:
    model = assert_exact(ShiftAddBlock(4, 8, 2, Arithmetic()), IMAGE, live=1)
    assert model.ir_version == 10
    assert {entry.domain: entry.version for entry in model.opset_import} == {
        "": 20,
        "shiftwire": 1,
        "qonnx.custom_op.general": 1,
    }
    assert {f.name for f in model.functions} == {"Quant", "ShiftConv", "AdderConv", "Affine"}
    assert [node.op_type for node in model.graph.node] == [
        "Quant",
        *("ShiftConv", "Quant", "AdderConv", "Affine", "Relu", "Quant"),
    ]
    floats = {t.name.rsplit("_", 1)[-1] for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    assert floats == {"scale", "zeropt", "bitwidth"}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Linear(12, 3), "is a .*, which the exact contract does not have"),
        (AdderLinear(12, 3, Format(8, 5, True)), "compares inputs of 4 fraction bits with weights of 5"),
        (BatchNormAffine(12, window=Window(-20, 0), terms=3), "narrow its input format, its exponent window"),
    ],
)
def test_what_float32_cannot_do_exactly_is_refused(layer: nn.Module, words: str) -> None:
    with pytest.raises(ModelsError, match=words):
        export_model(nn.Sequential(ActivationQuant(S8_4), layer), (12,))


def test_a_window_wider_than_float32_is_refused() -> None:
    layer = ShiftLinear(12, 3, WeightSpec(bits=6))
    weight = layer.weight
    assert isinstance(weight, PowerSignWeight)
    weight.sign.data.fill_(1.0)
    weight.shift.data[:, ::2], weight.shift.data[:, 1::2] = 0.0, -30.0
    # 128 codes, 2**30 steps for each of the six large weights: 7 + 30 + 3 bits
    with pytest.raises(ModelsError, match="layer 'logits' can reach 40 bits, and float32 is exact to 24; narrow its"):
        export_model(nn.Sequential(ActivationQuant(S8_4), layer), (12,))


def test_pools_average_powers_of_two_alone() -> None:
    with pytest.raises(ModelsError, match="averages 9 positions; take a power of two"):
        export_model(nn.Sequential(ActivationQuant(S8_4), nn.AvgPool2d(3)), IMAGE)


def test_a_net_must_start_with_a_quantiser() -> None:
    with pytest.raises(ModelsError, match="layer 'logits' reads the raw input; put an ActivationQuant before it"):
        export_model(nn.Sequential(ShiftLinear(12, 3)), (12,))
