"""Data files: .npz with `x` (N, ...) in the model's own layout and values, and labels `y` where wanted."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError, noted
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.labels import Labels, check_tail, read_labels
from shiftwire.project.shapes import check_samples_shape


@dataclass(frozen=True)
class Data:
    """Samples: values (N, C, H, W), the codes (N, H, W, C) they become, labels of any task or None."""

    values: npt.NDArray[Any]
    codes: Codes
    labels: Labels | None

    def in_turn(self, frames: int) -> Data:
        """So many frames, beginning anew after the last."""
        order = np.arange(frames) % len(self.codes)
        return Data(self.values[order], self.codes[order], None if self.labels is None else self.labels.taken(order))


def wanted_codes(network: Network, codes: Codes, frames: int) -> Codes:
    """Output codes of so many frames, `codes` in turn; each distinct frame is evaluated once."""
    return np.resize(network.evaluate(codes[:frames]), (frames, *network.output.shape))


def load_data(path: Path, network: Network) -> Data:
    """Samples for a network; raises InputError for a wrong file, shape, type or value."""
    with noted(f"in {path}"):
        arrays = read_arrays(path)
        if "x" not in arrays:
            raise InputError(f"found the arrays {', '.join(arrays) or 'none'}, wanted 'x'; save it by np.savez(x=...)")
        values = arrays["x"]
        _check_values(values, network)
        labels = None if "y" not in arrays else labels_for(network, arrays["y"], len(values))
        return Data(values, network.host_input.encode(values, network.input.format), labels)


def labels_for(network: Network, labels: npt.NDArray[Any], samples: int) -> Labels:
    """Labels of so many samples; raises InputError for those that fit no task of the network's outputs."""
    fitting = read_labels(labels, samples, network.host_output.scores_shape(network.output.shape))
    check_tail(fitting, network.host_output.steps)
    return fitting


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz file by name, or that of an .npy file as `x`; nothing pickled."""
    if not path.is_file():
        raise InputError(f"found no file {path}; name an .npz or .npy file")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"x": loaded}
        with loaded:
            return {name: np.asarray(loaded[name]) for name in loaded.files}
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"it is no .npz or .npy file of plain numbers ({reason}); save it with np.savez") from None


def _check_values(values: npt.NDArray[Any], network: Network) -> None:
    check_samples_shape(values, network.host_input.model_shape(network.input.shape))
    if not len(values):
        raise InputError("'x' holds no samples; give at least one")
