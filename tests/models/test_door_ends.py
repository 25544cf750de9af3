"""Nets of several inputs and outputs through the door: trained, exported, and the same codes in the flow."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils.data import DataLoader, TensorDataset

import shiftwire
from shiftwire_models import ModelsError, export, from_exact, to_multiplication_free
from shiftwire_models.conversion.inputs import samples_for

DRAW = torch.Generator().manual_seed(0)
IMAGES, VECTORS = torch.rand(64, 1, 8, 8, generator=DRAW), torch.randn(64, 5, generator=DRAW)


class ActorCritic(nn.Module):
    """An image and a vector in; a policy and a value out, in no order of the alphabet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.line = nn.Conv2d(1, 4, 3, 2), nn.Linear(5, 6)
        self.policy, self.value = nn.Linear(42, 3), nn.Linear(42, 1)

    def forward(self, image: Tensor, obs: Tensor) -> dict[str, Tensor]:
        h = torch.relu(torch.cat([self.conv(image).flatten(1), self.line(obs)], 1))
        return {"value": self.value(h), "policy": self.policy(h)}


class Siamese(nn.Module):
    """One encoder at two places."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 6))
        self.last = nn.Linear(6, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.last(torch.abs(self.encoder(a) - self.encoder(b)))


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a, self.b = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 1), nn.Linear(144, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = torch.relu(self.conv(x))
        return self.b(x.flatten(1)), [self.a(x)]


CASES = {
    "actor": (ActorCritic, (IMAGES, VECTORS)),
    "siamese": (Siamese, (IMAGES, IMAGES.flip(0))),
    "heads": (Heads, (IMAGES,)),
}


@pytest.mark.parametrize("name", CASES)
def test_nets_of_several_ends_train_and_are_exact(name: str, tmp_path: Path) -> None:
    kind, inputs = CASES[name]
    torch.manual_seed(0)
    floats = kind()
    free = to_multiplication_free(floats, inputs if len(inputs) > 1 else inputs[0], method="lightnn", terms=2)
    wanted, shape = pytree.tree_flatten(floats(*inputs))
    first, same = pytree.tree_flatten(free(*inputs))
    assert same == shape
    assert all((a - b).abs().mean() < 0.15 * a.std() for a, b in zip(wanted, first, strict=True))
    optimizer = torch.optim.SGD(free.parameters(), 0.02)
    sum(part.square().mean() for part in pytree.tree_leaves(free.train()(*inputs))).backward()
    assert all(bool(p.grad.abs().sum() > 0) for p in free.parameters() if p.requires_grad and p.dim() > 1)
    optimizer.step()
    export(nn.DataParallel(free), tmp_path / "net.onnx", tuple(x[:2] for x in inputs))
    twin, compiled = copy.deepcopy(free).eval(), torch.compile(free.eval(), backend="aot_eager")
    read = from_exact(tmp_path / "net.onnx").eval()
    read.load_state_dict(free.state_dict())
    with torch.no_grad():
        parts = pytree.tree_leaves(free(*inputs))
        nets = [twin, compiled, read]
        for net in nets:
            assert all(map(torch.equal, parts, pytree.tree_leaves(net(*inputs))))
        assert any(not torch.equal(*pair) for pair in zip(parts, first, strict=True))
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    data = {end.name: x.numpy() for end, x in zip(session.get_inputs(), inputs, strict=True)}
    for part, found in zip(parts, session.run(None, data), strict=True):
        assert np.array_equal(part.numpy(), found) and len(np.unique(found)) > 20
    assert shiftwire.load_network(tmp_path / "net.onnx").nodes


def test_a_net_of_several_inputs_is_called_by_name_too() -> None:
    torch.manual_seed(0)
    free = to_multiplication_free(ActorCritic(), {"obs": VECTORS, "image": IMAGES})
    y, named = free(IMAGES, VECTORS), free(IMAGES, obs=VECTORS)
    assert list(y) == list(named) == ["value", "policy"] and torch.equal(y["policy"], named["policy"])
    for wrong in ((), (IMAGES,), (IMAGES, VECTORS, VECTORS)):
        with pytest.raises(ModelsError, match=f"found {len(wrong)} inputs, and the net reads 'image', 'obs'; give"):
            free(*wrong)


PAIRS = DataLoader(TensorDataset(IMAGES, VECTORS, torch.zeros(64)), 20)
FORMS = {
    "a tuple": (IMAGES, VECTORS),
    "with labels": (IMAGES, VECTORS, torch.zeros(64)),
    "arrays": [IMAGES.numpy(), VECTORS.numpy()],
    "a dict": {"obs": VECTORS.double(), "image": IMAGES},
    "a loader": PAIRS,
    "batches": list(zip(IMAGES.split(10), VECTORS.split(10), strict=True)),
    "dicts": [{"image": IMAGES[:9], "obs": VECTORS[:9]}, {"image": IMAGES[9:], "obs": VECTORS[9:], "y": 1}],
}


@pytest.mark.parametrize("form", FORMS)
def test_samples_of_several_inputs_come_in_many_forms(form: str) -> None:
    image, obs = samples_for(("image", "obs"), FORMS[form])
    assert torch.equal(image, IMAGES) and torch.equal(obs, VECTORS) and obs.dtype == torch.float32


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        (IMAGES, r"^found a tensor of shape \(64, 1, 8, 8\) for samples, and the net reads 'image', 'obs'; give a tup"),
        ({"image": IMAGES}, "^found a dict of 'image' for samples, and the net reads 'image', 'obs'; give a tuple"),
        ((IMAGES,), r"^found a tensor of shape \(64, 1, 8, 8\) for samples, and the net reads"),
        ((IMAGES, VECTORS[:9]), "^found samples 64 of 'image', 9 of 'obs', wanted as many of each input; leave out"),
        ([], "^calibration holds no batches"),
        (None, "^found a NoneType for samples, and the net reads 'image', 'obs'"),
        ([(IMAGES, VECTORS), (IMAGES, VECTORS[:, :2])], "holds samples of several shapes for 'obs'; give those of one"),
        ((VECTORS, IMAGES), r"cannot read samples of shapes \(N, 5\) and \(N, 1, 8, 8\): "),
    ],
)
def test_samples_of_several_inputs_that_will_not_do(calibration: object, words: str) -> None:
    with pytest.raises(ModelsError, match=words) as refusal:
        to_multiplication_free(ActorCritic(), calibration)
    assert "\n" not in str(refusal.value)
