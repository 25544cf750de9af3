"""Fashion-MNIST from the Debian package dataset-fashion-mnist: 60,000 and 10,000 pictures of 28 x 28."""

import gzip
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shiftwire_models.data.split import Dataset, Split
from shiftwire_models.errors import ModelsError

FOLDER = Path("/usr/share/datasets/fashion-mnist")
_PIXEL_STEPS = 256.0
"""Pixels are uint8, kept on eight fraction bits, as MNIST's are."""


def fashion_mnist(folder: Path = FOLDER) -> Dataset:
    """x (N, 1, 28, 28), values 0..255/256. Raises ModelsError where the files are absent or truncated.

    Source: Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017; MIT licence.
    """
    return Dataset(_split(folder, "train"), _split(folder, "t10k"))


def _split(folder: Path, part: str) -> Split:
    pixels = _idx(folder / f"{part}-images-idx3-ubyte.gz", axes=3)
    labels = _idx(folder / f"{part}-labels-idx1-ubyte.gz", axes=1)
    x = torch.from_numpy(pixels.astype(np.float32) / _PIXEL_STEPS)
    return Split(x.unsqueeze(1), torch.from_numpy(labels.astype(np.int64)))


def _idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """An array in the idx format: 00 00 08 axes, one big-endian length an axis, then the bytes."""
    if not path.is_file():
        raise ModelsError(f"found no {path}; apt-get install dataset-fashion-mnist")
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError) as error:
        raise ModelsError(f"{path} is no gzip file, or a truncated one; install dataset-fashion-mnist again") from error
    shape = tuple(np.frombuffer(content[4 : 4 + 4 * axes], ">u4").tolist())
    if content[:4] != bytes((0, 0, 8, axes)) or len(content) != 4 + 4 * axes + int(np.prod(shape)):
        raise ModelsError(f"{path} is no idx file of {axes} axes; install dataset-fashion-mnist again")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
