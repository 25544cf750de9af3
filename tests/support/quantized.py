"""Float files quantized in the process of a test, whole or node by node."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from float_nets import FloatNet
from shiftwire.ir.host import HostInput
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.view import View
from shiftwire.onnx.importer import opened
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.handlers import handler_of
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model


def quantized(path: Path, values: np.ndarray, labels: np.ndarray | None = None, **options: object) -> Quantized:
    return quantize_model(path, Samples(values, labels), Options(**options), lambda *_: None)


def handled(net: FloatNet) -> NetworkDraft:
    """The last node, as it stands in the file, read by its handler; the layers before are not built."""
    model = net.model()
    *_, node = model.graph.node
    floats = {node.output[0]: np.zeros((6, *net.shape), np.float32)}
    draft = NetworkDraft(opened(model), list(model.graph.node), floats, Options())
    draft.graph.enter("x", "x", Fixed(8, 4, signed=True), HostInput())
    draft.graph.known |= {name: "x" for other in model.graph.node for name in other.output}
    draft.codes["x"] = np.resize(np.arange(-128, 128), (6, *draft.graph.tensors["x"].shape))
    view = View(node, draft.graph.constants)
    handler_of(view, draft)(view, draft)
    return draft
