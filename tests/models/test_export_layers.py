"""What onnxruntime computes from the file is what torch computes, for every layer, to the last bit."""

import itertools

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import onnx
from shiftwire_models.adder import AdderConv2d, AdderLinear
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic, ShiftAddBlock
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.quant import ActivationQuant, CalibratedQuant
from shiftwire_models.shift import ShiftConv2d, ShiftLinear
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec
from shiftwire_models.weights.deepshift import PowerSignWeight
from tiers import first

S8_4 = Format(8, 4, True)
IMAGE = (4, 6, 6)


def run_file(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(["logits"], {"x": x.numpy()})[0]
    return y


def extreme_inputs(shape: tuple[int, ...]) -> Tensor:
    """Blank, the format's two ends and beyond, ties of the rounding, and both ends side by side."""
    flat = [torch.full(shape, value) for value in (0.0, -8.0, 7.9375, 3e38, -3e38, 1 / 32, -1 / 32)]
    mixed = [torch.where(torch.rand(shape) < 0.5, 3e38, -3e38) for _ in range(9)]
    return torch.stack(flat + mixed)


def assert_exact(layer: nn.Module, shape: tuple[int, ...], live: int) -> onnx.ModelProto:
    """Equal on noise, on extremes and for a batch of one; `live` counts distinct outputs of noise."""
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


class Fan(nn.Module):
    """Every layer on the same input, side by side: one export, many layers."""

    def __init__(self, layers: dict[str, nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.flatten = nn.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.flatten(layer(x)) for layer in self.layers.values()], 1)

    def parts(self, y: np.ndarray, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        with torch.no_grad():
            widths = [layer.eval()(torch.zeros(1, *shape)).numel() for layer in self.layers.values()]
        return dict(zip(self.layers, np.split(y, np.cumsum(widths)[:-1], 1), strict=True))


def assert_each_exact(layers: dict[str, nn.Module], shape: tuple[int, ...], live: int) -> onnx.ModelProto:
    """`live` distinct outputs of every layer on noise."""
    fan = Fan(layers)
    net = nn.Sequential(ActivationQuant(S8_4), fan).eval()
    model = export_model(net, shape)
    for x, distinct in ((torch.randn(40, *shape) * 4, live), (extreme_inputs(shape), 2)):
        with torch.no_grad():
            wanted = fan.parts(net(x).numpy(), shape)
        found = fan.parts(run_file(model, x), shape)
        assert {name: np.array_equal(found[name], wanted[name]) for name in wanted} == dict.fromkeys(wanted, True)
        assert {name: len(np.unique(found[name])) for name in found if len(np.unique(found[name])) < distinct} == {}
    return model


def with_bias(layer: ShiftLinear) -> ShiftLinear:
    assert layer.bias is not None
    layer.bias.latent.data = torch.randn(layer.outputs)
    return layer


def test_dense_layers() -> None:
    specs = [*(WeightSpec(rule) for rule in WeightRule), WeightSpec(WeightRule.LIGHTNN, terms=3), WeightSpec(bits=2)]
    layers: dict[str, nn.Module] = {
        f"{spec.rule.value}_{spec.bits}_{spec.terms}": with_bias(ShiftLinear(12, 5, spec, bias_frac=6))
        for spec in specs
    }
    layers["adder"] = AdderLinear(12, 5, S8_4)
    layers["affine"] = with_statistics(BatchNormAffine(12), (12,))
    assert_each_exact(layers, (12,), live=60)


WINDOWS = [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 4)]
"""stride, padding, groups"""


def test_convolutions() -> None:
    layers: dict[str, nn.Module] = {"affine": with_statistics(BatchNormAffine(4), IMAGE)}
    for stride, padding, groups in WINDOWS:
        window = {"stride": stride, "padding": padding, "groups": groups}
        layers[f"shift_{stride}_{padding}_{groups}"] = ShiftConv2d(4, 8, 3, bias_frac=3, **window)
        layers[f"adder_{stride}_{padding}_{groups}"] = AdderConv2d(4, 8, 3, S8_4, **window)
    assert_each_exact(layers, IMAGE, live=100)


def test_quantizers() -> None:
    layers: dict[str, nn.Module] = {
        f"{rounding.value}_{signed}": ActivationQuant(Format(5, 2, signed), rounding)
        for rounding, signed in itertools.product(Rounding, (True, False))
    }
    layers["calibrated"] = CalibratedQuant(6, signed=True)
    layers["calibrated"](torch.tensor([3.0]))
    model = assert_each_exact(layers, (12,), live=20)
    kinds = [node.op_type for node in model.graph.node[1:] if "uant" in node.op_type]
    assert sorted(kinds) == ["Quant"] * 5 + ["Requantize"] * 2


def test_standard_layers() -> None:
    layers = {"average": nn.AvgPool2d(2), "max": nn.MaxPool2d(2), "flat": nn.Flatten(), "relu": nn.ReLU()}
    assert_each_exact(layers, IMAGE, live=60)


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
    model = assert_exact(with_statistics(ShiftAddBlock(4, 8, 2, Arithmetic()), IMAGE), IMAGE, live=20)
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
    first(
        (nn.Linear(12, 3), "is a .*, which the exact contract does not have"),
        (AdderLinear(12, 3, Format(8, 5, True)), "compares inputs of 4 fraction bits with weights of 5"),
        (
            BatchNormAffine(12, exponent_range=ExponentRange(-20, 0), terms=3),
            "narrow its input format, its exponent range",
        ),
    ),
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


def test_a_bias_on_too_fine_a_grid_is_refused() -> None:
    layer = ShiftLinear(12, 3, bias_frac=20)
    weight = layer.weight
    assert isinstance(weight, PowerSignWeight)
    weight.sign.data.fill_(1.0)
    weight.shift.data.fill_(-2.0)
    # 12 inputs of 128 codes at 4 + 2 fraction bits, written with 20: 12 * 128 * 2**14 has 25 bits
    with pytest.raises(ModelsError, match="layer 'logits' can reach 25 bits"):
        export_model(nn.Sequential(ActivationQuant(S8_4), layer), (12,))


@pytest.mark.whole
def test_pools_average_powers_of_two_alone() -> None:
    with pytest.raises(ModelsError, match="averages 9 positions; take a power of two"):
        export_model(nn.Sequential(ActivationQuant(S8_4), nn.AvgPool2d(3)), IMAGE)
    with pytest.raises(ModelsError, match="pads what it averages; pad before it, or not at all"):
        export_model(nn.Sequential(ActivationQuant(S8_4), nn.AvgPool2d(2, padding=1)), IMAGE)


def test_a_net_must_start_with_a_quantizer() -> None:
    with pytest.raises(ModelsError, match="layer 'logits' reads the raw input; put an ActivationQuant before it"):
        export_model(nn.Sequential(ShiftLinear(12, 3)), (12,))
