"""A user's net runs once on its samples before anything else: what fails, or has no exact form, is named at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils import _pytree as pytree

from shiftwire_models.conversion.hooks import described
from shiftwire_models.conversion.inputs import Samples
from shiftwire_models.conversion.samples import kind_of
from shiftwire_models.errors import ModelsError

_STATISTICS = "takes its statistics from the sample; train with BatchNorm, which is a scale at inference"
_STATE = "keeps a state from step to step, which no layer here does; use convolutions along time"
_PRODUCT = "multiplies tensors that it computes, and only constants become shifts and adds; "
INEXACT: tuple[tuple[tuple[type[nn.Module], ...], str], ...] = (
    ((nn.RNNBase, nn.RNNCellBase), _STATE),
    ((nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.LocalResponseNorm), _STATISTICS),
    ((nn.MultiheadAttention,), f"{_PRODUCT}mix by convolutions or Linear layers"),
    ((nn.Bilinear,), f"{_PRODUCT}join its inputs by torch.cat and a Linear"),
    ((nn.Embedding, nn.EmbeddingBag), "looks vectors up by number; give the net the vectors and leave it to the host"),
)
"""Layers that no exact file has, whatever stands around them, and what would do in place of each."""


def first_run(net: nn.Module, samples: Samples) -> object:
    """What the net gives, a tensor or several; raises ModelsError, with the module's name, where it cannot read the
    samples or a layer that runs is INEXACT.
    """
    with running(net, _refuse) as stack, torch.no_grad():
        try:
            y = net(*samples)
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            shapes = " and ".join(f"({', '.join(map(str, ('N', *x.shape[1:])))})" for x in samples)
            what = f"samples of shape{'s' if len(samples) > 1 else ''} {shapes}"
            raise ModelsError(
                f"{place(net, stack)} cannot read {what}: {lines[0]}; give them as the net reads them"
            ) from error
    for part in pytree.tree_leaves(y) or [None]:
        _require_rows(part, samples[0])
    return y


def _require_rows(y: object, x: Tensor) -> None:
    if not isinstance(y, Tensor) or y.dim() < 2:
        raise ModelsError(
            f"the net gives {kind_of(y)}, wanted tensors (N, ...); wrap it in a net that gives one, or several in a "
            "tuple or a dict"
        )
    if len(y) != len(x):
        raise ModelsError(
            f"the net gives {kind_of(y)} for {len(x)} samples of shape {tuple(x.shape[1:])}, wanted a row for each; "
            "give samples (N, ...) with the batch first"
        )
    if not torch.isfinite(y).all():
        raise ModelsError("the net gives values that are not finite; look for such weights, or wider ones than float32")


@contextmanager
def running(net: nn.Module, enter: Callable[[str, nn.Module], None] = lambda *_: None) -> Iterator[list[str]]:
    """The names of the modules that run at any moment, the innermost last; they stay where a run ends in an error.

    `enter` is called in front of each, with its name.
    """
    stack: list[str] = []

    def before(module: nn.Module, _: object, name: str) -> None:
        stack.append(name)
        enter(name, module)

    def after(*_: object) -> None:  # what a hook returns would take the place of what the net gives
        stack.pop()

    hooks = []
    for name, module in net.named_modules():
        hooks.append(module.register_forward_pre_hook(partial(before, name=name)))
        hooks.append(module.register_forward_hook(after))
    try:
        yield stack
    finally:
        for hook in hooks:
            hook.remove()


def place(net: nn.Module, stack: list[str]) -> str:
    """The module that ran last."""
    return described(stack[-1], net.get_submodule(stack[-1])) if stack else "the net"


def _refuse(name: str, module: nn.Module) -> None:
    reasons = [why for kinds, why in INEXACT if isinstance(module, kinds)]
    if isinstance(module, _NormBase) and module.running_mean is None:
        reasons.append(_STATISTICS)
    if reasons:
        raise ModelsError(f"{described(name, module)} has no exact form: it {reasons[0]}")
