"""A user's own labelled samples, in one .npz."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shiftwire_models.data.split import Dataset, Split
from shiftwire_models.errors import ModelsError

_PIXEL_STEPS = 256.0
"""Pixels are uint8, kept on eight fraction bits, as MNIST's are."""
_TESTED = 5
"""One sample in so many of each class is kept for the test."""
_MOST_CLASSES = 4096
_COLOURS = (1, 3, 4)
"""Channels of pictures: grey, red-green-blue, and with what shines through."""


@dataclass(frozen=True, slots=True)
class OwnData:
    """An .npz with x (N, C, H, W), (N, H, W) of one channel or (N, F), uint8 or floats, and y (N,), classes from 0."""

    path: Path


def own_data(source: OwnData) -> Dataset:
    """A fifth of each class, drawn by seed 0, is the test split; uint8 becomes value / 256, floats stay as they are.

    Raises ModelsError for what teaches no net: missing arrays, unequal lengths, NaN, labels that are no classes.
    """
    arrays = _arrays(source.path)
    where = f"in {source.path}"
    for key in ("x", "y"):
        if key not in arrays:
            raise ModelsError(
                f"found the arrays {', '.join(arrays) or 'none'}, wanted 'x' and 'y', {where}; np.savez(path, x=x, y=y)"
            )
    x, y = _samples(arrays["x"], where), _labels(arrays["y"], where)
    if len(x) != len(y):
        raise ModelsError(f"found {len(x)} samples and {len(y)} labels {where}; give one label a sample")
    return _parts(x, y, where)


def require_channels_first(shape: tuple[int, ...], where: str) -> None:
    """Raises ModelsError for x (N, ...) whose last axis alone is as long as a picture has colours."""
    if len(shape) == 4 and shape[3] in _COLOURS and not {shape[1], shape[2]} & set(_COLOURS):
        _, first, second, last = shape
        raise ModelsError(
            f"found x of shape (N, {first}, {second}, {last}) {where}: the data are channels last, the nets take "
            f"channels first; transpose them: np.transpose(x, (0, 3, 1, 2)), or, where they are {first} channels of "
            f"{second} x {last} pixels, np.transpose(x, (0, 1, 3, 2))"
        )


def read_samples(path: Path) -> Tensor:
    """x of an .npz, labels or none, as `own_data` reads it. Raises ModelsError."""
    arrays = _arrays(path)
    if "x" not in arrays:
        raise ModelsError(f"found the arrays {', '.join(arrays) or 'none'}, wanted 'x', in {path}; np.savez(path, x=x)")
    return _samples(arrays["x"], f"in {path}")


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    if not path.is_file():
        raise ModelsError(f"found no file {path}; name an .npz with x and y, as np.savez(path, x=x, y=y) writes")
    try:
        content = np.load(path, allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            raise ModelsError(f"{path} holds one array, wanted an .npz of x and y; np.savez(path, x=x, y=y)")
        with content:
            return {name: np.asarray(content[name]) for name in content.files}
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelsError(f"{path} is no .npz of plain arrays, or a truncated one; write it again") from error


def _samples(x: NDArray[np.generic], where: str) -> Tensor:
    """float32 (N, C, H, W) or (N, F)."""
    if x.ndim and not len(x):
        raise ModelsError(f"found no samples: x is of shape {x.shape} {where}; give some dozens of each class")
    if x.ndim not in (2, 3, 4) or not x.size:
        raise ModelsError(f"found x of shape {x.shape} {where}, wanted (N, C, H, W), (N, H, W) or (N, F); reshape it")
    if x.dtype.kind not in "fiu" or (x.dtype.kind in "iu" and x.dtype != np.uint8):
        raise ModelsError(f"found x of type {x.dtype} {where}, wanted uint8 or floats; x.astype(np.float32)")
    if not np.isfinite(x.astype(np.float64)).all():
        raise ModelsError(f"found values in x that are NaN or infinite {where}; remove those samples")
    values = x.astype(np.float32) / (_PIXEL_STEPS if x.dtype == np.uint8 else 1.0)
    samples = torch.from_numpy(np.ascontiguousarray(values))
    return samples.unsqueeze(1) if x.ndim == 3 else samples


def _labels(y: NDArray[np.generic], where: str) -> Tensor:
    """int64 (N,), each class from 0 on seen."""
    flat = y.reshape(len(y)) if y.ndim and y.size == len(y) else y
    if flat.ndim != 1 or flat.dtype.kind not in "fiub" or not flat.size:
        mend = "np.unique(y, return_inverse=True)[1]" if flat.ndim == 1 else "y.argmax(1)"
        raise ModelsError(f"found y of shape {y.shape} and type {y.dtype} {where}, wanted classes (N,); {mend}")
    labels = flat.astype(np.float64)
    if not np.isfinite(labels).all() or (labels != np.floor(labels)).any():
        raise ModelsError(f"found labels that are no whole numbers {where}, wanted classes from 0; give integers")
    seen = np.unique(labels)
    if seen[0] != 0 or seen[-1] != len(seen) - 1:
        raise ModelsError(
            f"found {len(seen)} classes from {seen[0]:.0f} to {seen[-1]:.0f} {where}, wanted 0..{len(seen) - 1}; "
            "np.unique(y, return_inverse=True)[1] counts them so"
        )
    if not 2 <= len(seen) <= _MOST_CLASSES:
        raise ModelsError(f"found {len(seen)} classes {where}, wanted 2 to {_MOST_CLASSES}; give labels of classes")
    return torch.from_numpy(labels.astype(np.int64))


def _parts(x: Tensor, y: Tensor, where: str) -> Dataset:
    fewest, rarest = y.bincount().min(0)
    if fewest < _TESTED:
        raise ModelsError(
            f"found {int(fewest)} samples of class {int(rarest)} {where}, wanted {_TESTED} of each at least, one to "
            "test with; give more"
        )
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    is_test = torch.zeros(len(y), dtype=torch.bool)
    for label in range(int(y.max()) + 1):
        members = order[y[order] == label]
        is_test[members[: len(members) // _TESTED]] = True
    train, test = order[~is_test[order]], order[is_test[order]]
    return Dataset(Split(x[train], y[train]), Split(x[test], y[test]))
