"""Lookup: a table of the contract, and the curves of which a quantizer makes one."""

from __future__ import annotations

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.threshold import Lookup


def _read(view: View, graph: Graph) -> None:
    """The part of a table that the codes of the input reach."""
    x, table, lowest = graph.tensor(view.inputs[0]).format, view.integers(1, "table"), view.whole("lowest")
    if table.ndim != 2 or view.frac("input_frac") != x.frac or not lowest <= x.lo <= x.hi < lowest + table.shape[1]:
        raise InputError(
            f"its table of shape {table.shape} from the code {lowest} on does not hold those of {x}; give (channels or "
            f"1, codes) for all of them"
        )
    own = table[:, x.lo - lowest : x.hi + 1 - lowest]
    graph.emit(view, Lookup(own, x, view.frac("frac")), view.inputs[0])


def _write(writer: Writer, op: Lookup, node: Node) -> None:
    holds = np.int32 if np.abs(op.table).max() < 1 << 31 else np.int64
    table = writer.constant(f"{node.name}_table", op.table.astype(holds))
    writer.custom("Lookup", [*node.inputs, table], node.name, input_frac=op.x.frac, lowest=op.x.lo, frac=op.frac)


LAYER = OnnxLayer({("shiftwire", "Lookup"): _read}, {Lookup: _write})
