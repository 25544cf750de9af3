"""Operations that no layer stands for: all of a file at once, each with what would do in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import onnx
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.draft import attribute
from shiftwire.onnx.canonical.opset import kind_in_file
from shiftwire_hls.quantizers import find_quantizer

Key = tuple[str, str]
"""Domain and operation; the default domain is ''."""

_RUN_TIME = "it decides at run time what is computed; export the network without loops and branches"
_RECURRENT = "it keeps a state from step to step, which no layer here does; use convolutions along time"
_CURVED = "export it as Gelu, or as a Mul and a Sigmoid, and without the bias"
_NORM = "it takes its statistics from the sample; train with BatchNormalization, which is a scale at inference"
_DYNAMIC = "it takes its scale from the data at run time; quantize the model statically, with calibration data"
_CUT = "cut the file in front of it (onnx.utils.extract_model) and let the host compute it"
_REDUCED = "use GlobalAveragePool or a MaxPool of the whole image"
_PAIRED = "attention multiplies computed tensors, which no shift does; only layers of fixed weights become hardware"

MENDS: Mapping[str, str] = {
    **dict.fromkeys(("If", "Loop", "Scan"), _RUN_TIME),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("QuickGelu", "FastGelu", "BiasGelu"), _CURVED),
    **dict.fromkeys(
        (
            "InstanceNormalization",
            "LayerNormalization",
            "GroupNormalization",
            "LpNormalization",
            "MeanVarianceNormalization",
            "LRN",
            "RMSNormalization",
        ),
        _NORM,
    ),
    **dict.fromkeys(("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"), _DYNAMIC),
    **dict.fromkeys(("NonMaxSuppression", "RoiAlign", "NonZero", "Unique", "Compress"), _CUT),
    **dict.fromkeys(("ReduceMin", "ReduceSum", "ReduceL2", "GlobalMaxPool", "LpPool"), _REDUCED),
    "Max": "a maximum with one number is a Relu or Clip; give one for all channels, and no second tensor",
    "Min": "a minimum with one number is a Clip; give one for all channels, and no second tensor",
    **dict.fromkeys(("Attention", "MultiHeadAttention", "Einsum"), _PAIRED),
}
"""What would do in place of an operation; each ends the sentence that names it."""

OTHERWISE = "replace it by layers that are (docs/operators.md lists them), or leave it to the host"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A node that nothing handles, by its name in the file."""

    node: str
    key: Key
    mend: str = ""
    """Where the operation is read, but never as this node has it."""

    @property
    def kind(self) -> str:
        """The operation, with its domain where it is not ONNX's own."""
        domain, name = self.key
        return f"{name} of domain {domain}" if domain else name


NUMBERWISE = frozenset({
    "Abs", "Add", "BatchNormalization", "Celu", "Ceil", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "Gelu",
    "HardSigmoid", "HardSwish", "LeakyRelu", "Max", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow", "Reciprocal",
    "Relu", "Round", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "And", "Equal",
    "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Log", "Not", "Or", "Where", "Xor",
})  # fmt: skip
"""Operations of which each number is a function of one number of what they read, and of constants."""


def strangers(model: onnx.ModelProto, known: Collection[Key], constants: Collection[str]) -> Iterator[Stranger]:
    """Nodes of a canonical model that are none of the `known` operations, or of such a one in a form never read."""
    origins = {value.name: value.name for value in model.graph.input if value.name not in constants}
    for node in model.graph.node:
        key = ("" if node.domain == "ai.onnx" else node.domain, node.op_type)
        mend = never_read(node, origins)
        read = {origins[name] for name in node.input if name in origins}
        is_alike = len(read) == 1 and (node.op_type in NUMBERWISE or find_quantizer(*key) is not None)
        if read:
            origins.update({name: min(read) if is_alike else name for name in node.output})
        if (key not in known or mend) and not (node.output and node.output[0] in constants):
            yield Stranger(node.name or node.output[0], (key[0], kind_in_file(node)), mend if key in known else "")


def never_read(node: onnx.NodeProto, origins: Mapping[str, str]) -> str:
    """What would do in place of a node whose operation is read, but not so, whatever surrounds it; '' for others.

    `origins` has every tensor that depends on the graph's input, and the tensor of which it is a function number by
    number.
    """
    mode = attribute(node, "mode", "nearest") if node.op_type in ("Resize", "Upsample") else "nearest"
    if mode not in ("nearest", "linear"):
        return f"mode = {mode} is not handled; resize by nearest or linear"
    if mode == "linear" and attribute(node, "coordinate_transformation_mode", "") == "align_corners":
        return "align_corners interpolates at fractions that no shift is; use half_pixel (align_corners=False in torch)"
    if node.op_type == "Div" and len({origins[name] for name in node.input if name in origins}) > 1:
        return "a quotient of two computed tensors is not handled; only two functions of one tensor become a table"
    return ""


def require_known(
    model: onnx.ModelProto, known: Collection[Key], constants: Collection[str], forms: Mapping[Key, str]
) -> None:
    """Raise InputError that names every operation that nothing handles, its nodes, and what would do instead.

    `forms` says of operations that are read in some forms alone which those are.
    """
    by_kind: dict[tuple[str, str], list[Stranger]] = {}
    for stranger in _first(strangers(model, known, constants), model, forms):
        by_kind.setdefault((stranger.kind, stranger.mend), []).append(stranger)
    if not by_kind:
        return
    reasoned = sorted(by_kind.items(), key=lambda item: item[0][0] not in MENDS)  # a GRU says more than its Shape
    parts = [_sentence(kind, nodes, forms) for (kind, _), nodes in reasoned]
    if len(parts) == 1:
        raise InputError(f"the operation {parts[0]}")
    raise InputError(f"{len(parts)} operations are not supported: {'; '.join(parts)}")


def _first(every: Iterable[Stranger], model: onnx.ModelProto, forms: Mapping[Key, str]) -> Iterator[Stranger]:
    """Without those in a form that is not read only because of what a stranger in front of them makes."""
    behind: set[str] = set()
    nodes = {node.name or node.output[0]: node for node in model.graph.node}
    for stranger in every:
        node = nodes[stranger.node]
        is_form = not stranger.mend and stranger.key in forms and stranger.key[1] not in MENDS
        follows = is_form and bool(behind & set(node.input))
        behind.update(node.output)
        if not follows:
            yield stranger


def mend_of(kind: str) -> str:
    """What would do in place of an operation that nothing handles."""
    return MENDS.get(kind, OTHERWISE)


SHOWN = 5
"""Nodes of one operation that a sentence names."""


def _sentence(kind: str, nodes: list[Stranger], forms: Mapping[Key, str]) -> str:
    names = ", ".join(f"'{each.node}'" for each in nodes[:SHOWN])
    more = f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
    if nodes[0].mend:
        return f"{kind} (in {names}{more}) is not supported in this form: {nodes[0].mend}"
    if nodes[0].key in forms and nodes[0].key[1] not in MENDS:
        return f"{kind} (in {names}{more}) is not supported in this form; it is read so: {forms[nodes[0].key]}"
    return f"{kind} (in {names}{more}) is not supported: {mend_of(nodes[0].key[1])}"
