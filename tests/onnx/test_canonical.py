"""The canonical form: the same function, in the few operations that the importers know."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import onnx
from hand_spellings import BY_HAND
from onnx import numpy_helper
from rewritten_files import REWRITTEN
from shiftwire.onnx import pipeline
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runtime import run_onnx
from tiers import some

VOCABULARY = {
    "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "Flatten", "Gemm", "GlobalAveragePool",
    "MaxPool", "Mul", "Relu",
}  # fmt: skip


def whole(net: nn.Module) -> nn.Module:
    """Small whole weights, so that float32 sums are exact in any order and outputs must be equal bit for bit."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in [*net.named_parameters(), *net.named_buffers()]:
            if value.dtype.is_floating_point:
                low = 1 if name.endswith("running_var") else -2
                value.copy_(torch.randint(low, 3, value.shape, generator=rng).float())
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
            layer.running_var.fill_(4.0)
    return net.eval()


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.cat([self.b(self.a(x)) + x, x * 2 - 1], 1)
        return nn.functional.relu6(y).mean((2, 3))


class Viewing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Linear(64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.max_pool2d(torch.relu(self.conv(x)), 2, 1, 1)[:, :, :4, :4]
        return self.fc(y.reshape(y.size(0), -1) / 4 - 3)


NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Dropout(), nn.Linear(9, 4, bias=False)), (6,)),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Identity(),
            nn.Conv2d(8, 4, 3, padding=1, stride=2, bias=False), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 5),
        ),
        (3, 8, 8),
    ),
    "padded": (
        lambda: nn.Sequential(
            nn.ZeroPad2d((1, 0, 2, 1)), nn.Conv2d(2, 3, 3), nn.ReLU(), nn.ZeroPad2d(1), nn.AvgPool2d(2, 2), nn.Flatten()
        ),
        (2, 5, 6),
    ),
    "residual": (Residual, (4, 4, 4)),
    "viewing": (Viewing, (3, 8, 8)),
}  # fmt: skip


def exported(net: nn.Module, shape: tuple[int, ...], opset: int, dynamo: bool, is_open: bool) -> onnx.ModelProto:
    x = torch.zeros(2, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            batch = ({0: torch.export.Dim.DYNAMIC},) if is_open else None
            program = torch.onnx.export(
                net, (x,), dynamo=True, opset_version=opset, dynamic_shapes=batch, verbose=False
            )
            return program.model_proto
        held = io.BytesIO()
        axes = {"x": {0: "batch"}} if is_open else None
        torch.onnx.export(net, (x,), held, dynamo=False, opset_version=opset, input_names=["x"], dynamic_axes=axes)
        return onnx.load_from_string(held.getvalue())


def values(shape: tuple[int, ...], count: int = 24) -> np.ndarray:
    drawn = np.random.default_rng(3).integers(-4, 5, (count, *shape)).astype(np.float32)
    drawn[0], drawn[1], drawn[2] = 4, -4, 0
    return drawn


def agree(model: onnx.ModelProto, shape: tuple[int, ...], count: Any) -> onnx.ModelProto:
    """The canonical form, checked and equal to the model on every output bit."""
    before = model.SerializeToString(deterministic=True)
    made = canonical(model)
    assert model.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(made, full_check=True)
    given = values(shape)
    expected, got = run_onnx(model, given), run_onnx(made, given)
    assert expected.dtype == got.dtype and np.array_equal(expected, got)
    assert len(np.unique(expected)) > 3
    count(canonical_outputs=expected.size)
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert canonical(made).graph.node[0].op_type == made.graph.node[0].op_type
    return made


EXPORTS = [
    (False, 9, True),
    (False, 11, False),
    (False, 13, True),
    (False, 17, False),
    (True, 18, False),
    (True, 20, True),
]
"""Exporter, opset, open batch."""


@pytest.mark.parametrize(("dynamo", "opset", "is_open"), some(EXPORTS, EXPORTS[0], EXPORTS[-1]))
@pytest.mark.parametrize("name", NETS)
def test_both_exporters_of_torch(name: str, dynamo: bool, opset: int, is_open: bool, count: Any) -> None:
    make, shape = NETS[name]
    made = agree(exported(whole(make()), shape, opset, dynamo, is_open), shape, count)
    kinds = {node.op_type for node in made.graph.node}
    assert kinds <= VOCABULARY | ({"Slice"} if name == "viewing" else set())
    for node in made.graph.node:
        if node.op_type in ("Gemm", "Conv"):
            assert {entry.name for entry in node.attribute} >= ({"transB"} if node.op_type == "Gemm" else {"pads"})
    assert made.opset_import[0].version == 20


@pytest.mark.parametrize("name", BY_HAND)
def test_spellings_by_hand(name: str, count: Any) -> None:
    make, kinds = BY_HAND[name]
    model = make()
    shape = tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:])
    assert [entry.op_type for entry in agree(model, shape, count).graph.node] == kinds


FILES: dict[str, Callable[[], onnx.ModelProto]] = {
    **{name: make for name, (make, _) in BY_HAND.items()},
    **REWRITTEN,
    "residual": lambda: exported(whole(Residual()), (4, 4, 4), 13, False, True),
}
Spelling = list[tuple[Any, ...]]


def spelling(model: onnx.ModelProto) -> Spelling:
    """Operations, attributes and inputs of each node; constants by what they hold, whatever their names."""
    held = {tensor.name: (tensor.dims, numpy_helper.to_array(tensor).tobytes()) for tensor in model.graph.initializer}
    return [
        (
            entry.op_type,
            sorted(attribute.SerializeToString() for attribute in entry.attribute),
            [held.get(name, name) for name in entry.input],
            list(entry.output),
        )
        for entry in model.graph.node
    ]


@pytest.fixture(scope="module")
def spelled() -> dict[str, tuple[onnx.ModelProto, Spelling]]:
    """Every file and its canonical form."""
    made = {name: make() for name, make in FILES.items()}
    return {name: (model, spelling(canonical(model))) for name, model in made.items()}


@pytest.mark.parametrize("at", range(len(pipeline.REWRITES)))
def test_every_rewrite_is_needed_in_its_place(
    at: int, spelled: dict[str, tuple[onnx.ModelProto, Spelling]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, some file has another canonical form; so none is listed twice in vain."""
    monkeypatch.setattr(pipeline, "REWRITES", (*pipeline.REWRITES[:at], *pipeline.REWRITES[at + 1 :]))
    changed = [name for name, (model, nodes) in spelled.items() if spelling(canonical(model)) != nodes]
    assert changed
