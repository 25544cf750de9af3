"""A trained net in a folder: `weights.safetensors` and `config.json`, never a pickle."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from shiftwire_models.data import DataName, OwnData, Source, picture_shape, source_named, source_text
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import Format
from shiftwire_models.nets import NetConfig, NetName, build, classes_of, fitted, net_name
from shiftwire_models.training import TrainResult

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A net in evaluation mode, the name and the data it was trained under, and its configuration."""

    name: NetName
    data: Source
    config: NetConfig
    net: nn.Module


def save_checkpoint(result: TrainResult, folder: Path) -> None:
    """Each file appears whole or not at all; config.json comes last and vouches for the weights by their hash."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = save(result.net.state_dict())
    config = {
        "version": _VERSION,
        "net": result.config.net.value,
        "data": source_text(result.config.data),
        **_own_members(result),
        "pictures": result.config.pictures,
        "epochs": result.config.epochs,
        "seed": result.config.seed,
        "train_accuracy": round(result.train_accuracy, 4),
        "test_accuracy": round(result.test_accuracy, 4),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    write_whole(folder / WEIGHTS, weights)
    write_whole(folder / CONFIG, (json.dumps(config, indent=2) + "\n").encode())


def load_checkpoint(folder: Path) -> Checkpoint:
    """Raises ModelsError for anything but a folder that `save_checkpoint` wrote; runs no code from the folder."""
    weights = _read(folder, WEIGHTS)
    config = _config(folder)
    name = net_name(str(config.get("net")))
    if config.get("weights_sha256") != hashlib.sha256(weights).hexdigest():
        raise ModelsError(f"{folder / WEIGHTS} is not the file {CONFIG} was written for; train again into {folder}")
    data = source_named(str(config.get("data", DataName.DIGITS.value)))
    net_config = _net_config(name, data, config, folder)
    net = build(net_config, 0)
    try:
        net.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ModelsError(f"{folder / WEIGHTS} does not hold the tensors of {name.value}; train it again") from error
    return Checkpoint(name, data, net_config, net.eval())


def _own_members(result: TrainResult) -> dict[str, object]:
    """What the user's own data asked of the net, which later needs no data to be built."""
    if not isinstance(result.config.data, OwnData):
        return {}
    grid = getattr(result.net_config, "input_grid", None)
    return {
        "input_shape": list(result.net_config.input_shape),
        "classes": classes_of(result.net_config),
        "input_format": None if grid is None else [grid.bits, grid.frac, int(grid.signed)],
    }


def _net_config(name: NetName, data: Source, config: dict[str, object], folder: Path) -> NetConfig:
    if isinstance(data, DataName):
        return fitted(name, picture_shape(data))
    shape, grid = _whole_numbers(config.get("input_shape")), _whole_numbers(config.get("input_format"))
    classes = config.get("classes")
    if not shape or min(shape) < 1 or not isinstance(classes, int) or classes < 1:
        raise ModelsError(f"{folder / CONFIG} does not say what its net reads; train again into {folder}")
    input_grid = Format(grid[0], grid[1], bool(grid[2])) if len(grid) == 3 else None
    return fitted(name, shape, classes, input_grid)


def _whole_numbers(value: object) -> tuple[int, ...]:
    """A list of whole numbers; empty for anything else."""
    return tuple(value) if isinstance(value, list) and all(isinstance(number, int) for number in value) else ()


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content)
    temporary.replace(path)


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    pickled = sorted(p.name for pattern in ("*.pt", "*.pth", "*.pkl", "*.bin") for p in folder.glob(pattern))
    if path.is_file():
        content = path.read_bytes()
        if content[:2] == b"PK" or content[:1] == b"\x80":
            raise ModelsError(f"{path} is a pickled checkpoint, which may run code; save it with safetensors instead")
        return content
    if pickled:
        raise ModelsError(
            f"{folder} holds {pickled[0]}, a pickled checkpoint, which may run code; save it as {name} with safetensors"
        )
    raise ModelsError(f"{folder} holds no {name}; make one with: shiftwire-train train --net NAME -o {folder}")


def _config(folder: Path) -> dict[str, object]:
    path = folder / CONFIG
    if not path.is_file():
        raise ModelsError(f"{folder} holds no {CONFIG}; make one with: shiftwire-train train --net NAME -o {folder}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelsError(f"{path} is not JSON ({error}); train again into {folder}") from error
    if not isinstance(config, dict) or config.get("version") != _VERSION:
        raise ModelsError(f"{path} is not a version {_VERSION} checkpoint; train again into {folder}")
    return config
