"""The samples that choose formats, in the forms in which people have them."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from shiftwire_models.errors import ModelsError

MOST = 512
"""Samples that choose formats; more of them, evenly spread, say the same."""
_FEWEST = 8


def samples_of(calibration: object) -> Tensor:
    """float32 (N, ...) on the CPU: of a tensor, an array, or batches, each alone or the first of (x, y).

    Of batches, such as a DataLoader's, the first 512 samples. Raises ModelsError.
    """
    x = torch.from_numpy(calibration) if isinstance(calibration, np.ndarray) else calibration
    if isinstance(x, DataLoader | list | tuple):
        x = _joined(x)
    if not isinstance(x, Tensor) or x.dim() < 2:
        raise ModelsError(f"calibration is {kind_of(x)}, wanted one tensor (N, ...) of samples; torch.cat some batches")
    if len(x) < _FEWEST:
        raise ModelsError(f"{len(x)} samples choose no formats; give {_FEWEST} at least, better some dozens")
    return plain_samples(x, "calibration")


def plain_samples(x: Tensor, what: str) -> Tensor:
    """float32 on the CPU. Raises ModelsError for what holds no real numbers."""
    if x.layout != torch.strided or x.is_quantized or x.is_meta or x.is_nested:
        raise ModelsError(f"{what} is a sparse, nested or quantized tensor, or one without values; give a dense one")
    if not x.numel():
        raise ModelsError(f"{what} has the shape {tuple(x.shape)}, which holds no numbers; give real samples")
    if x.is_complex() or not torch.isfinite(x).all():
        raise ModelsError(f"{what} holds values that are not finite, or complex ones; give real samples")
    return x.detach().cpu().float()


def kind_of(value: object) -> str:
    """What somebody gave."""
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _joined(batches: Iterable[object]) -> Tensor:
    parts = list(_enough(map(_first, batches)))
    shapes = list(dict.fromkeys(tuple(part.shape[1:]) for part in parts))
    if len(shapes) == 1 and parts[0].dim() > 1:
        return torch.cat(parts)
    shown = ", ".join(str(tuple(part.shape)) for part in parts[:3]) or "nothing"
    raise ModelsError(
        f"calibration holds tensors of shapes {shown}, wanted batches (N, ...) of samples of one shape; of a pair "
        "(x, y) give x alone, of single samples torch.stack"
    )


def _first(batch: object) -> Tensor:
    x = batch[0] if isinstance(batch, list | tuple) and batch else batch
    if not isinstance(x, Tensor):
        raise ModelsError(
            f"calibration holds {kind_of(x)} for a batch, wanted a tensor (N, ...) or (x, y); torch.cat the inputs"
        )
    return x


def _enough(parts: Iterator[Tensor]) -> Iterator[Tensor]:
    """Until there are MOST samples."""
    count = 0
    for part in parts:
        yield part
        count += len(part) if part.dim() else 1
        if count >= MOST:
            return
