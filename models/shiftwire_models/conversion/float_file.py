"""A user's net of plain torch as a float file, and in whose words it cannot be one."""

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.onnx import OnnxExporterError

import onnx
from shiftwire_models.conversion.first_run import first_run, place, running
from shiftwire_models.conversion.hooks import described, without_hooks
from shiftwire_models.errors import ModelsError
from shiftwire_models.export import export_float
from shiftwire_models.exporter import quiet_exporter
from shiftwire_models.onnx_names import plain_name

_WATCHED = 4
"""Samples on which hooks are judged and the net is traced."""


def float_file(twin: nn.Module, x: Tensor) -> onnx.ModelProto:
    """A copy that `plain_copy` gave, which loses its hooks; x (N, ...) are samples.

    Raises ModelsError for what no file can say, with the name of the module.
    """
    return traced(twin, x, export_float)


def traced(
    twin: nn.Module, x: Tensor, export: Callable[[nn.Module, tuple[int, ...]], onnx.ModelProto]
) -> onnx.ModelProto:
    """What `export` makes of the net without its hooks, which has read some of x before."""
    few = x[:_WATCHED]
    first_run(twin, few)
    bare = without_hooks(twin, few)
    try:
        return export(bare, tuple(x.shape[1:]))
    except OnnxExporterError as error:
        raise ModelsError(_why(bare, few, error)) from error


def maker_of(net: nn.Module, name: str) -> str | None:
    """The module, as people look for it, that made a node of the file; None for what the net's own forward() did."""
    modules = {plain_name(path): (path, module) for path, module in net.named_modules() if path}
    within = [prefix for prefix in modules if name == prefix or name.startswith(f"{prefix}_")]
    return described(*modules[max(within, key=len)]) if within else None


def with_module(net: nn.Module, sentence: str, floats: onnx.ModelProto) -> str:
    """A sentence about nodes of the file, and what the first of them is in the net."""
    nodes = {node.name for node in floats.graph.node}
    for word in re.findall(r"'(\w+)'", sentence):
        maker = maker_of(net, word)
        if maker is not None:
            return f"{sentence} ('{word}' is made by {maker})"
        if word == floats.graph.output[0].name:
            return f"{sentence} ('{word}' is what the net gives)"
        if word in nodes:
            return f"{sentence} ('{word}' is made by forward() of {described('', net)})"
    return sentence


def _why(net: nn.Module, x: Tensor, error: OnnxExporterError) -> str:
    """Trace once more, and see in which module it ends."""
    cause: BaseException | None = None
    with running(net) as stack:
        try:
            with quiet_exporter():
                torch.export.export(net, (x,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False)
        except (RuntimeError, ValueError, TypeError, AssertionError, torch._dynamo.exc.TorchDynamoException) as raised:
            cause = raised
    where = place(net, stack)
    if isinstance(cause, GuardOnDataDependentSymNode):
        return (
            f"{where} decides by values that it computes (if, while, int() or item() of a tensor), and a file holds "
            "one way alone; decide by shapes, or choose between values with torch.where"
        )
    lines = str(cause or error.__cause__ or error).strip().splitlines()
    return f"{where} has no form in ONNX, {lines[0] if lines else type(cause).__name__}; write it in plain operations"
