"""The tensors of a checkpoint, by the names that its family gave them, each taken once."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError

_WITHIN = ("state_dict", "model_state_dict", "model", "net")
"""Where a training checkpoint holds its state dict."""


class Tensors:
    """What is left of a state dict while a net is built of it; `kind` is the net, as an error names it."""

    def __init__(self, path: Path, tensors: Mapping[str, Tensor], kind: str) -> None:
        self.path, self.kind = path, kind
        self.left = dict(tensors)
        self.has_signs = any(name.endswith(".sign") for name in tensors)

    def has(self, name: str) -> bool:
        """Whether a tensor of that name is left."""
        return name in self.left

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a tensor that must be there."""
        self._require(name)
        return tuple(self.left[name].shape)

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """`look`, and it is gone."""
        tensor = self.look(name, shape)
        del self.left[name]
        return tensor

    def look(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """float32 of that shape. Raises ModelsError where it is missing, of another shape or not finite."""
        self._require(name)
        tensor = self.left[name]
        if tuple(tensor.shape) != shape:
            raise ModelsError(
                f"{self.path} holds '{name}' of shape {tuple(tensor.shape)}, wanted {shape}; give a checkpoint of "
                f"{self.kind}, or name its net"
            )
        if not torch.isfinite(tensor.float()).all():
            raise ModelsError(f"{self.path} holds '{name}' with values that are not finite; train it again")
        return tensor.detach().float()

    def drop(self, name: str) -> None:
        """Leave out what says nothing about the trained net."""
        self.left.pop(name, None)

    def require_empty(self) -> None:
        """Raise ModelsError for the first tensor that no layer has taken."""
        for name in self.left:
            if not name.endswith("num_batches_tracked"):
                raise ModelsError(
                    f"{self.path} holds '{name}' of shape {tuple(self.left[name].shape)}, which {self.kind} has not; "
                    "name its net"
                )

    def _require(self, name: str) -> None:
        if name not in self.left:
            others = ", ".join(f"'{other}'" for other in list(self.left)[:2]) or "nothing more"
            raise ModelsError(
                f"{self.path} holds no tensor '{name}' (but {others}, ...); give a checkpoint of {self.kind}, or name "
                "its net"
            )


def load_tensors(path: Path) -> dict[str, Tensor]:
    """A state dict alone or within a training checkpoint, 'module.' of DataParallel taken off; runs no code of it.

    Raises ModelsError for a pickle that holds more than tensors and plain values, and for what is no checkpoint.
    """
    if not path.is_file():
        raise ModelsError(f"found no file {path}; name a checkpoint, such as torch.save(net.state_dict(), path) writes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols, which say nothing that a user can act on
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelsError(
            f"{path} is a pickle that holds more than tensors, or none at all, and loading it may run code; "
            "save its state_dict() alone"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelsError(f"{path} is no checkpoint of torch, or a truncated one; fetch it again") from error
    tensors = _state_dict(content)
    if not tensors:
        raise ModelsError(f"{path} holds no state dict of tensors; save the net's state_dict() alone")
    if all(name.startswith("module.") for name in tensors):
        return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    return tensors


def _state_dict(content: object) -> dict[str, Tensor]:
    """Empty where there is none."""
    if not isinstance(content, dict):
        return {}
    for key in _WITHIN:
        if isinstance(content.get(key), dict):
            return _state_dict(content[key])
    return dict(content) if all(isinstance(tensor, Tensor) for tensor in content.values()) else {}
