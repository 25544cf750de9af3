"""Checkpoints of the families' repositories: their codes are what the papers' equations make of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import onnx
import shiftwire
from family_states import Equations, State, state_of
from file_walk import walked
from shiftwire_models.adoption.files import Adoption, adopted, adopted_file, exact_file, family_named
from shiftwire_models.adoption.layers import Between
from shiftwire_models.adoption.resnet import plan_named
from shiftwire_models.cli import main
from shiftwire_models.conversion.quantizing import Choices
from shiftwire_models.errors import ModelsError
from tiers import some

WIDTH = 4
FAMILIES = ("deepshift-ps", "deepshift-q", "shiftaddnet", "adder", "apot")
LAYERS = {"deepshift-ps": 8, "deepshift-q": 10, "shiftaddnet": 18, "adder": 8, "apot": 10}
"""Layers whose weights follow from the equations: AdderNet's first and last are ordinary, ShiftAddNet's are pairs."""


def pictures(count: int) -> Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(5))


def written(folder: Path, state: State) -> Path:
    """As a training loop under DataParallel saves it."""
    path = folder / "checkpoint.pth.tar"
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    torch.save({"epoch": 3, "arch": "resnet8", "state_dict": parallel, "best_acc1": 91.5}, path)
    return path


def adoption(family: str, net: str = "resnet8") -> Adoption:
    return Adoption(family_named(family.split("-", maxsplit=1)[0]), plan_named(net))


@pytest.mark.parametrize("family", some(FAMILIES, "deepshift-ps", "shiftaddnet"))
def test_codes_follow_from_the_equations(family: str, tmp_path: Path) -> None:
    state, x = state_of(family, WIDTH), pictures(12)
    net = adopted(written(tmp_path, state), adoption(family))
    equations = Equations(family, state)
    with torch.no_grad():
        y, right = net.net(x).double(), equations.forward(x.double())
    # wageubn rounds sums that float32 adds in another order
    assert float((y - right).abs().max()) < (0.05 if family == "shiftaddnet" else 1e-3)
    assert float(right.std()) > 0.3
    model = exact_file(net, x, Choices())
    taken: list[str] = []

    def weight_of(name: str, in_file: Tensor, frac: int) -> Tensor:
        layer = layers.get(name.removeprefix("t_").removesuffix("_distance"))
        if layer is None:
            return in_file
        taken.append(layer)
        if f"{layer}.adder" in state:
            return torch.round(equations.template(layer) * 2.0**frac) * 2.0**-frac
        return equations.codes(layer)

    layers = {plain: name for name in names(state) for plain in spellings(name)}
    values = walked(model, x, weight_of)
    assert len(set(taken)) == len(taken) == LAYERS[family]
    if family.startswith("deepshift"):
        biases = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "logits_bias"]
        assert np.array_equal(
            biases[0] * 2.0**-16, np.floor(state["linear.bias"].double().numpy() * 2.0**16) * 2.0**-16
        )
    onnx.save(model, tmp_path / "exact.onnx")
    network = shiftwire.load_network(tmp_path / "exact.onnx")
    codes = network.evaluate(network.host_input.encode(x.numpy(), network.input.format))
    scores = network.host_output.scores(codes, network.output.format).reshape(values.shape)
    assert np.count_nonzero(scores != values.numpy()) == 0
    assert len(np.unique(scores)) > 40
    assert float((values - right).abs().mean() / right.std()) < 0.3


def names(state: State) -> set[str]:
    return {
        name.rsplit(".", 1)[0] for name in state if name.endswith((".shift", ".weight", ".adder")) and "bn" not in name
    }


def spellings(name: str) -> tuple[str, ...]:
    """What our file calls a layer."""
    plain = name.replace(".", "_")
    return (plain, f"{plain}_shift", f"{plain}_adder", *(["logits"] if plain == "linear" else []))


def test_wageubn_keeps_its_grid_and_takes_the_width_it_needs(tmp_path: Path) -> None:
    net = adopted(written(tmp_path, state_of("shiftaddnet", WIDTH)), adoption("shiftaddnet"))
    exact_file(net, pictures(8), Choices())
    grids = [str(module.grid) for module in net.net.modules() if isinstance(module, Between)]
    assert len(grids) == 8 and {grid.split(".")[1] for grid in grids} == {"7"}
    assert all(8 < int(grid[1:].split(".")[0]) < 16 for grid in grids)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint, model, data = written(tmp_path, state_of("deepshift-q", 2)), tmp_path / "m.onnx", tmp_path / "x.npz"
    np.savez(data, x=pictures(8).numpy())
    arguments = ["adopt", str(checkpoint), "--as", "deepshift", "--net", "resnet8", "-o", str(model)]
    assert main([*arguments, "--calibrate", str(data)]) == 0
    assert f"shiftwire convert {model}" in capsys.readouterr().out
    assert shiftwire.load_network(model).output.shape == (4,)


CHECKPOINT = Path(__file__).resolve().parents[3] / "shared" / "data" / "addernet_resnet20_cifar10.pth"


@pytest.mark.skipif(not CHECKPOINT.is_file(), reason=f"AdderNet's checkpoint is not at {CHECKPOINT.parent.name}")
@pytest.mark.whole
def test_the_published_addernet_is_taken(tmp_path: Path) -> None:
    net = adopted(CHECKPOINT, adoption("adder", "resnet20"))
    assert float(net.net.get_submodule("layer1.0.bn1").running_mean.max()) < -460
    counts = [node.op_type for node in adopted_file(net).graph.node]
    assert {op: counts.count(op) for op in set(counts)} == {
        **{"Conv": 2, "AdderConv": 20, "BatchNormalization": 22},
        **{"Relu": 19, "Add": 9, "GlobalAveragePool": 1, "Flatten": 1},
    }


@pytest.mark.parametrize(("net", "blocks", "stages"), [("resnet32", 5, 3), ("resnet18", 2, 4), ("resnet50", 6, 4)])
def test_depths_by_name(net: str, blocks: int, stages: int) -> None:
    plan = plan_named(net)
    assert (max(plan.blocks), len(plan.blocks)) == (blocks, stages)
    with pytest.raises(ModelsError, match="no net of the families is called 'resnet21'; take resnet20 or another of"):
        plan_named("resnet21")
