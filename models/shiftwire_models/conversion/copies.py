"""A copy of a user's net that everything else may change: on the CPU, in evaluation mode, without wrappers."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from shiftwire_models.conversion.hooks import described
from shiftwire_models.errors import ModelsError

_WRAPPERS = ("_orig_mod", "module")
"""Where torch.compile and DataParallel keep the net that they wrap."""


def plain_copy(net: nn.Module) -> nn.Module:
    """On the CPU, in evaluation mode, no number narrower than float32, and torch.compile's and DataParallel's
    wrappers gone wherever they stand.

    Raises ModelsError for what cannot be copied so, with the name of the module.
    """
    if not isinstance(net, nn.Module):
        raise ModelsError(f"found a {type(net).__name__} for the net, wanted a torch.nn.Module; wrap it in one")
    _require_plain(net)
    twin = _without_wrapper(copy.deepcopy(net, _detached(net)))
    for module in list(twin.modules()):
        for name, child in module.named_children():
            setattr(module, name, _without_wrapper(child))
        if is_parametrized(module):
            _settle(module)
    return _in_float32(twin.cpu()).eval()


def _require_plain(net: nn.Module) -> None:
    for name, module in net.named_modules():
        what = f"{described(name, module)} "
        if isinstance(module, torch.jit.ScriptModule):
            raise ModelsError(f"{what}is compiled by torch.jit, which keeps no layers; give the net it was made of")
        if ".quantized" in type(module).__module__:
            raise ModelsError(f"{what}is quantized by torch already; give the float net it was made of")
        values = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if any(value.is_meta and not nn.parameter.is_lazy(value) for value in values):
            raise ModelsError(f"{what}has weights without values, on the device meta; load them first")


def _without_wrapper(net: nn.Module) -> nn.Module:
    while type(net).__module__.startswith("torch.") and len(net._modules) == 1:
        inner = next((net._modules[name] for name in _WRAPPERS if name in net._modules), None)
        if inner is None:
            break
        net = inner
    return net


def _detached(net: nn.Module) -> dict[int, object]:
    """What deepcopy cannot copy, copied: tensors that a hook computed of others, as torch's first weight_norm does."""
    attributes = (value for module in net.modules() for value in vars(module).values())
    return {id(value): value.detach().clone() for value in attributes if isinstance(value, Tensor) and value.grad_fn}


def _settle(module: nn.Module) -> None:
    """Parametrized weights, such as weight_norm's, as they are now; the class is left alone, which others share."""
    parametrizations = module.get_submodule("parametrizations")
    values = {name: getattr(module, name).detach().clone() for name, _ in parametrizations.named_children()}
    del module._modules["parametrizations"]
    module.__class__ = type(module).__bases__[0]
    for name, value in values.items():
        module.register_parameter(name, nn.Parameter(value))


def _in_float32(net: nn.Module) -> nn.Module:
    """Half floats lose nothing; doubles are rounded as a file of float32 holds them, but for tables that are exact."""
    own = type(net).__module__.startswith(__name__.partition(".")[0])
    for tensor in (*net.parameters(), *net.buffers()):
        is_lazy = nn.parameter.is_lazy(tensor)
        if tensor.is_floating_point() and not is_lazy and not (own and tensor.dtype == torch.float64):
            tensor.data = tensor.data.float()
    return net
