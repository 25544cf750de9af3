"""A state dict brings a net back: latents and the rule by which they are rounded, bit for bit and byte for byte."""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import onnx
from shiftwire_models import ModelsError, MultiplicationFreeNet, export, from_exact, to_multiplication_free
from shiftwire_models.finetune.layers import TunedAdder
from shiftwire_models.finetune.passing import Picked
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights.filter_terms import FilterTermsWeight, Nearest
from tiers import every_third

X = torch.randn(64, 1, 6, 6, generator=torch.Generator().manual_seed(0))
METHODS: list[dict[str, object]] = [
    *({"method": method, "terms": terms} for method in ("linear", "lightnn") for terms in (1, 2, 3)),
    {"method": "deepshift"},
    {"method": "apot"},
    {"method": "lightnn", "error_budget": 0.05},
]
CASES = {"-".join(map(str, options.values())): options for options in METHODS}


def converted(**options: object) -> MultiplicationFreeNet:
    torch.manual_seed(0)
    floats = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 2), nn.Flatten(), nn.Linear(75, 3)
    )
    return to_multiplication_free(floats.eval(), X, **options)


def step(net: nn.Module) -> None:
    optimizer = torch.optim.SGD(net.parameters(), 0.02)
    net.train()(X).square().mean().backward()
    optimizer.step()
    net.zero_grad()


def values(net: nn.Module) -> Tensor:
    with torch.no_grad():
        return net.eval()(3 * X)


@pytest.mark.parametrize("name", every_third(CASES, "lightnn-2", "deepshift"))
def test_a_state_dict_gives_the_net_back(name: str, tmp_path: Path) -> None:
    net = converted(**CASES[name])
    export(net, tmp_path / "first.onnx", X)
    for _ in range(2):  # untrained, and after a step whose state the first file does not know
        export(net, tmp_path / "net.onnx", X)
        torch.save(net.state_dict(), tmp_path / "state.pt")
        for file in ("first.onnx", "net.onnx"):
            again = from_exact(tmp_path / file)
            again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
            assert torch.equal(values(again), values(net))
            export(again, tmp_path / "again.onnx", X)
            assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "net.onnx").read_bytes()
            twin = copy.deepcopy(net)
            step(twin), step(again)
            assert torch.equal(values(again), values(twin))
        step(net)


@pytest.mark.parametrize("method", ["lightnn", "linear"])
def test_a_file_alone_says_how_it_is_trained(method: str, tmp_path: Path) -> None:
    net = converted(method=method, terms=1)
    step(net)
    export(net, tmp_path / "net.onnx", X)
    again = from_exact(tmp_path / "net.onnx")
    assert torch.equal(values(again), values(net))
    rules = {module.nearest for module in again.modules() if isinstance(module, FilterTermsWeight)}
    assert rules == {Nearest.LOG if method == "lightnn" else Nearest.LINEAR}
    notes = [entry.value for node in onnx.load(tmp_path / "net.onnx").graph.node for entry in node.metadata_props]
    assert set(notes) == ({"log"} if method == "lightnn" else set())


def test_a_state_dict_brings_its_rule_into_a_net_of_another() -> None:
    log, linear = converted(method="lightnn", terms=1), converted(method="linear", terms=1)
    assert not torch.equal(values(log), values(linear))
    rules = [module for module in linear.modules() if isinstance(module, FilterTermsWeight)]
    assert {weight.nearest for weight in rules} == {Nearest.LINEAR}
    same = MultiplicationFreeNet(log.file, Nearest.LINEAR)
    same.load_state_dict(log.state_dict())
    assert torch.equal(values(same), values(log))


def test_a_state_dict_of_other_terms_is_one_sentence() -> None:
    net = converted(method="lightnn", terms=2)
    with pytest.raises(
        ModelsError, match=r"^the state dict has weights of 1 term with exponents .* of 2 terms with .*"
    ):
        net.load_state_dict(converted(method="lightnn", terms=1).state_dict())


def test_a_state_dict_that_says_no_rule_is_read_by_the_rule_of_the_net(tmp_path: Path) -> None:
    net = converted(method="lightnn", terms=1)
    old = {name: value for name, value in net.state_dict().items() if not name.endswith("_extra_state")}
    assert len(old) < len(net.state_dict())
    export(net, tmp_path / "net.onnx", X)
    model = onnx.load(tmp_path / "net.onnx")
    for node in model.graph.node:
        del node.metadata_props[:]
    onnx.save(model, tmp_path / "old.onnx")
    for again in (from_exact(tmp_path / "net.onnx"), from_exact(tmp_path / "old.onnx", method="lightnn")):
        again.load_state_dict(old)
        assert torch.equal(values(again), values(net))
    with pytest.raises(ModelsError, match="no method is called 'log'; take one of linear"):
        from_exact(tmp_path / "net.onnx", method="log")


def test_copies_of_all_kinds_carry_the_rule() -> None:
    net = converted(method="lightnn", terms=1)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    for _ in range(5):
        average.update_parameters(net)
    blank = MultiplicationFreeNet(net.file)
    compiled = torch.compile(blank, backend="aot_eager")
    compiled(X)
    compiled.load_state_dict(torch.compile(net, backend="aot_eager").state_dict())
    other = MultiplicationFreeNet(net.file)
    other.load_state_dict({name: value.clone() for name, value in average.module.state_dict().items()})
    for copied in (average.module, copy.deepcopy(net), compiled, other):
        assert torch.equal(values(copied), values(net))


def test_averages_of_buffers_leave_whole_numbers_whole() -> None:
    """In int64 a moving average of 3 by 0.9 is 2."""
    weight = FilterTermsWeight(torch.full((2, 2), 7.0), torch.tensor([3, 1]), 3, ExponentRange(0, 3))
    for net in (weight, Picked(torch.tensor([3, 6, 7]))):
        average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
        for _ in range(5):
            average.update_parameters(net)
        x = () if net is weight else (torch.arange(16.0).reshape(1, 8, 2),)
        assert torch.equal(average.module(*x), net(*x))


def test_adders_keep_the_grid_that_they_had() -> None:
    wide = TunedAdder(torch.tensor([[-100, 3]]).numpy(), 2, None, 1)
    with torch.no_grad():
        wide.latent.copy_(torch.tensor([[-2.0, 1.0]]))
    narrow = TunedAdder(wide.codes()["weight"].int().numpy(), 2, None, 1)
    narrow.load_state_dict(wide.state_dict())
    assert narrow.grid == wide.grid
    old = {"latent": wide.latent.detach()}
    narrow.load_state_dict(old)
    with pytest.raises(ModelsError, match=r"adder weights on a grid of 2\^-3, and this net of 2\^-2; load it into"):
        wide.load_state_dict(TunedAdder(torch.tensor([[1, 3]]).numpy(), 3, None, 1).state_dict())
