"""Samples in the model's own shape."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire_boards.runtime.shapes import mend, with_batch


def check_samples_shape(values: npt.NDArray[Any], wanted: tuple[int, ...], name: str = "x") -> None:
    """Raise InputError for samples (N, ...) that are no numbers or not of the model's shape `wanted`, without its N."""
    if values.dtype.kind not in "fiub":
        raise InputError(f"'{name}' has type {values.dtype}, wanted numbers; save it as float32")
    if values.ndim == 0 or values.shape[1:] != wanted:
        raise InputError(
            f"'{name}' has shape {values.shape}, wanted {with_batch(wanted)} as in the model"
            f"{mend(values.shape, wanted, name)}"
        )
