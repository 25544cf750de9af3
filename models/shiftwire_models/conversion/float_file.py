"""A user's net of plain torch as a float file, and in whose words it cannot be one."""

import copy
import re

import torch
from torch import Tensor, nn
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.nn.utils.parametrize import is_parametrized
from torch.onnx import OnnxExporterError

import onnx
from shiftwire_models.conversion.hooks import described, without_hooks
from shiftwire_models.errors import ModelsError
from shiftwire_models.export import export_float
from shiftwire_models.exporter import quiet_exporter
from shiftwire_models.onnx_names import plain_name

_WATCHED = 4
"""Samples on which hooks are judged and the net is traced."""


def float_file(net: nn.Module, x: Tensor) -> onnx.ModelProto:
    """The net in evaluation mode, on the CPU, without its hooks; x (N, ...) are samples. The net stays as it is.

    Raises ModelsError for what no file can say, with the name of the module.
    """
    twin = plain_copy(net)
    few = x[:_WATCHED]
    with torch.no_grad():
        y = twin(few)
    if not isinstance(y, Tensor) or y.dim() < 2:
        raise ModelsError(f"the net gives {_kind(y)}, wanted one tensor (N, ...); wrap it in a net that gives one")
    bare = without_hooks(twin, few)
    try:
        return export_float(bare, tuple(x.shape[1:]))
    except OnnxExporterError as error:
        raise ModelsError(_why(bare, few, error)) from error


def plain_copy(net: nn.Module) -> nn.Module:
    """On the CPU, in evaluation mode, taken out of torch.compile's and DataParallel's wrappers."""
    for wrapper in ("_orig_mod", "module"):
        inner = net._modules.get(wrapper)
        if isinstance(inner, nn.Module) and len(net._modules) == 1 and type(net).__module__.startswith("torch."):
            net = inner
    twin = copy.deepcopy(net).cpu().eval()
    for module in list(twin.modules()):
        if is_parametrized(module):
            _settle(module)
    return twin


def _settle(module: nn.Module) -> None:
    """Parametrized weights, such as weight_norm's, as they are now; the class is left alone, which others share."""
    parametrizations = module.get_submodule("parametrizations")
    values = {name: getattr(module, name).detach().clone() for name, _ in parametrizations.named_children()}
    del module._modules["parametrizations"]
    module.__class__ = type(module).__bases__[0]
    for name, value in values.items():
        module.register_parameter(name, nn.Parameter(value))


def maker_of(net: nn.Module, name: str) -> str | None:
    """The module, as people look for it, that made a node of the file; None for what the net's own forward() did."""
    modules = {plain_name(path): (path, module) for path, module in net.named_modules() if path}
    within = [prefix for prefix in modules if name == prefix or name.startswith(f"{prefix}_")]
    return described(*modules[max(within, key=len)]) if within else None


def with_module(net: nn.Module, sentence: str) -> str:
    """A sentence about nodes of the file, and what the first of them is in the net."""
    for word in re.findall(r"'(\w+)'", sentence):
        maker = maker_of(net, word)
        if maker is not None:
            return f"{sentence} ('{word}' is made by {maker})"
    return sentence


def _kind(y: object) -> str:
    return f"a tensor of shape {tuple(y.shape)}" if isinstance(y, Tensor) else f"a {type(y).__name__}"


def _why(net: nn.Module, x: Tensor, error: OnnxExporterError) -> str:
    """Trace once more, and see in which module it ends."""
    running: list[str] = []
    hooks = []
    for name, module in net.named_modules():
        hooks.append(module.register_forward_pre_hook(lambda *_, name=name: running.append(name)))
        hooks.append(module.register_forward_hook(lambda *_: running.pop() and None))
    cause: BaseException | None = None
    try:
        with quiet_exporter():
            torch.export.export(net, (x,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False)
    except (RuntimeError, ValueError, TypeError, AssertionError, torch._dynamo.exc.TorchDynamoException) as raised:
        cause = raised
    finally:
        for hook in hooks:
            hook.remove()
    where = described(running[-1], net.get_submodule(running[-1])) if running else "the net"
    if isinstance(cause, GuardOnDataDependentSymNode):
        return (
            f"{where} decides by values that it computes (if, while, int() or item() of a tensor), and a file holds "
            "one way alone; decide by shapes, or choose between values with torch.where"
        )
    lines = str(cause or error.__cause__ or error).strip().splitlines()
    return f"{where} has no form in ONNX, {lines[0] if lines else type(cause).__name__}; write it in plain operations"
