"""The only reader of ONNX: an exact file becomes a Network, anything else one sentence."""

from shiftwire.onnx_import.importer import import_onnx, network_from_model

__all__ = ["import_onnx", "network_from_model"]
