"""Every layer as ONNX: a new one is a line here."""

from __future__ import annotations

from shiftwire.errors import InputError
from shiftwire.ir.network import Op
from shiftwire.onnx import tails
from shiftwire.onnx.context.layer import OnnxLayer, OpWriter, Reader
from shiftwire.onnx.context.view import View
from shiftwire.onnx.ops import (
    add,
    affine,
    concat,
    conv,
    dense,
    flatten,
    lookup,
    moves,
    pad,
    pool,
    quantizers,
    relu,
    threshold,
    upsample,
)

LAYERS: tuple[OnnxLayer, ...] = (
    add.LAYER,
    affine.LAYER,
    concat.LAYER,
    conv.LAYER,
    dense.LAYER,
    flatten.LAYER,
    lookup.LAYER,
    moves.LAYER,
    pad.LAYER,
    pool.LAYER,
    quantizers.LAYER,
    relu.LAYER,
    tails.LAYER,
    threshold.LAYER,
    upsample.LAYER,
)

READERS: dict[tuple[str, str], Reader] = {key: reader for layer in LAYERS for key, reader in layer.readers.items()}
"""By domain and operation: all that convert understands."""

WRITERS: dict[type[Op], OpWriter] = {kind: writer for layer in LAYERS for kind, writer in layer.writers.items()}


def reader_of(view: View) -> Reader:
    """The reader of a node whose operation is known; raises InputError for one that reads nothing."""
    if not view.inputs:
        raise InputError("it has no input; connect it to the graph")
    return READERS[view.key]
