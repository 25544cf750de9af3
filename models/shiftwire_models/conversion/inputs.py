"""Samples for each input of a net that reads several, in the forms in which people have them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from shiftwire_models.conversion.samples import MOST, kind_of, samples_of
from shiftwire_models.errors import ModelsError

Samples = tuple[Tensor, ...]
"""float32 (N, ...) on the CPU for each input, as many of each."""


def samples_for(names: tuple[str, ...], calibration: object) -> Samples:
    """For one input what `samples_of` takes; for several a tuple of tensors or arrays in the order of forward(), a dict
    by its names, or batches of either, of which what follows the inputs is left out.

    Raises ModelsError.
    """
    if len(names) == 1:
        return (samples_of(calibration),)
    parts = _of_batches(names, calibration) if _are_batches(names, calibration) else _of_one(names, calibration)
    samples = tuple(samples_of(part) for part in parts)
    if len({len(part) for part in samples}) > 1:
        counts = ", ".join(f"{len(part)} of '{name}'" for name, part in zip(names, samples, strict=True))
        raise ModelsError(f"found samples {counts}, wanted as many of each input; leave out those without a partner")
    return samples


def _are_batches(names: tuple[str, ...], calibration: object) -> bool:
    if isinstance(calibration, DataLoader):
        return True
    return isinstance(calibration, list | tuple) and not (
        len(calibration) >= len(names) and all(isinstance(part, Tensor | np.ndarray) for part in calibration)
    )


def _of_batches(names: tuple[str, ...], batches: object) -> list[Tensor]:
    assert isinstance(batches, Iterable)
    rows = list(_enough(_of_one(names, batch) for batch in batches))
    if not rows:
        raise ModelsError("calibration holds no batches; give some dozens of samples")
    columns = list(zip(*rows, strict=True))
    for name, column in zip(names, columns, strict=True):
        if len({tuple(part.shape[1:]) for part in column}) > 1:
            raise ModelsError(f"calibration holds samples of several shapes for '{name}'; give those of one shape")
    return [torch.cat(column) for column in columns]


def _of_one(names: tuple[str, ...], batch: object) -> list[Tensor]:
    parts: list[object] = []
    if isinstance(batch, Mapping):
        parts = [batch[name] for name in names if name in batch]
    elif isinstance(batch, list | tuple):
        parts = list(islice(batch, len(names)))
    tensors = [torch.as_tensor(part) for part in parts if isinstance(part, Tensor | np.ndarray)]
    if len(tensors) == len(names) and all(part.dim() for part in tensors):
        return tensors
    wanted = ", ".join(f"'{name}'" for name in names)
    what = f"a dict of {', '.join(map(repr, batch))}" if isinstance(batch, Mapping) else kind_of(batch)
    raise ModelsError(
        f"found {what} for samples, and the net reads {wanted}; give a tuple of tensors (N, ...) in that order, a "
        "dict by these names, or batches of either"
    )


def _enough(rows: Iterator[list[Tensor]]) -> Iterator[list[Tensor]]:
    """Until there are MOST samples."""
    count = 0
    for row in rows:
        yield row
        count += len(row[0])
        if count >= MOST:
            return
