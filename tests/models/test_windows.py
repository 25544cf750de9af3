"""Windows of every shape against plain sums in float64, and through onnxruntime to the last bit."""

import itertools

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.adder import AdderConv1d, AdderConv2d
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.grid import Format
from shiftwire_models.pool import PictureMean
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftConv1d, ShiftConv2d
from shiftwire_models.window import Geometry
from tiers import first

S8_4 = Format(8, 4, True)


def naive(x: Tensor, weight: Tensor, geometry: Geometry, groups: int, adder: bool) -> np.ndarray:
    """Window by window, from the definition; x (N, C, H, W)."""
    (top, left), (bottom, right) = geometry.begin, geometry.end
    wide = np.pad(x.double().numpy(), ((0, 0), (0, 0), (top, bottom), (left, right)))
    w = weight.detach().double().numpy()
    height, width = geometry.area(tuple(x.shape[2:]))
    y = np.zeros((len(x), len(w), height, width))
    per_group, taken = len(w) // groups, w.shape[1]
    for o, row, column in itertools.product(range(len(w)), range(height), range(width)):
        channels = slice(o // per_group * taken, (o // per_group + 1) * taken)
        r, c = row * geometry.stride[0], column * geometry.stride[1]
        window = wide[:, channels, r : r + geometry.kernel[0], c : c + geometry.kernel[1]]
        parts = -np.abs(window - w[o]) if adder else window * w[o]
        y[:, o, row, column] = parts.sum((1, 2, 3))
    return y


def run_file(net: nn.Module, x: Tensor) -> np.ndarray:
    model = export_model(net, tuple(x.shape[1:]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(None, {"x": x.numpy()})[0]
    return y


WINDOWS = [((10, 4), 2, (4, 1, 5, 1), 1), ((1, 5), (1, 3), (0, 2), 2), ((3, 2), (2, 1), (0, 1, 2, 0), 4)]
"""kernel, stride, padding, groups; the first is DS-CNN's stem"""


class Fan(nn.Module):
    """Layers side by side on one input: one export for all."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers, self.flatten = nn.ModuleList(layers), nn.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.flatten(layer(x)) for layer in self.layers], 1)


def test_windows_that_are_not_square() -> None:
    torch.manual_seed(3)
    kinds = [(adder, *window) for adder in (False, True) for window in WINDOWS]
    layers: list[nn.Module] = [
        AdderConv2d(4, 4, kernel, S8_4, stride=stride, padding=padding, groups=groups)
        if adder
        else ShiftConv2d(4, 4, kernel, stride=stride, padding=padding, groups=groups)
        for adder, kernel, stride, padding, groups in kinds
    ]
    x = torch.randn(3, 4, 19, 10) * 4
    x[1] = torch.where(torch.rand(4, 19, 10) < 0.5, 3e38, -3e38)
    quant, fan = ActivationQuant(S8_4), Fan(layers)
    with torch.no_grad():
        for (adder, *_, groups), layer in zip(kinds, layers, strict=True):
            found = layer(quant(x)).numpy()
            assert np.array_equal(found, naive(quant(x), layer.weight(), layer.geometry, groups, adder))
            assert len(np.unique(found)) > 200
        net = nn.Sequential(quant, fan).eval()
        assert np.array_equal(run_file(net, x), net(x).numpy())


def test_windows_over_lines() -> None:
    torch.manual_seed(4)
    window = {"stride": 2, "padding": (1, 2), "groups": 2}
    layers: list[nn.Module] = [AdderConv1d(4, 6, 5, S8_4, **window), ShiftConv1d(4, 6, 5, **window)]
    x = torch.randn(8, 4, 17) * 4
    quant = ActivationQuant(S8_4)
    flat = Geometry((1, 5), (1, 2), (0, 1), (0, 2))
    with torch.no_grad():
        for layer, adder in zip(layers, (True, False), strict=True):
            found = layer(quant(x)).numpy()
            wanted = naive(quant(x)[:, :, None], layer.weight()[:, :, None], flat, 2, adder)[:, :, 0]
            assert found.shape == (8, 6, 8)
            assert np.array_equal(found, wanted)
            assert len(np.unique(found)) > 150
        net = nn.Sequential(quant, Fan(layers)).eval()
        assert np.array_equal(run_file(net, x), net(x).numpy())


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 7), (25, 5), (3, 3), (1, 1)])
def test_a_mean_over_any_picture_is_a_shift(height: int, width: int) -> None:
    torch.manual_seed(5)
    x = torch.randn(5, 3, height, width) * 4
    net = nn.Sequential(ActivationQuant(S8_4), PictureMean(height, width)).eval()
    positions = (1 << (height - 1).bit_length()) * (1 << (width - 1).bit_length())
    found = net(x).numpy()
    assert np.array_equal(found, net[0](x).double().sum((2, 3)).numpy() / positions)
    assert len(np.unique(found)) > 12
    if (height, width) == (25, 5):
        assert np.array_equal(run_file(net, x), found)


class Spelt(nn.Module):
    """Pads and means as people write them."""

    def __init__(self) -> None:
        super().__init__()
        self.fill = nn.ZeroPad2d((0, 2, 1, 1))
        self.adaptive = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fill(functional.pad(x, (1, 1, 2, 0)))  # 2 x 4 -> 4 x 6 -> 6 x 8
        kept = functional.pad(y, (0, 0, 1, 1))
        means = (kept.mean((2, 3)), kept.mean((-1, -2), keepdim=True).flatten(1), self.adaptive(kept).flatten(1))
        return torch.cat(means, 1)


def test_pads_and_means_as_people_write_them() -> None:
    net = nn.Sequential(ActivationQuant(S8_4), Spelt()).eval()
    x = torch.randn(6, 3, 2, 4) * 4
    found = net(x).numpy()
    assert np.array_equal(run_file(net, x), found)
    assert np.array_equal(found[:, :3], found[:, 6:])
    kinds = [node.op_type for node in export_model(net, (3, 2, 4)).graph.node]
    assert sorted(kinds) == ["Concat", *["Flatten"] * 3, *["GlobalAveragePool"] * 3, *["Pad"] * 3, "Quant"]


class Function(nn.Module):
    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.function(x)  # type: ignore[operator]
        return y


@pytest.mark.parametrize(
    ("layer", "words"),
    first(
        (nn.ReLU6(), "is a Clip, which the exact contract does not have; the quantizer behind it saturates, so take"),
        (nn.AdaptiveAvgPool2d(1), "averages 35 positions; take a power of two, or PictureMean, which fills"),
        (Function(lambda x: x.mean(1)), "is a ReduceMean, which the exact contract does not have; average over the"),
        (Function(lambda x: functional.pad(x, (1, 1, 1, 1), value=1.0)), "does more than put zeros around the picture"),
        (Function(lambda x: functional.pad(x, (1, 1, 0, 0), mode="reflect")), "does more than put zeros|is a "),
        (nn.Conv2d(3, 3, 1), "is a Conv, which the exact contract does not have; take ShiftConv2d or AdderConv2d"),
        (nn.BatchNorm2d(3), "is a BatchNormalization, which the exact contract does not have; take BatchNormAffine"),
    ),
)
def test_what_stays_refused(layer: nn.Module, words: str) -> None:
    with pytest.raises(ModelsError, match=words):
        export_model(nn.Sequential(ActivationQuant(S8_4), layer), (3, 5, 7))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"kernel": (3, 3, 3)}, r"\(3, 3, 3\) does not fit 2 axes; give one number, or one for each axis"),
        ({"kernel": 0}, "moves nowhere; take kernels and strides of at least 1 and no negative pads"),
        ({"kernel": 3, "padding": -1}, "moves nowhere"),
        ({"kernel": 3, "groups": 3}, "3 groups do not divide 4 inputs and 8 outputs; take a divisor"),
    ],
)
def test_windows_that_cannot_be(window: dict[str, object], words: str) -> None:
    with pytest.raises(ModelsError, match=words):
        ShiftConv2d(4, 8, **window)  # type: ignore[arg-type]
