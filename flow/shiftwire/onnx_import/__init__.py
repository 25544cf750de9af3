"""The only reader of ONNX: an exact or quantised file becomes a Network, anything else one sentence."""

from shiftwire.onnx_import.importer import import_onnx, network_from_model
from shiftwire.onnx_import.parameter import IntegerWeights

__all__ = ["IntegerWeights", "import_onnx", "network_from_model"]
