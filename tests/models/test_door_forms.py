"""Forms that people write, each through the door and trained a step: the exact file is what the module computes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

import shiftwire
from shiftwire_models import export, to_multiplication_free
from shiftwire_models.finetune.passing import Moved, Spread, Staircase, Table
from tiers import every_third

X = torch.rand(64, 2, 8, 8, generator=torch.Generator().manual_seed(0))


class Written(nn.Module):
    """Two convolutions and a classifier, and a forward() of one line."""

    def __init__(self, forward: Callable[["Written", Tensor], Tensor], features: int) -> None:
        super().__init__()
        self.c, self.d = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.e, self.b = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.fc, self.line = nn.Linear(features, 3), forward

    def forward(self, x: Tensor) -> Tensor:
        return self.line(self, x)


def relu(x: Tensor) -> Tensor:
    return functional.relu(x)


def shuffled(x: Tensor) -> Tensor:
    return x.view(x.size(0), 2, 2, 8, 8).transpose(1, 2).reshape(x.size(0), 4, 8, 8)


def bilinear(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


LINES: dict[str, tuple[Callable[[Written, Tensor], Tensor], int]] = {
    "view": (lambda s, x: s.fc(relu(s.c(x)).view(-1, 256)), 256),
    "mean": (lambda s, x: s.fc(relu(s.c(x)).mean(3).mean(2)), 4),
    "twice": (lambda s, x: s.fc(relu(s.d(relu(s.d(relu(s.c(x)))))).flatten(1)), 256),
    "before": (lambda s, x: s.fc(relu(s.b(s.c(x) + s.d(relu(s.e(x))))).flatten(1)), 256),
    "chunk": (lambda s, x: s.fc(torch.add(*relu(s.c(x)).chunk(2, 1)).flatten(1)), 128),
    "shuffle": (lambda s, x: s.fc(s.d(shuffled(relu(s.c(x)))).flatten(1)), 256),
    "cat": (lambda s, x: s.fc(torch.cat([relu(s.c(x)), relu(s.e(x))], 1).flatten(1)), 512),
    "ceil": (lambda s, x: s.fc(functional.max_pool2d(relu(s.c(x)), 3, 2, ceil_mode=True).flatten(1)), 64),
    "partial": (lambda s, x: s.fc(functional.avg_pool2d(relu(s.c(x)), 3, 2, 1, False, False).flatten(1)), 64),
    "larger": (lambda s, x: s.fc(s.d(functional.interpolate(relu(s.c(x)), scale_factor=2)).flatten(1)), 1024),
    "bilinear": (lambda s, x: s.fc(s.d(bilinear(relu(s.c(x)))).flatten(1)), 1024),
    "edges": (lambda s, x: s.fc(s.d(functional.pad(relu(s.c(x)), (1, 0, 2, 0), "replicate")).flatten(1)), 360),
    "spread": (lambda s, x: s.fc(functional.pixel_shuffle(relu(s.c(x)), 2).flatten(1)), 256),
    "cut": (lambda s, x: s.fc(relu(s.c(x))[:, 1:3, 2:].flatten(1)), 96),
    "normal": (lambda s, x: s.fc(relu(s.c((x - 0.45) / 0.22)).flatten(1)), 256),
    "leaky": (lambda s, x: s.fc(functional.leaky_relu(s.c(x), 0.1).flatten(1)), 256),
    "hardswish": (lambda s, x: s.fc(functional.hardswish(s.b(s.c(x))).flatten(1)), 256),
    "gelu": (lambda s, x: s.fc(functional.gelu(s.c(x)).flatten(1)), 256),
    "tanh": (lambda s, x: s.fc(torch.tanh(s.c(x)).flatten(1)), 256),
}
NETS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(128, 16), nn.ReLU(), nn.Linear(16, 3)),
    "line": lambda: nn.Sequential(
        nn.Flatten(2), nn.Conv1d(2, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3)
    ),
    "norm": lambda: nn.Sequential(weight_norm(nn.Conv2d(2, 4, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)),
    "transposed": lambda: nn.Sequential(
        nn.Conv2d(2, 4, 3, 2),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 4, 3, (1, 2), 1, groups=2),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 3, (2, 5), (3, 1), (1, 0), dilation=(2, 1)),
        nn.Flatten(),
        nn.Linear(189, 3),
    ),
    **{name: lambda line=line: Written(*line) for name, line in LINES.items()},
}


@pytest.mark.parametrize("name", every_third(NETS, "mlp", "shuffle", "hardswish", "leaky", "normal", "transposed"))
def test_forms_train_and_are_exact(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    floats = NETS[name]()
    floats.train()(X)
    free = to_multiplication_free(floats, X, terms=2).train()
    assert (floats.eval()(X) - free.eval()(X)).abs().mean() < 0.1 * floats(X).std()
    optimizer = torch.optim.SGD(free.parameters(), 0.05)
    functional.cross_entropy(free.train()(X), torch.arange(64) % 3).backward()
    assert all(bool(p.grad.abs().sum() > 0) for p in free.parameters() if p.requires_grad and p.dim() > 2)
    optimizer.step()
    export(free, tmp_path / "net.onnx", X)
    network = shiftwire.load_network(tmp_path / "net.onnx")
    codes = network.evaluate(network.host_input.encode(X.numpy(), network.input.format))
    with torch.no_grad():
        y = free.eval()(X).double().numpy()
    scores = network.host_output.scores(codes, network.output.format).reshape(y.shape)
    assert np.count_nonzero(scores != y) == 0
    assert len(np.unique(y)) > 60


def test_a_staircase_has_the_slope_of_its_line() -> None:
    layer = Staircase(4.0 * torch.arange(1, 9)[None], torch.tensor([-3.0]), torch.tensor([1.0]), 3, 2)
    x = torch.tensor([[-9.0, 0.4, 0.5, 2.0, 9.0]]).T.requires_grad_()
    y = layer(x)
    assert y.flatten().tolist() == [-0.75, -0.75, -0.5, 0.25, 1.25]
    y.sum().backward()
    assert x.grad.flatten().tolist() == [0.0, 0.0, 0.5, 0.5, 0.0]


def test_a_table_has_the_slope_of_its_neighbours() -> None:
    layer = Table(torch.tensor([[8.0, 4.0, 2.0, 6.0]]), -2, 1, 2)
    x = torch.tensor([[-1.0, -0.5, 0.0, 0.5]]).T.requires_grad_()
    y = layer(x)
    assert y.flatten().tolist() == [2.0, 1.0, 0.5, 1.5]
    y.sum().backward()
    assert x.grad.flatten().tolist() == [-1.0, -1.5, 0.5, 1.0]


@pytest.mark.parametrize(("axis", "block"), [(2, 3), (3, 2), (2, 6)])
def test_channels_are_spread_as_the_contract_spreads_them(axis: int, block: int) -> None:
    """Position p * block + r of channel c is position p of channel r * C + c."""
    x = torch.randn(2, 6, 4, 5, requires_grad=True)
    y, channels = Spread(axis, block)(x), 6 // block
    for r in range(block):
        part = y[:, :, r::block] if axis == 2 else y[:, :, :, r::block]
        assert torch.equal(part, x[:, r * channels : (r + 1) * channels])
    (y * y).sum().backward()
    assert torch.equal(x.grad, 2 * x)


@pytest.mark.parametrize("columns_first", [False, True])
def test_blocks_move_as_onnx_moves_them(columns_first: bool) -> None:
    x = torch.arange(2.0 * 8 * 2 * 3).reshape(2, 8, 2, 3)
    spread = Moved(2, columns_first=columns_first, is_deep=False)(x)
    picked = x.reshape(2, 2, 2, 2, 2, 3)
    order = (0, 1, 4, 2, 5, 3) if columns_first else (0, 3, 4, 1, 5, 2)
    assert torch.equal(spread, picked.permute(order).reshape(2, 2, 4, 6))
    if not columns_first:
        assert torch.equal(Moved(2, columns_first=False, is_deep=True)(spread), x)
