"""The door of torch's users: a net of plain torch in, one that trains in their own loop and an exact file out."""

import copy
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from native_values import differing, native_values
from shiftwire_models import MultiplicationFreeNet, export, from_exact, to_multiplication_free
from shiftwire_models import nn as free_nn
from shiftwire_models.data import digits
from shiftwire_models.exporter import to_onnx

DATA = digits()


class Block(nn.Module):
    """A residual block as people write it: one ReLU for all, another by function."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.down = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x))))) + self.down(x))


class SmallResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bn, self.relu = nn.Conv2d(1, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 12, 2))
        self.fc = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.relu(self.bn(self.stem(x))))
        return self.fc(torch.flatten(functional.adaptive_avg_pool2d(x, 1), 1))


class Inverted(nn.Module):
    """MobileNetV2's block."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide, act = 3 * inputs, nn.ReLU6()
        self.is_residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), act,
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), act,
            nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.is_residual else self.layers(x)


def small_mobilenet() -> nn.Module:
    stem = nn.Sequential(nn.Conv2d(1, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(8, 10))
    return nn.Sequential(stem, Inverted(6, 6, 1), Inverted(6, 8, 2), head)


def epoch(net: nn.Module, rate: float) -> None:
    """A loop as people have it."""
    optimiser = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 24)
    net.train()
    for picked in torch.split(torch.randperm(len(DATA.train.y)), 64):
        loss = functional.cross_entropy(net(DATA.train.x[picked]), DATA.train.y[picked])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def accuracy(net: nn.Module) -> float:
    with torch.no_grad():
        return float((net.eval()(DATA.test.x).argmax(1) == DATA.test.y).float().mean())


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    torch.manual_seed(0)
    net = SmallResNet()
    for _ in range(3):
        epoch(net, 0.01)
    return net


@pytest.fixture(scope="module")
def free(trained: nn.Module) -> MultiplicationFreeNet:
    return to_multiplication_free(trained, DATA.train.x[:64], method="lightnn", terms=1, act_bits=8)


def exported(net: nn.Module, path: Path) -> Path:
    export(net, path, DATA.test.x[:4])
    return path


def test_a_residual_net_from_torch_to_the_kernels(free: MultiplicationFreeNet, tmp_path: Path) -> None:
    net = copy.deepcopy(free)
    before = accuracy(net)
    epoch(net, 0.003)
    assert before > 0.7 and accuracy(net) > 0.85
    values = native_values(exported(net, tmp_path / "net.onnx"), DATA.test.x)
    assert differing(values, net(DATA.test.x)) == 0
    assert len(np.unique(values)) > 1000
    assert differing(values, free.eval()(DATA.test.x)) > 1000  # what was trained is what was written


def test_an_inverted_net_from_torch_to_the_kernels(tmp_path: Path) -> None:
    torch.manual_seed(1)
    floats = small_mobilenet()
    for _ in range(3):
        epoch(floats, 0.01)
    net = to_multiplication_free(floats, DATA.train.x[:64], terms=2)
    epoch(net, 0.003)
    assert accuracy(net) > 0.6
    values = native_values(exported(net, tmp_path / "net.onnx"), DATA.test.x)
    assert differing(values, net(DATA.test.x)) == 0
    assert len(np.unique(values)) > 1000


def test_a_net_composed_of_our_layers(tmp_path: Path) -> None:
    torch.manual_seed(2)
    s8_5 = free_nn.Format(8, 5, signed=True)
    net = nn.Sequential(
        OrderedDict(
            quant=free_nn.ActivationQuant(s8_5),
            shift=free_nn.ShiftConv2d(1, 4, 3, padding=1),
            between=free_nn.ActivationQuant(s8_5),
            adder=free_nn.AdderConv2d(4, 6, 3, s8_5, stride=2),
            bn=free_nn.BatchNormAffine(6, exponent_range=free_nn.ExponentRange(-8, 0)),
            relu=nn.ReLU(),
            act=free_nn.ActivationQuant(free_nn.Format(6, 4, signed=False)),
            flatten=nn.Flatten(),
            classifier=free_nn.ShiftLinear(54, 10, bias_frac=6),
        )
    )
    epoch(net, 0.02)
    values = native_values(exported(net, tmp_path / "net.onnx"), DATA.test.x[:100])
    assert net.training  # an export leaves the net as it is
    assert differing(values, net.eval()(DATA.test.x[:100])) == 0
    assert len(np.unique(values)) > 100


