"""What becomes of each node of any ONNX file: before anybody converts or quantizes it."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from shiftwire.errors import noted
from shiftwire.onnx.canonical.opset import kind_in_file
from shiftwire.onnx.context.quantized_layer import on_a_grid
from shiftwire.onnx.context.view import Constants
from shiftwire.onnx.file import load
from shiftwire.onnx.importer import constants_of
from shiftwire.onnx.layers import READERS
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.strangers import Key, mend_of, strangers

WEIGHTED = ("Conv", "Gemm", "MatMul")


class Fate(enum.Enum):
    """What a node needs."""

    CONVERTS = "converts"
    QUANTIZE = "needs quantize"
    NOTHING = "nothing handles it"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A node by its name in the file; `mend` says what would do where nothing handles it."""

    node: str
    operation: str
    fate: Fate
    mend: str = ""


def survey(path: Path, quantizable: Collection[Key]) -> tuple[Surveyed, ...]:
    """Every node that is left once constants, shapes and spellings are resolved, in the file's order.

    `quantizable` are the operations that quantize takes. Raises InputError for a file that is no ONNX.
    """
    with noted(f"in {path}"):
        model = canonical(load(path))
    constants = constants_of(model)
    known = {*READERS, *quantizable}
    refused = {each.node: each.mend for each in strangers(model, known, constants) if each.mend}
    nodes = (node for node in model.graph.node if node.output[0] not in constants)
    return tuple(_surveyed(node, constants, quantizable, refused) for node in nodes)


def _surveyed(
    node: onnx.NodeProto, constants: Constants, quantizable: Collection[Key], refused: Mapping[str, str]
) -> Surveyed:
    domain = "" if node.domain == "ai.onnx" else node.domain
    kind = kind_in_file(node)
    name, operation = node.name or node.output[0], f"{domain}::{kind}" if domain else kind
    key = (domain, node.op_type)
    if name in refused:
        return Surveyed(name, operation, Fate.NOTHING, refused[name])
    if key in READERS and not _has_float_weight(node, constants):
        return Surveyed(name, operation, Fate.CONVERTS)
    if key in READERS or key in quantizable:
        return Surveyed(name, operation, Fate.QUANTIZE)
    return Surveyed(name, operation, Fate.NOTHING, mend_of(kind))


def _has_float_weight(node: onnx.NodeProto, constants: Constants) -> bool:
    if node.op_type not in WEIGHTED or len(node.input) < 2 or node.input[1] not in constants:
        return False
    weight = constants[node.input[1]]
    return weight.dtype.kind == "f" and on_a_grid(weight) is None
