"""Float files quantized in the process of a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, Samples, quantize_model


def quantized(path: Path, values: np.ndarray, labels: np.ndarray | None = None, **options: object) -> Quantized:
    return quantize_model(path, Samples(values, labels), Options(**options), lambda *_: None)
