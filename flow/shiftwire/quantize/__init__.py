"""Float ONNX to an exact file: formats from calibration, weights as k powers of two, and what it costs."""

from shiftwire.quantize.options import Method, Options, Ranging
from shiftwire.quantize.quantizer import Quantized, quantize_model

__all__ = ["Method", "Options", "Quantized", "Ranging", "quantize_model"]
