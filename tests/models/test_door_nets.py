"""Nets and samples as people have them when they come to the door: of any dtype, wrapped, in batches; or a sentence."""

import copy
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune
from torch.utils.data import DataLoader, TensorDataset

from shiftwire_models import ModelsError, export, from_exact, to_multiplication_free
from shiftwire_models.conversion.copies import plain_copy
from shiftwire_models.conversion.first_run import first_run
from shiftwire_models.conversion.samples import samples_of
from shiftwire_models.finetune.layers import TunedSum
from shiftwire_models.weights.filter_terms import Nearest
from tiers import some

X = torch.rand(16, 2, 6, 6, generator=torch.Generator().manual_seed(0))


def plain() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).eval()


def first_weight_norm(net: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own replacement is among the cases
        nn.utils.weight_norm(net[0])
    return net


WRAPPED: dict[str, Callable[[nn.Sequential], nn.Module]] = {
    "compiled": torch.compile,
    "parallel": nn.DataParallel,
    "both": lambda net: torch.compile(nn.DataParallel(net)),
    "inside": lambda net: nn.Sequential(torch.compile(net[:3]), nn.DataParallel(net[3:])),
    "weight_norm": lambda net: nn.Sequential(parametrizations.weight_norm(net[0]), *net[1:]),
    "first weight_norm": first_weight_norm,
    "pruned": lambda net: nn.Sequential(prune.l1_unstructured(net[0], "weight", 0.25), *net[1:]),
    "dropout": lambda net: nn.Sequential(*net[:4], nn.Dropout(), net[4]).eval(),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_copies_compute_what_wrapped_nets_do(name: str) -> None:
    wrapped = WRAPPED[name](plain())
    bare = wrapped._orig_mod if name in ("compiled", "both") else wrapped
    if name == "inside":
        bare = nn.Sequential(wrapped[0]._orig_mod, wrapped[1])
    twin = plain_copy(wrapped)
    with torch.no_grad():
        assert torch.equal(twin(X), bare.eval()(X)) and twin(X).unique().numel() > 10
    assert not any("_orig_mod" in path or "module" in path for path, _ in twin.named_modules())


@pytest.mark.parametrize("name", some(WRAPPED, "inside", "first weight_norm"))
def test_wrapped_nets_are_converted(name: str) -> None:
    assert to_multiplication_free(WRAPPED[name](plain()), X)(X).shape == (16, 3)


@pytest.mark.parametrize("dtype", some((torch.float64, torch.float16), torch.float16))
def test_nets_of_every_float_are_converted(dtype: torch.dtype) -> None:
    net = plain().to(dtype)
    free = to_multiplication_free(net, X.to(dtype), terms=1)
    same = to_multiplication_free(copy.deepcopy(net).float(), X.to(dtype).float(), terms=1)
    assert {parameter.dtype for parameter in free.parameters()} == {torch.float32}
    y = free(X.to(dtype))
    assert y.dtype == dtype and torch.equal(y, same(X.to(dtype)))
    assert next(net.parameters()).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_copies_are_in_float32(dtype: torch.dtype) -> None:
    net = plain().to(dtype)
    twin = plain_copy(net)
    assert {tensor.dtype for tensor in twin.state_dict().values() if tensor.is_floating_point()} == {torch.float32}
    assert all(torch.equal(a.float(), b.float()) for a, b in zip(net.parameters(), twin.parameters(), strict=True))
    assert {tensor.dtype for tensor in net.parameters()} == {dtype}


def test_tuned_nets_in_half_are_exported_as_they_compute(tmp_path: Path) -> None:
    free = to_multiplication_free(plain(), X).half()
    export(free, tmp_path / "half.onnx", X)
    exact = from_exact(tmp_path / "half.onnx").eval()
    for x in (X, X.half(), (X > 0.5).byte()):
        y = free.eval()(x)
        assert torch.equal(y, exact(x)) and y.dtype == (x.dtype if x.is_floating_point() else torch.float32)
    free.train()(X.half()).sum().backward()
    assert all(parameter.grad.dtype == torch.float32 for parameter in free.parameters() if parameter.requires_grad)


LOADER = DataLoader(TensorDataset(X, torch.zeros(16)), 6)


FORMS = {
    "a tensor": X,
    "of doubles": X.double(),
    "an array": X.numpy(),
    "a loader": LOADER,
    "pairs": list(LOADER),
    "a tuple of batches": X.split(5),
    "a list of batches": [X[:8], X[8:]],
}


@pytest.mark.parametrize("given", FORMS.values(), ids=FORMS)
def test_samples_come_in_many_forms(given: object) -> None:
    x = samples_of(given)
    assert x.dtype == torch.float32 and torch.equal(x, X)


def test_of_long_loaders_the_first_samples_are_read() -> None:
    data = torch.arange(4000.0).reshape(2000, 2)
    assert torch.equal(samples_of(DataLoader(TensorDataset(data), 100)), data[:600])


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        ((X, torch.zeros(16)), r"shapes \(16, 2, 6, 6\), \(16,\), wanted batches .* of a pair \(x, y\) give x alone"),
        ([], "calibration holds tensors of shapes nothing, wanted batches"),
        ([{"x": X}], r"calibration holds a dict for a batch, wanted a tensor \(N, ...\) or \(x, y\)"),
        (X.to_sparse(), "calibration is a sparse, nested or quantized tensor"),
        (X[:, :0], r"calibration has the shape \(16, 0, 6, 6\), which holds no numbers"),
        (X * np.nan, "calibration holds values that are not finite"),
        (None, "calibration is a NoneType, wanted one tensor"),
        (
            X[:, :1],
            r"module '0' \(Conv2d\) cannot read samples of shape \(N, 1, 6, 6\): .*; give them as the net reads",
        ),
        (X[:, 0], r"module '0' \(Conv2d\) cannot read samples of shape \(N, 6, 6\)"),
        (X[..., :5], r"module '4' \(Linear\) cannot read samples of shape \(N, 2, 6, 5\)"),
    ],
)
def test_samples_that_will_not_do(calibration: object, words: str) -> None:
    with pytest.raises(ModelsError, match=words) as refusal:
        to_multiplication_free(plain(), calibration)
    assert "\n" not in str(refusal.value)


