"""Checkpoints that are not what they are said to be: one sentence each, no code run, nothing written."""

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from family_states import State, state_of
from shiftwire_models.adoption.files import Adoption, adopted, family_named
from shiftwire_models.adoption.resnet import plan_named
from shiftwire_models.adoption.tensors import load_tensors
from shiftwire_models.cli import main
from shiftwire_models.errors import ModelsError

STATES = {family: state_of(family, 2) for family in ("deepshift-q", "shiftaddnet", "adder", "apot")}


RANGE = "quantize_input_fw.running_range"
WRAPS = {"alone": lambda s: s, "model": lambda s: {"model": s}, "all": lambda s: {"state_dict": s, "optimizer": {}}}


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def taken(path: Path, content: object, family: str, net: str = "resnet8") -> object:
    torch.save(content, path)
    return adopted(path, Adoption(family_named(family), plan_named(net)))


@pytest.mark.parametrize("wrap", WRAPS)
def test_state_dicts_lie_alone_or_in_checkpoints(wrap: str, tmp_path: Path) -> None:
    taken(tmp_path / "c.pth", WRAPS[wrap](STATES["adder"]), "adder")


@pytest.mark.parametrize(
    ("state", "family", "words"),
    [
        ("adder", "deepshift", r"'layer1.0.conv1.adder', which checkpoints of deepshift have not; say --as adder or"),
        ("apot", "deepshift", r"wgt_alpha', which checkpoints of deepshift have not; say --as apot"),
        ("shiftaddnet", "apot", r"which checkpoints of apot have not; say --as adder or --as shiftaddnet"),
    ],
)
def test_a_checkpoint_of_another_family(state: str, family: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match=words):
        taken(tmp_path / "c.pth", STATES[state], family)


def changed(state: State, change: dict[str, Tensor | None]) -> State:
    return {name: tensor for name, tensor in {**state, **change}.items() if tensor is not None}


PREFIXES = ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_wrapped_and_narrow_checkpoints_are_the_net_itself(prefix: str, dtype: torch.dtype, tmp_path: Path) -> None:
    narrow = {name: tensor.to(dtype) for name, tensor in STATES["adder"].items()}
    wide = {name: tensor.float() for name, tensor in narrow.items()}
    torch.save({prefix + name: tensor for name, tensor in narrow.items()}, tmp_path / "c.pth")
    read = load_tensors(tmp_path / "c.pth")
    assert read.keys() == wide.keys() and all(torch.equal(read[name], wide[name]) for name in wide)
    assert {tensor.dtype for tensor in read.values()} == {torch.float32}
    taken(tmp_path / "c.pth", {prefix + name: tensor for name, tensor in narrow.items()}, "adder")


def test_a_net_of_which_a_part_was_compiled(tmp_path: Path) -> None:
    state = {name.replace("layer1.", "layer1._orig_mod."): tensor for name, tensor in STATES["adder"].items()}
    torch.save(state, tmp_path / "c.pth")
    assert load_tensors(tmp_path / "c.pth").keys() == STATES["adder"].keys()
    torch.save({**state, **STATES["adder"]}, tmp_path / "c.pth")
    with pytest.raises(ModelsError, match="holds the net twice, wrapped and bare; save the state_dict"):
        load_tensors(tmp_path / "c.pth")


def quantized(tensor: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is about to drop these tensors, old files hold them
        return torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensor: tensor.to("meta"), "a tensor without values, on the device meta; save the state_dict"),
        (lambda tensor: tensor.to_sparse(), "a tensor that is sparse or nested"),
        (lambda tensor: tensor.to(torch.complex64), "a tensor of complex numbers"),
        (quantized, "a tensor that torch has quantized"),
    ],
)
def test_tensors_of_no_real_numbers(change: Callable[[Tensor], Tensor], words: str, tmp_path: Path) -> None:
    name = f"{CONV1}.adder"
    with pytest.raises(ModelsError, match=f"c.pth holds '{name}', {words}"):
        taken(tmp_path / "c.pth", {**STATES["adder"], name: change(STATES["adder"][name])}, "adder")


