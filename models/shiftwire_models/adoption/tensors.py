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


_WRAPPERS = frozenset({"module", "_orig_mod"})


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
        if not torch.isfinite(tensor).all():
            raise ModelsError(f"{self.path} holds '{name}' with values that are not finite; train it again")
        return tensor

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
    """A state dict alone or within a training checkpoint, each tensor in float32; runs no code of it.

    'module.' of DataParallel and '_orig_mod.' of torch.compile are taken off.

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
    bare = {_bare(name): _real(tensor, name, path) for name, tensor in tensors.items()}
    if len(bare) != len(tensors):
        raise ModelsError(f"{path} holds the net twice, wrapped and bare; save the state_dict() of one alone")
    return bare


def _bare(name: str) -> str:
    """Without the wrappers' parts, wherever they stand: only a part of a net may have been wrapped."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _real(tensor: Tensor, name: str, path: Path) -> Tensor:
    """float32. Raises ModelsError for what holds no real numbers, one a place."""
    unfit = {
        "without values, on the device meta": tensor.is_meta,
        "that is sparse or nested": tensor.layout != torch.strided or tensor.is_nested,
        "that torch has quantized": tensor.is_quantized,
        "of complex numbers": tensor.is_complex(),
    }
    for what, is_so in unfit.items():
        if is_so:
            raise ModelsError(f"{path} holds '{name}', a tensor {what}; save the state_dict() of the dense float net")
    return tensor.detach().float()


def _state_dict(content: object) -> dict[str, Tensor]:
    """Empty where there is none."""
    if not isinstance(content, dict):
        return {}
    for key in _WITHIN:
        if isinstance(content.get(key), dict):
            return _state_dict(content[key])
    is_state = all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items())
    return dict(content) if is_state else {}
