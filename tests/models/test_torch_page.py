"""The page for torch's users: its examples run as they stand there."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import shiftwire
import shiftwire_models
from shiftwire_models import export

PAGE = Path(__file__).resolve().parents[2] / "docs/torch.md"
FIRST, COMPOSED = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def ran(example: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(example, str(PAGE), "exec"), names)
    return names


def codes_equal(net: torch.nn.Module, x: torch.Tensor, file: Path) -> bool:
    network = shiftwire.load_network(file)
    codes = network.evaluate(network.host_input.encode(x.numpy(), network.input.format))
    with torch.no_grad():
        y = net.eval()(x)
    scores = network.host_output.scores(codes, network.output.format).reshape(y.shape)
    return np.array_equal(scores, y.double().numpy()) and len(np.unique(scores)) > 50


def test_the_first_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names = ran(FIRST)
    assert len([line for line in FIRST.splitlines() if line.strip()]) < 30
    assert float(re.findall(r"0\.\d+", capsys.readouterr().out)[-1]) > 0.8
    assert codes_equal(names["net"], names["x"][:200], tmp_path / "model.onnx")


def test_the_composed_net(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, x = ran(COMPOSED)["net"], torch.rand(64, 1, 8, 8)
    for _ in range(40):  # until the running statistics are the batch's
        net(x)
    export(net, tmp_path / "model.onnx", x)
    assert codes_equal(net, x, tmp_path / "model.onnx")


def test_the_face_is_what_the_page_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(
        f"`{name}`" in text or f"`shiftwire_models.{name}`" in text
        for name in shiftwire_models.__all__
        if name[0].islower()
    )
    for name in re.findall(r"nn\.([A-Z]\w+)", COMPOSED.replace("torch_nn.", "torch.")):
        assert name in shiftwire_models.nn.__all__