CONV1 = "layer1.0.conv1"
SHAPES = r"'layer1.0.conv1.adder' of shape \(2, 3, 3, 3\), wanted \(2, 2, 3, 3\)"


@pytest.mark.parametrize(
    ("family", "net", "change", "words"),
    [
        (
            "adder",
            "resnet14",
            {},
            r"c.pth holds no tensor 'layer1.1.conv1.adder' \(but .*\); give a checkpoint of adder's",
        ),
        ("adder", "resnet8", {f"{CONV1}.adder": torch.ones(2, 3, 3, 3)}, SHAPES),
        (
            "adder",
            "resnet8",
            {"layer1.1.more": torch.ones(2)},
            r"'layer1.1.more' of shape \(2,\), which adder's resn",
        ),
        ("adder", "resnet8", {"bn1.bias": torch.full((2,), torch.nan)}, "'bn1.bias' with values that are not finite"),
        ("adder", "resnet8", {"bn1.running_var": -torch.ones(2)}, "'bn1.running_var' with negative values; train it"),
        ("adder", "resnet8", {"bn1.running_var": None}, "holds no tensor 'bn1.running_var'"),
        ("adder", "resnet8", {"conv1.weight": torch.ones(2, 5)}, r"a 'conv1' of shape \(2, 5\), wanted \(width, "),
        ("deepshift-q", "resnet8", {"linear.bias": torch.ones(7)}, r"'linear.bias' of shape \(7,\), wanted \(4,\)"),
        ("apot", "resnet8", {f"{CONV1}.act_alpha": torch.tensor(0.0)}, f"an alpha of '{CONV1}' that is not positive"),
        ("apot", "resnet8", {"conv1.weight": -torch.ones(2, 3, 3, 3)}, "the last layer has no positive weight"),
        ("shiftaddnet", "resnet8", {f"{CONV1}.1.{RANGE}": torch.ones(1)}, "in mode sbm, where x and w have scales"),
    ],
)
def test_checkpoints_of_another_net(
    family: str, net: str, change: dict[str, Tensor | None], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelsError, match=words):
        taken(tmp_path / "c.pth", changed(STATES[family], change), family.split("-", maxsplit=1)[0], net)


def test_pickled_code_is_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelsError, match=r"holds more than tensors, .* may run code; save its state_dict\(\) alone"):
        taken(tmp_path / "c.pth", {"net": Evil()}, "adder")
    (tmp_path / "d.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelsError, match="holds more than tensors"):
        adopted(tmp_path / "d.pth", Adoption(family_named("adder"), plan_named("resnet8")))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [{}, [1], {1: torch.ones(1)}, {"a": "words"}, {"state_dict": {"a": 1}}])
def test_checkpoints_without_tensors(content: object, tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match=r"holds no state dict of tensors; save the net's state_dict\(\) alone"):
        taken(tmp_path / "c.pth", content, "adder")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"\x80\x02", b"hello"])
def test_damaged_checkpoints_are_one_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.pth").write_bytes(content)
    arguments = ["--as", "adder", "--net", "resnet8", "-o", str(tmp_path / "m.onnx")]
    assert main(["adopt", str(tmp_path / "c.pth"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "c.pth is " in error
    assert not (tmp_path / "m.onnx").exists()


def test_samples_of_another_shape_and_odd_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(STATES["adder"], tmp_path / "c.pth")
    np.savez(tmp_path / "x.npz", x=np.ones((8, 3, 28, 28), np.float32))
    given = ["adopt", str(tmp_path / "c.pth"), "--as", "adder", "--net", "resnet8", "-o", str(tmp_path / "m.onnx")]
    for more, words in (
        (
            ["--calibrate", str(tmp_path / "x.npz")],
            "samples are of shape (3, 28, 28), and the net reads (3, 32, 32)",
        ),
        (["--bits", "20"], "20 weight bits are outside 2..8"),
    ):
        assert main([*given, *more]) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "m.onnx").exists()
