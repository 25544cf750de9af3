"""Operations that no layer stands for: all of a file at once, each with what would do in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import onnx
from shiftwire.errors import InputError
from shiftwire.onnx.canonical.opset import kind_in_file

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
    **dict.fromkeys(("NonMaxSuppression", "RoiAlign", "Where", "NonZero", "Unique", "Compress"), _CUT),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2", "GlobalMaxPool", "LpPool"), _REDUCED),
    "Max": "a maximum with one number is a Relu or Clip, any other is no layer",
    "Min": "a minimum with one number is a Clip, any other is no layer",
    **dict.fromkeys(("Attention", "MultiHeadAttention", "Einsum"), _PAIRED),
}
"""What would do in place of an operation; each ends the sentence that names it."""

OTHERWISE = "replace it by layers that are (docs/operators.md lists them), or leave it to the host"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A node that nothing handles, by its name in the file."""

    node: str
    key: Key

    @property
    def kind(self) -> str:
        """The operation, with its domain where it is not ONNX's own."""
        domain, name = self.key
        return f"{name} of domain {domain}" if domain else name


def strangers(model: onnx.ModelProto, known: Collection[Key], constants: Collection[str]) -> Iterator[Stranger]:
    """Nodes of a canonical model that are none of the `known` operations."""
    for node in model.graph.node:
        key = ("" if node.domain == "ai.onnx" else node.domain, node.op_type)
        if key not in known and not (node.output and node.output[0] in constants):
            yield Stranger(node.name or node.output[0], (key[0], kind_in_file(node)))


def require_known(
    model: onnx.ModelProto, known: Collection[Key], constants: Collection[str], forms: Mapping[Key, str]
) -> None:
    """Raise InputError that names every operation that nothing handles, its nodes, and what would do instead.

    `forms` says of operations that are read in some forms alone which those are.
    """
    by_kind: dict[str, list[Stranger]] = {}
    for stranger in strangers(model, known, constants):
        by_kind.setdefault(stranger.kind, []).append(stranger)
    if not by_kind:
        return
    parts = [_sentence(kind, nodes, forms) for kind, nodes in by_kind.items()]
    if len(parts) == 1:
        raise InputError(f"the operation {parts[0]}")
    raise InputError(f"{len(parts)} operations are not supported: {'; '.join(parts)}")


def mend_of(kind: str) -> str:
    """What would do in place of an operation that nothing handles."""
    return MENDS.get(kind, OTHERWISE)


SHOWN = 5
"""Nodes of one operation that a sentence names."""


def _sentence(kind: str, nodes: list[Stranger], forms: Mapping[Key, str]) -> str:
    names = ", ".join(f"'{each.node}'" for each in nodes[:SHOWN])
    more = f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
    if nodes[0].key in forms and nodes[0].key[1] not in MENDS:
        return f"{kind} (in {names}{more}) is not supported in this form; it is read so: {forms[nodes[0].key]}"
    return f"{kind} (in {names}{more}) is not supported: {mend_of(nodes[0].key[1])}"
