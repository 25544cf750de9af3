"""Tuning an exact file: the net is the file to the last bit, before and after; formats and terms stay."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import onnx
from onnx import helper, numpy_helper
from shiftwire_models.adder import AdderLinear
from shiftwire_models.agreement import check_agreement
from shiftwire_models.block import BlockKind
from shiftwire_models.calibration import calibrate, calibrated_net
from shiftwire_models.cli import main
from shiftwire_models.data import Dataset, Split, digits
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.finetune.floats import take_float_weights
from shiftwire_models.finetune.graph import input_shape, trainable, with_codes
from shiftwire_models.finetune.tuning import TuneConfig, tune
from shiftwire_models.grid import Format, Rounding
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.nets.zoo import dscnn, resnet
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftConv1d, ShiftLinear
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec
from shiftwire_models.weights.filter_terms import FilterTermsWeight
from tiers import some

S8_4 = Format(8, 4, True)


def run_file(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: np.ndarray = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    return y


def file_of_every_layer() -> onnx.ModelProto:
    torch.manual_seed(0)
    lightnn = WeightSpec(WeightRule.LIGHTNN, terms=3)
    net = nn.Sequential(
        ActivationQuant(S8_4, Rounding.HALF_UP),
        ShiftConv1d(3, 4, 3, padding=(1, 0), groups=1, weight=lightnn, bias_frac=5),
        ActivationQuant(S8_4, Rounding.FLOOR),
        nn.MaxPool1d(2),
        nn.Flatten(),
        AdderLinear(16, 6, S8_4),
        ActivationQuant(Format(8, 1, True)),
        ShiftLinear(6, 5, lightnn, bias_frac=4),
    )
    return export_model(net, (3, 9))


FILES = {
    "every-layer": file_of_every_layer,
    "dscnn": lambda: export_model(calibrated_net(dscnn(4, 1), 0, 4)[0], (1, 49, 10)),
    "shiftadd": lambda: export_model(calibrated_net(resnet(BlockKind.SHIFT_ADD, 1, (4, 4)), 0, 4)[0], (3, 32, 32)),
}


@pytest.mark.parametrize("name", some(FILES, "dscnn", "every-layer"))
def test_the_net_is_the_file(name: str) -> None:
    model = FILES[name]()
    net = trainable(model)
    x = torch.randn(6, *input_shape(model)) * 2
    with torch.no_grad():
        y = net.eval()(x).numpy()
    assert np.array_equal(run_file(model, x), y)
    assert len(np.unique(y)) > 5
    again = with_codes(model, net)
    assert np.array_equal(run_file(again, x), y)
    for was, now in zip(model.graph.initializer, again.graph.initializer, strict=True):
        if not was.name.endswith(("sign", "exponent")):  # one value may have two spellings
            assert was.SerializeToString() == now.SerializeToString()


def moved(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int]:
    """The file after a few steps towards noise, and how many of its tensors changed."""
    net = trainable(model)
    x = torch.randn(192, *input_shape(model))
    with torch.no_grad():
        classes = net(x[:1]).shape[1]
    y = torch.arange(192) % classes
    tune(net, Dataset(Split(x, y), Split(x[:8], y[:8])), TuneConfig(epochs=2, rate=0.1), lambda _: None)
    tuned = with_codes(model, net)
    check_agreement(net, tuned)
    pairs = zip(model.graph.initializer, tuned.graph.initializer, strict=True)
    return tuned, sum(was.raw_data != now.raw_data for was, now in pairs)


@pytest.mark.parametrize("name", some(["every-layer", "shiftadd"], "every-layer"))
def test_tuning_moves_codes_and_keeps_formats_and_terms(name: str) -> None:
    model = FILES[name]()
    tuned, changed = moved(model)
    assert changed >= 5
    assert [node.SerializeToString() for node in tuned.graph.node] == [
        node.SerializeToString() for node in model.graph.node
    ]
    before, after = ({t.name: numpy_helper.to_array(t) for t in m.graph.initializer} for m in (model, tuned))
    for node in tuned.graph.node:
        for role in node.input:
            if role in before:
                assert (after[role].dtype, after[role].shape) == (before[role].dtype, before[role].shape)
        if node.op_type.startswith(("Shift", "Affine")):
            sign, exponent = after[node.input[1]], after[node.input[2]]
            window = {a.name: a.i for a in node.attribute}
            used = exponent[sign != 0]
            assert window["exponent_min"] <= used.min(initial=0)
            assert used.max(initial=window["exponent_min"]) <= window["exponent_max"]
            terms = [np.count_nonzero(s, axis=0).reshape(s.shape[1], -1).max(1) for s in (sign, before[node.input[1]])]
            assert (terms[0] <= terms[1]).all()


def test_tuning_learns() -> None:
    torch.manual_seed(0)
    data = digits()
    net = build(NETS[NetName.DIGITS_SHIFT], 0)
    calibrate(net, data.train.x[:200])
    model = export_model(net, (1, 8, 8))
    tuned = trainable(model)
    result = tune(tuned, data, TuneConfig(epochs=5, rate=0.04), lambda _: None)
    assert result.before < 0.4
    assert result.after > 0.8
    found = run_file(with_codes(model, tuned), data.test.x).argmax(1)
    assert float((torch.from_numpy(found) == data.test.y).float().mean()) == pytest.approx(result.after)


def test_float_weights_are_found_by_likeness_and_take_the_filters_scale() -> None:
    model = file_of_every_layer()
    net = trainable(model)
    codes = [layer.weight.latent.detach().clone() for layer in (net.layers[1], net.layers[7])]
    filters = codes[0] * torch.tensor([1.0, 0.5, -4.0, 0.01]).reshape(4, 1, 1) * (1 + 0.1 * torch.randn(4, 3, 3))
    others = [torch.randn(4, 3, 3), torch.randn(6, 5), filters, torch.randn(4, 3)]
    graph = helper.make_graph(
        [], "g", [], [], [numpy_helper.from_array(t.numpy(), f"t{n}") for n, t in enumerate(others)]
    )
    assert take_float_weights(net, helper.make_model(graph)) == 1
    latent = net.layers[1].weight.latent.detach()
    assert 0.01 < float((latent - codes[0]).norm() / codes[0].norm()) < 0.2
    assert torch.equal(net.layers[7].weight.latent, codes[1])
    with pytest.raises(ModelsError, match="no layer of the exact file resembles a weight of the float file; name the"):
        take_float_weights(net, helper.make_model(helper.make_graph([], "g", [], [])))


def test_terms_leave_the_least() -> None:
    w = torch.tensor([[6.0, 1.5, 1.51], [0.7, 0.125, 0.126], [-11.0, 100.0, 0.0]])
    weight = FilterTermsWeight(w, torch.tensor([2, 1, 3]), 3, ExponentRange(-2, 3))
    assert weight.terms().value().tolist() == [[6.0, 1.5, 1.5], [0.5, 0.0, 0.25], [-11.0, 24.0, 0.0]]
    assert (weight.terms().sign != 0).sum(0).tolist()[0] == [2, 2, 2]
    weight().sum().backward()
    assert torch.equal(weight.latent.grad, torch.ones(3, 3))


def test_pools_spelt_as_convolutions_stay() -> None:
    net = trainable(file_of_every_layer())
    assert all(parameter.requires_grad for parameter in net.parameters())
    sign = np.ones((1, 4, 1, 3), np.int8)
    nodes = [
        helper.make_node(
            "Requantize",
            ["x"],
            ["q"],
            "q",
            domain="shiftwire",
            bits=8,
            frac=4,
            signed=1,
            rounding="floor",
            overflow="saturate",
        ),
        helper.make_node(
            "ShiftConv",
            ["q", "s", "e", "b"],
            ["y"],
            "y",
            domain="shiftwire",
            exponent_min=0,
            exponent_max=0,
            bias_frac=0,
            group=4,
            strides=[1],
            pads=[0, 0],
        ),
    ]
    held = {"s": sign, "e": 0 * sign, "b": np.zeros(4, np.int32)}
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["N", 4, 3]) for n in ("x", "y")]
    tensors = [numpy_helper.from_array(value, name) for name, value in held.items()]
    pool = trainable(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)))
    assert not any(parameter.requires_grad for parameter in pool.parameters())
    x = torch.arange(12.0).reshape(1, 4, 3) / 4
    assert torch.equal(pool(x), x.sum(2, keepdim=True))


def with_node(change: dict[str, object]) -> onnx.ModelProto:
    model = file_of_every_layer()
    for name, value in change.items():
        if name == "op_type":
            model.graph.node[5].op_type = str(value)
        else:
            (attribute,) = [a for a in model.graph.node[0].attribute if a.name == name]
            attribute.CopyFrom(helper.make_attribute(name, value))
    return model


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"op_type": "FactoredConv"},
            "is a FactoredConv, which cannot be tuned; tune files of ShiftDense, ShiftConv, ",
        ),
        ({"overflow": "wrap"}, "layer 'layer_0' wraps around, which has no gradient; take overflow = saturate"),
        ({"bits": 30}, "a format of 30 bits does not fit a float32 model"),
    ],
)
def test_files_that_cannot_be_tuned(change: dict[str, object], words: str) -> None:
    with pytest.raises(ModelsError, match=words):
        trainable(with_node(change))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = build(NETS[NetName.DIGITS_MLP], 0)
    calibrate(net, digits().train.x[:200])
    exact, tuned = tmp_path / "exact.onnx", tmp_path / "tuned.onnx"
    exact.write_bytes(export_model(net, (1, 8, 8)).SerializeToString())
    assert main(["finetune", str(exact), "--data", "digits", "--pictures", "300", "-o", str(tuned)]) == 0
    assert "test accuracy before" in capsys.readouterr().out
    assert tuned.read_bytes() != exact.read_bytes()
    for arguments, words in (
        ([str(exact), "--data", "mnist"], "reads (1, 8, 8), and mnist holds (1, 28, 28); take --data"),
        ([str(exact), "--data", "digits", "--epochs", "0"], "0 epochs at a rate of 0.01 tune nothing"),
        ([str(tmp_path / "no.onnx"), "--data", "digits"], "found no file"),
        ([str(exact), "--data", "digits", "--pictures", "0"], "training on 0 pictures teaches nothing"),
    ):
        assert main(["finetune", *arguments, "-o", str(tmp_path / "none.onnx")]) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "none.onnx").exists()
