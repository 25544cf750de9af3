"""Weights of -1 and 1 in the contract."""

from __future__ import annotations

from shiftwire.onnx.ops.weights.scheme import OnnxWeights, codes_reader, write_codes
from shiftwire.ops.weights.binary import Binary

BINARY = OnnxWeights(Binary, codes_reader(Binary), write_codes)
