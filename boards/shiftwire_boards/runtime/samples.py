"""Frames to measure with: codes, and what they should become."""

from __future__ import annotations

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
            if given is not None and len(given) != len(self.codes):
                raise DataError(f"found {len(given)} {name} for {len(self.codes)} frames, wanted one each")


def samples_of(manifest: Manifest, folder: Path, data: Path | None = None) -> Samples:
    """The golden frames of a package in its folder, or those of an .npz with x (N, ...).

    It may hold labels y (N,), and wanted (N, ...), the codes of the output.
    """
    if data is not None:
        held = _arrays(data)
        if "x" not in held:
            raise DataError(f"found {', '.join(held) or 'no array'} in {data}, wanted 'x'; save it by np.savez(x=...)")
        wanted, shape = held.get("wanted"), (len(held["x"]), *manifest.output.shape)
        if wanted is not None and wanted.shape != shape:
            raise DataError(f"found wanted codes of shape {wanted.shape} in {data}, wanted {shape}; leave them out")
        return Samples(manifest.encoder.codes(held["x"]), wanted, held.get("y"))
    if manifest.golden is None:
        raise DataError("this package has no golden frames; name a file of data")
    held = _arrays(folder / manifest.golden)
    return Samples(held["x"], held["y"])


def _arrays(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is no .npz of plain numbers ({error}); save it by np.savez") from None
