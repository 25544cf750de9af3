"""AdderNet's published ResNet-20: its checkpoint's layout, and the pictures it was trained on normalised."""

import pickle
import re
from pathlib import Path

import torch
from torch import Tensor

from shiftwire_models.errors import ModelsError
from shiftwire_models.floats.resnet import ConvKind, FloatResNet, FloatResNetConfig, HeadKind

ADDERNET_RESNET20 = FloatResNetConfig((3, 32, 32), conv=ConvKind.ADDER, head=HeadKind.CONV_NORM)
"""CIFAR-10. Source: Chen et al., AdderNet, CVPR 2020."""

_NAMES = (
    (r"module\.", ""),
    (r"conv1\.", "stem.conv."),
    (r"bn1\.", "stem.bn."),
    (r"fc\.", "projection.conv."),
    (r"bn2\.", "projection.bn."),
    (r"layer(\d)\.(\d)\.conv1\.", r"stage\1.\2.first.conv."),
    (r"layer(\d)\.(\d)\.bn1\.", r"stage\1.\2.first.bn."),
    (r"layer(\d)\.(\d)\.conv2\.", r"stage\1.\2.second.conv."),
    (r"layer(\d)\.(\d)\.bn2\.", r"stage\1.\2.second.bn."),
    (r"layer(\d)\.(\d)\.downsample\.0\.", r"stage\1.\2.shortcut.conv."),
    (r"layer(\d)\.(\d)\.downsample\.1\.", r"stage\1.\2.shortcut.bn."),
)


def load_addernet(path: Path) -> FloatResNet:
    """The net of a checkpoint in the published layout, in evaluation mode; runs no code from the file.

    Raises ModelsError for a pickle that holds more than tensors, and for tensors of another net.
    """
    tensors = {_own_name(name): tensor for name, tensor in _tensors(path).items()}
    net = FloatResNet(ADDERNET_RESNET20)
    wanted = net.state_dict()
    for name, tensor in wanted.items():
        if name not in tensors:
            raise ModelsError(f"{path} holds no tensor for {name}; give AdderNet's ResNet-20 checkpoint for CIFAR-10")
        if tensors[name].shape != tensor.shape:
            raise ModelsError(
                f"{path} holds {name} of shape {tuple(tensors[name].shape)}, wanted {tuple(tensor.shape)}; "
                "give AdderNet's ResNet-20 checkpoint for CIFAR-10"
            )
        if not torch.isfinite(tensors[name]).all():
            raise ModelsError(f"{path} holds {name} with values that are not finite; train it again")
    extra = sorted(tensors.keys() - wanted.keys())
    if extra:
        raise ModelsError(f"{path} holds {extra[0]}, which ResNet-20 has not; give AdderNet's ResNet-20 for CIFAR-10")
    net.load_state_dict(tensors)
    return net.eval()


def _tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ModelsError(f"found no file {path}; name AdderNet's checkpoint, such as ResNet20-AdderNet.pth")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelsError(
            f"{path} is a pickle that holds more than tensors, or none at all, and loading it may run code; "
            "save its state_dict() alone"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelsError(f"{path} is no checkpoint of torch, or a truncated one; fetch it again") from error
    content = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(content, dict) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise ModelsError(f"{path} holds no state dict of tensors; save the net's state_dict() alone")
    return dict(content)


def _own_name(name: str) -> str:
    """`module.layer1.0.conv1.adder` is `stage1.0.first.conv.weight` here."""
    for pattern, ours in _NAMES:
        name = re.sub(f"^{pattern}", ours, name)
    return re.sub(r"\.adder$", ".weight", name)
