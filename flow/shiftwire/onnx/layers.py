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


CONTROL_FLOW = ("If", "Loop", "Scan")


def reader_of(view: View) -> Reader:
    """The reader of a node; raises InputError for one that convert does not know."""
    reader = READERS.get(view.key)
    if reader is None:
        domain, operation = view.key
        if operation in CONTROL_FLOW:
            raise InputError(
                f"{operation} decides at run time what is computed; export the network without loops and branches"
            )
        if operation == "Transpose":
            raise InputError(
                "a Transpose that meets no inverse is not handled; export the network channels first, (N, C, H, W), "
                "from its input to its output (tf2onnx: --inputs-as-nchw)"
            )
        _refuse_float(view)
        raise InputError(
            f"the operation {operation}{f' of domain {domain}' if domain else ''} is not supported; "
            f"use {', '.join(sorted({name for _, name in READERS}))}"
        )
    if not view.inputs:
        raise InputError("it has no input; connect it to the graph")
    return reader


def _refuse_float(view: View) -> None:
    """The commonest mistake: a float network, told by its first float weight."""
    for position, name in enumerate(view.inputs):
        if view.is_constant(position) and view.constant(position, name).dtype.kind == "f":
            raise InputError(
                f"its '{name}' is a float tensor; convert takes files whose weights and activations are all quantized, "
                "so train with quantized layers (shiftwire-train) or run shiftwire quantize on it"
            )
