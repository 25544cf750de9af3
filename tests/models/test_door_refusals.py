"""What the door of torch's users does not take: one sentence each, with the module's name."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import onnx
from onnx import TensorProto, helper
from shiftwire_models import ModelsError, export, to_multiplication_free
from shiftwire_models.cli import main

X = torch.rand(16, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def net_around(layer: nn.Module, features: int = 32) -> nn.Module:
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Conv2d(1, 2, 3, 2, 1), nn.ReLU(), layer)
    return nn.Sequential(inner, nn.Flatten(), nn.Linear(features, 3))


class Decides(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.mean() > 0.1 else -x


def doubled(_: nn.Module, __: object, y: Tensor) -> Tensor:
    return 2 * y


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Decides(), r"module '0.2' \(Decides\) decides by values that it computes .* with torch.where$"),
        (nn.LocalResponseNorm(2), r"^module '0.2' \(LocalResponseNorm\) has no exact form: it takes its statistics"),
        (nn.GroupNorm(1, 2), r"^module '0.2' \(GroupNorm\) has no exact form"),
        (nn.InstanceNorm2d(2), r"^module '0.2' \(InstanceNorm2d\) has no exact form: it takes its statistics"),
        (nn.BatchNorm2d(2, track_running_stats=False), r"^module '0.2' \(BatchNorm2d\) has no exact form"),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, nn.Module) else "",
)
def test_layers_without_a_form_are_named(layer: nn.Module, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelsError, match=words) as refusal:
        to_multiplication_free(net_around(layer), X)
    assert "\n" not in str(refusal.value) and "/tmp" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")


def test_hooks_that_change_values_are_refused_and_others_left_out() -> None:
    net, seen = net_around(nn.Identity()), []
    net[0][0].register_forward_hook(lambda *_: seen.append(1))
    free = to_multiplication_free(net, X)
    assert seen and free(X).shape == (16, 3)
    net[2].register_forward_hook(doubled)
    with pytest.raises(ModelsError, match=r"module '2' \(Linear\) has a hook that changes values, which no file would"):
        to_multiplication_free(net, X)
    assert len(net[0][0]._forward_hooks) == len(net[2]._forward_hooks) == 1


@pytest.mark.parametrize(
    ("calibration", "options", "words"),
    [
        (X[:3], {}, "3 samples choose no formats; give 8 at least"),
        (X / 0, {}, "calibration holds values that are not finite"),
        ("x", {}, r"calibration is a str, wanted one tensor \(N, ...\) of samples; torch.cat some batches"),
        (
            X,
            {"method": "ternary"},
            "take one of linear, lightnn, deepshift, apot, binary",
        ),
        (X, {"method": "deepshift", "terms": 2}, "--method deepshift fixes how many terms a weight has"),
        (X, {"act_bits": 0}, "0 activation bits are outside 1..24; give a number between"),
    ],
)
def test_choices_that_will_not_do(calibration: object, options: dict[str, object], words: str) -> None:
    with pytest.raises(ModelsError, match=words):
        to_multiplication_free(net_around(nn.Identity()), calibration, **options)


def test_nets_of_outputs_that_are_no_rows_are_told() -> None:
    for numbers in ([1, X], X[:, 0, 0, 0]):
        layer = nn.Flatten()
        layer.forward = lambda x, numbers=numbers: numbers
        with pytest.raises(ModelsError, match=r"the net gives .*, wanted tensors \(N, ...\); wrap it in a net that"):
            to_multiplication_free(nn.Sequential(nn.Flatten(), nn.Linear(64, 2), layer), X)


def test_files_of_several_outputs_are_not_trained_on_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 4]) for name in "xyz"]
    nodes = [helper.make_node("Relu", ["x"], [name], name=name) for name in "yz"]
    onnx.save(helper.make_model(helper.make_graph(nodes, "two", ends[:1], ends[1:])), tmp_path / "two.onnx")
    assert main(["finetune", str(tmp_path / "two.onnx"), "--data", "digits", "-o", str(tmp_path / "t.onnx")]) == 2
    assert "found 2 outputs ('y', 'z'), wanted 1 to train on labels; train such a file in" in capsys.readouterr().err


def test_exports_that_will_not_do(tmp_path: Path) -> None:
    net = net_around(nn.Identity())
    with pytest.raises(ModelsError, match="is a Conv, which the exact contract does not have; take ShiftConv2d"):
        export(net, tmp_path / "m.onnx", X)
    free = to_multiplication_free(net, X)
    with pytest.raises(
        ModelsError, match=r"the sample has the shape \(16, 8, 8, 1\), and the net reads \(N, 1, 8, 8\)"
    ):
        export(free, tmp_path / "m.onnx", X.reshape(16, 8, 8, 1))
    with pytest.raises(ModelsError, match="the sample is no tensor"):
        export(free, tmp_path / "m.onnx", None)
    assert list(tmp_path.iterdir()) == []