class Last(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)[0][:, -1]


class Spare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net, self.never = plain(), nn.LSTM(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Product(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :2] * x[:, 2:]


def converted() -> nn.Module:
    return to_multiplication_free(plain(), X)


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            lambda: nn.Sequential(nn.Flatten(2), Last(nn.GRU(36, 5))),
            r"^module '1.layer' \(GRU\) has no exact form: it k",
        ),
        (lambda: nn.Sequential(nn.Flatten(), nn.LayerNorm(72)), r"^module '1' \(LayerNorm\) .* train with BatchNorm"),
        (
            lambda: nn.Sequential(plain()[0], Product(), nn.Flatten(), nn.Linear(32, 3)),
            r"multiplies two computed tensors, .* add them, .* '1' \(Product",
        ),
        (converted, r"^the net itself \(MultiplicationFreeNet\) is multiplication-free already"),
        (lambda: nn.Sequential(converted(), nn.Linear(3, 3)), r"^module '0' \(MultiplicationFreeNet\) is mult"),
        (
            lambda: plain().to("meta"),
            r"module '0' \(Conv2d\) has weights without values, on the device meta; load them",
        ),
        (lambda: torch.jit.script(plain()), r"is compiled by torch.jit, which keeps no layers; give the net it was"),
        (lambda: torch.relu, "found a builtin_function_or_method for the net, wanted a torch.nn.Module"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Flatten(0), nn.Unflatten(0, (-1, 3))), "wanted a row for each; give"),
    ],
)
def test_nets_that_will_not_do(net: Callable[[], nn.Module], words: str) -> None:
    with warnings.catch_warnings(), pytest.raises(ModelsError, match=words) as refusal:
        warnings.simplefilter("ignore")
        to_multiplication_free(net(), X)
    assert "\n" not in str(refusal.value)


def test_layers_that_never_run_are_no_reason() -> None:
    first_run(Spare(), (X,))


def test_a_tuned_net_within_another_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(
        ModelsError, match=r"module '0' \(MultiplicationFreeNet\) is one layer of the net, wanted alone"
    ):
        export(nn.Sequential(converted(), nn.Softmax(1)), tmp_path / "m.onnx", X)


def test_weights_of_one_bit_stay_signs_while_they_train(tmp_path: Path) -> None:
    """The file of quantize at first, other signs after training, and never a 0; finetune reads them so too."""
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4))
    x = torch.randn(64, 12)
    free = to_multiplication_free(net, x, method="binary").train()
    (signs,) = (layer.weight for layer in free.graph.layers if _is_of_signs(layer))
    before = signs.terms().sign.clone()
    wanted = torch.where(net[2].weight < 0, -1, 1)
    assert torch.equal(before[0].long(), wanted) and signs.latent.unique().numel() > 2, "float weights stand behind"
    optimizer = torch.optim.Adam(free.parameters(), 0.05)
    for _ in range(20):
        optimizer.zero_grad()
        functional.cross_entropy(free(x), x[:, :4].argmax(1)).backward()
        optimizer.step()
    after = signs.terms().sign
    assert bool((after != 0).all()) and bool((after != before).any())
    export(free, tmp_path / "model.onnx", x[:1])
    again = from_exact(tmp_path / "model.onnx")
    (read,) = (layer.weight for layer in again.graph.layers if _is_of_signs(layer))
    assert torch.equal(read.terms().sign, after)
    with torch.no_grad():
        read.latent[:] = 0.0
    assert bool((read.terms().sign == 1).all())


def _is_of_signs(layer: nn.Module) -> bool:
    return isinstance(layer, TunedSum) and layer.weight.latent.dim() > 1 and layer.weight.nearest is Nearest.SIGN
