"""Hooks of a user's net: those that only watch are left out of its file, those that change values are refused."""

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from shiftwire_models.conversion.inputs import Samples
from shiftwire_models.errors import ModelsError


def without_hooks(net: nn.Module, samples: Samples) -> nn.Module:
    """The same net, its hooks gone; raises ModelsError at the first module whose hooks change its outputs.

    The net is the caller's own copy, in evaluation mode.
    """
    expected = _output(net, samples)
    for name, module in net.named_modules():
        before, after = dict(module._forward_pre_hooks), dict(module._forward_hooks)
        module._forward_pre_hooks.clear()
        module._forward_hooks.clear()
        if (before or after) and not _alike(_output(net, samples), expected):
            raise ModelsError(
                f"{described(name, module)} has a hook that changes values, which no file would repeat; move what it "
                "does into forward()"
            )
    return net


def described(name: str, module: nn.Module) -> str:
    """A module as people look for it: its dotted name and its class."""
    return f"module '{name}' ({type(module).__name__})" if name else f"the net itself ({type(module).__name__})"


def _output(net: nn.Module, samples: Samples) -> object:
    with torch.no_grad():
        return net(*samples)


def _alike(one: object, other: object) -> bool:
    ours, theirs = pytree.tree_leaves(one), pytree.tree_leaves(other)
    return len(ours) == len(theirs) and all(map(_is_alike, ours, theirs))


def _is_alike(one: object, other: object) -> bool:
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        return False
    return one.shape == other.shape and bool(torch.allclose(one, other, equal_nan=True))
