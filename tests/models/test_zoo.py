"""The zoo: layouts as published, every layer alive, files that say what torch says to the last bit."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d
from shiftwire_models.block import BlockKind
from shiftwire_models.calibration import calibrate, calibrated_net, constant_layers, layers, random_pictures
from shiftwire_models.cli import main
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.grid import Format
from shiftwire_models.nets import NETS, NetConfig, NetName, build, fitted
from shiftwire_models.nets.zoo import autoencoder, dscnn, lenet5, mobilenet, resnet, vgg19
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftConv2d, ShiftLinear
from shiftwire_models.size import net_size
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec
from tiers import some

BITS = replace(
    resnet(BlockKind.SHIFT, 1).numbers,
    weight=WeightSpec(WeightRule.DEEPSHIFT_Q, bits=1),
    activation=Format(1, 0, False),
    shift_scale=ExponentRange(-7, 1),
)
ENDS = replace(BITS, weight=WeightSpec(), shift_scale=ExponentRange(-3, 3))
NARROW: dict[str, NetConfig] = {
    "resnet-shift": resnet(BlockKind.SHIFT, 1, (4, 4, 8)),
    "resnet-adder": resnet(BlockKind.ADDER, 1, (4, 4, 8)),
    "resnet-shiftadd": resnet(BlockKind.SHIFT_ADD, 1, (4, 4, 8)),
    "resnet-vip": replace(resnet(BlockKind.VIP, 1, (4, 4, 8)), input_shape=(3, 13, 10)),
    "resnet-escalate": resnet(BlockKind.ESCALATE, 1, (4, 4, 8)),
    "resnet-circulant": resnet(BlockKind.CIRCULANT, 1, (4, 4, 8)),
    "resnet-bits": replace(resnet(BlockKind.SHIFT, 1, (4, 4, 8)), numbers=BITS, ends=ENDS),
    "dscnn": dscnn(8, 2),
    "mobilenet": mobilenet(48, 2),
    "autoencoder": autoencoder(16, 4, 24),
    "lenet5": lenet5((3, 4), (12, 10)),
    "vgg19": vgg19(2),
}


def outputs(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What every layer gives, by name."""
    found: dict[str, Tensor] = {}
    for name, layer in layers(net):
        layer.register_forward_hook(lambda _, __, y, name=name: found.__setitem__(name, y))
    with torch.no_grad():
        net(x)
    return found


@pytest.mark.parametrize("name", some(NARROW, "lenet5"))
def test_narrow_nets_live_in_every_channel_and_export_exactly(name: str) -> None:
    config = NARROW[name]
    net, x = calibrated_net(config, seed=1, count=40)
    found = outputs(net, x)
    channels = torch.cat([y.transpose(0, 1).flatten(1).std(1) > 0 for y in found.values()])
    assert float(channels.float().mean()) > 0.9
    assert len(found) == len({name for name, _ in layers(net)})
    model = export_model(net, config.input_shape)
    ends = torch.tensor([0.0, -3e38, 3e38, 1 / 64])[torch.randint(0, 4, (8, *config.input_shape))]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for pictures, live in ((x, 40), (ends, 2)):
        (y,) = session.run(None, {"x": pictures.numpy()})
        with torch.no_grad():
            assert np.array_equal(y, net(pictures).numpy())
        assert len(np.unique(y)) > live


def test_blocks_are_turned_and_ends_have_numbers_of_their_own() -> None:
    """Circulant blocks of 4 have a fourth of the weights and all operations; stem and classifier are no bits."""
    plain, blocks = (resnet(kind, 1, (4, 4, 8)) for kind in (BlockKind.SHIFT, BlockKind.CIRCULANT))
    sizes = net_size(plain), net_size(blocks)
    outer = 4 * 3 * 9 + 8 * 10
    assert sizes[1].weights - outer == (sizes[0].weights - outer) / 4 and sizes[1].operations == sizes[0].operations
    block = build(blocks, 0).stage3[0].first.conv.weight()
    assert torch.equal(block[1, [1, 2, 3, 0]], block[0, :4]), "a row is the one above, turned on by one"
    net, x = calibrated_net(NARROW["resnet-bits"], seed=1, count=8)
    found = outputs(net, x)
    bits = [y for name, y in found.items() if "quant" in name and name != "quant"]
    assert len(bits) == 7 and all(y.unique().tolist() == [0, 1] for y in bits)
    inner = net.stage2[0].first.conv.weight().abs().unique()
    ends = [weight().abs().unique() for weight in (net.stem.conv.weight, net.classifier.weight)]
    assert inner.tolist() == [1] and min(map(len, ends)) > 2


def kinds(name: NetName) -> Counter[str]:
    return Counter(type(layer).__name__ for _, layer in layers(build(NETS[name], 0)))


def test_layouts_are_the_published_ones() -> None:
    assert kinds(NetName.RESNET20_SHIFTADD)["AdderConv2d"] == 20
    assert kinds(NetName.RESNET20_SHIFTADD)["ShiftConv2d"] == 21
    assert kinds(NetName.RESNET20_ADDER)["AdderConv2d"] == 20
    assert kinds(NetName.RESNET20_SHIFT)["ShiftConv2d"] == 21
    assert kinds(NetName.RESNET8)["ShiftConv2d"] == 9
    assert kinds(NetName.DSCNN)["ShiftConv2d"] == 9
    assert kinds(NetName.MOBILENET)["ShiftConv2d"] == 27
    assert kinds(NetName.AUTOENCODER)["ShiftLinear"] == 10
    assert (kinds(NetName.LENET5)["ShiftConv2d"], kinds(NetName.LENET5)["ShiftLinear"]) == (2, 3)
    assert (kinds(NetName.VGG19)["ShiftConv2d"], kinds(NetName.VGG19)["MaxPool2d"]) == (16, 5)