def test_at_first_it_is_the_file_of_quantize(free: MultiplicationFreeNet) -> None:
    again = MultiplicationFreeNet(free.file).eval()
    assert torch.equal(again(DATA.test.x), free.eval()(DATA.test.x))
    moved = [a for a, b in zip(free.parameters(), again.parameters(), strict=True) if not torch.equal(a, b)]
    assert len(moved) > 3  # but its latents are the float weights


def test_evaluation_is_exact_beyond_float32(tmp_path: Path) -> None:
    """Sums of 30 bits and more, which the exact file may have, and float32 has not."""
    torch.manual_seed(3)
    weight = free_nn.WeightSpec(free_nn.WeightRule.LIGHTNN, bits=5, terms=3)
    net = nn.Sequential(free_nn.ActivationQuant(free_nn.Format(16, 8, signed=True)), free_nn.ShiftLinear(64, 4, weight))
    path = tmp_path / "wide.onnx"
    path.write_bytes(to_onnx(net, (64,)).SerializeToString())
    read, x = from_exact(path), 40 * torch.randn(200, 64)
    values = native_values(path, x)
    assert differing(values, read.eval()(x.double())) == 0
    nearest = values.astype(np.float32)
    assert differing(nearest, read.eval()(x)) == 0
    assert differing(nearest, read.train()(x)) > 100


def test_the_old_net_stays_as_it_is(trained: nn.Module) -> None:
    state = copy.deepcopy(trained.state_dict())
    was_training = trained.training
    free = to_multiplication_free(trained, DATA.train.x[:16], terms=1)
    assert free.training is was_training is trained.training
    assert all(torch.equal(state[name], value) for name, value in trained.state_dict().items())


def test_what_torch_users_do_with_modules(free: MultiplicationFreeNet, tmp_path: Path) -> None:
    net = copy.deepcopy(free)
    average = AveragedModel(net)
    epoch(net, 0.003)
    average.update_parameters(net)
    x = DATA.test.x[:50]
    torch.save(net.state_dict(), tmp_path / "state.pt")
    other = copy.deepcopy(free)
    assert not torch.equal(other.eval()(x), net.eval()(x))
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(other(x), net(x))
    assert torch.equal(average.module.eval()(x), net(x))  # the first update copies
    export(net, tmp_path / "net.onnx", x)
    read = from_exact(tmp_path / "net.onnx").eval()
    assert torch.equal(read(x), net(x))
    read.load_state_dict(net.state_dict())
    compiled = torch.compile(net, backend="aot_eager")
    assert torch.equal(compiled(x), net(x))
    export(compiled, tmp_path / "compiled.onnx", x)
    assert (tmp_path / "compiled.onnx").read_bytes() == (tmp_path / "net.onnx").read_bytes()


@pytest.mark.parametrize(
    "layer",
    [
        free_nn.ShiftAddBlock(3, 4, 1, free_nn.Arithmetic()),
        *(
            free_nn.ConvBlock(3, 4, 1, free_nn.Arithmetic(weight=free_nn.WeightSpec(rule)))
            for rule in free_nn.WeightRule
        ),
        free_nn.PictureMean(5, 5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_know_no_device(layer: nn.Module) -> None:
    """Tensors without values stand for those of another device: none of the CPU's may meet them."""
    on_another_device(layer, (2, 3, 5, 5))


def test_a_converted_net_knows_no_device(free: MultiplicationFreeNet) -> None:
    on_another_device(copy.deepcopy(free), (2, 1, 8, 8))


def on_another_device(net: nn.Module, shape: tuple[int, ...]) -> None:
    twin, x = copy.deepcopy(net).to("meta"), torch.empty(shape, device="meta")
    for training in (True, False):
        y = twin.train(training)(x)
        assert y.device.type == "meta" and y.dtype is torch.float32
        if y.requires_grad:
            y.sum().backward()
