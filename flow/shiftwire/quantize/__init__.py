"""Float ONNX to an exact file: formats from calibration, weights as k powers of two, and what it costs."""

from shiftwire.quantize.options import Method, Options, Ranging
from shiftwire.quantize.quantizer import Quantized, Samples, quantize_model, write_model

__all__ = ["Method", "Options", "Quantized", "Ranging", "Samples", "quantize_model", "write_model"]
