"""Frames to measure with: codes, and what they should become."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.frames import Values, encoded
from shiftwire_boards.runtime.labels import label_key
from shiftwire_boards.runtime.manifest import Manifest

Array = Any


@dataclass(frozen=True)
class Samples:
    """codes  (N, *shape) of the input; wanted  (N, *shape) of the output, or None; labels as in labels.py, or None.

    Codes of several inputs or outputs are frames (N, codes); labels of several outputs are a dict by their names.
    """

    codes: Array
    wanted: Array | None = None
    labels: Any = None

    def __post_init__(self) -> None:
        labels = self.labels if isinstance(self.labels, Mapping) else {"": self.labels}
        for name, array in (("wanted codes", self.wanted), *(("labels", each) for each in labels.values())):
            if array is None:
                continue
            if np.ndim(array) == 0 or len(array) != len(self.codes):
                count = np.shape(array)[0] if np.ndim(array) else "no list of"
                raise DataError(f"found {count} {name} for {len(self.codes)} frames, wanted one each")
        if self.wanted is not None and np.asarray(self.wanted).dtype.kind not in "iu":
            raise DataError(f"found wanted codes of type {np.asarray(self.wanted).dtype}, wanted integers")


def samples_of(manifest: Manifest, folder: Path, data: Path | None = None) -> Samples:
    """The golden frames of a package in its folder, or those of an .npz with x (N, ...), or each input by its name.

    It may hold labels y, of several outputs by their names, and wanted (N, ...), the codes of the output.
    """
    if data is not None:
        arrays = _arrays(data)
        codes = encoded(manifest.entries, _values(manifest, arrays, data))
        wanted, shape = arrays.get("wanted"), (len(codes), *manifest.output.shape)
        if wanted is not None and wanted.shape != shape:
            raise DataError(f"found wanted codes of shape {wanted.shape} in {data}, wanted {shape}; leave them out")
        samples = Samples(codes, wanted, _labels(manifest, arrays))
        manifest.labelled(samples.labels)
        return samples
    if manifest.golden is None:
        raise DataError("this package has no golden frames; name a file of data")
    arrays = _arrays(folder / manifest.golden)
    return Samples(arrays["x"], arrays["y"])


def _values(manifest: Manifest, arrays: dict[str, Any], data: Path) -> Values:
    if len(manifest.entries) > 1:
        inputs = [end.name for end in manifest.entries]
        others = {label_key(inputs), "wanted", *(end.name for end in manifest.exits)} - {*inputs}
        return {name: array for name, array in arrays.items() if name not in others}
    if "x" not in arrays:
        raise DataError(f"found {', '.join(arrays) or 'no array'} in {data}, wanted 'x'; save it by np.savez(x=...)")
    return arrays["x"]


def _labels(manifest: Manifest, arrays: dict[str, Any]) -> Any:
    """Those of outputs by their names, else `y`, or None."""
    inputs = [end.name for end in manifest.entries]
    sampled = inputs if len(inputs) > 1 else ["x"]
    names = [end.name for end in manifest.exits if end.name in arrays and end.name not in sampled]
    if names and len(manifest.exits) > 1:
        return {name: arrays[name] for name in names}
    return arrays.get(label_key(inputs))


def _arrays(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:  # numpy leaves one open that it refuses
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {"x": content}
            with content:
                return {name: np.asarray(content[name]) for name in content.files}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is no .npz of plain numbers ({error}); save it by np.savez") from None
