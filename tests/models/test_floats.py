"""Float nets: the published AdderNet by its definition, plain ONNX for all, refusals."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import onnx
from shiftwire_models.cli import main
from shiftwire_models.data.patches import cifar_normalised
from shiftwire_models.errors import ModelsError
from shiftwire_models.export import export_float
from shiftwire_models.floats.adder import FloatAdderConv2d
from shiftwire_models.floats.addernet import ADDERNET_RESNET20, load_addernet
from shiftwire_models.floats.lenet import FloatLeNet, FloatLeNetConfig
from shiftwire_models.floats.resnet import ConvKind, FloatResNet, FloatResNetConfig, HeadKind
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear
from tiers import first

CHECKPOINT = Path(__file__).resolve().parents[3] / "shared" / "data" / "addernet_resnet20_cifar10.pth"
needs_checkpoint = pytest.mark.skipif(
    not CHECKPOINT.is_file(), reason=f"AdderNet's checkpoint is not at {CHECKPOINT.parent.name}/{CHECKPOINT.name}"
)


def run_file(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(["logits"], {"x": x.numpy()})[0]
    return y


def published_forward(tensors: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """AdderNet's ResNet-20 written down once more, from the checkpoint's own names, by cdist."""

    def adder(name: str, x: Tensor, stride: int) -> Tensor:
        w = tensors[f"module.{name}.adder"]
        rows = functional.unfold(x, w.shape[2], padding=w.shape[2] // 2, stride=stride).transpose(1, 2)
        y = -torch.cdist(rows, w.flatten(1).expand(len(x), -1, -1), p=1.0)
        side = x.shape[2] // stride
        return y.transpose(1, 2).reshape(len(x), len(w), side, side)

    def norm(name: str, x: Tensor) -> Tensor:
        names = (f"module.{name}.{part}" for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, *(tensors[name] for name in names))

    x = functional.relu(norm("bn1", functional.conv2d(x, tensors["module.conv1.weight"], padding=1)))
    for stage in (1, 2, 3):
        for block in range(3):
            path, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = functional.relu(norm(f"{path}.bn1", adder(f"{path}.conv1", x, stride)))
            y = norm(f"{path}.bn2", adder(f"{path}.conv2", y, 1))
            beside = norm(f"{path}.downsample.1", adder(f"{path}.downsample.0", x, stride)) if stride == 2 else x
            x = functional.relu(y + beside)
    x = functional.conv2d(functional.avg_pool2d(x, 8), tensors["module.fc.weight"])
    return norm("bn2", x).flatten(1)


@needs_checkpoint
@pytest.mark.whole
def test_the_published_addernet_is_what_it_was() -> None:
    torch.manual_seed(0)
    net = load_addernet(CHECKPOINT)
    x = cifar_normalised(functional.interpolate(torch.rand(4, 3, 8, 8), size=32, mode="bilinear"))
    tensors = torch.load(CHECKPOINT, map_location="cpu", weights_only=True)
    with torch.no_grad():
        found, wanted = net(x), published_forward(tensors, x)
    assert float((found - wanted).abs().max()) < 1e-2
    assert float(found.std()) > 1.0
    assert float(net.get_submodule("stage1.0.first.bn").running_mean.max()) < -460
    model = export_float(net, ADDERNET_RESNET20.input_shape)
    assert float(np.abs(run_file(model, x) - found.numpy()).max()) < 1e-2
    counts = [node.op_type for node in model.graph.node]
    assert {op: counts.count(op) for op in set(counts)} == {
        **{"Conv": 2, "AdderConv": 20, "BatchNormalization": 22},
        **{"Relu": 19, "Add": 9, "GlobalAveragePool": 1, "Flatten": 1},
    }
    weights = {t.name: t.data_type for t in model.graph.initializer}
    assert weights["stage2_0_shortcut_conv_weight"] == onnx.TensorProto.FLOAT
    assert [f.name for f in model.functions] == ["AdderConv"]


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


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def published_names() -> dict[str, Tensor]:
    """A blank checkpoint in the published layout."""

    def norm(name: str, channels: int) -> dict[str, Tensor]:
        parts = ("weight", "bias", "running_mean", "running_var")
        counted = {f"module.{name}.num_batches_tracked": torch.tensor(0)}
        return {**{f"module.{name}.{part}": torch.ones(channels) for part in parts}, **counted}

    tensors = {"module.conv1.weight": torch.ones(16, 3, 3, 3), **norm("bn1", 16)}
    for stage, (inputs, outputs) in enumerate(((16, 16), (16, 32), (32, 64)), 1):
        for block in range(3):
            path, first = f"layer{stage}.{block}", outputs if block else inputs
            tensors[f"module.{path}.conv1.adder"] = torch.ones(outputs, first, 3, 3)
            tensors[f"module.{path}.conv2.adder"] = torch.ones(outputs, outputs, 3, 3)
            tensors |= {**norm(f"{path}.bn1", outputs), **norm(f"{path}.bn2", outputs)}
            if first != outputs:
                tensors[f"module.{path}.downsample.0.adder"] = torch.randn(outputs, first, 1, 1)
                tensors |= norm(f"{path}.downsample.1", outputs)
    return {**tensors, "module.fc.weight": torch.ones(10, 64, 1, 1), **norm("bn2", 10)}


def test_a_checkpoint_in_the_published_layout_is_taken(tmp_path: Path) -> None:
    tensors = published_names()
    torch.save({"state_dict": tensors}, tmp_path / "c.pth")
    net = load_addernet(tmp_path / "c.pth")
    assert torch.equal(net.state_dict()["stage2.0.shortcut.conv.weight"], tensors["module.layer2.0.downsample.0.adder"])
    assert not net.training


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"module.fc.weight": None}, "holds no tensor for projection.conv.weight; give AdderNet's ResNet-20"),
        (
            {"module.fc.weight": torch.zeros(9)},
            r"holds projection.conv.weight of shape \(9,\), wanted \(10, 64, 1, 1\)",
        ),
        ({"module.more": torch.zeros(9)}, "holds more, which ResNet-20 has not; give AdderNet's ResNet-20"),
        ({"module.bn1.bias": torch.full((16,), torch.nan)}, "holds stem.bn.bias with values that are not finite"),
        ({"module.bn1.bias": "words"}, "holds no state dict of tensors; save the net's state_dict"),
    ],
)
def test_other_checkpoints_are_one_sentence(tmp_path: Path, change: dict[str, object], words: str) -> None:
    tensors = {name: value for name, value in {**published_names(), **change}.items() if value is not None}
    torch.save(tensors, tmp_path / "c.pth")
    with pytest.raises(ModelsError, match=words):
        load_addernet(tmp_path / "c.pth")


def test_pickled_code_is_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"net": Evil()}, tmp_path / "c.pth")
    with pytest.raises(ModelsError, match=r"holds more than tensors, .* may run code; save its state_dict\(\) alone"):
        load_addernet(tmp_path / "c.pth")
    (tmp_path / "d.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelsError, match="holds more than tensors"):
        load_addernet(tmp_path / "d.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"\x80\x02", b"hello"])
def test_damaged_checkpoints_are_one_sentence(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.pth").write_bytes(content)
    assert main(["import-addernet", str(tmp_path / "c.pth"), "-o", str(tmp_path / "m.onnx")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "c.pth is " in error
