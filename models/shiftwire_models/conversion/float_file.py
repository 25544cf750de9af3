"""A user's net of plain torch as a float file, and in whose words it cannot be one."""

import re
from collections.abc import Callable

import torch
from torch import nn
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.onnx import OnnxExporterError

import onnx
from shiftwire_models.conversion.first_run import first_run, place, running
from shiftwire_models.conversion.hooks import described, without_hooks
from shiftwire_models.conversion.inputs import Samples
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float
from shiftwire_models.exporter import quiet_exporter
from shiftwire_models.onnx_names import output_names, plain_name

_WATCHED = 4
"""Samples on which hooks are judged and the net is traced."""


def float_file(twin: nn.Module, samples: Samples) -> onnx.ModelProto:
    """A copy that `plain_copy` gave, which loses its hooks, with samples (N, ...) of each input.

    Raises ModelsError for what no file can say, with the name of the module.
    """
    return traced(twin, samples, export_float)


def traced(twin: nn.Module, samples: Samples, export: Callable[..., onnx.ModelProto]) -> onnx.ModelProto:
    """What `export(net, *shapes, outputs=names)` makes of the net without its hooks, which has read some samples."""
    few = tuple(x[:_WATCHED] for x in samples)
    outputs = output_names(first_run(twin, few))
    bare = without_hooks(twin, few)
    try:
        return export(bare, *(tuple(x.shape[1:]) for x in few), outputs=outputs)
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
        if word in [output.name for output in floats.graph.output]:
            return f"{sentence} ('{word}' is what the net gives)"
        if word in nodes:
            return f"{sentence} ('{word}' is made by forward() of {described('', net)})"
    return sentence


def _why(net: nn.Module, samples: Samples, error: OnnxExporterError) -> str:
    """Trace once more, and see in which module it ends."""
    cause: BaseException | None = None
    with running(net) as stack:
        try:
            with quiet_exporter():
                dims = tuple({0: torch.export.Dim.DYNAMIC} for _ in samples)
                torch.export.export(net, samples, dynamic_shapes=dims, strict=False)
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