def test_sizes_are_the_published_ones() -> None:
    # sums of products by hand; batch norms not counted
    assert net_size(NETS[NetName.RESNET20_SHIFT]).weights == 268_336 + 16 * 32 + 32 * 64
    assert net_size(NETS[NetName.LENET5]).weights == 6 * 25 + 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    assert net_size(NETS[NetName.DSCNN]).weights == 64 * 40 + 4 * (64 * 9 + 64 * 64) + 64 * 12
    assert net_size(NETS[NetName.AUTOENCODER]).weights == 2 * (640 * 128 + 3 * 128 * 128 + 128 * 8)
    assert net_size(NETS[NetName.MOBILENET]).operations > 7_000_000


@pytest.mark.parametrize("name", [NetName.DSCNN, NetName.MOBILENET, NetName.VGG19], ids=lambda name: name.value)
def test_full_nets_end_where_they_should(name: NetName) -> None:
    config = NETS[name]
    found = outputs(build(config, 0).eval(), random_pictures(config, 1, 0))
    last_picture = [tuple(y.shape[1:]) for y in found.values() if y.dim() == 4]
    expected = {NetName.DSCNN: (64, 25, 5), NetName.MOBILENET: (256, 3, 3), NetName.VGG19: (128, 1, 1)}
    assert expected[name] in last_picture
    assert list(found.values())[-1].shape == (1, {NetName.DSCNN: 12, NetName.MOBILENET: 2}.get(name, 10))


def test_settling_revives_an_adder_net_and_is_the_same_every_time() -> None:
    config = NARROW["resnet-adder"]
    x = random_pictures(config, 8, 0)
    unsettled = build(config, 0)
    assert any(name.endswith("quant1") for name in constant_layers(unsettled, x))
    nets = [calibrated_net(config, 0, 8)[0] for _ in range(2)]
    states = [net.state_dict() for net in nets]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert constant_layers(nets[0], x) == ()
    assert {module.momentum for module in nets[0].modules() if hasattr(module, "momentum")} == {0.1}


def test_settling_brings_logits_around_zero() -> None:
    config = NARROW["lenet5"]
    net, x = build(config, 0), random_pictures(config, 32, 0)
    calibrate(net, x)
    with torch.no_grad():
        assert float(net(x).mean(0).abs().max()) <= 2.0**-6
        assert len(net(x).argmax(1).unique()) > 3


def test_a_net_without_life_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shiftwire_models.calibration.calibrate", lambda net, _: net.eval())
    with pytest.raises(ModelsError, match=r"layer '.*' gives one number for every input; take another seed"):
        calibrated_net(NARROW["resnet-adder"], 0, 4)


def test_residual_nets_fit_any_picture() -> None:
    config = fitted(NetName.RESNET8, (1, 28, 28))
    assert config.input_shape == (1, 28, 28)
    net = build(config, 0)
    assert net.get_submodule("pixels").grid == Format(8, 8, False)
    with torch.no_grad():
        assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    with pytest.raises(ModelsError, match=r"dscnn reads \(1, 49, 10\), and the data holds \(1, 28, 28\)"):
        fitted(NetName.DSCNN, (1, 28, 28))


def test_random_pictures_suit_the_net() -> None:
    grey, colour = random_pictures(NETS[NetName.LENET5], 20, 3), random_pictures(NETS[NetName.RESNET8], 20, 3)
    assert (grey.shape, colour.shape) == ((20, 1, 28, 28), (20, 3, 32, 32))
    assert 0.0 <= float(grey.min()) < 0.1
    assert 0.9 < float(grey.max()) <= 1.0
    assert abs(float(colour.mean())) < 0.2
    assert 0.5 < float(colour.std()) < 1.2
    neighbours = (colour[..., 1:] - colour[..., :-1]).std()
    assert float(neighbours) < 0.7 * float(colour.std())
    assert torch.equal(colour, random_pictures(NETS[NetName.RESNET8], 20, 3))


def test_layers_stop_at_what_has_an_output() -> None:
    net = nn.Sequential(ActivationQuant(Format(8, 4, True)), ShiftLinear(3, 2, bias_frac=4))
    assert [name for name, _ in layers(net)] == ["0", "1"]
    assert isinstance(dict(layers(build(NARROW["resnet-adder"], 0)))["stage1.0.first.conv"], AdderConv2d)
    assert isinstance(dict(layers(build(NARROW["resnet-shift"], 0)))["stage2.0.shortcut.conv"], ShiftConv2d)


@pytest.mark.whole
def test_the_command_writes_a_net_and_its_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("m.onnx", "x.npz", "again.onnx")]
    assert main(["zoo", "lenet5", "-o", str(files[0]), "--data-out", str(files[1]), "--pictures", "3"]) == 0
    assert main(["zoo", "lenet5", "-o", str(files[2])]) == 0
    assert "lenet5" in capsys.readouterr().out
    assert files[0].read_bytes() == files[2].read_bytes()
    x = np.load(files[1])["x"]
    assert (x.shape, x.dtype) == ((3, 1, 28, 28), np.float32)
    (y,) = onnxruntime.InferenceSession(files[0]).run(None, {"x": x})
    assert len(np.unique(y)) > 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lenet6"], "no net is called 'lenet6'; take one of digits-shiftadd, "),
        (["lenet5-float"], "lenet5-float is a float net, which has no exact file; train it and export it instead"),
        (["lenet5", "--pictures", "0"], "0 pictures show nothing; take at least 1"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zoo", *arguments, "-o", str(tmp_path / "m.onnx")]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
