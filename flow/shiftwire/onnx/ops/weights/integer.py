"""Integers in the contract."""

from __future__ import annotations

from shiftwire.onnx.ops.weights.scheme import OnnxWeights, codes_reader, write_codes
from shiftwire.ops.weights.integer import Int

INTEGER = OnnxWeights(Int, codes_reader(Int), write_codes)
