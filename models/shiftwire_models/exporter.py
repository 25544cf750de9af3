"""torch's exporter, tamed: one graph of standard operations and contract nodes, named after the layers."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import nn

import onnx
from shiftwire_hls import onnx_function
from shiftwire_models.contract import freeze
from shiftwire_models.onnx_names import input_names, tidy_names
from shiftwire_models.onnx_plain import plain_graph

OPSET = 20
IR_VERSION = 10


def to_onnx(net: nn.Module, *shapes: tuple[int, ...], outputs: Sequence[str] = ("logits",)) -> onnx.ModelProto:
    """The net in evaluation mode, nothing folded or fused: input `x` (batch, *shape), or forward()'s names."""
    frozen = freeze(net).eval()
    examples = tuple(torch.zeros(2, *shape) for shape in shapes)  # a batch of 1 would be taken for a constant
    with quiet_exporter(), torch.no_grad():
        program = torch.onnx.export(
            frozen,
            examples,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            optimize=False,
            input_names=["x"] if len(shapes) == 1 else list(input_names(net)),
            output_names=list(outputs),
            dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in shapes),
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    model = program.model_proto
    plain_graph(model.graph)
    tidy_names(model, parents=_parents(frozen))
    _add_functions(model)
    model.ir_version = IR_VERSION
    return model


def _parents(net: nn.Module) -> frozenset[str]:
    """Paths of the modules that hold others: an operation found there needs its own name."""
    return frozenset(path for path, module in net.named_modules() if any(True for _ in module.children()))


def _add_functions(model: onnx.ModelProto) -> None:
    """Every custom operation brings its meaning along."""
    used = {(node.domain, node.op_type) for node in model.graph.node if node.domain}
    for _, op in sorted(used):
        model.functions.append(onnx.parser.parse_function(onnx_function(op)))
    imported = {entry.domain for entry in model.opset_import}
    for domain in sorted({domain for domain, _ in used} - imported):
        model.opset_import.append(onnx.helper.make_opsetid(domain, 1))


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """The exporter reports packages it did not find, deprecations and graphs of its own: nothing a user can act on."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
