"""Data, training and checkpoints."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from shiftwire_models.checkpoint import CONFIG, WEIGHTS, load_checkpoint, save_checkpoint
from shiftwire_models.data import digits
from shiftwire_models.errors import ModelsError
from shiftwire_models.nets import NETS, NetName, build
from shiftwire_models.training import Epoch, TrainConfig, TrainResult, logits, nudged, train


def test_digits_are_sixteenths_in_a_stratified_split() -> None:
    data = digits()
    assert (len(data.train.y), len(data.test.y)) == (1437, 360)
    assert data.test.x.shape == (360, 1, 8, 8)
    assert torch.equal(data.train.x * 16, (data.train.x * 16).round())
    assert (float(data.train.x.min()), float(data.train.x.max())) == (0.0, 1.0)
    assert data.test.y.bincount().tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]


@pytest.fixture(scope="module")
def briefly() -> TrainResult:
    return train(TrainConfig(NetName.DIGITS_SHIFTADD, epochs=4, seed=1), lambda _: None)


def test_four_epochs_already_learn(briefly: TrainResult) -> None:
    assert briefly.test_accuracy > 0.6


def test_training_repeats_itself_and_reports_every_epoch(briefly: TrainResult) -> None:
    told: list[Epoch] = []
    again = train(briefly.config, told.append)
    assert [epoch.number for epoch in told] == [1, 2, 3, 4]
    assert told[-1].loss < told[0].loss
    states = briefly.net.state_dict(), again.net.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_building_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    build(NETS[NetName.DIGITS_MLP], 5)
    assert torch.equal(torch.rand(3), expected)


def test_nudged_pictures_move_by_at_most_a_pixel() -> None:
    picture = torch.zeros(200, 2, 5, 6)
    picture[:, 1, 2, 3] = 1.0
    moved = nudged(picture, torch.Generator().manual_seed(0))
    assert moved[:, 0].sum() == 0
    places = {tuple(place[1:].tolist()) for place in moved[:, 1].nonzero()}
    assert places == {(row, column) for row in (1, 2, 3) for column in (2, 3, 4)}
    assert 80 < int(moved[:, 1, 2, 3].sum()) < 140


def test_jets_have_no_data_here() -> None:
    with pytest.raises(ModelsError, match=r"jets-mlp reads \(16,\), and the data holds \(1, 8, 8\)"):
        train(TrainConfig(NetName.JETS_MLP), lambda _: None)


@pytest.mark.parametrize("name", [NetName.DIGITS_SHIFTADD, NetName.DIGITS_MLP])
def test_checkpoint_gives_the_same_net_back(name: NetName, tmp_path: Path) -> None:
    result = train(TrainConfig(name, epochs=1), lambda _: None)
    save_checkpoint(result, tmp_path / "a" / "b")
    loaded = load_checkpoint(tmp_path / "a" / "b")
    x = digits().test.x
    assert loaded.name is name
    assert torch.equal(logits(loaded.net, x), logits(result.net, x))
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [CONFIG, WEIGHTS]


def pickled(*_: object) -> bytes:
    return pickle.dumps({"weight": 1})


def zipped(path: Path) -> bytes:
    torch.save({"weight": torch.zeros(1)}, path / "x")
    return (path / "x").read_bytes()


@pytest.mark.parametrize("content", [pickled, zipped])
def test_a_pickle_by_the_right_name_is_refused(
    content: Callable[[Path], bytes], briefly: TrainResult, tmp_path: Path
) -> None:
    save_checkpoint(briefly, tmp_path)
    (tmp_path / WEIGHTS).write_bytes(content(tmp_path))
    with pytest.raises(ModelsError, match="is a pickled checkpoint, which may run code; save it with safetensors"):
        load_checkpoint(tmp_path)


def test_a_folder_with_only_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(pickled())
    with pytest.raises(ModelsError, match=r"holds net.pth, a pickled checkpoint, which may run code; save it as"):
        load_checkpoint(tmp_path)


def test_weights_of_another_run_are_refused(briefly: TrainResult, tmp_path: Path) -> None:
    save_checkpoint(briefly, tmp_path)
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:-4])
    with pytest.raises(ModelsError, match=r"is not the file config.json was written for; train again into"):
        load_checkpoint(tmp_path)


def test_tensors_of_another_net_are_refused(briefly: TrainResult, tmp_path: Path) -> None:
    save_checkpoint(briefly, tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps({**config, "net": "digits-mlp"}))
    with pytest.raises(ModelsError, match="does not hold the tensors of digits-mlp; train it again"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[" * 200_000, "is not JSON"), ("[]", "is not a version 1 checkpoint")]
)
def test_a_broken_configuration_is_refused(text: str, words: str, briefly: TrainResult, tmp_path: Path) -> None:
    save_checkpoint(briefly, tmp_path)
    (tmp_path / CONFIG).write_text(text)
    with pytest.raises(ModelsError, match=words):
        load_checkpoint(tmp_path)


@pytest.mark.slow
def test_the_demo_net_reaches_its_accuracy() -> None:
    result = train(TrainConfig(NetName.DIGITS_SHIFTADD), lambda _: None)
    assert result.test_accuracy >= 0.97
