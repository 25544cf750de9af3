"""Frames to measure with: codes, and what they should become."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.manifest import Manifest

Array = Any


@dataclass(frozen=True)
class Samples:
    """codes  (N, *shape) of the input; wanted  (N, *shape) of the output, or None; labels  (N,), or None."""

    codes: Array
    wanted: Array | None = None
    labels: Array | None = None

    def __post_init__(self) -> None:
        for name, given in (("wanted codes", self.wanted), ("labels", self.labels)):
            if given is None:
                continue
            if np.ndim(given) == 0 or len(given) != len(self.codes):
                count = np.shape(given)[0] if np.ndim(given) else "no list of"
                raise DataError(f"found {count} {name} for {len(self.codes)} frames, wanted one each")
            if np.asarray(given).dtype.kind not in "iu":
                raise DataError(f"found {name} of type {np.asarray(given).dtype}, wanted integers")
        if self.labels is not None and np.ndim(self.labels) != 1:
            raise DataError(f"found labels of shape {np.shape(self.labels)}, wanted ({len(self.codes)},)")


def samples_of(manifest: Manifest, folder: Path, data: Path | None = None) -> Samples:
    """The golden frames of a package in its folder, or those of an .npz with x (N, ...).

    It may hold labels y (N,), and wanted (N, ...), the codes of the output.
    """
    if data is not None:
        held = _arrays(data)
        if "x" not in held:
            raise DataError(f"found {', '.join(held) or 'no array'} in {data}, wanted 'x'; save it by np.savez(x=...)")
        codes = manifest.encoder.codes(held["x"])
        wanted, shape = held.get("wanted"), (len(codes), *manifest.output.shape)
        if wanted is not None and wanted.shape != shape:
            raise DataError(f"found wanted codes of shape {wanted.shape} in {data}, wanted {shape}; leave them out")
        samples = Samples(codes, wanted, held.get("y"))
        _check_classes(samples.labels, manifest.output.codes)
        return samples
    if manifest.golden is None:
        raise DataError("this package has no golden frames; name a file of data")
    held = _arrays(folder / manifest.golden)
    return Samples(held["x"], held["y"])


def _check_classes(labels: Array | None, classes: int) -> None:
    if labels is not None and (labels.min() < 0 or labels.max() >= classes):
        raise DataError(
            f"found labels from {labels.min()} to {labels.max()}, the network answers 0 to {classes - 1}; "
            "number the classes as the model does"
        )


def _arrays(path: Path) -> dict[str, Any]:
    try:
        held = np.load(str(path), allow_pickle=False)
        if isinstance(held, np.ndarray):
            return {"x": held}
        with held:
            return {name: np.asarray(held[name]) for name in held.files}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is no .npz of plain numbers ({error}); save it by np.savez") from None
