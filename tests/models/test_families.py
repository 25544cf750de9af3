"""Layers of ViP and of ESCALATE: what they compute, what they learn, how they begin and go on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

import onnx
from onnx import helper, numpy_helper
from shiftwire_models.block import Arithmetic, VirtualNorm
from shiftwire_models.calibration import calibrated_net
from shiftwire_models.checkpoint import load_checkpoint
from shiftwire_models.cli import main
from shiftwire_models.errors import ModelsError
from shiftwire_models.escalate import BasisConv2d, EscalateNorm
from shiftwire_models.exact_export import export_model
from shiftwire_models.exactness import check_exactness
from shiftwire_models.finetune.graph import trainable, with_codes
from shiftwire_models.interpolation import Interpolation
from shiftwire_models.nets import NETS, NetName, build, fitted
from shiftwire_models.size import net_size
from shiftwire_models.terms import ExponentRange
from shiftwire_models.training import take_tensors
from shiftwire_models.weights import WeightRule, WeightSpec


@pytest.mark.parametrize("size", [(2, 4), (5, 4), (3, 7)])
def test_interpolation_place_by_place(size: tuple[int, int]) -> None:
    """Copies, means of two and of four, edges repeated; what lies between odd sides is cut."""
    half = torch.randint(-99, 99, (2, 3, *(-(-side // 2) for side in size))).float() / 8
    whole = Interpolation(*size)(half)
    assert whole.shape == (2, 3, *size)
    rows, columns = half.shape[2:]
    for n, c, row, column in np.ndindex(*whole.shape):
        around = {(min(r, rows - 1), min(d, columns - 1)) for r in (row // 2, (row + 1) // 2)
                  for d in (column // 2, (column + 1) // 2)}  # fmt: skip
        mean = sum(Fraction(half[n, c, r, d].item()) for r, d in around) / len(around)
        assert Fraction(whole[n, c, row, column].item()) == mean


def test_a_virtual_layer_is_a_quarter_of_a_layer() -> None:
    """At even places it gives what the whole layer does, there its weights learn."""
    torch.manual_seed(0)
    layer = VirtualNorm(3, 4, Arithmetic(shift_scale=ExponentRange(-3, 3)), (7, 6)).eval()
    x = torch.randint(0, 16, (2, 3, 7, 6)).float() / 16
    y = layer(x)
    whole = layer.between(layer.bn(functional.conv2d(x, layer.conv.weight(), None, 1, 1)))
    assert torch.equal(y[..., ::2, ::2], whole[..., ::2, ::2]) and y.shape == whole.shape
    torch.autograd.backward(y.square().sum())
    assert all(float(p.grad.abs().sum()) > 0 for p in layer.conv.weight.parameters())


def test_ternary_weights_round_ties_to_zero_and_pass_gradients() -> None:
    weight = WeightSpec(WeightRule.TERNARY).build((2, 3))
    with torch.no_grad():
        weight.latent.copy_(torch.tensor([[0.5, -0.5, 0.51], [-0.75, 3.0, 0.0]]))
    value = weight()
    assert value.tolist() == [[0, 0, 1], [-1, 1, 0]]
    torch.autograd.backward((value * torch.arange(6.0).reshape(2, 3)).sum())
    assert weight.latent.grad.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert float(weight.latent.detach().max()) == 1.0, "what training clamps"
    terms = weight.terms()
    assert terms.sign.dtype == torch.int8 and torch.equal(terms.value(), value)


def test_bases_and_signs_are_the_kernels_that_they_multiply_out_to() -> None:
    """In front of any rounding between: sums over channels by kernels of whole numbers."""
    torch.manual_seed(1)
    layer = EscalateNorm(3, 5, 2, bases=4, scale=ExponentRange(-7, 0), bias_frac=6).eval()
    x = torch.randint(0, 256, (2, 3, 7, 6)).double()
    basis = torch.round(layer.bases.basis * 128).clamp(-128, 127).double()
    sign = layer.sums.weight().reshape(5, 3, 4).double()
    kernels = torch.einsum("kcm,mrs->kcrs", sign, basis[:, 0])
    direct = functional.conv2d(x, kernels, None, 2, 1)
    assert torch.equal(layer.double().sums(layer.bases(x)) * 128, direct)
    with pytest.raises(ModelsError, match="0 bases convolve nothing; take at least 1"):
        BasisConv2d(3, 0, 3)


def test_sizes_of_both_nets() -> None:
    """Pooled layers do a quarter of the work; bases count once, whatever the channels."""
    plain, pooled, bases = (net_size(NETS[name]) for name in
                            (NetName.RESNET8, NetName.RESNET8_VIP, NetName.RESNET8_ESCALATE))  # fmt: skip
    saved = sum(9 * w * w * side * side * 3 // 4 * count for w, side, count in ((16, 32, 2), (32, 16, 1), (64, 8, 1)))
    assert pooled.weights == plain.weights and plain.operations - pooled.operations == saved
    kernels = 2 * 16 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64
    assert plain.weights - bases.weights == 9 * kernels - 6 * kernels - 6 * 6 * 9


def test_nets_that_another_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """resnet8-vip has every tensor of resnet8; a net of other layers has none."""
    monkeypatch.chdir(tmp_path)
    plain, pooled = (build(fitted(name, (1, 9, 7)), 0 if name is NetName.RESNET8 else 1)
                     for name in (NetName.RESNET8, NetName.RESNET8_VIP))  # fmt: skip
    assert take_tensors(pooled, plain.state_dict()) == len(plain.state_dict())
    for name, value in plain.state_dict().items():
        assert torch.equal(pooled.state_dict()[name], value)
    with pytest.raises(ModelsError, match=r"of the net's .* tensors are found in the one to begin from, by name"):
        take_tensors(pooled, build(NETS[NetName.DIGITS_MLP], 0).state_dict())
    words = ["train", "--data", "digits", "--epochs", "1", "--pictures", "64"]
    assert main([*words, "--net", "resnet8", "-o", "plain"]) == 0
    assert main([*words, "--net", "resnet8-vip", "--from", "plain", "-o", "pooled"]) == 0
    assert main([*words, "--net", "resnet8-escalate", "-o", "bases"]) == 0
    assert "resnet8-escalate" in capsys.readouterr().out
    began, own = (load_checkpoint(tmp_path / name).net.state_dict() for name in ("plain", "pooled"))
    assert began.keys() == own.keys()
    assert main([*words, "--net", "resnet8-vip", "--from", "nowhere", "-o", "other"]) == 2
    assert "nowhere holds no weights.safetensors" in capsys.readouterr().err


def test_bases_of_an_exact_file_are_tuned_as_one() -> None:
    """The file to the last bit before and after; the copies for the channels stay copies."""
    config = fitted(NetName.RESNET8_ESCALATE, (1, 9, 7))
    net, x = calibrated_net(config, 1, 16)
    model = export_model(net, config.input_shape)
    tuned = trainable(model)
    assert np.array_equal(run(model, x), tuned.eval()(x).detach().numpy())
    optimiser = torch.optim.Adam([p for p in tuned.parameters() if p.requires_grad], lr=0.02)
    for _ in range(2):
        loss = tuned.train()(x).square().mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    later = with_codes(model, tuned)
    assert np.array_equal(run(later, x), tuned.eval()(x).detach().numpy())
    moved = 0
    for before, after in zip(model.graph.initializer, later.graph.initializer, strict=True):
        if before.name.endswith("bases_weight"):
            codes = numpy_helper.to_array(after).reshape(-1, 6, 3, 3)
            assert (codes == codes[:1]).all()
            moved += int(not np.array_equal(numpy_helper.to_array(before).reshape(-1, 6, 3, 3), codes))
    assert moved > 0


def run(model: onnx.ModelProto, x: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x.numpy()})
    return np.asarray(y)


def test_another_resize_has_no_exact_range() -> None:
    """Only the one that interpolates by two is proven."""
    net, _ = calibrated_net(fitted(NetName.RESNET8_VIP, (1, 6, 6)), 1, 2)
    model = export_model(net, (1, 6, 6))
    node = next(node for node in model.graph.node if node.op_type == "Resize")
    kept = [entry for entry in node.attribute if entry.name != "mode"]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute("mode", "cubic")])
    with pytest.raises(ModelsError, match="resizes otherwise than Interpolation does, by 2; take that"):
        check_exactness(model.graph)
